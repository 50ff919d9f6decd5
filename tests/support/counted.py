"""What the counts should be: all messages, added up in Python, beside what the tables say."""

from bisect import bisect_right
from typing import Any

from tests.support.world import World

from palomar.reports.buckets import BUCKETS, DELAYS_MS, EVERYBODY, Bucket
from palomar.reports.count_rows import read_progress
from palomar.reports.counting import Differences, add_differences, advance_retention, compare, split_differences
from palomar.storage.database import Transaction
from palomar.vocabulary.message import EPOCH_MS, MessageId, accepted_ms

Counts = dict[tuple[Any, ...], tuple[int, int, int]]
_MESSAGES = (
    "SELECT id, account_id, country, carrier, dialect, state, due_ms, final_ms, parts, price_microcredits FROM messages"
)
_COUNTS = (
    "SELECT span_ms, start_ms, account_id, country, carrier, dialect, state, delay, messages, parts, microcredits"
    " FROM counts"
)


async def faults_of_counts(world: World) -> list[str]:
    """List where the counts differ from the messages, as far as they are kept."""
    retention = (await world.database.read(read_progress)).retention
    floor = {Bucket.MINUTE: retention.minutes_since_ms, Bucket.HOUR: retention.hours_since_ms, Bucket.DAY: 0}
    wanted, stored = await fresh_counts(world), await stored_counts(world)
    return [
        f"{key}: {stored.get(key)} is counted, {wanted.get(key)} there is"
        for key in sorted(wanted.keys() | stored.keys())
        if key[1] >= floor[Bucket(key[0])] and wanted.get(key) != stored.get(key)
    ]


async def fresh_counts(world: World) -> Counts:
    """Count every message anew, in each bucket, for its account and for everybody."""
    counts: Counts = {}
    for row in await world.ask(_MESSAGES):
        identity, account_id, country, carrier, dialect, state, due_ms, final_ms, parts, price = row
        delay = bisect_right(DELAYS_MS, final_ms - due_ms) + 1 if state == "delivered" else 0
        for bucket in BUCKETS:
            for whose in (account_id, EVERYBODY):
                start_ms = bucket.start_of(accepted_ms(MessageId(identity)))
                key = (int(bucket), start_ms, whose, country, carrier, dialect, state, delay)
                before = counts.get(key, (0, 0, 0))
                counts[key] = (before[0] + 1, before[1] + parts, before[2] + price)
    return counts


async def stored_counts(world: World) -> Counts:
    return {tuple(row[:8]): (row[8], row[9], row[10]) for row in await world.ask(_COUNTS)}


async def count(world: World, *minutes_ms: int, uncounted_ms: int | None = None) -> bool:
    """Differences at these minutes and add what their counts lack; False if counts were changed meanwhile."""
    found = await world.database.read_long(lambda tx: compare(tx, minutes_ms))
    for piece in split_differences(found):

        async def script(tx: Transaction, piece: Differences = piece) -> bool:
            return await add_differences(tx, piece, uncounted_ms=uncounted_ms)

        if not await world.database.write(script):
            return False
    return True


async def count_changed(world: World) -> None:
    """Count what the world's transactions have changed; all that was born before its time is counted then."""
    changed, world.changed = [EPOCH_MS + number * Bucket.MINUTE for number in world.changed], set()
    assert await count(world, *changed, uncounted_ms=world.now_ms)


async def age_counts(world: World) -> None:
    """Let the retention be where they are at the world's time."""
    await world.database.write(lambda tx: advance_retention(tx, now_ms=world.now_ms))
