"""A lane of password hashing: one thread, a short queue with fair turns, and no work for who has left.

Argon2 takes some 20 ms on purpose, and several times that on a busy machine, so what waits for it must be bounded. Who
waits is served by turns of their addresses: one who sends a thousand passwords a second delays nobody else by more than
one of them. Logins that are known from their address have every second turn. An address that has just failed several
times waits for all others, and takes a quarter of the thread's time at most, so that it leaves the processor to them.
Beyond the bounds the answer is :class:`Busy`. Not here: whose password it is (``passwords``), and what a wrong one
costs (``admission``).
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from palomar.vocabulary.refusals import TemporarilyUnavailable

T = TypeVar("T")

STRANGERS_AT_MOST: Final = 16
"""Hashes that may wait for strangers: with 20 to 60 ms each the last is done within a second."""
KNOWN_AT_MOST: Final = 32
"""Hashes that may wait for logins that are known from their address."""
EACH_AT_MOST: Final = 4
"""Hashes that may wait for one address of strangers, or for one known login at one address."""

SUSPECTS_AT_MOST: Final = 8
"""Hashes that may wait for addresses that have failed several times within this minute."""

SUSPECTS_PAUSE: Final = 3.0
"""So many times as long as a suspect's hash took the next suspect's waits."""


class CallerRank(Enum):
    """How somebody stands who wants a hash: who has been let in from the address before, a stranger, or an address that
    has just failed several times."""

    KNOWN = "known"
    STRANGER = "stranger"
    SUSPECT = "suspect"


Left = Callable[[], Awaitable[None]]
"""Returns when the client has left."""


class Busy(TemporarilyUnavailable):
    """Too many passwords wait to be hashed: this one was not looked at."""


@dataclass(eq=False, slots=True)
class _Job:
    work: Callable[[], Any]
    future: asyncio.Future[Any]
    waiters: int = 0
    dropped: bool = field(default=False)


class _Turns:
    """Jobs that wait, by whose they are: each of those has its turn, whoever sends most."""

    def __init__(self, *, at_most: int, each_at_most: int) -> None:
        self._at_most = at_most
        self._each_at_most = each_at_most
        self._waiting = 0
        self._jobs: dict[Hashable, deque[_Job]] = {}
        """In the order of their turns."""

    def is_full(self, whose: Hashable) -> bool:
        """Tell whether one more of theirs finds no room."""
        return self._waiting >= self._at_most or len(self._jobs.get(whose, ())) >= self._each_at_most

    def add(self, whose: Hashable, job: _Job) -> None:
        self._jobs.setdefault(whose, deque()).append(job)
        self._waiting += 1

    def next(self) -> _Job | None:
        """Take the next that somebody still waits for."""
        while self._jobs:
            whose = next(iter(self._jobs))
            own = self._jobs.pop(whose)
            job = own.popleft()
            self._waiting -= 1
            if own:
                self._jobs[whose] = own  # behind the others
            if not job.dropped:
                return job
        return None


class HashingQueue:
    """See the module."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._turns = {
            CallerRank.KNOWN: _Turns(at_most=KNOWN_AT_MOST, each_at_most=EACH_AT_MOST),
            CallerRank.STRANGER: _Turns(at_most=STRANGERS_AT_MOST, each_at_most=EACH_AT_MOST),
            CallerRank.SUSPECT: _Turns(at_most=SUSPECTS_AT_MOST, each_at_most=EACH_AT_MOST),
        }
        self._was_known = False
        self._is_suspect = False
        self._is_resting = False
        self._began = 0.0
        self._is_running = self._is_closed = False
        self._same: dict[bytes, _Job] = {}

    def close(self) -> None:
        """End the thread; what waits is never done."""
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    def check_room(self, whose: Hashable, standing: CallerRank) -> None:
        """Raise Busy where :meth:`run` would."""
        if self._turns[standing].is_full(whose):
            raise Busy("too many passwords wait to be checked")

    async def run(
        self,
        work: Callable[[], T],
        whose: Hashable,
        standing: CallerRank,
        *,
        same: bytes = b"",
        left: Left | None = None,
    ) -> T:
        """Do ``work`` in the thread when its turn comes, once for all who ask the ``same`` at the same time.

        ``whose`` turn it is: of an address, or of a login that is known from an address. Raises Busy where there is no
        room, and where the client ``left`` before its turn.
        """
        job = self._same.get(same) if same else None
        if job is None:
            self.check_room(whose, standing)
            job = _Job(work, asyncio.get_running_loop().create_future())
            self._turns[standing].add(whose, job)
            if same:
                self._same[same] = job
                job.future.add_done_callback(lambda _: self._same.pop(same, None))
        job.waiters += 1
        self._begin_next()
        try:
            result: T = await _first(job.future, left)
            return result
        finally:
            job.waiters -= 1
            if not job.waiters and not job.future.done():
                job.dropped = True
                self._same.pop(same, None)

    def _next(self) -> _Job | None:
        """Take one that is known, then a stranger's, and so on while both wait; a suspect's only when neither does."""
        known, strangers, suspects = self._turns.values()
        first, second = (strangers, known) if self._was_known else (known, strangers)
        self._was_known = not self._was_known
        job = first.next() or second.next()
        if job is None and not self._is_resting:
            job = suspects.next()
            self._is_suspect = job is not None
        return job

    def _begin_next(self) -> None:
        if self._is_closed or self._is_running or (job := self._next()) is None:
            return
        self._is_running = True
        self._began = asyncio.get_running_loop().time()
        done = asyncio.get_running_loop().run_in_executor(self._thread, job.work)
        done.add_done_callback(lambda result: self._ended(job, result))

    def _ended(self, job: _Job, result: asyncio.Future[Any]) -> None:
        self._is_running = False
        self._rest_from_suspects()
        if job.future.done():
            pass
        elif result.cancelled():
            job.future.cancel()
        elif (error := result.exception()) is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(result.result())
        self._begin_next()

    def _rest_from_suspects(self) -> None:
        """Let the next suspect's hash wait, after a suspect's, three times as long as it took.

        The timer alone ends the rest: a second reading of the clock could say that it is not over yet, and nobody would
        wake the lane again.
        """
        if not self._is_suspect:
            return
        self._is_suspect, self._is_resting = False, True
        loop = asyncio.get_running_loop()
        loop.call_later(SUSPECTS_PAUSE * (loop.time() - self._began), self._rested)

    def _rested(self) -> None:
        self._is_resting = False
        self._begin_next()


async def _first(future: asyncio.Future[T], left: Left | None) -> T:
    """Wait for the result, or for the client to leave."""
    if left is None:
        return await asyncio.shield(future)
    leaving = asyncio.ensure_future(left())
    try:
        await asyncio.wait((future, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise Busy("the client has left")
        return future.result()
    finally:
        leaving.cancel()
