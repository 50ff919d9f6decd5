"""Queue the hashing of passwords: a thread a queue, short queues with fair turns, no work for clients that have left.

Argon2 takes some 20 ms on purpose, and several times that on a busy machine, so that the jobs which wait for it must be
bounded. Addresses take turns: one that sends a thousand passwords a second delays no other by more than one of them.
Logins that are known from their address have every second turn. An address that has just failed several times waits for
all others and takes a quarter of the thread's time at most. Beyond the bounds a job is refused with :class:`Busy`. Not
here: whose password it is (``passwords``), and how failures are counted (``admission``, ``abuse``).
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
"""Hashes of strangers that may wait: with 20 to 60 ms each the last is done within a second."""
KNOWN_AT_MOST: Final = 32
"""Hashes that may wait of logins that are known from their address."""
EACH_AT_MOST: Final = 4
"""Hashes that may wait of one address of strangers, or of one known login at one address."""

SUSPECTS_AT_MOST: Final = 8
"""Hashes that may wait of addresses that have failed several times within this minute."""

SUSPECTS_PAUSE: Final = 3.0
"""The next suspect's hash waits so many times as long as the last one took."""


class CallerRank(Enum):
    """The rank of a caller for whom a password is hashed: a login that has been let in from its address before, a
    stranger, or an address that has just failed several times."""

    KNOWN = "known"
    STRANGER = "stranger"
    SUSPECT = "suspect"


ClientLeft = Callable[[], Awaitable[None]]
"""A function that returns when the client has left."""


class Busy(TemporarilyUnavailable):
    """Too many passwords wait to be hashed, or the client has left: this one was not hashed."""


@dataclass(eq=False, slots=True)
class _Job:
    work: Callable[[], Any]
    future: asyncio.Future[Any]
    waiters: int = 0
    dropped: bool = field(default=False)


class _FairQueue:
    """The jobs of one rank that wait. Callers take turns, however many jobs each has."""

    def __init__(self, *, at_most: int, each_at_most: int) -> None:
        self._at_most = at_most
        self._each_at_most = each_at_most
        self._waiting = 0
        self._jobs: dict[Hashable, deque[_Job]] = {}
        """By caller, in the order of their turns."""

    def is_full(self, caller: Hashable) -> bool:
        """Return True if there is no room for one more job of this caller."""
        return self._waiting >= self._at_most or len(self._jobs.get(caller, ())) >= self._each_at_most

    def add(self, caller: Hashable, job: _Job) -> None:
        self._jobs.setdefault(caller, deque()).append(job)
        self._waiting += 1

    def next(self) -> _Job | None:
        """Take the next job that is still waited for; None if there is none."""
        while self._jobs:
            caller = next(iter(self._jobs))
            own = self._jobs.pop(caller)
            job = own.popleft()
            self._waiting -= 1
            if own:
                self._jobs[caller] = own  # behind the others
            if not job.dropped:
                return job
        return None


class HashingQueue:
    """One thread that hashes, and the queues of jobs by rank."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(1, name)
        self._queues = {
            CallerRank.KNOWN: _FairQueue(at_most=KNOWN_AT_MOST, each_at_most=EACH_AT_MOST),
            CallerRank.STRANGER: _FairQueue(at_most=STRANGERS_AT_MOST, each_at_most=EACH_AT_MOST),
            CallerRank.SUSPECT: _FairQueue(at_most=SUSPECTS_AT_MOST, each_at_most=EACH_AT_MOST),
        }
        self._last_was_known = False
        self._runs_suspect = False
        self._is_paused = False
        self._started = 0.0
        self._is_running = self._is_closed = False
        self._jobs_by_key: dict[bytes, _Job] = {}

    def close(self) -> None:
        """End the thread; jobs that wait are never done."""
        self._is_closed = True
        self._thread.shutdown(wait=False, cancel_futures=True)

    def check_room(self, caller: Hashable, rank: CallerRank) -> None:
        """Raise Busy where :meth:`run` would."""
        if self._queues[rank].is_full(caller):
            raise Busy("too many passwords wait to be checked")

    async def run(
        self,
        work: Callable[[], T],
        caller: Hashable,
        rank: CallerRank,
        *,
        job_key: bytes = b"",
        client_left: ClientLeft | None = None,
    ) -> T:
        """Do ``work`` in the thread when its turn comes. Equal jobs (``job_key``) that wait together are done once.

        ``caller`` is an address, or a login with an address from which it is known; callers take turns. Raises Busy if
        there is no room, or if the client has left before its turn.
        """
        job = self._jobs_by_key.get(job_key) if job_key else None
        if job is None:
            self.check_room(caller, rank)
            job = _Job(work, asyncio.get_running_loop().create_future())
            self._queues[rank].add(caller, job)
            if job_key:
                self._jobs_by_key[job_key] = job
                job.future.add_done_callback(lambda _: self._jobs_by_key.pop(job_key, None))
        job.waiters += 1
        self._begin_next()
        try:
            result: T = await _first_of(job.future, client_left)
            return result
        finally:
            job.waiters -= 1
            if not job.waiters and not job.future.done():
                job.dropped = True
                self._jobs_by_key.pop(job_key, None)

    def _next(self) -> _Job | None:
        """Take a job of a known login and one of a stranger alternately while both wait; a suspect's only if neither
        does."""
        known, strangers, suspects = self._queues.values()
        first, second = (strangers, known) if self._last_was_known else (known, strangers)
        self._last_was_known = not self._last_was_known
        job = first.next() or second.next()
        if job is None and not self._is_paused:
            job = suspects.next()
            self._runs_suspect = job is not None
        return job

    def _begin_next(self) -> None:
        if self._is_closed or self._is_running or (job := self._next()) is None:
            return
        self._is_running = True
        self._started = asyncio.get_running_loop().time()
        done = asyncio.get_running_loop().run_in_executor(self._thread, job.work)
        done.add_done_callback(lambda result: self._ended(job, result))

    def _ended(self, job: _Job, result: asyncio.Future[Any]) -> None:
        self._is_running = False
        self._pause_suspects()
        if job.future.done():
            pass
        elif result.cancelled():
            job.future.cancel()
        elif (error := result.exception()) is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(result.result())
        self._begin_next()

    def _pause_suspects(self) -> None:
        """Make the next suspect's hash wait, after a suspect's, three times as long as that took.

        The timer alone ends the pause: a second reading of the clock could say that it is not over yet, and then
        nothing would wake the queue again.
        """
        if not self._runs_suspect:
            return
        self._runs_suspect, self._is_paused = False, True
        loop = asyncio.get_running_loop()
        loop.call_later(SUSPECTS_PAUSE * (loop.time() - self._started), self._end_pause)

    def _end_pause(self) -> None:
        self._is_paused = False
        self._begin_next()


async def _first_of(future: asyncio.Future[T], client_left: ClientLeft | None) -> T:
    """Wait for the result, or for the client to leave."""
    if client_left is None:
        return await asyncio.shield(future)
    leaving = asyncio.ensure_future(client_left())
    try:
        await asyncio.wait((future, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not future.done():
            raise Busy("the client has left")
        return future.result()
    finally:
        leaving.cancel()
