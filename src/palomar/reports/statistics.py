"""Questions about counted messages: traffic over time, totals of a period, and how long a balance will last.

Each is about a set of accounts, or about all (None), and for ``Database.read_long``. Not here: the counting
(``counting``), and what needs a person (``attention``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from palomar.billing.credit import balance
from palomar.reports.buckets import BUCKETS, EVERYBODY, Bucket, Dimension, Totals, split_period
from palomar.reports.count_rows import SELECT_LARGEST, read_progress, select_counts
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow, ids_text
from palomar.transaction.lease_rows import SELECT_COUNTED
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import State

FORECAST_DAYS = 7
ACCOUNTS_MOST = 100
RANKED_DAYS = 7
_LOOKUPS_MOST = 20_000
"""Accounts times buckets that are looked up one by one; beyond that, all counts of the period are read."""

_KEYS = 6
"""The first column of the keys in a row of counts."""

AccountIds = Collection[AccountId] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPoint:
    """What was counted of the minute, hour or day that begins at ``start_ms``."""

    start_ms: int
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What an account can spend, what it has lately spent a day, and for how many days that is enough (None: for
    ever)."""

    account_id: AccountId
    available_microcredits: int
    microcredits_a_day: int
    days_left: float | None


async def traffic(
    tx: Transaction, account_ids: AccountIds, bucket: Bucket, *, since_ms: int, until_ms: int
) -> list[TrafficPoint]:
    """Count messages by the time of their acceptance, oldest first; times without any are left out. Minutes are kept
    for five days, hours for a hundred."""
    points: dict[int, Totals] = {}
    for row in await _counted(tx, account_ids, bucket, bucket.start_of(since_ms), until_ms, by=(), in_time=True):
        _add(points.setdefault(row[0], Totals()), row)
    return [TrafficPoint(start_ms=start_ms, totals=totals) for start_ms, totals in sorted(points.items())]


async def totals(
    tx: Transaction,
    account_ids: AccountIds,
    *,
    since_ms: int,
    until_ms: int,
    by: Dimension | None = None,
    most: int = ACCOUNTS_MOST,
) -> Mapping[str, Totals]:
    """Sum up a period's messages by the keys of a dimension; without one under the key "", which is always there. A
    minute that the period touches is included, and an hour or a day whose minutes or hours are not kept any more. By
    account: only the ``most`` accounts with the most messages in the period's last RANKED_DAYS."""
    if by is Dimension.ACCOUNT:
        account_ids = await _largest(tx, account_ids, since_ms, until_ms, most=most)
    if by is not None:
        return (await totals_by(tx, account_ids, since_ms=since_ms, until_ms=until_ms, by=(by,)))[by]
    total = Totals()
    for row in await _of_period(tx, account_ids, since_ms, until_ms, by=()):
        _add(total, row)
    return {"": total}


async def totals_by(
    tx: Transaction, account_ids: AccountIds, *, since_ms: int, until_ms: int, by: tuple[Dimension, ...]
) -> Mapping[Dimension, Mapping[str, Totals]]:
    """Sum up a period's messages by the keys of each of several dimensions, as :func:`totals` does for one."""
    found: dict[Dimension, dict[str, Totals]] = {one: {} for one in by}
    for row in await _of_period(tx, account_ids, since_ms, until_ms, by=by):
        for one, key in zip(by, row[_KEYS:], strict=True):
            _add(found[one].setdefault(str(key), Totals()), row)
    return found


async def counted_until(tx: Transaction, *, now_ms: int) -> int | None:
    """Return up to when every living node has counted its messages; None if none has recorded it. What happened since
    may be missing from all other answers here. Nodes record it by the database's clock; ``now_ms`` is the caller's,
    which a sandbox may have moved ahead."""
    stored_ms = await tx.now_ms()
    ((counted_ms,),) = await tx.select(SELECT_COUNTED, stored_ms)
    return None if counted_ms is None else now_ms - (stored_ms - int(counted_ms))


async def forecast(tx: Transaction, account_id: AccountId, *, now_ms: int) -> Forecast:
    """Compute how long an account's balance lasts if it goes on spending as in the last seven days, or since its first
    message if that is less (but a day at least)."""
    begin_ms = now_ms - FORECAST_DAYS * Bucket.DAY
    points = await traffic(tx, {account_id}, Bucket.HOUR, since_ms=begin_ms, until_ms=now_ms)
    spent = sum(point.totals.microcredits for point in points)
    available = (await balance(tx, account_id)).available
    first_ms = max(points[0].start_ms, begin_ms) if points else now_ms
    return compute_forecast(account_id, available=available, spent=spent, in_ms=now_ms - first_ms)


def compute_forecast(account_id: AccountId, *, available: int, spent: int, in_ms: int) -> Forecast:
    """Compute the forecast from a balance and what was spent in some time; less than a day counts as one day."""
    a_day = round(spent * Bucket.DAY / max(in_ms, Bucket.DAY))
    return Forecast(
        account_id=account_id,
        available_microcredits=available,
        microcredits_a_day=a_day,
        days_left=max(available, 0) / a_day if a_day > 0 else None,
    )


async def _of_period(
    tx: Transaction, account_ids: AccountIds, since_ms: int, until_ms: int, *, by: tuple[Dimension, ...]
) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for piece in split_period(since_ms, until_ms, (await read_progress(tx)).retention):
        rows += await _counted(tx, account_ids, piece.bucket, piece.since_ms, piece.until_ms, by=by, in_time=False)
    return rows


async def _counted(
    tx: Transaction,
    account_ids: AccountIds,
    bucket: Bucket,
    since_ms: int,
    until_ms: int,
    *,
    by: tuple[Dimension, ...],
    in_time: bool,
) -> list[ResultRow]:
    ids = ids_text([EVERYBODY] if account_ids is None else account_ids)
    starts = range(since_ms, until_ms, bucket)
    many = len(starts) * (1 if account_ids is None else len(account_ids)) > _LOOKUPS_MOST
    select = select_counts(by=by, in_time=in_time, many=many)
    if many:
        return await tx.query(select, int(bucket), since_ms, until_ms, ids)
    return await tx.query(select, int(bucket), ids_text(starts), ids)


async def _largest(tx: Transaction, account_ids: AccountIds, since_ms: int, until_ms: int, *, most: int) -> AccountIds:
    """Return the accounts with the most messages, of these or of all; of a long period, those of its last days."""
    if account_ids is not None and len(account_ids) <= most:
        return account_ids
    since_ms = max(since_ms, until_ms - RANKED_DAYS * Bucket.DAY)
    bucket = next(g for g in reversed(BUCKETS) if g is BUCKETS[0] or until_ms - since_ms >= 2 * g)
    asked = most if account_ids is None else 1 << 31
    found = await tx.query(SELECT_LARGEST, int(bucket), bucket.start_of(since_ms), until_ms, asked)
    ids = (AccountId(row[0]) for row in found)
    return [one for one in ids if account_ids is None or one in account_ids][:most]


def _add(totals: Totals, row: ResultRow) -> None:
    _, state, delay, messages, parts, microcredits = row[:_KEYS]
    totals.add(State(state), delay, messages=messages, parts=parts, microcredits=microcredits)
