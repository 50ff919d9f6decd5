"""The tally: knows which minutes have changed, and has them counted again behind the acceptance.

What this node's transactions insert and move it hears of after each commit. What else there is (messages of before
this start, of a node that died, of a command beside the servers) it looks for when it begins and when it is told to.
And when there is nothing to do, it counts one minute more, round and round: whatever went wrong is right again within
hours. Not here: how it is counted (``reports.counting``).
"""

from collections.abc import Iterable
from heapq import nsmallest

from palomar.ports import Clock
from palomar.reports.buckets import Bucket
from palomar.reports.counting import Left, Look, left, look, next_counted, raise_floors, settle, slices, unseen
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.message import EPOCH_MS

COUNT_EVERY_SECONDS = 2.0
BUSY_SECONDS = 0.1
"""So long a turn counts; a minute that takes longer is counted to its end."""
REST_FACTOR = 19
"""Counting rests so much longer than it has worked: it takes a twentieth of a processor at most."""
LOOK_AGAIN_SECONDS = 60.0
"""However often it is told to look, it does so no more often than this."""
_AT_ONCE_MOST = 256
_FOUND_AT_ONCE = 256


class Recounter:
    """See the module. :meth:`count` is one turn."""

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
        self._raised_ms = 0

    @property
    def waiting(self) -> int:
        """Minutes that are known to have changed and have not been counted since."""
        return len(self._changed)

    @property
    def is_behind(self) -> bool:
        """Whether there may be messages that were never counted."""
        return self._must_look or self._uncounted_ms is not None

    @property
    def uncounted_ms(self) -> int:
        """Say for how long something has waited to be counted, in milliseconds; 0 when nothing waits."""
        now_ms = self._clock.wall_ms()
        since_ms = min((*self._changed.values(), *self._counting.values()), default=now_ms)
        if self.is_behind:
            unsure_ms = self._unsure_ms or self._uncounted_ms or now_ms
            since_ms = min(since_ms, unsure_ms)
        return max(0, now_ms - since_ms)

    def changed(self, minutes: Iterable[int]) -> None:
        """Messages of these minutes (``Work.changed_minutes``) were stored or moved."""
        now_ms = self._clock.wall_ms()
        for minute in minutes:
            self._changed.setdefault(minute, now_ms)

    def look_again(self) -> None:
        """Somebody else may have changed messages, and died without counting them."""
        if not self.is_behind:
            self._unsure_ms = self._clock.wall_ms()
        self._must_look = True

    async def count(self) -> None:
        """Count the oldest of what has changed, for a while."""
        began = self._clock.monotonic()
        if began < self._rests_until:
            return
        await self._raise_floors()
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
        is_counted = False  # what changes from here on is a change again
        try:
            is_counted = await self._settled(minutes)
        finally:
            if not is_counted:
                self._changed |= self._counting
            self._counting = {}

    async def _settled(self, minutes: list[int]) -> bool:
        """Count these; False if another node changed counts meanwhile."""
        starts = [EPOCH_MS + minute * Bucket.MINUTE for minute in minutes]
        for piece in slices(await self._database.read_long(look, starts)):

            async def script(tx: Transaction, piece: Look = piece) -> bool:
                return await settle(tx, piece, uncounted_ms=min(starts[0], self._oldest_ms()))  # as it is by then

            if not await self._database.write_in_lane(1, script):
                return False
        return True

    def _oldest_ms(self) -> int:
        oldest_ms = EPOCH_MS + min(self._changed, default=1 << 40) * Bucket.MINUTE
        return oldest_ms if self._uncounted_ms is None else min(oldest_ms, self._uncounted_ms)

    def _pace(self, seconds: float) -> None:
        """As many minutes at once as take a quarter of a turn or more."""
        if seconds > BUSY_SECONDS:
            self._at_once = max(1, self._at_once // 2)
        elif seconds < BUSY_SECONDS / 4:
            self._at_once = min(self._at_once * 2, _AT_ONCE_MOST)

    async def _find(self, now: float) -> None:
        """What nobody told of."""
        if self._must_look and (self._looked is None or now - self._looked >= LOOK_AGAIN_SECONDS):
            self._must_look, self._looked = False, now
            found: Left = await self._database.read_long(left)
            self._uncounted_ms = found.uncounted_ms
            self._found(found.minutes)
        if self._uncounted_ms is not None and len(self._changed) < _FOUND_AT_ONCE:
            await self._find_uncounted(self._uncounted_ms)
        if not self._changed:
            await self._check_one()

    async def _find_uncounted(self, since_ms: int) -> None:
        found = await self._database.read_long(unseen, since_ms=since_ms, limit=_FOUND_AT_ONCE)
        self._found(found.minutes)
        self._uncounted_ms = found.next_ms

    async def _check_one(self) -> None:
        checked_ms = await self._database.read_long(next_counted, after_ms=self._checked_ms)
        self._checked_ms = checked_ms or 0
        if checked_ms is not None:
            self._changed.setdefault(_minute_of(checked_ms), self._clock.wall_ms())

    def _found(self, minutes: Iterable[int]) -> None:
        """Note minutes that somebody else may have changed, since we are unsure or since before this start."""
        since_ms = self._unsure_ms or self._uncounted_ms or self._clock.wall_ms()
        for start_ms in minutes:
            minute = _minute_of(start_ms)
            self._changed[minute] = min(self._changed.get(minute, since_ms), since_ms)

    async def _raise_floors(self) -> None:
        """Once an hour."""
        hour_ms = Bucket.HOUR.start_of(self._clock.wall_ms())
        if hour_ms == self._raised_ms:
            return

        async def script(tx: Transaction) -> None:
            await raise_floors(tx, now_ms=await tx.now_ms())

        await self._database.write_in_lane(1, script)
        self._raised_ms = hour_ms


def _minute_of(start_ms: int) -> int:
    return (start_ms - EPOCH_MS) // Bucket.MINUTE
