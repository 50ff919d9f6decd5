"""What was counted, as questions: traffic over time, totals of a period, and how long a balance will last.

Every question says whose messages are counted: a set of accounts, or everybody's (None). All of them are for a survey.
Not here: the counting (``counting``), and what needs a person (``attention``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from palomar.billing.credit import balance
from palomar.reports.buckets import EVERYBODY, GRAINS, Bucket, Dimension, Totals, pieces
from palomar.reports.count_rows import ASK_LARGEST, ask_counts, tally_row
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow, ids_text
from palomar.transaction.lease_rows import SELECT_COUNTED
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import State

FORECAST_DAYS = 7
ACCOUNTS_MOST = 100
RANKED_DAYS = 7
_LOOKUPS_MOST = 20_000
"""Accounts times hours that are looked up one by one; where there are more, all that was counted is read."""

_KEYS = 6
"""Where the keys begin in a row of counts."""

Whose = Collection[AccountId] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What was counted of the minute, hour or day that begins at ``start_ms``."""

    start_ms: int
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What an account can spend, what it has spent a day lately, and for how many days that is enough; None is for
    ever."""

    account_id: AccountId
    available_microcredits: int
    microcredits_a_day: int
    days_left: float | None


async def traffic(tx: Transaction, whose: Whose, grain: Bucket, *, since_ms: int, until_ms: int) -> list[Point]:
    """Messages by the time of their birth, oldest first; times without any are left out. Minutes are kept for five
    days, hours for a hundred."""
    points: dict[int, Totals] = {}
    for row in await _counted(tx, whose, grain, grain.start_of(since_ms), until_ms, by=(), in_time=True):
        _add(points.setdefault(row[0], Totals()), row)
    return [Point(start_ms=start_ms, totals=totals) for start_ms, totals in sorted(points.items())]


async def totals(
    tx: Transaction,
    whose: Whose,
    *,
    since_ms: int,
    until_ms: int,
    by: Dimension | None = None,
    most: int = ACCOUNTS_MOST,
) -> Mapping[str, Totals]:
    """A period's messages by key (without a dimension under the empty one, which is always there). A minute that the
    period touches is in it, and an hour or a day whose minutes or hours are not kept any more. By account, those of the
    ``most`` that had the most in its last RANKED_DAYS."""
    if by is Dimension.ACCOUNT:
        whose = await _largest(tx, whose, since_ms, until_ms, most=most)
    if by is not None:
        return (await totals_by(tx, whose, since_ms=since_ms, until_ms=until_ms, by=(by,)))[by]
    total = Totals()
    for row in await _of_period(tx, whose, since_ms, until_ms, by=()):
        _add(total, row)
    return {"": total}


async def totals_by(
    tx: Transaction, whose: Whose, *, since_ms: int, until_ms: int, by: tuple[Dimension, ...]
) -> Mapping[Dimension, Mapping[str, Totals]]:
    """A period's messages by the keys of each of some dimensions, as :func:`totals` has them of one."""
    found: dict[Dimension, dict[str, Totals]] = {one: {} for one in by}
    for row in await _of_period(tx, whose, since_ms, until_ms, by=by):
        for one, key in zip(by, row[_KEYS:], strict=True):
            _add(found[one].setdefault(str(key), Totals()), row)
    return found


async def counted_until(tx: Transaction, *, now_ms: int) -> int | None:
    """Find up to when every living node has counted what it did; None if none has said so. What happened since may be
    missing from all other answers here. Nodes say it by the database's clock; ``now_ms`` is the caller's, which a
    sandbox may have moved ahead."""
    stored_ms = await tx.now_ms()
    ((counted_ms,),) = await tx.select(SELECT_COUNTED, stored_ms)
    return None if counted_ms is None else now_ms - (stored_ms - int(counted_ms))


async def forecast(tx: Transaction, account_id: AccountId, *, now_ms: int) -> Forecast:
    """How long the account's balance lasts if it goes on spending as in the last seven days, or since its first message
    if that is less (but a day at least)."""
    begin_ms = now_ms - FORECAST_DAYS * Bucket.DAY
    points = await traffic(tx, {account_id}, Bucket.HOUR, since_ms=begin_ms, until_ms=now_ms)
    spent = sum(point.totals.microcredits for point in points)
    available = (await balance(tx, account_id)).available
    first_ms = max(points[0].start_ms, begin_ms) if points else now_ms
    return forecast_of(account_id, available=available, spent=spent, in_ms=now_ms - first_ms)


def forecast_of(account_id: AccountId, *, available: int, spent: int, in_ms: int) -> Forecast:
    """What a balance and what was spent in some time make; less than a day counts as one."""
    a_day = round(spent * Bucket.DAY / max(in_ms, Bucket.DAY))
    return Forecast(
        account_id=account_id,
        available_microcredits=available,
        microcredits_a_day=a_day,
        days_left=max(available, 0) / a_day if a_day > 0 else None,
    )


async def _of_period(
    tx: Transaction, whose: Whose, since_ms: int, until_ms: int, *, by: tuple[Dimension, ...]
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for piece in pieces(since_ms, until_ms, (await tally_row(tx)).floors):
        rows += await _counted(tx, whose, piece.grain, piece.since_ms, piece.until_ms, by=by, in_time=False)
    return rows


async def _counted(
    tx: Transaction,
    whose: Whose,
    grain: Bucket,
    since_ms: int,
    until_ms: int,
    *,
    by: tuple[Dimension, ...],
    in_time: bool,
) -> list[ResultRow]:
    ids = ids_text([EVERYBODY] if whose is None else whose)
    starts = range(since_ms, until_ms, grain)
    many = len(starts) * (1 if whose is None else len(whose)) > _LOOKUPS_MOST
    question = ask_counts(by=by, in_time=in_time, many=many)
    if many:
        return await tx.query(question, int(grain), since_ms, until_ms, ids)
    return await tx.query(question, int(grain), ids_text(starts), ids)


async def _largest(tx: Transaction, whose: Whose, since_ms: int, until_ms: int, *, most: int) -> Whose:
    """Of these accounts, or of everybody, those with the most messages; of a long period, in its last days."""
    if whose is not None and len(whose) <= most:
        return whose
    since_ms = max(since_ms, until_ms - RANKED_DAYS * Bucket.DAY)
    grain = next(g for g in reversed(GRAINS) if g is GRAINS[0] or until_ms - since_ms >= 2 * g)
    asked = most if whose is None else 1 << 31
    found = await tx.query(ASK_LARGEST, int(grain), grain.start_of(since_ms), until_ms, asked)
    ids = (AccountId(row[0]) for row in found)
    return [one for one in ids if whose is None or one in whose][:most]


def _add(totals: Totals, row: ResultRow) -> None:
    _, state, delay, messages, parts, microcredits = row[:_KEYS]
    totals.add(State(state), delay, messages=messages, parts=parts, microcredits=microcredits)
