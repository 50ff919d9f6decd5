"""FOXSYS's callbacks: a GET to the customer's ``ackurl`` for each event and recipient; JSON posted for clicks and for
inbound messages.

Source: FOXSYS's page, "Recepción de estados", "Recepción de clics", "Recepción de mensajes" and "Reintentos". Not here:
when a callback is sent, and whether it succeeded (``callbacks``).
"""

from typing import Final, assert_never
from urllib.parse import quote

import msgspec

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.ports import CallbackRequest
from palomar.text.times import format_gmt
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier
from palomar.vocabulary.message import State

_Words = tuple[str, str, str]
"""The values of acklevel, status and desc."""
_TAKEN: Final[_Words] = ("operator", "ok", "ACCEPTD")
"""``ACCEPTD`` is ours: the page gives none, and some receivers refuse an empty one."""
_DELIVERED: Final[_Words] = ("handset", "ok", "DELIVRD")


class FoxsysCallbacks:
    """The ``palomar.ports.CallbackRenderer`` of FOXSYS."""

    __slots__ = ("_second",)

    def __init__(self) -> None:
        self._second = (0, _timestamp(0))  # the last timestamp: events of one batch share it

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """Return the pauses: 30 s, 5 min, 30 min, 6 h and 1 day; after them the callback is kept as failed."""
        return (30, 5 * 60, 30 * 60, 6 * 3600, 24 * 3600)

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """Return the request for an event; None for an end that FOXSYS does not report."""
        match event:
            case SentToCarrier():
                return self._report(event, target, _TAKEN)
            case Delivered():
                return self._report(event, target, _DELIVERED)
            case Failed():
                desc = desc_of(event.state)
                return None if desc is None else self._report(event, target, ("error", "ko", desc))
            case Clicked():
                return CallbackRequest(method="POST", url=target, body=_json(_click(event)))
            case InboundReceived():
                return CallbackRequest(method="POST", url=target, body=_json(_inbound(event)))
            case BalanceFellLow():
                return render_low_balance(event, target=target)
            case _:
                assert_never(event)

    def _report(self, event: SentToCarrier | Delivered | Failed, target: str, words: _Words) -> CallbackRequest:
        second = event.at_ms // 1_000
        written, timestamp = self._second
        if written != second:
            timestamp = _timestamp(event.at_ms)
            self._second = (second, timestamp)
        acklevel, status, desc = words
        msisdn, subid = event.msisdn, event.request_ref
        both = msisdn + subid
        if not (both.isascii() and both.isalnum()):
            msisdn, subid = quote(msisdn, safe=""), quote(subid, safe="")
        query = f"acklevel={acklevel}&msisdn={msisdn}&status={status}&desc={desc}&subid={subid}&timestamp={timestamp}"
        return CallbackRequest(method="GET", url=with_query(target, query))


def with_query(url: str, query: str) -> str:
    """Append to the query of a URL, before its fragment, and leave the rest as it is."""
    if "#" in url:
        before, _, fragment = url.partition("#")
        return f"{with_query(before, query)}#{fragment}"
    if "?" not in url:
        return f"{url}?{query}"
    return f"{url}{query}" if url[-1] in "?&" else f"{url}&{query}"


def desc_of(state: State) -> str | None:
    """Return FOXSYS's word for the end of a message that did not reach its phone; None if it has none."""
    match state:
        case State.UNDELIVERED:
            return "UNDELIV"
        case State.EXPIRED:
            return "EXPIRED"
        case State.REJECTED | State.NOFORMAT:
            return "REJECTD"
        case State.BLOCKED:
            return "BLOCKED"
        case State.UNKNOWN:
            return "UNKNOWN"
        case State.SCHEDULED | State.QUEUED | State.SUBMITTING | State.HELD | State.SENT | State.DELIVERED:
            return None
        case State.CANCELLED | State.DUPLICATED | State.TEST:
            return None
        case _:
            assert_never(state)


_json: Final = msgspec.json.Encoder().encode


def _click(event: Clicked) -> dict[str, str]:
    return {
        "subid": event.request_ref,
        "msisdn": event.msisdn,
        "ip": event.address,
        "useragent": event.agent,
        "timestamp": format_gmt(event.at_ms),
    }


def _inbound(event: InboundReceived) -> dict[str, str]:
    """Write the body for an inbound message; both numbers are the virtual one, as in the page's example."""
    return {
        "inbound_number": event.number,
        "msisdn": event.msisdn,
        "message": event.text,
        "service_number": event.number,
        "timestamp": format_gmt(event.at_ms),
    }


def _timestamp(at_ms: int) -> str:
    return format_gmt(at_ms).replace(" ", "%20")
