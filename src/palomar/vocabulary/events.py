"""What customers are told about: one struct an event. Every dialect decides each of them, checked by its types.

Not here: the message's own timeline (``Moment``s in ``timeline``), which support reads.
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
    """The phone has every part."""

    message_id: MessageId
    request_ref: str
    msisdn: str
    at_ms: int


class Failed(Struct, frozen=True, kw_only=True):
    """A message ended otherwise: ``state`` is undelivered, expired, rejected, blocked, unknown, or noformat; then
    ``msisdn`` is what was written for a number."""

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
    """A phone wrote to one of the account's numbers; both as digits without a plus."""

    number: str
    msisdn: str
    text: str
    at_ms: int


class BalanceFellLow(Struct, frozen=True, kw_only=True):
    """An account can spend less than it has set for a warning."""

    login: str
    available_microcredits: int
    at_ms: int


Event = SentToCarrier | Delivered | Failed | Clicked | InboundReceived | BalanceFellLow
