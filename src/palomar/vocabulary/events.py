"""Events that customers are told of by callbacks, one struct for each. Every dialect handles all of them; its types
check that.

Not here: a message's timeline, which support reads (``timeline.Moment``).
"""

from msgspec import Struct

from palomar.vocabulary.message import MessageId, State


class SentToCarrier(Struct, frozen=True, kw_only=True):
    """The carrier accepted every part of a message."""

    message_id: MessageId
    request_ref: str
    msisdn: str
    at_ms: int


class Delivered(Struct, frozen=True, kw_only=True):
    """The phone has every part of a message."""

    message_id: MessageId
    request_ref: str
    msisdn: str
    at_ms: int


class Failed(Struct, frozen=True, kw_only=True):
    """A message ended without delivery: ``state`` is undelivered, expired, rejected, blocked, unknown or noformat. With
    noformat, ``msisdn`` is what the customer wrote instead of a number."""

    message_id: MessageId
    request_ref: str
    msisdn: str
    at_ms: int
    state: State


class Clicked(Struct, frozen=True, kw_only=True):
    """A person followed a short link of a message. ``address`` and ``agent`` are the browser's."""

    message_id: MessageId
    request_ref: str
    msisdn: str
    at_ms: int
    address: str
    agent: str


class InboundReceived(Struct, frozen=True, kw_only=True):
    """A phone wrote to one of the account's numbers. Both numbers are digits without a plus."""

    number: str
    msisdn: str
    text: str
    at_ms: int


class BalanceFellLow(Struct, frozen=True, kw_only=True):
    """An account has fewer credits left than the amount that it set for a warning."""

    login: str
    available_microcredits: int
    at_ms: int


Event = SentToCarrier | Delivered | Failed | Clicked | InboundReceived | BalanceFellLow
