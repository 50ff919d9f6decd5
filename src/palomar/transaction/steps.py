"""Steps and pending commands: what a batch is made of, and which commands are refused in an outage.

Not here: when a batch is written, and what happens while it cannot be (``batch_lane``).
"""

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from msgspec import Struct

from palomar.storage.database import Unavailable
from palomar.transaction.work import Work

C = TypeVar("C")
R = TypeVar("R")

NO_LIMIT = math.inf
_log = structlog.get_logger(__name__)


def _always(command: object) -> bool:
    return True


@dataclass(frozen=True, eq=False, kw_only=True)
class Step(Generic[C, R]):
    """Something that transactions can do, and how the batcher treats it.

    The batcher knows by ``name`` in which order the steps of a batch run.
    """

    name: str
    script: Callable[[Work, Sequence[C]], Awaitable[Sequence[R]]]
    lane: int = 1
    awaited: bool = False
    """True if a caller waits for the result: such commands go first."""
    batch_delay_seconds: float = 0.0
    """How long a command may wait for others to share its transaction."""
    outage_wait_seconds: float = NO_LIMIT
    """How long a command waits while the database cannot be reached before it is refused; facts are never refused."""
    prepare: Callable[[Sequence[C]], None] | None = None
    """Called once for each command, in the turn of the event loop in which its transaction begins."""
    weigh: Callable[[C], int] | None = None
    """Counts the items of a command; without it each command is one."""
    undo: Callable[[Work, Sequence[tuple[C, R]]], Awaitable[int]] | None = None
    """Takes back what commands with these results did; returns how much of it could not be taken back any more."""
    can_undo: Callable[[C], bool] = _always
    """Returns True for a command if nothing else can depend on it yet."""


class PendingCommand(Struct):
    """A command that waits for its transaction: its step, and what to call with its result or its error."""

    step: Step[Any, Any]
    command: Any
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    weight: int
    posted_at: float
    """Monotonic seconds; 0 where the step has no limit."""
    prepared: bool = False
    refused: bool = False
    """True once its caller was told that it is not stored."""


def split_by_weight(
    entries: list[PendingCommand], limit: int
) -> tuple[list[PendingCommand], list[PendingCommand], int]:
    """Return the first entries that weigh at most ``limit`` together (one at least), the others, and their weight."""
    weight = 0
    for count, entry in enumerate(entries):
        if weight + entry.weight > limit and count:
            return entries[:count], entries[count:], weight
        weight += entry.weight
    return entries, [], weight


def group_by_step(
    batch: list[PendingCommand], step_order: Mapping[str, int]
) -> list[tuple[Step[Any, Any], list[PendingCommand]]]:
    """Return each step with its entries, in the order of the steps."""
    groups: dict[Step[Any, Any], list[PendingCommand]] = {}
    for entry in batch:
        groups.setdefault(entry.step, []).append(entry)
    return sorted(groups.items(), key=lambda group: step_order[group[0].name])


def prepare_once(prepare: Callable[[Sequence[Any]], None], entries: list[PendingCommand]) -> None:
    """Call ``prepare`` once for each entry, however often its batch is run."""
    fresh = [entry for entry in entries if not entry.prepared]
    if fresh:
        prepare([entry.command for entry in fresh])
    for entry in fresh:
        entry.prepared = True


def refuse_overdue(entries: list[PendingCommand], now: float) -> list[PendingCommand]:
    """Refuse the entries that have waited too long, each once; return those that go on waiting."""
    late = [entry for entry in entries if not entry.refused and now - entry.posted_at > entry.step.outage_wait_seconds]
    if not late:
        return [entry for entry in entries if not entry.refused]
    for entry in late:
        entry.refused = True
    _log.error("the database cannot be reached; refused", commands=len(late))
    fail(late, Unavailable("the database cannot be reached"))
    return [entry for entry in entries if not entry.refused]


def fail(batch: list[PendingCommand], error: Exception) -> None:
    """Report the error to the callers of these commands."""
    for entry in batch:
        try:
            entry.failed(error)
        except Exception:
            _log.exception("a handler of a failed command failed", step=entry.step.name)
