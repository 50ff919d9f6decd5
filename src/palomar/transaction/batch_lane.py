"""A lane of the batcher: one writing connection, what waits for it, and what happens while it cannot be written.

A step has patience: a command that has waited longer for a database that is away is refused, whether it stands in the
batch that is tried again or behind it, and whether its caller is still there or not. A refused command is stored
nowhere. Until its transaction is sealed (the next thing is the COMMIT) it can still be taken out. Of what is sealed
nobody can tell before the COMMIT is answered: a step that can be undone is refused in time all the same and, if the
COMMIT turns out to have succeeded, undone before anything else happens; any other is answered when it is known.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from palomar.ports import Clock
from palomar.storage.database import Conflict, Database, Script, Transaction, Unavailable
from palomar.transaction.availability import DatabaseAvailability
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.context import TransactionContext
from palomar.transaction.steps import (
    NO_LIMIT,
    PendingCommand,
    fail,
    group_by_step,
    prepare_once,
    refuse_overdue,
    split_by_weight,
)
from palomar.transaction.work import Work
from palomar.vocabulary.backoff import wait_after

BATCH_WEIGHT = 500
"""Items a transaction takes (a request of many messages weighs as many)."""

BACKGROUND_WEIGHT = 50
"""Items that nobody waits for a transaction takes by themselves: a request that comes meanwhile waits for it, so a
campaign must not make every transaction long."""

COMMIT_WAIT_SECONDS = 3.0
"""A COMMIT without an answer for so long is an outage."""

_BACKGROUND_LEAST, _BACKGROUND_FOR_EACH = 25, 5
"""Items taken beside what is waited for: enough for the answer, receipt and callbacks of as many messages."""

_RUNS_AFTER_CONFLICT = 30
_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.1, 1.0
_END_SECONDS = 4.0
_log = structlog.get_logger(__name__)


class LaneOwner(Protocol):
    """What a lane needs of its batcher."""

    database: Database
    clock: Clock
    availability: DatabaseAvailability
    step_order: Mapping[str, int]
    context: Callable[[], TransactionContext]
    after_commit: Callable[[Work], None]


_BatchResult = tuple[Work, list[tuple[list[PendingCommand], Sequence[Any]]]]
"""What a transaction did, and each step's commands beside their results."""


