"""Keep black lists: numbers that get nothing from one account, or from any account (the list of account 0).

Not here: the words by which phones put themselves on a list (``inbound.receive``), and the filter of messages
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
    """What a transaction knows of black lists: if all are empty, no number is looked up."""

    has_numbers: bool


class PhonesOwnBlocks(Participant):
    """The numbers that phones put on black lists, or take off, by their own words in one transaction."""

    async def put_on(self, account_id: AccountId, msisdn: str, word: str) -> None:
        """Put a phone that wrote ``word`` on the account's list."""
        await self._work.tx.insert_new(INSERT_BLOCKED, [(account_id, msisdn, word, self._work.now_ms)])

    async def take_off(self, account_id: AccountId, msisdn: str) -> None:
        """Take a phone that had opted out off the account's list."""
        await self._work.tx.execute(DELETE_OPTED_OUT, account_id, msisdn)

    async def write(self) -> None:
        """Bump the change counter, so that every node reads its directory again."""
        await self._work.tx.execute(BUMP_VERSION)


async def block(tx: Transaction, account_id: AccountId, numbers: Sequence[str], *, now_ms: int) -> int:
    """Put numbers on a list, in force on every node within a second. Returns how many are new."""
    added = 0
    for number in numbers:
        added += len(await tx.insert_new(INSERT_BLOCKED, [(account_id, number, "", now_ms)]))
    await tx.execute(BUMP_VERSION)
    return added


async def unblock(tx: Transaction, account_id: AccountId, numbers: Sequence[str]) -> int:
    """Take numbers off a list, whoever put them there. Returns how many were on it."""
    removed = 0
    for number in numbers:
        removed += await tx.execute(DELETE_BLOCKED, account_id, number)
    await tx.execute(BUMP_VERSION)
    return removed


async def list_blocked(tx: Transaction, account_id: AccountId, *, after: str = "") -> list[Blocked]:
    """List a page of at most ``PAGE`` numbers in their order; the next page is ``after`` the last of this one."""
    return [
        Blocked(msisdn=row[0], word=row[1], since_ms=row[2])
        for row in await tx.select(SELECT_BLOCKED_OF, account_id, after, PAGE)
    ]
