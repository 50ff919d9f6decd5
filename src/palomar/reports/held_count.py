"""Count the messages that are held, by account, for people: sending them once more is ``sending.resend_held``."""

from dataclasses import dataclass
from typing import Final

from palomar.receipts import doubt_rows
from palomar.reports.statistics import Whose
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId

LOOKED_AT: Final = 20_000
"""Copies in doubt that are counted; where there are more, the numbers are lower bounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An account's messages of which a part is held, and since when the oldest is."""

    account_id: AccountId
    messages: int
    oldest_ms: int


async def count_held(tx: Transaction, whose: Whose) -> list[Held]:
    """Count by account what is held, of these accounts or of all (None), the most first."""
    found = [
        Held(account_id=AccountId(row[0]), messages=row[1], oldest_ms=row[2])
        for row in await tx.select(doubt_rows.COUNT_HELD, LOOKED_AT)
    ]
    mine = [held for held in found if whose is None or held.account_id in whose]
    return sorted(mine, key=lambda held: -held.messages)
