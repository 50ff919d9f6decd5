"""What customers are told about: one dataclass an event. Every dialect decides each of them, checked by its types.

Not here: the message's own timeline (``Moment``s in ``timeline``), which support reads.
"""

from dataclasses import dataclass

from palomar.domain.message import MessageId, State


@dataclass(slots=True, kw_only=True)  # not frozen: one a message
class CarrierTook:
    """The carrier accepted every part of a message."""

    message_id: MessageId
    subid: str
    msisdn: str
    at_ms: int


@dataclass(slots=True, kw_only=True)  # not frozen: one a message
class Delivered:
    """The handset has every part."""

    message_id: MessageId
    subid: str
    msisdn: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A message ended otherwise: ``state`` is undelivered, expired, rejected, blocked or unknown."""

    message_id: MessageId
    subid: str
    msisdn: str
    at_ms: int
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked:
    """A person followed a short link of a message. ``address`` and ``agent`` are the browser's."""

    message_id: MessageId
    subid: str
    msisdn: str
    at_ms: int
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundReceived:
    """A phone wrote to one of the account's numbers; both as digits without a plus."""

    inbound_id: int
    number: str
    msisdn: str
    text: str
    at_ms: int


Event = CarrierTook | Delivered | Failed | Clicked | InboundReceived
