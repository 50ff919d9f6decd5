"""What needs a person: carriers in trouble, receipts without a message or with unknown words, callbacks that fail, low
credit, held messages.

What belongs to the platform (carriers, orphans, words) is shown only to those who see all accounts. All of it is for
``Database.read_long``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.callbacks.backlog import list_off_targets
from palomar.callbacks.callback_rows import select_failing_hosts
from palomar.callbacks.target_rows import TargetRow
from palomar.ports import OFF_ON_PURPOSE
from palomar.receipts.oddities import list_oddities
from palomar.receipts.orphan_rows import COUNT_ORPHANS
from palomar.reports.buckets import Bucket
from palomar.reports.count_rows import select_low_accounts
from palomar.reports.held_count import HeldMessages, count_held
from palomar.reports.statistics import FORECAST_DAYS, AccountIds, Forecast, compute_forecast
from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.storage.database import Transaction
from palomar.storage.statements import ids_text
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.oddity import OddityKind

LOW_DAYS = 3
"""A balance that lasts less than this is low, whatever threshold the account has set."""
TOLD_DAYS = 30
"""A balance below the account's own threshold is shown if it lasts less than this."""
CALLBACKS_MOST = 100_000
"""Callbacks that are read; if there are more, the numbers are lower bounds."""
ACCOUNTS_MOST = 100
WORDS_FOR_MS = 2 * Bucket.DAY
"""How long an unknown word is shown after it came last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """A carrier's receipts for which no message was found, and when the youngest came."""

    carrier: str
    receipts: int
    youngest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingHost:
    """A host account_ids callbacks fail: those given up, and those that have failed and are tried again."""

    host: str
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LowAccount:
    """An account whose credit ends soon, or has ended; ``told`` if its owner was told that it is low."""

    forecast: Forecast
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownWord:
    """A word in a carrier's receipts that is not known: the parts they are about keep their state."""

    carrier: str
    word: str
    receipts: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What needs a person; each list begins with the worst, and all are empty if all is well."""

    carriers: list[CarrierStatus]
    orphans: list[Orphans]
    unknown_words: list[UnknownWord]
    failing_hosts: list[FailingHost]
    off_targets: list[TargetRow]
    low_accounts: list[LowAccount]
    held: list[HeldMessages]
    nameless: Sequence[str] = ()
    """Logins of accounts that may send by real carriers and have no sender."""


async def find_attention(tx: Transaction, account_ids: AccountIds, *, now_ms: int) -> Attention:
    """Find what needs a person who sees these accounts, or all (None)."""
    return Attention(
        carriers=await _carriers(tx, now_ms) if account_ids is None else [],
        orphans=await _orphans(tx) if account_ids is None else [],
        unknown_words=await _words(tx, now_ms=now_ms) if account_ids is None else [],
        failing_hosts=await _hosts(tx, account_ids),
        off_targets=[row for row in await list_off_targets(tx) if account_ids is None or row.account_id in account_ids],
        low_accounts=await _low(tx, account_ids, now_ms=now_ms),
        held=await count_held(tx, account_ids),
    )


def is_throttled(status: CarrierStatus) -> bool:
    """Return True if the carrier made one of its links go slower."""
    return any(link.parts_per_second > 0 for link in status.links)


async def _carriers(tx: Transaction, now_ms: int) -> list[CarrierStatus]:
    """List carriers with problems: those that cannot be used first, then those for which parts wait and none leaves,
    those that lack a link, and those that are throttled."""
    statuses = await list_carrier_status(tx, now_ms=now_ms)
    wrong = [one for one in statuses if _is_wrong(one)]
    return sorted(wrong, key=_by_urgency)


def _is_wrong(one: CarrierStatus) -> bool:
    if one.trouble in OFF_ON_PURPOSE and not one.waiting_parts:
        return False
    return bool(one.trouble) or one.idle_since_ms > 0 or is_throttled(one) or not all(link.bound for link in one.links)


def _by_urgency(one: CarrierStatus) -> tuple[bool, bool, bool, str]:
    return not one.trouble, not one.idle_since_ms, all(link.bound for link in one.links), one.carrier


async def _orphans(tx: Transaction) -> list[Orphans]:
    found = [
        Orphans(carrier=str(carrier), receipts=receipts, youngest_ms=youngest_ms)
        for carrier, receipts, youngest_ms in await tx.select(COUNT_ORPHANS)
    ]
    return sorted(found, key=lambda one: -one.receipts)


async def _words(tx: Transaction, *, now_ms: int) -> list[UnknownWord]:
    found = [
        UnknownWord(carrier=one.carrier, word=one.oddity.what, receipts=one.times, last_ms=one.last_ms)
        for one in await list_oddities(tx, since_ms=now_ms - WORDS_FOR_MS)
        if one.oddity.kind is OddityKind.WORD
    ]
    return sorted(found, key=lambda one: -one.receipts)


async def _hosts(tx: Transaction, account_ids: AccountIds) -> list[FailingHost]:
    select = select_failing_hosts(all_accounts=account_ids is None)
    rows = await tx.query(select, CALLBACKS_MOST, *([] if account_ids is None else [ids_text(account_ids)]))
    by_host: dict[str, tuple[int, int]] = {}
    for authority, failed, waiting in rows:
        host = str(authority).rpartition("@")[2].lower()
        before = by_host.get(host, (0, 0))
        by_host[host] = (before[0] + failed, before[1] + waiting)
    hosts = [FailingHost(host=host, failed=failed, waiting=waiting) for host, (failed, waiting) in by_host.items()]
    return sorted(hosts, key=lambda one: (-one.failed, -one.waiting, one.host))


async def _low(tx: Transaction, account_ids: AccountIds, *, now_ms: int) -> list[LowAccount]:
    begin_ms = Bucket.DAY.start_of(now_ms) - FORECAST_DAYS * Bucket.DAY
    values = (begin_ms, now_ms, LOW_DAYS * Bucket.DAY, TOLD_DAYS * Bucket.DAY, ACCOUNTS_MOST)
    select = select_low_accounts(all_accounts=account_ids is None)
    rows = await tx.query(select, *values, *([] if account_ids is None else [ids_text(account_ids)]))
    return [
        LowAccount(
            forecast=compute_forecast(AccountId(account_id), available=available, spent=spent, in_ms=now_ms - first_ms),
            told=bool(told),
        )
        for account_id, available, spent, first_ms, told in rows
    ]
