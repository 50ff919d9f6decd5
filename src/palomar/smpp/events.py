"""The events that a session reports to its owner. Each is a fact that has happened; none asks for permission.

`context` is the value that the owner attached to the request when it was sent. `frame` is the PDU as it came and
`request` the request as it left: the same facts in octets, so they do not count when events are compared. The events of
every message are not frozen, because they are made once a PDU and a frozen dataclass costs twice as much to make.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from palomar.smpp.pdus import Pdu


def _octets() -> Any:
    return field(default=b"", compare=False, repr=False)


class CloseReason(Enum):
    """Why a session ended."""

    UNBOUND_BY_US = "we unbound"
    UNBOUND_BY_PEER = "the peer unbound"
    FRAMING_ERROR = "the stream cannot be read any further"
    LINK_DEAD = "enquire_link was not answered and nothing else came"
    SESSION_INIT_TIMEOUT = "no bind came in time"
    BIND_TIMEOUT = "our bind was not answered in time"
    INACTIVE = "no message was exchanged for too long"
    CONNECTION_LOST = "the connection ended"


@dataclass(slots=True)
class RequestReceived:
    """A request of the peer; answer with `Session.answer(event.pdu, ...)`. Outbind and alert_notification take no
    answer.

    `oddity` says what was wrong with a malformed PDU that could be read all the same; nearly always it is empty.
    """

    pdu: Pdu
    frame: bytes = _octets()
    oddity: str = ""


@dataclass(slots=True)
class ResponseReceived:
    """The peer answered our request: its response, or a generic_nack that names it."""

    context: object
    pdu: Pdu
    request: bytes = _octets()
    frame: bytes = _octets()


@dataclass(slots=True, frozen=True)
class Bound:
    """The peer accepted our bind; the session is in its bound state."""

    pdu: Pdu


@dataclass(slots=True, frozen=True)
class BindRefused:
    """The peer refused our bind (command_status says why); the session may bind again."""

    pdu: Pdu


@dataclass(slots=True, frozen=True)
class RequestTimedOut:
    """A request without an answer in time; its slot is free again. Whether the peer took it is unknown."""

    context: object
    sequence_number: int
    request: bytes = _octets()


@dataclass(slots=True, frozen=True)
class LateResponse:
    """The answer to a request that had timed out."""

    context: object
    pdu: Pdu
    request: bytes = _octets()
    frame: bytes = _octets()


@dataclass(slots=True, frozen=True)
class UnexpectedResponse:
    """A response to no request that is remembered, or of another command than its request; it has no effect."""

    pdu: Pdu


@dataclass(slots=True, frozen=True)
class PduRefused:
    """A PDU that the session itself has refused: malformed, unknown, or not allowed in this state."""

    command_id: int
    sequence_number: int
    status: int
    reason: str


@dataclass(slots=True, frozen=True)
class Closed:
    """The end, reported once: send what is outgoing, then close the connection.

    `unanswered` holds the contexts of the requests whose answers can no longer come, in the order of sending;
    `requests` their octets, in the same order.
    """

    reason: CloseReason
    unanswered: tuple[object, ...]
    requests: tuple[bytes, ...] = field(default=(), compare=False, repr=False)


Event = (
    RequestReceived
    | ResponseReceived
    | Bound
    | BindRefused
    | RequestTimedOut
    | LateResponse
    | UnexpectedResponse
    | PduRefused
    | Closed
)
