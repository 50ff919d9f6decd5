"""Top up accounts automatically, in a step right after the commit that left a balance low.

Source: the vendors' pages (automatic top-up): below X take Y from the parent or the credit line, at most Z a month. Two
nodes may see the same low balance: its row is locked and read again, so that only one of them tops up. An account whose
parent has nothing is tried again later. Not here: finding the accounts that need it (``low_balance``).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from palomar.billing.ledger import Ledger
from palomar.billing.low_balance import needs_topup
from palomar.ports import Clock
from palomar.storage.statements import Insert, columns_of
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId, AccountSettings
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT

INSERT_TOPUPS = Insert("topups", columns_of("bigint", "id account_id month microcredits at_ms"))
SELECT_TOPPED_UP = (
    "SELECT CAST(coalesce(sum(microcredits), 0) AS BIGINT) FROM topups WHERE account_id = ? AND month = ?"
)


async def top_up(work: Work, account_ids: Sequence[AccountId]) -> list[int]:
    """Top up each account as its settings say, from its parent or, without one, from its credit line. Returns the
    microcredits that each got, in order."""
    given = []
    for account_id in account_ids:
        given.append(await _top_up(work, account_id))
    return given


def topup_amount(settings: AccountSettings, *, available: int, taken: int, giver: int | None) -> int:
    """Compute how much the account gets now: at most what is left of the month's limit after ``taken``, and what
    ``giver``, its parent's balance, has. None as ``giver`` is a credit line, which has no limit. All amounts are
    microcredits, the settings whole credits."""
    if not needs_topup(settings, available):
        return 0
    amount = settings.topup_amount * MICROCREDITS_A_CREDIT
    if settings.topup_month_max:
        amount = min(amount, settings.topup_month_max * MICROCREDITS_A_CREDIT - taken)
    if giver is not None:
        amount = min(amount, giver)
    return max(0, amount)


def month_of(epoch_ms: int) -> int:
    """Return the GMT month of a moment as a number such as 202602."""
    moment = datetime.fromtimestamp(epoch_ms / 1_000, UTC)
    return moment.year * 100 + moment.month


async def _top_up(work: Work, account_id: AccountId) -> int:
    account = work.context.accounts.get(account_id)
    if account is None:
        return 0
    ledger, giver = Ledger.of(work), account.parent_id
    for party in sorted({account_id} if giver is None else {account_id, giver}):
        await ledger.lock(party)
    month = month_of(work.now_ms)
    taken = (await work.tx.select(SELECT_TOPPED_UP, account_id, month))[0][0]
    amount = topup_amount(
        account.settings,
        available=ledger.balances.get(account_id, 0),
        taken=taken,
        giver=None if giver is None else ledger.balances.get(giver, 0),
    )
    if amount:
        ledger.top_up(giver, account_id, amount)
        await work.tx.insert(INSERT_TOPUPS, [(work.context.ids.serial(), account_id, month, amount, work.now_ms)])
    return amount


TOP_UP = Step(name="top_up", script=top_up)
AGAIN_SECONDS = 10.0
"""How long after a top-up of nothing (the parent has no credit, the month's limit is reached) the next is tried."""

_log = structlog.get_logger(__name__)


class TopUpPoster:
    """The poster of top-ups to the batcher: one at a time for each account."""

    def __init__(self, batcher: Batcher, clock: Clock) -> None:
        self._batcher = batcher
        self._clock = clock
        self._under_way: set[AccountId] = set()
        self._not_before: dict[AccountId, float] = {}

    def post(self, account_ids: Iterable[AccountId]) -> None:
        """Post a top-up for each of these accounts, unless one is under way or has just failed."""
        for account_id in account_ids:
            if account_id in self._under_way or self._not_before.get(account_id, 0.0) > self._clock.monotonic():
                continue
            self._under_way.add(account_id)
            self._batcher.post(TOP_UP, account_id, partial(self._done, account_id), partial(self._failed, account_id))

    def _done(self, account_id: AccountId, microcredits: int) -> None:
        self._under_way.discard(account_id)
        if microcredits:
            self._not_before.pop(account_id, None)
            _log.info("topped up", account_id=account_id, microcredits=microcredits)
        else:
            self._not_before[account_id] = self._clock.monotonic() + AGAIN_SECONDS
            _log.warning("could not top up", account_id=account_id, again_in_seconds=AGAIN_SECONDS)

    def _failed(self, account_id: AccountId, error: BaseException) -> None:
        self._done(account_id, 0)
