"""The overview of one person's accounts: the counts of a period, what needs attention, the carriers, and the credit.

One transaction reads all of it from counts that are some seconds old. Not here: the statements (``reports.statistics``,
``reports.attention``).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from msgspec import structs

from palomar.billing.credit import AccountBalance, balance
from palomar.console.viewer.masking import HIDDEN
from palomar.reports.attention import Attention, FailingHost, find_attention
from palomar.reports.buckets import Bucket, Dimension, Totals
from palomar.reports.statistics import (
    AccountIds,
    Forecast,
    TrafficPoint,
    counted_until,
    forecast,
    totals,
    totals_by,
    traffic,
)
from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account

SHARES_MOST: Final = 6
"""The most countries, carriers and dialects that are shown, not counting the sum of the others; and the most
accounts."""
_DIMENSIONS: Final = (Dimension.COUNTRY, Dimension.CARRIER, Dimension.DIALECT)


class Period(Enum):
    """A number of minutes, hours or days, the present one included."""

    HOUR = (Bucket.MINUTE, 60)
    DAY = (Bucket.HOUR, 24)
    MONTH = (Bucket.DAY, 30)

    def __init__(self, bucket: Bucket, count: int) -> None:
        self.bucket = bucket
        self.count = count

    def starts(self, now_ms: int) -> range:
        """Return the times at which its minutes, hours or days begin."""
        last_ms = self.bucket.start_of(now_ms)
        return range(last_ms - (self.count - 1) * self.bucket, last_ms + 1, self.bucket)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The counts of one country, carrier, dialect or account; of all others together if ``key`` is None."""

    key: str | None
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """An account's balance, and for how long it will last."""

    account: Account
    balance: AccountBalance
    forecast: Forecast


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The content of the overview page. ``points`` has every minute, hour or day of the period, oldest first.
    ``carrier_statuses`` is None for a person who does not see the platform."""

    period: Period
    points: Sequence[TrafficPoint]
    totals: Totals
    shares: Mapping[Dimension, Sequence[Share]]
    attention: Attention
    carrier_statuses: Sequence[CarrierStatus] | None
    credit: Sequence[Credit]
    counted_ms: int | None = None
    """The time, by the database's clock, up to which messages are counted here."""


async def overview(
    tx: Transaction,
    account_ids: AccountIds,
    period: Period,
    *,
    with_accounts: bool,
    accounts: Collection[Account],
    now_ms: int,
) -> Overview:
    """Read the overview of these accounts, or of all (None), with the credit of ``accounts``.

    ``with_accounts``: also the accounts that had the most messages.
    """
    starts = period.starts(now_ms)
    since_ms, until_ms = starts[0], starts[-1] + period.bucket
    counted = await traffic(tx, account_ids, period.bucket, since_ms=since_ms, until_ms=until_ms)
    shares = dict(await totals_by(tx, account_ids, since_ms=since_ms, until_ms=until_ms, by=_DIMENSIONS))
    if with_accounts:
        shares[Dimension.ACCOUNT] = await totals(
            tx, account_ids, since_ms=since_ms, until_ms=until_ms, by=Dimension.ACCOUNT, most=SHARES_MOST
        )
    return Overview(
        period=period,
        points=_without_gaps(counted, starts),
        totals=_sum(point.totals for point in counted),
        shares={one: largest(found) for one, found in shares.items()},
        attention=await find_attention(tx, account_ids, now_ms=now_ms),
        carrier_statuses=await list_carrier_status(tx, now_ms=now_ms) if account_ids is None else None,
        counted_ms=await counted_until(tx, now_ms=now_ms),
        credit=[await _credit(tx, account, now_ms=now_ms) for account in accounts],
    )


def largest(found: Mapping[str, Totals]) -> list[Share]:
    """Return the largest shares, largest first, and the sum of the others as the last."""
    ordered = sorted(found.items(), key=lambda item: (-item[1].messages, item[0]))
    shares = [Share(key=key, totals=one) for key, one in ordered[:SHARES_MOST]]
    rest = [one for _, one in ordered[SHARES_MOST:]]
    return [*shares, Share(key=None, totals=_sum(rest))] if rest else shares


def without_hosts(shown: Overview) -> Overview:
    """Return the overview without the hosts of callbacks."""
    hosts = shown.attention.failing_hosts
    off = [structs.replace(row, origin=HIDDEN) for row in shown.attention.off_targets]
    shown = replace(shown, attention=replace(shown.attention, off_targets=off))
    if not hosts:
        return shown
    hidden = FailingHost(
        host=HIDDEN, failed=sum(one.failed for one in hosts), waiting=sum(one.waiting for one in hosts)
    )
    return replace(shown, attention=replace(shown.attention, failing_hosts=[hidden]))


async def _credit(tx: Transaction, account: Account, *, now_ms: int) -> Credit:
    return Credit(
        account=account,
        balance=await balance(tx, account.id),
        forecast=await forecast(tx, account.id, now_ms=now_ms),
    )


def _without_gaps(counted: Sequence[TrafficPoint], starts: range) -> list[TrafficPoint]:
    by_start = {point.start_ms: point for point in counted}
    return [by_start.get(at) or TrafficPoint(start_ms=at, totals=Totals()) for at in starts]


def _sum(some: Iterable[Totals]) -> Totals:
    total = Totals()
    for one in some:
        total.include(one)
    return total
