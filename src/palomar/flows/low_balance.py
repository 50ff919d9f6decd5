"""A balance that has fallen low: noticed in the transaction that took it, told once, told again after credit.

The notice is a callback of our own to the account's ``notice_url``, in no vendor's form: JSON with ``event``,
``login``, ``credits`` and ``timestamp``. A row remembers that it was told.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from palomar.domain.account import Account, AccountId
from palomar.domain.credit import MICROCREDITS_A_CREDIT, Microcredits, format_two_decimals
from palomar.domain.message import MessageId
from palomar.domain.schedule import format_gmt
from palomar.domain.topup import is_low, wants_topup
from palomar.flows.house import House
from palomar.storage import topups as rows
from palomar.storage.database import Transaction
from palomar.storage.statements import Row
from palomar.storage.webhooks import WebhookRow


@dataclass(slots=True, kw_only=True)
class Fallen:
    """Accounts that want a top-up; those whose owners are told now, and the callbacks that tell them."""

    want_topup: set[AccountId] = field(default_factory=set)
    told: list[AccountId] = field(default_factory=list)
    notices: list[WebhookRow] = field(default_factory=list)


async def watch(
    tx: Transaction,
    house: House,
    balances: Mapping[AccountId, int],
    *,
    topped_up: Collection[AccountId],
    now_ms: int,
) -> Fallen:
    """Do what the balances that a transaction leaves ask for."""
    fallen = Fallen()
    low = []
    for account_id, available in balances.items():
        account = house.accounts.get(account_id)
        if account is None:
            continue
        if wants_topup(account.settings, available) and account_id not in topped_up:
            fallen.want_topup.add(account_id)
        if is_low(account.settings, available):
            low.append(account)
    if not low:
        return fallen
    rows_of_fallen: list[Row] = [(account.id, now_ms) for account in low]
    first = await tx.insert_new(rows.INSERT_NOTICES, rows_of_fallen)
    for account in low:
        if account.id in first:
            fallen.told.append(account.id)
            if account.settings.notice_url:
                fallen.notices.append(_notice(house, account, balances[account.id], now_ms=now_ms))
    return fallen


async def credited(tx: Transaction, house: House, account_id: AccountId) -> None:
    """The account got credit: if it has enough again, its next fall is told again."""
    account = house.accounts.get(account_id)
    if account is not None and account.settings.low_balance:
        enough = account.settings.low_balance * MICROCREDITS_A_CREDIT
        await tx.execute(rows.DELETE_NOTICE, account_id, account_id, enough)


def _notice(house: House, account: Account, available: int, *, now_ms: int) -> WebhookRow:
    body = {
        "event": "low_balance",
        "login": account.login,
        "credits": format_two_decimals(Microcredits(available)),
        "timestamp": format_gmt(now_ms),
    }
    return WebhookRow(
        id=house.ids.serial(),
        message_id=MessageId(house.ids.serial()),  # of no message: it has a line of its own
        account_id=account.id,
        dialect=account.settings.inbound_dialect,  # whose waits between attempts it has; empty is nobody's
        method="POST",
        url=account.settings.notice_url,
        body=json.dumps(body, ensure_ascii=False).encode(),
        due_ms=now_ms,
        target=house.callbacks.target_of(account.id, account.settings.notice_url),
    )
