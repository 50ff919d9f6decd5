"""Counting: minutes whose messages have changed are counted again, whole, and what their counts lack is added.

A look compares messages and counts in one snapshot; the database says only where they differ. The difference is added
to the minute, its hour and its day, for the account and for everybody, in one transaction, and only if no counts have
changed since the snapshot. So counts are exact however often, by however many nodes and in whatever order minutes are
counted, and a minute that was counted for nothing costs no write. What is older than minutes are kept is counted by the
hour, then by the day. Not here: which minutes have changed (``reports.recounter``), and the questions (``statistics``).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from palomar.reports import count_rows as rows
from palomar.reports.buckets import EVERYBODY, GRAINS, Bucket, Floors
from palomar.reports.count_rows import TallyRow, tally_row
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow, Row, ids_text
from palomar.vocabulary.message import MessageId, born_ms, first_id

AT_ONCE = 50
"""Differences that one transaction adds at most: six rows each."""
LOOK_BACK_MS = 900_000
"""What was born so shortly before may not have been counted when its node died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How counts differ from messages: rows of ASK_DIFFERENCES, each behind its grain. ``tally`` is as they were
    seen."""

    tally: TallyRow
    differences: list[tuple[Bucket, ResultRow]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a node that begins has to look at: minutes (or the first ones of hours and days) whose counts show messages
    that had not ended, and since when messages may not have been counted at all."""

    minutes: list[int]
    uncounted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """Minutes that have messages and may not have been counted, and where to go on; None: there are no more."""

    minutes: list[int]
    next_ms: int | None


async def look(tx: Transaction, minutes: Collection[int]) -> Look:
    """Compare the messages of these minutes (when they begin) with their counts. Long: for a survey."""
    tally = await tally_row(tx)
    starts: dict[Bucket, set[int]] = {}
    for minute_ms in minutes:
        grain = tally.floors.grain_at(minute_ms)
        starts.setdefault(grain, set()).add(grain.start_of(minute_ms))
    differences = []
    for grain, begun in starts.items():
        found = await tx.query(rows.ASK_DIFFERENCES, int(grain), ids_text(sorted(begun)))
        differences += [(grain, row) for row in found]
    return Look(tally=tally, differences=differences)


def slices(seen: Look) -> Iterable[Look]:
    """The differences in pieces that :func:`settle` takes; each expects what the one before it has left."""
    version, remaining = seen.tally.version, iter(seen.differences)
    while piece := list(islice(remaining, AT_ONCE)):
        tally = TallyRow(version=version, reached_ms=seen.tally.reached_ms, floors=seen.tally.floors)
        yield Look(tally=tally, differences=piece)
        version += 1


async def settle(tx: Transaction, seen: Look, *, uncounted_ms: int | None = None) -> bool:
    """Add a slice of differences; False if counts have changed since the look (then look again). ``uncounted_ms`` is
    the oldest time that the caller still has to count; None is none."""
    now = await tally_row(tx, locked=True)
    if now.version != seen.tally.version:
        return False
    young_ms = await tx.now_ms() - LOOK_BACK_MS
    reached_ms = young_ms if uncounted_ms is None else min(young_ms, uncounted_ms)
    await _move(tx, now, reached_ms=reached_ms, floors=now.floors)
    await tx.add(rows.ADD_COUNTS, _added(seen.differences))
    await tx.execute(rows.FORGET_EMPTY)
    return True


async def raise_floors(tx: Transaction, *, now_ms: int) -> None:
    """Count no longer by the minute and by the hour what is too old; from then on those counts may be forgotten."""
    tally = await tally_row(tx, locked=True)
    floors = tally.floors.raised(now_ms)
    if floors != tally.floors:
        await _move(tx, tally, reached_ms=tally.reached_ms, floors=floors)


async def left(tx: Transaction) -> Left:
    """What may have changed while nobody watched."""
    tally = await tally_row(tx)
    found = await tx.select(rows.SELECT_OPEN)
    minutes = [start_ms for span_ms, start_ms in found if tally.floors.grain_at(start_ms) == span_ms]
    return Left(minutes=minutes, uncounted_ms=tally.reached_ms)


async def unseen(tx: Transaction, *, since_ms: int, limit: int) -> Unseen:
    """The next minutes (or first ones of hours and days) from a time on that have messages."""
    floors = (await tally_row(tx)).floors
    minutes: list[int] = []
    while len(minutes) < limit:
        found = await tx.select(rows.SELECT_NEXT_MESSAGE, first_id(since_ms))
        if not found:
            return Unseen(minutes=minutes, next_ms=None)
        at_ms = born_ms(MessageId(found[0][0]))
        grain = floors.grain_at(at_ms)
        minutes.append(grain.start_of(at_ms))
        since_ms = minutes[-1] + grain
    return Unseen(minutes=minutes, next_ms=since_ms)


async def next_counted(tx: Transaction, *, after_ms: int) -> int | None:
    """The next minute that has counts; None if there is none after it."""
    found = await tx.select(rows.SELECT_NEXT_COUNTED, int(Bucket.MINUTE), after_ms)
    return found[0][0] if found else None


async def _move(tx: Transaction, tally: TallyRow, *, reached_ms: int, floors: Floors) -> None:
    reached_ms = max(tally.reached_ms, reached_ms)
    await tx.execute(rows.MOVE_TALLY, reached_ms, floors.minutes_ms, floors.hours_ms)


def _added(differences: Sequence[tuple[Bucket, ResultRow]]) -> list[Row]:
    """What differences in a minute are to its hour and its day, to the account and to everybody: a row a key, in an
    order that all nodes share."""
    sums: dict[Row, tuple[int, int, int]] = {}
    for grain, (start_ms, account_id, *rest) in differences:
        *way, messages, parts, microcredits = rest
        for coarse in GRAINS[GRAINS.index(grain) :]:
            for whose in (EVERYBODY, account_id):
                key = (int(coarse), coarse.start_of(start_ms), whose, *way)
                one, two, three = sums.get(key, (0, 0, 0))
                sums[key] = (one + messages, two + parts, three + microcredits)
    return [(*key, *amounts) for key, amounts in sorted(sums.items()) if any(amounts)]
