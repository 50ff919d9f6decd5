"""A lane of the batcher: one writing connection, what waits for it, and what happens while it cannot be written.

A step has patience: a command that has waited longer for a database that is away is refused, whether it stands in the
batch that is tried again or behind it, and whether its caller is still there or not. A refused command is stored
nowhere. Until its transaction is sealed (the next thing is the COMMIT) it can still be taken out; what is sealed is
answered by what became of the COMMIT, because nobody can tell before.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import structlog
from msgspec import Struct

from palomar.engine.reach import Reach
from palomar.flows.house import House
from palomar.flows.work import Work
from palomar.ports import Clock
from palomar.storage.accounts import BUMP_VERSION
from palomar.storage.database import Conflict, Database, Script, Transaction, Unavailable

C = TypeVar("C")
R = TypeVar("R")

BATCH_WEIGHT = 500
"""Items a transaction takes (a request of many messages weighs as many)."""

BEHIND_WEIGHT = 50
"""Items that nobody waits for a transaction takes by themselves: a request that comes meanwhile waits for it, so a
campaign must not make every transaction long."""

FOR_EVER = float("inf")
STUCK_SECONDS = 3.0
"""A COMMIT without an answer for so long is an outage."""

_BESIDE_AT_LEAST, _BESIDE_EACH = 25, 5
"""Items taken beside what is waited for: enough for the answer, receipt and callbacks of as many messages."""

_RUNS_AFTER_CONFLICT = 30
_RETRY_SECONDS = (0.1, 0.2, 0.5, 1.0)
_END_SECONDS = 4.0
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
    patience_seconds: float = FOR_EVER
    """How long a command may wait while the database cannot be reached; facts are kept for ever."""
    prepare: Callable[[Sequence[C]], None] | None = None
    """Called once for each command, in the turn in which its transaction begins."""
    weigh: Callable[[C], int] | None = None
    """How many items a command is; one, unless this says otherwise."""


class Entry(Struct):
    """A command on its way: into which step, and who hears what became of it."""

    step: Step[Any, Any]
    command: Any
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    weight: int
    posted: float
    """Seconds; not told of what waits for ever."""
    prepared: bool = False
    refused: bool = False
    """Whether its caller was told that it is not stored."""


class Owner(Protocol):
    """What a lane needs of its batcher."""

    database: Database
    clock: Clock
    reach: Reach
    house: Callable[[], House]
    committed: Callable[[Work], None]


_Written = tuple[Work, list[tuple[list[Entry], Sequence[Any]]]]
"""What a transaction did, and each step's commands beside their results."""