class BatchLane:
    """See the module."""

    def __init__(self, owner: LaneOwner, number: int) -> None:
        self._owner = owner
        self._number = number
        self._awaited: list[PendingCommand] = []
        self._background: list[PendingCommand] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._timer_seconds = 0.0
        """How long after its setting it goes off."""
        self._running = False
        self._current: list[PendingCommand] = []
        """The batch whose transaction is under way."""
        self._commit_began_at: float | None = None
        """Since when its COMMIT is under way; None before."""
        self._has_refused = False
        """Whether one of them has been refused since its transaction began."""
        self._undoing: list[PendingCommand] = []
        """Those who were refused while their COMMIT was under way."""
        self._undone = asyncio.Event()
        self._undone.set()
        self._is_shutting_down = False
        self._ending = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Count the commands that no transaction has taken yet."""
        return len(self._awaited) + len(self._background)

    @property
    def busy(self) -> bool:
        """Say whether anything is to be written."""
        return self._running or self.waiting > 0

    def add(self, entry: PendingCommand) -> None:
        """Take a command for the next transaction."""
        step = entry.step
        (self._awaited if step.awaited else self._background).append(entry)
        is_full = len(self._awaited) + len(self._background) >= BATCH_WEIGHT
        if self._timer is not None and step.batch_delay_seconds >= self._timer_seconds and not is_full:
            return  # it goes off before, set before
        if self._wake.is_set():
            return
        if step.batch_delay_seconds <= 0.0 or is_full:
            self._wake.set()
        else:
            self._wake_within(step.batch_delay_seconds)

    def flush(self) -> None:
        """Write what lingers at once."""
        if self.waiting:
            self._wake.set()

    async def serve(self) -> None:
        """Write until cancelled. What is under way then is finished first, unless the database is away."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._cancel_timer()
            while self.waiting:
                batch = self._take()
                self._running = True
                try:
                    await self._finish_even_if_cancelled(self._run(batch))
                finally:
                    self._running = False
                if not self._must_go_on():
                    break

    async def wait_for_undo(self) -> None:
        """Wait until nothing is stored any more of which somebody was told that it is not."""
        await self._undone.wait()

    def begin_shutdown(self) -> None:
        """Have no patience any more: the process ends, and who waits shall hear it in time."""
        self._is_shutting_down = True

    def check_outage(self) -> None:
        """Refuse what has waited too long for a database that is away; called some times a second."""
        if (
            self._commit_began_at is not None
            and self._owner.clock.monotonic() - self._commit_began_at > COMMIT_WAIT_SECONDS
        ):
            self._owner.availability.write_failed("a COMMIT is not answered")
        if self._owner.availability.is_away:
            self._refuse_overdue()

    # --- the batch

    def _must_go_on(self) -> bool:
        """Tell whether what came during the commit must go now; else it may linger as if it had just come."""
        if not self.waiting:
            return False
        if self._awaited or len(self._background) >= BACKGROUND_WEIGHT:
            return True
        linger = min(entry.step.batch_delay_seconds for entry in self._background)
        if linger <= 0.0:
            return True
        self._wake_within(linger)
        return False

    def _take(self) -> list[PendingCommand]:
        """Take what is waited for, then as much of the rest, so that neither starves the other."""
        awaited, self._awaited, weight = split_by_weight(self._awaited, BATCH_WEIGHT)
        beside = min(max(_BACKGROUND_LEAST, _BACKGROUND_FOR_EACH * weight), BATCH_WEIGHT)
        background, self._background, _ = split_by_weight(self._background, beside if awaited else BACKGROUND_WEIGHT)
        return awaited + behind

    async def _run(self, batch: list[PendingCommand]) -> None:
        """Write the batch, by halves where something unexpected is in it."""
        while batch:
            try:
                work, results = await self._write(batch)
            except Unavailable as error:
                if self._ending.is_set():
                    _log.warning("ended without having written; what it was will be found again", commands=len(batch))
                    fail([entry for entry in batch if not entry.refused], error)
                    return
                batch = [entry for entry in batch if not entry.refused]  # nobody is a culprit in an outage
            except Exception as error:
                if len(batch) == 1:
                    _log.error("a step failed", step=batch[0].step.name, reason=repr(error), exc_info=error)
                    fail(batch, error)
                    return
                middle = len(batch) // 2
                await self._run(batch[:middle])
                await self._run(batch[middle:])
                return
            else:
                await self._undo(results)
                self._report(work, results)
                return

    def _report(self, work: Work, results: list[tuple[list[PendingCommand], Sequence[Any]]]) -> None:
        self._owner.after_commit(work)
        for entries, found in results:
            for entry, result in zip(entries, found, strict=True):
                if entry.refused:
                    continue
                try:
                    entry.done(result)
                except Exception:
                    _log.exception("what followed a commit failed", step=entry.step.name)

    async def _write(self, batch: list[PendingCommand]) -> _BatchResult:
        groups = group_by_step(batch, self._owner.step_order)
        for step, entries in groups:
            if step.prepare is not None:
                prepare_once(step.prepare, entries)

        async def script(tx: Transaction) -> _BatchResult:
            work = Work(tx, self._owner.context(), now_ms=self._owner.clock.wall_ms())
            results: list[tuple[list[PendingCommand], Sequence[Any]]] = []
            for step, entries in groups:
                found = await step.script(work, [entry.command for entry in entries])
                if len(found) != len(entries):
                    raise ValueError(f"{step.name} gave {len(found)} results for {len(entries)} commands")
                results.append((entries, found))
            await work.finish()
            if self._owner.availability.is_away:
                await tx.execute(BUMP_VERSION)  # one that writes nothing would succeed on a full disk and prove nothing
            self._begin_commit()
            return work, results

        self._current = batch
        try:
            return await self._write_until_done(script)
        except BaseException:
            self._clear_undo()
            raise
        finally:
            self._current = []

    def _begin_commit(self) -> None:
        """Close the batch: from here on nothing can be taken out. Raises Unavailable where somebody has been refused
        meanwhile."""
        if self._has_refused:
            raise Unavailable("the transaction holds what has been refused meanwhile")
        self._commit_began_at = self._owner.clock.monotonic()

    async def _write_until_done(self, script: Script[[], _BatchResult]) -> _BatchResult:
        """Try until it is written. Raises Unavailable when somebody in the batch has been refused."""
        conflicts = outages = 0
        self._has_refused = False
        while True:
            try:
                written = await self._owner.database.write_in_lane(self._number, script)
            except Conflict:
                self._commit_began_at = None
                if self._has_refused:
                    raise Unavailable("it was not written before somebody was refused") from None
                conflicts += 1
                if conflicts > _RUNS_AFTER_CONFLICT:
                    raise
                await asyncio.sleep(0.001 * conflicts)
            except Unavailable as error:
                self._commit_began_at = None
                if not self._has_refused:  # else it may have been well all the time
                    self._owner.availability.write_failed(str(error))
                self._refuse_overdue()
                if self._has_refused or self._ending.is_set():
                    raise
                outages += 1
                await self._pause(wait_after(outages, first=_FIRST_RETRY_SECONDS, longest=_LAST_RETRY_SECONDS))
                if self._has_refused:
                    raise
            else:
                self._commit_began_at = None
                self._owner.availability.write_succeeded()
                return written
            finally:
                self._commit_began_at = None

    # --- outages

    def _refuse_overdue(self) -> None:
        now = self._owner.clock.monotonic()
        is_stuck = self._commit_began_at is not None and now - self._commit_began_at > COMMIT_WAIT_SECONDS
        if self._is_shutting_down:
            now = NO_LIMIT
        self._awaited = refuse_overdue(self._awaited, now)
        self._background = refuse_overdue(self._background, now)
        if not self._current:
            return
        if self._commit_began_at is None:
            self._has_refused = len(refuse_overdue(self._current, now)) < len(self._current) or self._has_refused
        elif is_stuck:
            undoable = [
                entry
                for entry in self._current
                if entry.step.undo is not None and not entry.refused and entry.step.can_undo(entry.command)
            ]
            refuse_overdue(undoable, now)
            late = [entry for entry in undoable if entry.refused]
            if late:
                self._has_refused = True
                self._undoing += late
                self._undone.clear()

    def _clear_undo(self) -> None:
        self._undoing = []
        self._undone.set()

    async def _undo(self, results: list[tuple[list[PendingCommand], Sequence[Any]]]) -> None:
        """Take back what has been written of those who were refused meanwhile, however long that takes."""
        if not self._undoing:
            return
        pairs = [
            (entries[0].step, [(e.command, r) for e, r in zip(entries, found, strict=True) if e.refused])
            for entries, found in results
        ]

        async def script(tx: Transaction) -> tuple[Work, int]:
            work = Work(tx, self._owner.context(), now_ms=self._owner.clock.wall_ms())
            missed = [await step.undo(work, taken) for step, taken in pairs if step.undo is not None and taken]
            await work.finish()
            return work, sum(missed)

        try:
            work, missed = await self._undo_until_done(script)
            _log.warning("took back what was refused before its COMMIT was answered", commands=len(self._undoing))
            if missed:
                _log.error("another node had taken some of it already", parts=missed)
            self._owner.after_commit(work)
        except Exception as error:
            _log.error("could not take back what was refused: it will be sent", reason=repr(error), exc_info=error)
        finally:
            self._clear_undo()

    async def _undo_until_done(self, script: Script[[], tuple[Work, int]]) -> tuple[Work, int]:
        while True:
            try:
                return await self._owner.database.write_in_lane(self._number, script)
            except (Conflict, Unavailable):
                if self._ending.is_set():
                    raise
                await self._pause(_FIRST_RETRY_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    async def _finish_even_if_cancelled(self, work: Awaitable[None]) -> None:
        """Wait for a batch. A cancelled lane ends between batches, never inside one, but does not wait for an outage
        to end."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self._ending.set()
            if not (await asyncio.wait([task], timeout=_END_SECONDS))[0]:
                task.cancel()  # a COMMIT in doubt: the next start finds what became of it
                await asyncio.wait([task])
            raise

    # --- lingering

    def _wake_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer_seconds = seconds
        self._timer = loop.call_at(at, self._wake.set)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
