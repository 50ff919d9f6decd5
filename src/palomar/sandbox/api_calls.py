"""Keeps the last HTTP calls of programs to the dialects, so that the sandbox can show them.

The calls are kept in memory, a bounded number for each account, and are gone when the process ends. Secrets are masked
when a call is read (``sandbox.redaction``). Not here: how a call is recorded (``net.recording``).
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

CALLS_PER_ACCOUNT: Final = 30
ACCOUNTS_AT_MOST: Final = 50
SHOWN: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedCall:
    """One call of a program, as people may see it. A body is cut where it was longer than what is kept of it."""

    id: int
    at_ms: int
    dialect: str
    login: str
    """The account that called; empty where it is unknown."""
    method: str
    status: int
    elapsed_ms: int
    request_is_cut: bool
    answer_is_cut: bool
    shown: ShownCall


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredCall:
    at_ms: int
    dialect: str
    record: HttpRecord


class CallRecorder:
    """The last calls of each account. Subscribers of the change feed learn of each new one."""

    def __init__(self, clock: Clock, changes: ChangeFeed) -> None:
        self._clock = clock
        self._changes = changes
        self._calls: RingBuffer[_StoredCall] = RingBuffer(kept=CALLS_PER_ACCOUNT, owners=ACCOUNTS_AT_MOST)

    def recorder_of(self, dialect: str) -> Callable[[HttpRecord], None]:
        """Return a function that keeps a finished call to this dialect. It ignores reads of the documentation."""

        def keep(record: HttpRecord) -> None:
            if record.is_documentation and 0 < record.status < 400:
                return
            owner = record.account.id if record.account is not None else None
            began_ms = self._clock.wall_ms() - record.elapsed_ms
            self._calls.add(owner, _StoredCall(at_ms=began_ms, dialect=dialect, record=record))
            self._changes.publish("calls", (owner,))

        return keep

    def recent(self, scope: Scope) -> list[RecordedCall]:
        """Return the last calls in scope, newest first."""
        return [_call(number, stored) for number, stored in self._calls.recent(scope, SHOWN)]

    def find(self, scope: Scope, number: int) -> RecordedCall | None:
        """Return the call of this number; None if it is not kept, or not in scope."""
        stored = self._calls.find(scope, number)
        return None if stored is None else _call(number, stored)


def _call(number: int, stored: _StoredCall) -> RecordedCall:
    record = stored.record
    return RecordedCall(
        id=number,
        at_ms=stored.at_ms,
        dialect=stored.dialect,
        login=record.account.login if record.account is not None else "",
        method=record.method,
        status=record.status,
        elapsed_ms=record.elapsed_ms,
        request_is_cut=len(record.body) < record.body_octets,
        answer_is_cut=len(record.answer) < record.answer_octets,
        shown=redacted(record),
    )
