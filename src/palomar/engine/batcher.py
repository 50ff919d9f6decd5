"""The batcher: everything that arrives while a transaction commits becomes the next transaction.

There is no timer for what somebody waits for: idle, a command is written at once; busy, hundreds share a commit. Steps
that nobody waits for may linger some milliseconds. Only the batcher awaits a transaction; who has left cancels nothing.

On an unexpected error the batch is rolled back and run by halves, so only the culprit fails.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import structlog
from msgspec import Struct

from palomar.flows.house import House
from palomar.flows.work import Work
from palomar.ports import Clock
from palomar.storage.database import Conflict, Database, Script, Transaction, Unavailable

C = TypeVar("C")
R = TypeVar("R")

BATCH_WEIGHT = 500
"""Items a transaction takes (a request of many messages weighs as many)."""

BEHIND_WEIGHT = 50
"""Items that nobody waits for a transaction takes by themselves: a request that comes meanwhile waits for it, so a
campaign must not make every transaction long."""

_BESIDE_AT_LEAST, _BESIDE_EACH = 25, 5
"""Items taken beside what is waited for: enough for the answer, receipt and callbacks of as many messages."""

_FOR_EVER = float("inf")
_RUNS_AFTER_CONFLICT = 30
_RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Step(Generic[C, R]):
    """A verb as the batcher knows it. Within a batch, steps run by ``rank``."""

    name: str
    script: Callable[[Work, Sequence[C]], Awaitable[Sequence[R]]]
    rank: int
    lane: int = 1
    awaited: bool = False
    """Whether somebody waits for the result: then it goes before what nobody waits for."""
    linger_seconds: float = 0.0
    patience_seconds: float = _FOR_EVER
    """How long a command is tried again while the database cannot be reached; facts are kept for ever."""
    prepare: Callable[[Sequence[C]], None] | None = None
    """Called once for each command, in the turn in which its transaction begins."""
    weigh: Callable[[C], int] | None = None
    """How many items a command is; one, unless this says otherwise."""


class _Entry(Struct):
    step: Step[Any, Any]
    command: Any
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    weight: int
    posted: float
    """Seconds; not told of what waits for ever."""
    prepared: bool = False


_Written = tuple[Work, list[tuple[list[_Entry], Sequence[Any]]]]
"""What a transaction did, and each step's commands beside their results."""


