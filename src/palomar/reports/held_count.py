"""Counts the messages that are held, by account, for people. Not here: resending them (``sending.resend_held``)."""

from dataclasses import dataclass
from typing import Final

from palomar.receipts import doubt_rows
from palomar.reports.statistics import AccountIds
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId

LOOKED_AT: Final = 20_000
"""Copies in doubt that are counted; where there are more, the numbers are lower bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMessages:
    """How many messages of an account have a part that is held, and since when the oldest has."""

    account_id: AccountId
    messages: int
    oldest_ms: int


async def count_held(tx: Transaction, account_ids: AccountIds) -> list[HeldMessages]:
    """Count held messages by account, of these accounts or of all (None), the most first."""
    found = [
        HeldMessages(account_id=AccountId(row[0]), messages=row[1], oldest_ms=row[2])
        for row in await tx.select(doubt_rows.COUNT_HELD, LOOKED_AT)
    ]
    mine = [held for held in found if account_ids is None or held.account_id in account_ids]
    return sorted(mine, key=lambda held: -held.messages)
