"""The indexer: keeps the index of words up to date in the background, faster while the database is idle.

While transactions wait to be written it rests long after each slice; when none does, slices follow one another. What is
younger than the index is searched without it, so it may lag. Not here: what a slice is (``reports.search_index``).
"""

import asyncio
from collections.abc import Callable, Coroutine

from palomar.ports import Clock
from palomar.reports.search_index import IndexSlice, add_slice, find_oldest, forget_words, missed_slice, next_slice
from palomar.storage.database import Database, Transaction

INDEX_EVERY_SECONDS = 0.5
SLICE = 250
"""Messages that are added in one transaction: some milliseconds."""
CHECKED_SLICE = 5_000
FORGOTTEN_SLICE = 500
REST_FACTOR = 19
"""While transactions wait it rests so much longer than a slice has taken."""
_QUIET_SECONDS = 0.005
_BETWEEN_FORGOTTEN_SECONDS = 0.05
_SLICES_A_TURN = 100


class Indexer:
    """Adds messages to the index. ``is_busy`` returns True while transactions wait. :meth:`index` is one turn."""

    def __init__(self, database: Database, clock: Clock, *, is_busy: Callable[[], bool]) -> None:
        self._database = database
        self._clock = clock
        self._is_busy = is_busy

    async def index(self) -> None:
        """Add what the index lacks, then what was committed too late for the first pass."""
        for read in (_next, _missed):
            for _ in range(_SLICES_A_TURN):
                began = self._clock.monotonic()
                found = await self._database.read_long(read)
                if found.after == found.before or not await self._add(found) or not found.is_full:
                    break
                took = self._clock.monotonic() - began
                await asyncio.sleep(REST_FACTOR * took if self._is_busy() else _QUIET_SECONDS)

    async def forget(self) -> None:
        """Forget the words of messages that are not kept any more."""
        first = await self._database.read_long(find_oldest)
        if first is None:
            return
        while await self._database.write_index(forget_words, first, limit=FORGOTTEN_SLICE):  # noqa: ASYNC110  # waits for nothing
            await asyncio.sleep(_BETWEEN_FORGOTTEN_SECONDS)

    async def _add(self, found: IndexSlice) -> bool:
        return await self._database.write_index(add_slice, found)


def _next(tx: Transaction) -> Coroutine[None, None, IndexSlice]:
    return next_slice(tx, limit=SLICE)


def _missed(tx: Transaction) -> Coroutine[None, None, IndexSlice]:
    return missed_slice(tx, limit=CHECKED_SLICE)
