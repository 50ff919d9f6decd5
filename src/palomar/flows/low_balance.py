"""A balance that has fallen low: noticed in the transaction that took it, told once, told again after credit.

The notice is a callback of our own to the account's ``noticeurl``, in no vendor's form: JSON with ``event``, ``login``,
``credits`` and ``timestamp``. A row remembers that it was told.
"""

import json
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from palomar.domain.account import Account, AccountId
from palomar.domain.credit import MICROCREDITS_A_CREDIT, Microcredits, format_two_decimals
from palomar.domain.message import MessageId
from palomar.domain.schedule import format_gmt
from palomar.domain.topup import is_low, wants_topup
from palomar.storage import topups as rows
from palomar.storage.statements import Row
from palomar.storage.webhooks import WebhookRow

if TYPE_CHECKING:
    from palomar.flows.work import Work


async def watch(work: "Work", balances: Mapping[AccountId, int], *, topped_up: Collection[AccountId]) -> None:
    """Of the balances that a transaction leaves: which accounts want a top-up, and whose owners are told."""
    low = []
    for account_id, available in balances.items():
        account = work.house.accounts.get(account_id)
        if account is None:
            continue
        if wants_topup(account.settings, available) and account_id not in topped_up:
            work.low.add(account_id)
        if is_low(account.settings, available):
            low.append(account)
    if not low:
        return
    fallen: list[Row] = [(account.id, work.now_ms) for account in low]
    first = await work.tx.insert_new(rows.INSERT_NOTICES, fallen)
    for account in low:
        if account.id in first:
            work.told_low.append(account.id)
            _tell(work, account, balances[account.id])


async def credited(work: "Work", account_id: AccountId) -> None:
    """The account got credit: if it has enough again, its next fall is told again."""
    account = work.house.accounts.get(account_id)
    if account is not None and account.settings.low_balance:
        enough = account.settings.low_balance * MICROCREDITS_A_CREDIT
        await work.tx.execute(rows.DELETE_NOTICE, account_id, account_id, enough)


def _tell(work: "Work", account: Account, available: int) -> None:
    if not account.settings.noticeurl:
        return
    notice = {
        "event": "low_balance",
        "login": account.login,
        "credits": format_two_decimals(Microcredits(available)),
        "timestamp": format_gmt(work.now_ms),
    }
    claimed = len(work.born_webhooks) < work.house.webhook_room
    work.born_webhooks.append(
        WebhookRow(
            id=work.house.ids.serial(),
            message_id=MessageId(work.house.ids.serial()),  # of no message: it has a line of its own
            account_id=account.id,
            dialect=account.settings.inbound_dialect,  # whose waits between attempts it has
            method="POST",
            url=account.settings.noticeurl,
            body=json.dumps(notice, ensure_ascii=False).encode(),
            due_ms=work.now_ms,
            node_id=work.house.node_id if claimed else None,
        )
    )