class Batcher:
    """One lane a writing connection; ``house`` tells each batch what it may look at, ``committed`` hears of each."""

    def __init__(
        self, database: Database, clock: Clock, *, house: Callable[[], House], committed: Callable[[Work], None]
    ) -> None:
        self._lanes = [_Lane(self, number) for number in range(database.lanes)]
        self.database = database
        self.clock = clock
        self.house = house
        self.committed = committed

    def post(
        self,
        step: Step[C, R],
        command: C,
        done: Callable[[R], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Let the step happen; ``done`` is called with its result after the commit, or ``failed`` (default: logged)."""
        lane = self._lanes[step.lane % len(self._lanes)]
        weight = 1 if step.weigh is None else step.weigh(command)
        posted = 0.0 if step.patience_seconds == _FOR_EVER else self.clock.monotonic()
        lane.add(_Entry(step, command, done, failed or _ignore, weight, posted))

    async def run(self, step: Step[C, R], command: C) -> R:
        """As :meth:`post`, for who waits. Cancelling the wait does not cancel the step."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()

        def done(result: R) -> None:
            if not future.done():
                future.set_result(result)

        def failed(error: BaseException) -> None:
            if not future.done():
                future.set_exception(error)

        self.post(step, command, done, failed)
        return await future

    @property
    def waiting(self) -> int:
        """Commands that no transaction has taken yet."""
        return sum(lane.waiting for lane in self._lanes)

    async def serve(self) -> None:
        """Run until cancelled; what is under way then is finished first."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(lane.serve())

    async def drain(self, deadline_seconds: float) -> bool:
        """Write what waits, lingering or not; False if the deadline came first."""
        end = self.clock.monotonic() + deadline_seconds
        while any(lane.busy for lane in self._lanes):
            for lane in self._lanes:
                lane.hurry()
            if self.clock.monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        return True


class _Lane:
    def __init__(self, batcher: Batcher, number: int) -> None:
        self._batcher = batcher
        self._number = number
        self._awaited: list[_Entry] = []
        self._behind: list[_Entry] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._running = False

    @property
    def waiting(self) -> int:
        return len(self._awaited) + len(self._behind)

    @property
    def busy(self) -> bool:
        return self._running or self.waiting > 0

    def add(self, entry: _Entry) -> None:
        step = entry.step
        (self._awaited if step.awaited else self._behind).append(entry)
        if self._wake.is_set():
            return
        if step.linger_seconds <= 0.0 or self.waiting >= BATCH_WEIGHT:
            self._wake.set()
        else:
            self._wake_within(step.linger_seconds)

    def hurry(self) -> None:
        if self.waiting:
            self._wake.set()

    async def serve(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._disarm()
            while self.waiting:
                batch = self._take()
                self._running = True
                try:
                    await _finished(self._run(batch))
                finally:
                    self._running = False
                if not self._hurried():
                    break

    def _hurried(self) -> bool:
        """Whether what came during the commit must go now; else it may linger as if it had just come."""
        if not self.waiting:
            return False
        if self._awaited or len(self._behind) >= BEHIND_WEIGHT:
            return True
        linger = min(entry.step.linger_seconds for entry in self._behind)
        if linger <= 0.0:
            return True
        self._wake_within(linger)
        return False

    def _take(self) -> list[_Entry]:
        """What is waited for, then as much of the rest, so that neither starves the other."""
        awaited, self._awaited, weight = _cut(self._awaited, BATCH_WEIGHT)
        beside = min(max(_BESIDE_AT_LEAST, _BESIDE_EACH * weight), BATCH_WEIGHT)
        behind, self._behind, _ = _cut(self._behind, beside if awaited else BEHIND_WEIGHT)
        return awaited + behind

    async def _run(self, batch: list[_Entry]) -> None:
        """Write the batch, by halves where something unexpected is in it."""
        try:
            work, results = await self._write(batch)
        except Unavailable as error:
            await self._without_the_impatient(batch, error)
            return
        except Exception as error:
            if len(batch) == 1:
                _log.error("a step failed", step=batch[0].step.name, reason=repr(error), exc_info=error)
                _fail(batch, error)
                return
            middle = len(batch) // 2
            await self._run(batch[:middle])
            await self._run(batch[middle:])
            return
        self._batcher.committed(work)
        for entries, found in results:
            for entry, result in zip(entries, found, strict=True):
                try:
                    entry.done(result)
                except Exception:
                    _log.exception("what followed a commit failed", step=entry.step.name)

    async def _without_the_impatient(self, batch: list[_Entry], error: Unavailable) -> None:
        """Nobody is a culprit in an outage: those whose patience is over fail together, the others go on waiting."""
        impatient: list[_Entry] = []
        patient: list[_Entry] = []
        for entry in batch:
            (impatient if self._is_impatient(entry) else patient).append(entry)
        _log.error("the database cannot be reached; gave up", commands=len(impatient), reason=str(error))
        _fail(impatient, error)
        if patient:
            await self._run(patient)

    def _is_impatient(self, entry: _Entry) -> bool:
        return self._batcher.clock.monotonic() - entry.posted > entry.step.patience_seconds

    async def _write(self, batch: list[_Entry]) -> _Written:
        groups = _grouped(batch)
        for step, entries in groups:
            if step.prepare is not None:
                _prepare(step.prepare, entries)

        async def script(tx: Transaction) -> _Written:
            work = Work(tx, self._batcher.house(), now_ms=self._batcher.clock.wall_ms())
            results: list[tuple[list[_Entry], Sequence[Any]]] = []
            for step, entries in groups:
                found = await step.script(work, [entry.command for entry in entries])
                if len(found) != len(entries):
                    raise ValueError(f"{step.name} gave {len(found)} results for {len(entries)} commands")
                results.append((entries, found))
            await work.finish()
            return work, results

        return await self._patiently(script, batch)

    async def _patiently(self, script: Script[_Written], batch: list[_Entry]) -> _Written:
        conflicts = outages = 0
        while True:
            try:
                return await self._batcher.database.write(script, lane=self._number)
            except Conflict:
                conflicts += 1
                if conflicts > _RUNS_AFTER_CONFLICT:
                    raise
                await asyncio.sleep(0.001 * conflicts)
            except Unavailable as error:
                if any(map(self._is_impatient, batch)):
                    raise
                if outages == 0:
                    _log.error("the database cannot be reached; trying again", reason=str(error))
                await asyncio.sleep(_RETRY_SECONDS[min(outages, len(_RETRY_SECONDS) - 1)])
                outages += 1

    def _wake_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        at = loop.time() + seconds
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = loop.call_at(at, self._wake.set)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _cut(entries: list[_Entry], limit: int) -> tuple[list[_Entry], list[_Entry], int]:
    """The first entries that weigh at most ``limit`` (one at least), the others, and the weight of the first."""
    weight = 0
    for count, entry in enumerate(entries):
        if weight + entry.weight > limit and count:
            return entries[:count], entries[count:], weight
        weight += entry.weight
    return entries, [], weight


def _grouped(batch: list[_Entry]) -> list[tuple[Step[Any, Any], list[_Entry]]]:
    groups: dict[Step[Any, Any], list[_Entry]] = {}
    for entry in batch:
        groups.setdefault(entry.step, []).append(entry)
    return sorted(groups.items(), key=lambda group: group[0].rank)


def _prepare(prepare: Callable[[Sequence[Any]], None], entries: list[_Entry]) -> None:
    """Once an entry, however often its batch is run."""
    fresh = [entry for entry in entries if not entry.prepared]
    if fresh:
        prepare([entry.command for entry in fresh])
    for entry in fresh:
        entry.prepared = True


def _fail(batch: list[_Entry], error: Exception) -> None:
    for entry in batch:
        try:
            entry.failed(error)
        except Exception:
            _log.exception("what followed a failed step failed", step=entry.step.name)


def _ignore(error: BaseException) -> None:
    """The batcher has logged it; nobody waits."""


async def _finished(work: Awaitable[None]) -> None:
    """A cancelled lane ends between batches, never inside one."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
