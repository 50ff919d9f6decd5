"""Steps and their commands on the way through the batcher: what a batch is made of, and who is refused in an outage.

Not here: when a batch is written, and what happens while it cannot be (``batch_lane``).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from msgspec import Struct

from palomar.storage.database import Unavailable
from palomar.transaction.work import Work

C = TypeVar("C")
R = TypeVar("R")

NO_LIMIT = float("inf")
_log = structlog.get_logger(__name__)


def _always(command: object) -> bool:
    return True


@dataclass(frozen=True, eq=False, kw_only=True)
class Step(Generic[C, R]):
    """A verb as the batcher knows it. The batcher has the order in which the steps of a batch run, by ``name``."""

    name: str
    script: Callable[[Work, Sequence[C]], Awaitable[Sequence[R]]]
    lane: int = 1
    awaited: bool = False
    """Whether somebody waits for the result: then it goes before what nobody waits for."""
    batch_delay_seconds: float = 0.0
    outage_wait_seconds: float = NO_LIMIT
    """How long a command may wait while the database cannot be reached; facts are kept for ever."""
    prepare: Callable[[Sequence[C]], None] | None = None
    """Called once for each command, in the turn in which its transaction begins."""
    weigh: Callable[[C], int] | None = None
    """How many items a command is; one, unless this says otherwise."""
    undo: Callable[[Work, Sequence[tuple[C, R]]], Awaitable[int]] | None = None
    """Takes back what commands with these results did; how much of it was too late."""
    can_undo: Callable[[C], bool] = _always
    """Says of which commands nobody else may have built on them meanwhile."""


class PendingCommand(Struct):
    """A command on its way: into which step, and who hears what became of it."""

    step: Step[Any, Any]
    command: Any
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    weight: int
    posted_at: float
    """Seconds; not told of what waits for ever."""
    prepared: bool = False
    refused: bool = False
    """Whether its caller was told that it is not stored."""


def split_by_weight(
    entries: list[PendingCommand], limit: int
) -> tuple[list[PendingCommand], list[PendingCommand], int]:
    """Part the first entries that weigh at most ``limit`` (one at least), the others, and the weight of the first."""
    weight = 0
    for count, entry in enumerate(entries):
        if weight + entry.weight > limit and count:
            return entries[:count], entries[count:], weight
        weight += entry.weight
    return entries, [], weight


def group_by_step(
    batch: list[PendingCommand], step_order: Mapping[str, int]
) -> list[tuple[Step[Any, Any], list[PendingCommand]]]:
    """Give each step and its entries, in the order of the steps' step_order."""
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
    """Refuse those who have waited too long, once; who may go on waiting."""
    late = [entry for entry in entries if not entry.refused and now - entry.posted_at > entry.step.outage_wait_seconds]
    if not late:
        return [entry for entry in entries if not entry.refused]
    for entry in late:
        entry.refused = True
    _log.error("the database cannot be reached; refused", commands=len(late))
    fail(late, Unavailable("the database cannot be reached"))
    return [entry for entry in entries if not entry.refused]


def fail(batch: list[PendingCommand], error: Exception) -> None:
    """Tell them that it failed."""
    for entry in batch:
        try:
            entry.failed(error)
        except Exception:
            _log.exception("what followed a failed step failed", step=entry.step.name)
