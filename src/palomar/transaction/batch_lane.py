"""A lane of the batcher: one writing connection, the commands that wait for it, and what becomes of them in an outage.

While the database is away, a command that has waited longer than its step allows is refused, whether it is in the batch
that is tried again or behind it, and whether its caller is still there or not. A refused command is not stored. Until
the COMMIT of its transaction begins, it can still be taken out of the batch. After that nobody knows whether it is
stored until the COMMIT is answered. A command that can be undone is then refused in time all the same; if the COMMIT
turns out to have succeeded, it is undone before anything else happens. Any other is answered when the outcome is known.
"""

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog

from palomar.ports import Clock
from palomar.storage.database import Conflict, Database, Script, Transaction, Unavailable
from palomar.transaction.availability import DatabaseAvailability
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.context import TransactionContext
from palomar.transaction.steps import (
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
"""Items that a transaction takes; a request of many messages weighs as many."""

BACKGROUND_WEIGHT = 50
"""Items that a transaction takes if no caller waits for any of them. A request that comes meanwhile waits for that
transaction, so a campaign must not make every transaction long."""

COMMIT_WAIT_SECONDS = 3.0
"""A COMMIT that is not answered for so long is an outage."""

_BACKGROUND_LEAST, _BACKGROUND_FOR_EACH = 25, 5
"""Background items that a transaction takes beside those that callers wait for: at least so many, and so many for each
of them. That is enough for the answer, receipt and callbacks of as many messages."""

_RUNS_AFTER_CONFLICT = 30
_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 0.1, 1.0
_END_SECONDS = 4.0
_log = structlog.get_logger(__name__)


class LaneOwner(Protocol):
    """The parts of a batcher that its lanes use."""

    database: Database
    clock: Clock
    availability: DatabaseAvailability
    step_order: Mapping[str, int]
    context: Callable[[], TransactionContext]
    after_commit: Callable[[Work], None]


_BatchResult = tuple[Work, list[tuple[list[PendingCommand], Sequence[Any]]]]
"""The work of a transaction, and the commands of each step with their results."""


class BatchLane:
    """One writing connection's commands, and the task that writes them."""

    def __init__(self, owner: LaneOwner, number: int) -> None:
        self._owner = owner
        self._number = number
        self._awaited: list[PendingCommand] = []
        self._background: list[PendingCommand] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._timer_seconds = 0.0
        """The delay with which the timer was set."""
        self._running = False
        self._current: list[PendingCommand] = []
        """The batch whose transaction is being tried."""
        self._commit_began_at: float | None = None
        """Monotonic seconds at which the current COMMIT began; None while there is none."""
        self._has_refused = False
        """True once a command of the current batch was refused after its transaction had begun."""
        self._undoing: list[PendingCommand] = []
        """The commands that were refused while their COMMIT was under way."""
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
        """Return True while a command waits or is being written."""
        return self._running or self.waiting > 0

    def add(self, entry: PendingCommand) -> None:
        """Queue a command for the next transaction, and wake the lane now or when the command's delay is over."""
        step = entry.step
        (self._awaited if step.awaited else self._background).append(entry)
        if self._wake.is_set():
            return
        if step.batch_delay_seconds <= 0.0 or self.waiting >= BATCH_WEIGHT:
            self._wake.set()
        elif self._timer is None or step.batch_delay_seconds < self._timer_seconds:
            self._wake_within(step.batch_delay_seconds)

    def flush(self) -> None:
        """Write what waits now, without further delay."""
        if self.waiting:
            self._wake.set()

    async def serve(self) -> None:
        """Write until cancelled. A batch under way is finished first, unless the database is away."""
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
        """Wait until every command that was refused but stored has been undone."""
        await self._undone.wait()

    def begin_shutdown(self) -> None:
        """Refuse commands at once from now on while the database is away, so that callers hear it before the end."""
        self._is_shutting_down = True

    def check_outage(self) -> None:
        """Refuse commands that have waited too long while the database is away. Called some times a second."""
        if (
            self._commit_began_at is not None
            and self._owner.clock.monotonic() - self._commit_began_at > COMMIT_WAIT_SECONDS
        ):
            self._owner.availability.write_failed("a COMMIT is not answered")
        if self._owner.availability.is_away:
            self._refuse_overdue()

    # --- the batch

    def _must_go_on(self) -> bool:
        """Return True if what came during the commit is to be written now; else delay it as if it had just come."""
        if not self.waiting:
            return False
        if self._awaited or len(self._background) >= BACKGROUND_WEIGHT:
            return True
        delay = min(entry.step.batch_delay_seconds for entry in self._background)
        if delay <= 0.0:
            return True
        self._wake_within(delay)
        return False

    def _take(self) -> list[PendingCommand]:
        """Take the commands of the next batch: awaited ones first, then background ones, so that neither starves."""
        awaited, self._awaited, weight = split_by_weight(self._awaited, BATCH_WEIGHT)
        limit = (
            min(max(_BACKGROUND_LEAST, _BACKGROUND_FOR_EACH * weight), BATCH_WEIGHT) if awaited else BACKGROUND_WEIGHT
        )
        background, self._background, _ = split_by_weight(self._background, limit)
        return awaited + background

    async def _run(self, batch: list[PendingCommand]) -> None:
        """Write the batch; on an unexpected error write its halves one after the other, down to the faulty command."""
        while batch:
            try:
                work, results = await self._write(batch)
            except Unavailable as error:
                if self._ending.is_set():
                    _log.warning(
                        "ended before the batch was written; the next start finds its work again", commands=len(batch)
                    )
                    fail([entry for entry in batch if not entry.refused], error)
                    return
                batch = [entry for entry in batch if not entry.refused]  # no command is to blame for an outage
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
        work.release()
        for entries, found in results:
            for entry, result in zip(entries, found, strict=True):
                if entry.refused:
                    continue
                try:
                    entry.done(result)
                except Exception:
                    _log.exception("a handler failed after its commit", step=entry.step.name)

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
        """Note that the COMMIT begins: from here on nothing can be taken out of the batch.

        Raises Unavailable if a command of it has been refused meanwhile.
        """
        if self._has_refused:
            raise Unavailable("the transaction holds a command that has been refused meanwhile")
        self._commit_began_at = self._owner.clock.monotonic()

    async def _write_until_done(self, script: Script[[], _BatchResult]) -> _BatchResult:
        """Try until the transaction is written. Raises Unavailable if a command of the batch has been refused."""
        conflicts = outages = 0
        self._has_refused = False
        while True:
            try:
                written = await self._owner.database.write_in_lane(self._number, script)
            except Conflict:
                self._commit_began_at = None
                if self._has_refused:
                    raise Unavailable("a command was refused before the transaction was written") from None
                conflicts += 1
                if conflicts > _RUNS_AFTER_CONFLICT:
                    raise
                await asyncio.sleep(0.001 * conflicts)
            except Unavailable as error:
                self._commit_began_at = None
                if not self._has_refused:  # else the database may have been well all the time
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
            now = math.inf  # whatever has a limit is overdue
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
        """Undo what was stored of the commands that were refused meanwhile, however long that takes."""
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
            _log.warning(
                "undid commands that were refused before their COMMIT was answered", commands=len(self._undoing)
            )
            if missed:
                _log.error("another node had claimed some of their parts already", parts=missed)
            self._owner.after_commit(work)
        except Exception as error:
            _log.error(
                "could not undo commands that were refused: their messages will be sent",
                reason=repr(error),
                exc_info=error,
            )
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

    # --- the delay of background commands

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
