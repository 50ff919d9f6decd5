"""What needs a person: carriers in trouble, receipts without a message or in unknown words, callbacks that fail, low
credit.

What belongs to the platform (carriers, orphans, words) is told only to who sees everybody's. All of it is for a survey.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.callbacks.backlog import list_off_targets
from palomar.callbacks.callback_rows import ask_troubled
from palomar.callbacks.target_rows import TargetRow
from palomar.ports import OFF_ON_PURPOSE
from palomar.receipts.oddities import list_oddities
from palomar.receipts.orphan_rows import COUNT_ORPHANS
from palomar.reports.buckets import Bucket
from palomar.reports.count_rows import ask_low
from palomar.reports.held_count import Held, count_held
from palomar.reports.statistics import FORECAST_DAYS, Forecast, Whose, forecast_of
from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.storage.database import Transaction
from palomar.storage.statements import ids_text
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.oddity import OddityKind

LOW_DAYS = 3
"""A balance that lasts less is low, whatever its owner wants to be told."""
TOLD_DAYS = 30
"""One that its owner wants to be told of is shown if it lasts less: his mark is no alarm while there is enough."""
CALLBACKS_MOST = 100_000
"""Callbacks that are looked at; where there are more, the numbers are lower bounds."""
ACCOUNTS_MOST = 100
WORDS_FOR_MS = 2 * Bucket.DAY
"""An unknown word is told for so long after it came last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """A carrier's receipts that found no message, and when the youngest came."""

    carrier: str
    receipts: int
    youngest_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubledHost:
    """A host whose callbacks fail: those given up, and those that have failed and are tried again."""

    host: str
    failed: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LowAccount:
    """An account whose credit ends soon, or has ended; ``told`` where its owner was told that it is low."""

    forecast: Forecast
    told: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownWord:
    """A word of a carrier's receipts that nobody knows: what they speak of stays as it is."""

    carrier: str
    word: str
    receipts: int
    last_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """See the module; all empty is well. Each list begins with the worst."""

    carriers: list[CarrierStatus]
    orphans: list[Orphans]
    words: list[UnknownWord]
    hosts: list[TroubledHost]
    off: list[TargetRow]
    low: list[LowAccount]
    held: list[Held]
    nameless: Sequence[str] = ()
    """Accounts that may send for real and have no sender: their logins."""


async def attention(tx: Transaction, whose: Whose, *, now_ms: int) -> Attention:
    """What somebody who sees these accounts, or everybody's (None), should look at."""
    return Attention(
        carriers=await _carriers(tx, now_ms) if whose is None else [],
        orphans=await _orphans(tx) if whose is None else [],
        words=await _words(tx, now_ms=now_ms) if whose is None else [],
        hosts=await _hosts(tx, whose),
        off=[row for row in await list_off_targets(tx) if whose is None or row.account_id in whose],
        low=await _low(tx, whose, now_ms=now_ms),
        held=await count_held(tx, whose),
    )


def is_throttled(standing: CarrierStatus) -> bool:
    """Whether the carrier made one of its links go slower."""
    return any(link.parts_per_second > 0 for link in standing.links)


async def _carriers(tx: Transaction, now_ms: int) -> list[CarrierStatus]:
    """List those that cannot be used first, then those for which parts wait and none leaves, those that lack a link,
    and the throttled."""
    standings = await list_carrier_status(tx, now_ms=now_ms)
    wrong = [one for one in standings if _is_wrong(one)]
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


async def _hosts(tx: Transaction, whose: Whose) -> list[TroubledHost]:
    question = ask_troubled(everybody=whose is None)
    rows = await tx.query(question, CALLBACKS_MOST, *([] if whose is None else [ids_text(whose)]))
    by_host: dict[str, tuple[int, int]] = {}
    for authority, failed, waiting in rows:
        host = str(authority).rpartition("@")[2].lower()
        before = by_host.get(host, (0, 0))
        by_host[host] = (before[0] + failed, before[1] + waiting)
    hosts = [TroubledHost(host=host, failed=failed, waiting=waiting) for host, (failed, waiting) in by_host.items()]
    return sorted(hosts, key=lambda one: (-one.failed, -one.waiting, one.host))


async def _low(tx: Transaction, whose: Whose, *, now_ms: int) -> list[LowAccount]:
    begin_ms = Bucket.DAY.start_of(now_ms) - FORECAST_DAYS * Bucket.DAY
    values = (begin_ms, now_ms, LOW_DAYS * Bucket.DAY, TOLD_DAYS * Bucket.DAY, ACCOUNTS_MOST)
    rows = await tx.query(ask_low(everybody=whose is None), *values, *([] if whose is None else [ids_text(whose)]))
    return [
        LowAccount(
            forecast=forecast_of(AccountId(account_id), available=available, spent=spent, in_ms=now_ms - first_ms),
            told=bool(told),
        )
        for account_id, available, spent, first_ms, told in rows
    ]
