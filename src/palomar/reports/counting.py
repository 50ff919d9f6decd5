"""Counting: minutes whose messages have changed are counted again, as a whole, and what their counts lack is added.

A comparison reads messages and counts in one snapshot; the database returns only where they differ. The difference is
added to the minute, its hour and its day, for the account and for all accounts, in one transaction, and only if no
counts have changed since the snapshot. So counts are exact however often, by however many nodes and in whatever order
minutes are counted, and a minute that was counted without need costs no write. What is older than minutes are kept is
counted by the hour, then by the day. Not here: which minutes have changed (``reports.recounter``), and the questions
(``statistics``).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from palomar.reports import count_rows as rows
from palomar.reports.buckets import BUCKETS, EVERYBODY, Bucket, CountRetention
from palomar.reports.count_rows import CountingProgress, read_progress
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow, Row, ids_text
from palomar.vocabulary.message import MessageId, accepted_ms, first_id

AT_ONCE = 50
"""Differences that one transaction adds at most, six rows each."""
LOOK_BACK_MS = 900_000
"""Messages accepted so shortly before may not have been counted when their node died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """How counts differ from messages: rows of SELECT_DIFFERENCES, each with its bucket, and the progress then."""

    progress: CountingProgress
    rows: list[tuple[Bucket, ResultRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountPlan:
    """What a starting node has to count: minutes (or the first ones of hours and days) whose counts include messages
    that had not ended, and since when messages may not have been counted at all."""

    minutes: list[int]
    uncounted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UncountedMinutes:
    """Minutes that have messages and may not have been counted, and where to go on; None if there are no more."""

    minutes: list[int]
    next_ms: int | None


async def compare(tx: Transaction, minutes: Collection[int]) -> Differences:
    """Compare the messages of these minutes (given by their start) with their counts. For ``Database.read_long``."""
    progress = await read_progress(tx)
    starts: dict[Bucket, set[int]] = {}
    for minute_ms in minutes:
        bucket = progress.retention.bucket_at(minute_ms)
        starts.setdefault(bucket, set()).add(bucket.start_of(minute_ms))
    differences = []
    for bucket, begun in starts.items():
        found = await tx.query(rows.SELECT_DIFFERENCES, int(bucket), ids_text(sorted(begun)))
        differences += [(bucket, row) for row in found]
    return Differences(progress=progress, rows=differences)


def split_differences(found: Differences) -> Iterable[Differences]:
    """Split differences into slices for :func:`add_differences`, to be added in this order."""
    version, remaining = found.progress.version, iter(found.rows)
    while piece := list(islice(remaining, AT_ONCE)):
        progress = CountingProgress(
            version=version, reached_ms=found.progress.reached_ms, retention=found.progress.retention
        )
        yield Differences(progress=progress, rows=piece)
        version += 1


async def add_differences(tx: Transaction, found: Differences, *, uncounted_ms: int | None = None) -> bool:
    """Add a slice of differences; return False if counts have changed since the comparison, which is then to be made
    again. ``uncounted_ms`` is the oldest time that the caller still has to count, if any."""
    now = await read_progress(tx, locked=True)
    if now.version != found.progress.version:
        return False
    young_ms = await tx.now_ms() - LOOK_BACK_MS
    reached_ms = young_ms if uncounted_ms is None else min(young_ms, uncounted_ms)
    await _update_progress(tx, now, reached_ms=reached_ms, retention=now.retention)
    await tx.add(rows.ADD_COUNTS, _counts_to_add(found.rows))
    await tx.execute(rows.FORGET_EMPTY)
    return True


async def advance_retention(tx: Transaction, *, now_ms: int) -> None:
    """Stop counting by the minute and by the hour what is too old; from then on those counts may be forgotten."""
    progress = await read_progress(tx, locked=True)
    retention = progress.retention.advanced(now_ms)
    if retention != progress.retention:
        await _update_progress(tx, progress, reached_ms=progress.reached_ms, retention=retention)


async def plan_recount(tx: Transaction) -> RecountPlan:
    """Find what may have changed while no node counted."""
    progress = await read_progress(tx)
    found = await tx.select(rows.SELECT_OPEN)
    minutes = [start_ms for span_ms, start_ms in found if progress.retention.bucket_at(start_ms) == span_ms]
    return RecountPlan(minutes=minutes, uncounted_ms=progress.reached_ms)


async def find_uncounted(tx: Transaction, *, since_ms: int, limit: int) -> UncountedMinutes:
    """Find the next minutes (or first ones of hours and days) from a time on that have messages."""
    retention = (await read_progress(tx)).retention
    minutes: list[int] = []
    while len(minutes) < limit:
        found = await tx.select(rows.SELECT_NEXT_MESSAGE, first_id(since_ms))
        if not found:
            return UncountedMinutes(minutes=minutes, next_ms=None)
        at_ms = accepted_ms(MessageId(found[0][0]))
        bucket = retention.bucket_at(at_ms)
        minutes.append(bucket.start_of(at_ms))
        since_ms = minutes[-1] + bucket
    return UncountedMinutes(minutes=minutes, next_ms=since_ms)


async def next_counted_minute(tx: Transaction, *, after_ms: int) -> int | None:
    """Return the start of the next minute that has counts; None if there is none after it."""
    found = await tx.select(rows.SELECT_NEXT_COUNTED, int(Bucket.MINUTE), after_ms)
    return found[0][0] if found else None


async def _update_progress(
    tx: Transaction, progress: CountingProgress, *, reached_ms: int, retention: CountRetention
) -> None:
    reached_ms = max(progress.reached_ms, reached_ms)
    await tx.execute(rows.UPDATE_PROGRESS, reached_ms, retention.minutes_since_ms, retention.hours_since_ms)


def _counts_to_add(differences: Sequence[tuple[Bucket, ResultRow]]) -> list[Row]:
    """Compute the rows to add for some differences: to minute, hour and day, for the account and for all; one row a
    key, in an order that all nodes share."""
    sums: dict[Row, tuple[int, int, int]] = {}
    for bucket, (start_ms, account_id, *rest) in differences:
        *way, messages, parts, microcredits = rest
        for coarse in BUCKETS[BUCKETS.index(bucket) :]:
            for counted_id in (EVERYBODY, account_id):
                key = (int(coarse), coarse.start_of(start_ms), counted_id, *way)
                one, two, three = sums.get(key, (0, 0, 0))
                sums[key] = (one + messages, two + parts, three + microcredits)
    return [(*key, *amounts) for key, amounts in sorted(sums.items()) if any(amounts)]
