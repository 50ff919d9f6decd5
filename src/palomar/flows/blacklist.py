"""Black lists: numbers that get nothing, from one account or from anybody (account 0, ``filters.EVERYBODY``).

Not here: the words by which phones put themselves on one (``receive``), and the judging of messages (``filters``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.domain.account import AccountId
from palomar.storage import blacklist as rows
from palomar.storage.change_counter import BUMP_VERSION
from palomar.storage.database import Transaction

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A number on a list; ``word`` is what the phone wrote, empty if an operator put it there."""

    msisdn: str
    word: str
    since_ms: int


async def block(tx: Transaction, account_id: AccountId, numbers: Sequence[str], *, now_ms: int) -> int:
    """Put numbers on a list; how many were not there. Every node looks at it within a second."""
    added = 0
    for number in numbers:
        added += len(await tx.insert_new(rows.INSERT_BLOCKED, [(account_id, number, "", now_ms)]))
    await tx.execute(BUMP_VERSION)
    return added


async def unblock(tx: Transaction, account_id: AccountId, numbers: Sequence[str]) -> int:
    """Take numbers off a list, opted out or not; how many were there."""
    removed = 0
    for number in numbers:
        removed += await tx.execute(rows.DELETE_BLOCKED, account_id, number)
    await tx.execute(BUMP_VERSION)
    return removed


async def list_blocked(tx: Transaction, account_id: AccountId, *, after: str = "") -> list[Blocked]:
    """A page of a list, in order of numbers; the next page is after the last of this one."""
    return [
        Blocked(msisdn=row[0], word=row[1], since_ms=row[2])
        for row in await tx.select(rows.SELECT_BLOCKED_OF, account_id, after, PAGE)
    ]
