"""The recounter: keeps counts of messages right, in the background.

After each commit it is told which minutes this node's transactions have changed. Other changes (messages from before
this start, of a node that died, of a command) it looks for when it begins and when it is told to. When there is nothing
to do, it counts one more minute, round and round: so whatever went wrong is right again within hours. Not here: how a
minute is counted (``reports.counting``).
"""

from collections.abc import Iterable
from heapq import nsmallest

from palomar.ports import Clock
from palomar.reports.buckets import Bucket
from palomar.reports.counting import (
    Differences,
    RecountPlan,
    add_differences,
    advance_retention,
    compare,
    find_uncounted,
    next_counted_minute,
    plan_recount,
    split_differences,
)
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.message import EPOCH_MS

COUNT_EVERY_SECONDS = 2.0
BUSY_SECONDS = 0.1
"""How long a turn counts; a minute that takes longer is counted to its end."""
REST_FACTOR = 19
"""It rests so much longer than it has worked: it takes a twentieth of a processor at most."""
LOOK_AGAIN_SECONDS = 60.0
"""It looks for other changes no more often than this, however often it is told to."""
_AT_ONCE_MOST = 256
_FOUND_AT_ONCE = 256


class Recounter:
    """Counts changed minutes again; :meth:`count` is one turn."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._changed: dict[int, int] = {}
        """Minutes, and since when (wall milliseconds) each is to be counted again."""
        self._counting: dict[int, int] = {}
        self._unsure_ms = 0
        """Since when there may be more than is known; 0 is before this start."""
        self._at_once = 16
        self._rests_until = 0.0
        self._must_look = True
        self._looked: float | None = None
        self._uncounted_ms: int | None = None
        self._checked_ms = 0
        self._advanced_ms = 0

    @property
    def waiting(self) -> int:
        """Count the minutes that are known to have changed and have not been counted since."""
        return len(self._changed)

    @property
    def is_behind(self) -> bool:
        """Return True if there may be messages that were never counted."""
        return self._must_look or self._uncounted_ms is not None

    @property
    def uncounted_ms(self) -> int:
        """Return for how long something has waited to be counted, in milliseconds; 0 if nothing waits."""
        now_ms = self._clock.wall_ms()
        since_ms = min((*self._changed.values(), *self._counting.values()), default=now_ms)
        if self.is_behind:
            unsure_ms = self._unsure_ms or self._uncounted_ms or now_ms
            since_ms = min(since_ms, unsure_ms)
        return max(0, now_ms - since_ms)

    def mark_changed(self, minutes: Iterable[int]) -> None:
        """Note minutes (``Work.changed_minutes``) with messages that were stored or whose state changed."""
        now_ms = self._clock.wall_ms()
        for minute in minutes:
            self._changed.setdefault(minute, now_ms)

    def look_again(self) -> None:
        """Look for other changes in the next turn, because a node that died may not have counted its own."""
        if not self.is_behind:
            self._unsure_ms = self._clock.wall_ms()
        self._must_look = True

    async def count(self) -> None:
        """Count minutes that have changed, the oldest first, for a while."""
        began = self._clock.monotonic()
        if began < self._rests_until:
            return
        await self._advance_retention()
        await self._find(began)
        now = began
        while self._changed and now - began < BUSY_SECONDS:
            await self._count_some()
            before, now = now, self._clock.monotonic()
            self._pace(now - before)
        self._rests_until = now + REST_FACTOR * (now - began)

    async def _count_some(self) -> None:
        minutes = nsmallest(self._at_once, self._changed)
        self._counting = {minute: self._changed.pop(minute) for minute in minutes}
        is_counted = False  # changes from here on are counted again
        try:
            is_counted = await self._recount(minutes)
        finally:
            if not is_counted:
                self._changed |= self._counting
            self._counting = {}

    async def _recount(self, minutes: list[int]) -> bool:
        """Count these minutes again; return False if another node changed counts meanwhile."""
        starts = [EPOCH_MS + minute * Bucket.MINUTE for minute in minutes]
        for piece in split_differences(await self._database.read_long(compare, starts)):

            async def script(tx: Transaction, piece: Differences = piece) -> bool:
                uncounted_ms = min(starts[0], self._oldest_ms())  # at the time of the transaction
                return await add_differences(tx, piece, uncounted_ms=uncounted_ms)

            if not await self._database.write_in_lane(1, script):
                return False
        return True

    def _oldest_ms(self) -> int:
        oldest_ms = EPOCH_MS + min(self._changed, default=1 << 40) * Bucket.MINUTE
        return oldest_ms if self._uncounted_ms is None else min(oldest_ms, self._uncounted_ms)

    def _pace(self, seconds: float) -> None:
        """Choose how many minutes to count at once: as many as take a quarter of a turn or more."""
        if seconds > BUSY_SECONDS:
            self._at_once = max(1, self._at_once // 2)
        elif seconds < BUSY_SECONDS / 4:
            self._at_once = min(self._at_once * 2, _AT_ONCE_MOST)

    async def _find(self, now: float) -> None:
        """Find changes that this node was not told of."""
        if self._must_look and (self._looked is None or now - self._looked >= LOOK_AGAIN_SECONDS):
            self._must_look, self._looked = False, now
            found: RecountPlan = await self._database.read_long(plan_recount)
            self._uncounted_ms = found.uncounted_ms
            self._note_found(found.minutes)
        if self._uncounted_ms is not None and len(self._changed) < _FOUND_AT_ONCE:
            await self._find_uncounted(self._uncounted_ms)
        if not self._changed:
            await self._check_one()

    async def _find_uncounted(self, since_ms: int) -> None:
        found = await self._database.read_long(find_uncounted, since_ms=since_ms, limit=_FOUND_AT_ONCE)
        self._note_found(found.minutes)
        self._uncounted_ms = found.next_ms

    async def _check_one(self) -> None:
        checked_ms = await self._database.read_long(next_counted_minute, after_ms=self._checked_ms)
        self._checked_ms = checked_ms or 0
        if checked_ms is not None:
            self._changed.setdefault(_minute_of(checked_ms), self._clock.wall_ms())

    def _note_found(self, minutes: Iterable[int]) -> None:
        """Note minutes that others may have changed, since the time from which this is not known."""
        since_ms = self._unsure_ms or self._uncounted_ms or self._clock.wall_ms()
        for start_ms in minutes:
            minute = _minute_of(start_ms)
            self._changed[minute] = min(self._changed.get(minute, since_ms), since_ms)

    async def _advance_retention(self) -> None:
        """Advance the retention of counts, once an hour."""
        hour_ms = Bucket.HOUR.start_of(self._clock.wall_ms())
        if hour_ms == self._advanced_ms:
            return

        async def script(tx: Transaction) -> None:
            await advance_retention(tx, now_ms=await tx.now_ms())

        await self._database.write_in_lane(1, script)
        self._advanced_ms = hour_ms


def _minute_of(start_ms: int) -> int:
    return (start_ms - EPOCH_MS) // Bucket.MINUTE