class Lane:
    """See the module."""

    def __init__(self, owner: Owner, number: int) -> None:
        self._owner = owner
        self._number = number
        self._awaited: list[Entry] = []
        self._behind: list[Entry] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._running = False
        self._trying: list[Entry] = []
        """The batch whose transaction is under way."""
        self._sealed_at: float | None = None
        """Since when its COMMIT is under way; None before."""
        self._spoiled = False
        """Whether one of them has been refused since its transaction began."""
        self._ending = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Commands that no transaction has taken yet."""
        return len(self._awaited) + len(self._behind)

    @property
    def busy(self) -> bool:
        """Say whether anything is to be written."""
        return self._running or self.waiting > 0

    def add(self, entry: Entry) -> None:
        """Take a command for the next transaction."""
        step = entry.step
        (self._awaited if step.awaited else self._behind).append(entry)
        if self._wake.is_set():
            return
        if step.linger_seconds <= 0.0 or self.waiting >= BATCH_WEIGHT:
            self._wake.set()
        else:
            self._wake_within(step.linger_seconds)

    def hurry(self) -> None:
        """Write what lingers at once."""
        if self.waiting:
            self._wake.set()

    async def serve(self) -> None:
        """Write until cancelled. What is under way then is finished first, unless the database is away."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._disarm()
            while self.waiting:
                batch = self._take()
                self._running = True
                try:
                    await self._finished(self._run(batch))
                finally:
                    self._running = False
                if not self._hurried():
                    break

    def look(self) -> None:
        """Refuse what has waited too long for a database that is away; called some times a second."""
        if self._sealed_at is not None and self._owner.clock.monotonic() - self._sealed_at > STUCK_SECONDS:
            self._owner.reach.failed("a COMMIT is not answered")
        if self._owner.reach.is_away:
            self._refuse_the_impatient()

    # --- the batch

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

    def _take(self) -> list[Entry]:
        """What is waited for, then as much of the rest, so that neither starves the other."""
        awaited, self._awaited, weight = _cut(self._awaited, BATCH_WEIGHT)
        beside = min(max(_BESIDE_AT_LEAST, _BESIDE_EACH * weight), BATCH_WEIGHT)
        behind, self._behind, _ = _cut(self._behind, beside if awaited else BEHIND_WEIGHT)
        return awaited + behind

    async def _run(self, batch: list[Entry]) -> None:
        """Write the batch, by halves where something unexpected is in it."""
        while batch:
            try:
                work, results = await self._write(batch)
            except Unavailable as error:
                if self._ending.is_set():
                    _log.warning("ended without having written; what it was will be found again", commands=len(batch))
                    _fail([entry for entry in batch if not entry.refused], error)
                    return
                batch = [entry for entry in batch if not entry.refused]  # nobody is a culprit in an outage
            except Exception as error:
                if len(batch) == 1:
                    _log.error("a step failed", step=batch[0].step.name, reason=repr(error), exc_info=error)
                    _fail(batch, error)
                    return
                middle = len(batch) // 2
                await self._run(batch[:middle])
                await self._run(batch[middle:])
                return
            else:
                self._tell(work, results)
                return

    def _tell(self, work: Work, results: list[tuple[list[Entry], Sequence[Any]]]) -> None:
        self._owner.committed(work)
        for entries, found in results:
            for entry, result in zip(entries, found, strict=True):
                try:
                    entry.done(result)
                except Exception:
                    _log.exception("what followed a commit failed", step=entry.step.name)

    async def _write(self, batch: list[Entry]) -> _Written:
        groups = _grouped(batch)
        for step, entries in groups:
            if step.prepare is not None:
                _prepare(step.prepare, entries)

        async def script(tx: Transaction) -> _Written:
            work = Work(tx, self._owner.house(), now_ms=self._owner.clock.wall_ms())
            results: list[tuple[list[Entry], Sequence[Any]]] = []
            for step, entries in groups:
                found = await step.script(work, [entry.command for entry in entries])
                if len(found) != len(entries):
                    raise ValueError(f"{step.name} gave {len(found)} results for {len(entries)} commands")
                results.append((entries, found))
            await work.finish()
            if self._owner.reach.is_away:
                await tx.execute(BUMP_VERSION)  # one that writes nothing would succeed on a full disk and prove nothing
            self._seal()
            return work, results

        self._trying = batch
        try:
            return await self._patiently(script)
        finally:
            self._trying = []

    def _seal(self) -> None:
        """From here on nothing can be taken out. Raises Unavailable where somebody has been refused meanwhile."""
        if self._spoiled:
            raise Unavailable("the transaction holds what has been refused meanwhile")
        self._sealed_at = self._owner.clock.monotonic()

    async def _patiently(self, script: Script[_Written]) -> _Written:
        """Try until it is written. Raises Unavailable when somebody in the batch has been refused."""
        conflicts = outages = 0
        self._spoiled = False
        while True:
            try:
                written = await self._owner.database.write(script, lane=self._number)
            except Conflict:
                self._sealed_at = None
                conflicts += 1
                if conflicts > _RUNS_AFTER_CONFLICT:
                    raise
                await asyncio.sleep(0.001 * conflicts)
            except Unavailable as error:
                self._sealed_at = None
                if not self._spoiled:  # else it may have been well all the time
                    self._owner.reach.failed(str(error))
                self._refuse_the_impatient()
                if self._spoiled or self._ending.is_set():
                    raise
                await self._pause(_RETRY_SECONDS[min(outages, len(_RETRY_SECONDS) - 1)])
                outages += 1
                if self._spoiled:
                    raise
            else:
                self._sealed_at = None
                self._owner.reach.worked()
                return written
            finally:
                self._sealed_at = None

    # --- outages

    def _refuse_the_impatient(self) -> None:
        now = self._owner.clock.monotonic()
        self._awaited = _without_impatient(self._awaited, now)
        self._behind = _without_impatient(self._behind, now)
        if self._sealed_at is None and self._trying:
            self._spoiled = len(_without_impatient(self._trying, now)) < len(self._trying) or self._spoiled

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), seconds)

    async def _finished(self, work: Awaitable[None]) -> None:
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
        self._timer = loop.call_at(at, self._wake.set)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _cut(entries: list[Entry], limit: int) -> tuple[list[Entry], list[Entry], int]:
    """The first entries that weigh at most ``limit`` (one at least), the others, and the weight of the first."""
    weight = 0
    for count, entry in enumerate(entries):
        if weight + entry.weight > limit and count:
            return entries[:count], entries[count:], weight
        weight += entry.weight
    return entries, [], weight


def _grouped(batch: list[Entry]) -> list[tuple[Step[Any, Any], list[Entry]]]:
    groups: dict[Step[Any, Any], list[Entry]] = {}
    for entry in batch:
        groups.setdefault(entry.step, []).append(entry)
    return sorted(groups.items(), key=lambda group: group[0].rank)


def _prepare(prepare: Callable[[Sequence[Any]], None], entries: list[Entry]) -> None:
    """Once an entry, however often its batch is run."""
    fresh = [entry for entry in entries if not entry.prepared]
    if fresh:
        prepare([entry.command for entry in fresh])
    for entry in fresh:
        entry.prepared = True


def _without_impatient(entries: list[Entry], now: float) -> list[Entry]:
    """Those who may go on waiting; the others are told that they are not stored, once."""
    late = [entry for entry in entries if not entry.refused and now - entry.posted > entry.step.patience_seconds]
    if not late:
        return [entry for entry in entries if not entry.refused]
    for entry in late:
        entry.refused = True
    _log.error("the database cannot be reached; refused", commands=len(late))
    _fail(late, Unavailable("the database cannot be reached"))
    return [entry for entry in entries if not entry.refused]


def _fail(batch: list[Entry], error: Exception) -> None:
    for entry in batch:
        try:
            entry.failed(error)
        except Exception:
            _log.exception("what followed a failed step failed", step=entry.step.name)
