"""Top up accounts automatically, in a step right after the commit that left a balance low.

Two nodes may see the same fall: the balance's row is locked and read again, so only one of them tops up. An account
whose parent has nothing is tried again later. Not here: who notices the fall (``low_balance``), and the rule
(``topup_rule``).
"""

from collections.abc import Iterable, Sequence
from functools import partial

import structlog

from palomar.billing import topup_rows as rows
from palomar.billing.ledger import Ledger
from palomar.billing.topup_rule import month_of, topup_amount
from palomar.ports import Clock
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId


async def top_up(work: Work, account_ids: Sequence[AccountId]) -> list[int]:
    """Give each account what its settings say, from its parent or, without one, from its credit line; microcredits."""
    given = []
    for account_id in account_ids:
        given.append(await _top_up(work, account_id))
    return given


async def _top_up(work: Work, account_id: AccountId) -> int:
    account = work.context.accounts.get(account_id)
    if account is None:
        return 0
    ledger, giver = Ledger.of(work), account.parent_id
    for party in sorted({account_id} if giver is None else {account_id, giver}):
        await ledger.lock(party)
    month = month_of(work.now_ms)
    taken = (await work.tx.select(rows.SELECT_TOPPED_UP, account_id, month))[0][0]
    amount = topup_amount(
        account.settings,
        available=ledger.balances.get(account_id, 0),
        taken=taken,
        giver=None if giver is None else ledger.balances.get(giver, 0),
    )
    if amount:
        ledger.top_up(giver, account_id, amount)
        await work.tx.insert(rows.INSERT_TOPUPS, [(work.context.ids.serial(), account_id, month, amount, work.now_ms)])
    return amount


TOP_UP = Step(name="top_up", script=top_up)
AGAIN_SECONDS = 10.0
"""An account that got nothing (its parent is empty, its month is used up) is looked at again after this."""

_log = structlog.get_logger(__name__)


class TopUpPoster:
    """Posts a step for each account that wants it, one at a time."""

    def __init__(self, batcher: Batcher, clock: Clock) -> None:
        self._batcher = batcher
        self._clock = clock
        self._under_way: set[AccountId] = set()
        self._not_before: dict[AccountId, float] = {}

    def low(self, account_ids: Iterable[AccountId]) -> None:
        """These accounts have fallen below what they top up."""
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
