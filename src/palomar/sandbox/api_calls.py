"""The last calls of programs to the dialects, for the sandbox: in memory, some an account, gone with the process.

Secrets are masked when a call is looked at (``sandbox.redaction``). Not here: how calls are recorded
(``net.recording``).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from palomar.ports import Clock
from palomar.sandbox.change_feed import ChangeFeed
from palomar.sandbox.redaction import ShownCall, redacted
from palomar.sandbox.ring_buffer import RingBuffer
from palomar.vocabulary.access import Scope
from palomar.vocabulary.http_record import HttpRecord

CALLS_AN_ACCOUNT: Final = 30
ACCOUNTS_AT_MOST: Final = 50
SHOWN: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of a program, as people may see it. ``is_cut`` where a body was longer than what is kept of it."""

    id: int
    at_ms: int
    dialect: str
    login: str
    """Whose it was; empty where nobody found out."""
    method: str
    status: int
    elapsed_ms: int
    request_is_cut: bool
    answer_is_cut: bool
    shown: ShownCall


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    at_ms: int
    dialect: str
    record: HttpRecord


class CallRecorder:
    """See the module."""

    def __init__(self, clock: Clock, news: ChangeFeed) -> None:
        self._clock = clock
        self._news = news
        self._rings: RingBuffer[_Kept] = RingBuffer(kept=CALLS_AN_ACCOUNT, owners=ACCOUNTS_AT_MOST)

    def ended(self, dialect: str) -> Callable[[HttpRecord], None]:
        """What is to be told of each call to a dialect. Reading its documentation is no call."""

        def keep(record: HttpRecord) -> None:
            if _is_reading(record):
                return
            owner = record.account.id if record.account is not None else None
            began_ms = self._clock.wall_ms() - record.elapsed_ms
            self._rings.add(owner, _Kept(at_ms=began_ms, dialect=dialect, record=record))
            self._news.tell("calls", (owner,))

        return keep

    def recent(self, scope: Scope) -> list[RecordedCall]:
        """The last calls in scope, newest first."""
        return [_call(number, kept) for number, kept in self._rings.seen_by(scope, SHOWN)]

    def find(self, scope: Scope, number: int) -> RecordedCall | None:
        """One of them; None for any other."""
        kept = self._rings.find(scope, number)
        return None if kept is None else _call(number, kept)


def _is_reading(record: HttpRecord) -> bool:
    """Whether a person or a tool read a page about the API: nobody called, nothing was wrong."""
    is_nobodys = record.account is None and not record.password
    return is_nobodys and record.method in ("GET", "HEAD") and 0 < record.status < 400


def _call(number: int, kept: _Kept) -> RecordedCall:
    record = kept.record
    return RecordedCall(
        id=number,
        at_ms=kept.at_ms,
        dialect=kept.dialect,
        login=record.account.login if record.account is not None else "",
        method=record.method,
        status=record.status,
        elapsed_ms=record.elapsed_ms,
        request_is_cut=len(record.body) < record.body_octets,
        answer_is_cut=len(record.answer) < record.answer_octets,
        shown=redacted(record),
    )
