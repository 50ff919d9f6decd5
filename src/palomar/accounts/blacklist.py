"""Keep black lists: numbers that get nothing from one account, or from anybody (account 0, ``EVERYBODY``).

Not here: the words by which phones put themselves on a list (``inbound.receive``), and the judging of messages
(``acceptance.filters``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, Lookup, columns_of
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.context import ContextExtension
from palomar.transaction.work import Participant
from palomar.vocabulary.account import AccountId

LOOKUP_BLOCKED = Lookup("SELECT account_id, msisdn, word FROM blocked_numbers WHERE msisdn IN {keys}", "text")
INSERT_BLOCKED = Insert(
    "blocked_numbers",
    (("account_id", "bigint"), *columns_of("text", "msisdn word"), ("since_ms", "bigint")),
    ignore_conflicts=True,
)
DELETE_BLOCKED = "DELETE FROM blocked_numbers WHERE account_id = ? AND msisdn = ?"
DELETE_OPTED_OUT = "DELETE FROM blocked_numbers WHERE account_id = ? AND msisdn = ? AND word <> ''"
SELECT_ANY_BLOCKED = "SELECT 1 FROM blocked_numbers LIMIT 1"
SELECT_BLOCKED_OF = (
    "SELECT msisdn, word, since_ms FROM blocked_numbers WHERE account_id = ? AND msisdn > ? ORDER BY msisdn LIMIT ?"
)


PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A number on a list; ``word`` is what the phone wrote, empty if an operator put it there."""

    msisdn: str
    word: str
    since_ms: int


class BlackListContext(ContextExtension, frozen=True, kw_only=True):
    """Tells whether any black list holds anything: if not, nobody looks."""

    has_numbers: bool


class PhonesOwnBlocks(Participant):
    """The numbers that phones put on black lists, or take off, by their own words in one transaction."""

    async def put_on(self, account_id: AccountId, msisdn: str, word: str) -> None:
        """Let the account send no more to a phone that wrote this word."""
        await self._work.tx.insert_new(INSERT_BLOCKED, [(account_id, msisdn, word, self._work.now_ms)])

    async def take_off(self, account_id: AccountId, msisdn: str) -> None:
        """Let the account send again to a phone that had opted out."""
        await self._work.tx.execute(DELETE_OPTED_OUT, account_id, msisdn)

    async def write(self) -> None:
        """Let every node hear of it."""
        await self._work.tx.execute(BUMP_VERSION)


async def block(tx: Transaction, account_id: AccountId, numbers: Sequence[str], *, now_ms: int) -> int:
    """Put numbers on a list; how many were not there. Every node looks at it within a second."""
    added = 0
    for number in numbers:
        added += len(await tx.insert_new(INSERT_BLOCKED, [(account_id, number, "", now_ms)]))
    await tx.execute(BUMP_VERSION)
    return added


async def unblock(tx: Transaction, account_id: AccountId, numbers: Sequence[str]) -> int:
    """Take numbers off a list, opted out or not; how many were there."""
    removed = 0
    for number in numbers:
        removed += await tx.execute(DELETE_BLOCKED, account_id, number)
    await tx.execute(BUMP_VERSION)
    return removed


async def list_blocked(tx: Transaction, account_id: AccountId, *, after: str = "") -> list[Blocked]:
    """A page of a list, in order of numbers; the next page is after the last of this one."""
    return [
        Blocked(msisdn=row[0], word=row[1], since_ms=row[2])
        for row in await tx.select(SELECT_BLOCKED_OF, account_id, after, PAGE)
    ]
