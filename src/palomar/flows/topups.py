"""Automatic top-up: right after a balance has fallen below its account's limit, in a step of its own.

Two nodes may see the same fall: the balance's row is locked and looked at again, so only one of them tops up. Not here:
who falls (``Work`` notices it as it reserves), and how often an empty parent is asked (``engine/topups``).
"""

from collections.abc import Sequence

from palomar.domain.account import AccountId
from palomar.domain.topup import month_of, topup_amount
from palomar.flows.books import Ledger
from palomar.flows.work import Work
from palomar.storage import topups as rows


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
