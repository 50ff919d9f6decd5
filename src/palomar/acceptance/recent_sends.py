"""Read and write, in a transaction, what accounts sent within the hour and how many messages they sent today.

Not here: what counts as a duplicate, and which account has a limit (``filters``).
"""

from collections.abc import Iterable
from typing import NamedTuple

from palomar.storage.database import Conflict
from palomar.storage.statements import Delete, Insert, Lookup, columns_of
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId

LOOKUP_RECENT = Lookup("SELECT digest, sent_ms FROM recent WHERE digest IN {keys}", "bytea")
DELETE_RECENT = Delete("recent", ("digest", "bytea"))
INSERT_RECENT = Insert("recent", (("digest", "bytea"), ("sent_ms", "bigint")), ignore_conflicts=True)
FORGET_OLD_RECENT = "DELETE FROM recent WHERE digest IN (SELECT digest FROM recent WHERE sent_ms < ? LIMIT ?)"


class Days(NamedTuple):
    """The statements of a table that counts messages by account and day; ``add`` changes no row beyond the limit."""

    lookup: Lookup
    insert: Insert
    add: str


def _days(table: str) -> Days:
    return Days(
        Lookup(
            f"SELECT account_id, day, messages FROM {table} WHERE account_id IN {{keys}} ORDER BY account_id",
            "bigint",
            lock=table,
        ),
        Insert(table, columns_of("bigint", "account_id day messages"), ignore_conflicts=True),
        f"UPDATE {table} SET messages = messages + ? WHERE account_id = ? AND day = ? AND messages + ? <= ?",
    )


SENT_DAYS = _days("daily")
UNPAID_DAYS = _days("daily_unpaid")


SAME_WITHIN_MS = 60 * 60_000
"""A duplicate is the same text to the same number from the same account, due within this time."""


class RecentSends(Participant):
    """The due times of messages, by digests of account, number and text.

    A row holds a digest for one hour of the clock, with the moment at which its message is due. An equal message that
    is due within an hour of it has its row in the same hour of the clock, the one before or the one after.
    """

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._due: dict[bytes, int] = {}
        self._gone: set[bytes] = set()
        self._new: dict[bytes, int] = {}

    async def read(self, wanted: Iterable[tuple[bytes, int]]) -> None:
        """Read the rows near these digests and due times, which :meth:`is_near` needs."""
        keys = {key for digest, due_ms in wanted for key in _keys_around(digest, due_ms)}
        for key, due_ms in await self._work.tx.lookup(LOOKUP_RECENT, sorted(keys)):
            self._due[key] = due_ms

    def is_near(self, digest: bytes, due_ms: int) -> bool:
        """Return True if an equal message is due within an hour of ``due_ms``."""
        return any(
            (other := self._due.get(key)) is not None and abs(other - due_ms) < SAME_WITHIN_MS
            for key in _keys_around(digest, due_ms)
        )

    def remember(self, digest: bytes, due_ms: int) -> None:
        """Remember a message that is due at ``due_ms``."""
        key = _key(digest, due_ms // SAME_WITHIN_MS)
        self._due[key] = self._new[key] = due_ms

    def forget(self, digest: bytes, due_ms: int) -> None:
        """Forget a message that was cancelled or moved."""
        key = _key(digest, due_ms // SAME_WITHIN_MS)
        self._due.pop(key, None)
        self._new.pop(key, None)
        self._gone.add(key)

    async def write(self) -> None:
        """Write the changes. Raises Conflict if another node remembered an equal message meanwhile."""
        if self._gone:
            await self._work.tx.delete(DELETE_RECENT, sorted(self._gone))
        new = list(self._new.items())
        if new and len(await self._work.tx.insert_new(INSERT_RECENT, new)) != len(new):
            raise Conflict("another node sent the same text to the same number meanwhile")


def _keys_around(digest: bytes, due_ms: int) -> list[bytes]:
    hour = due_ms // SAME_WITHIN_MS
    return [_key(digest, each) for each in (hour, hour - 1, hour + 1)]


def _key(digest: bytes, hour: int) -> bytes:
    return digest[:12] + hour.to_bytes(4, "big")


class DailySends(Participant):
    """The counts of messages sent on one day (GMT), of the accounts that have a daily limit."""

    _rows = SENT_DAYS

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._day = 0
        self._days: dict[AccountId, int] = {}
        self._counted: dict[AccountId, tuple[int, int]] = {}

    async def read(self, account_ids: Iterable[AccountId], day: int) -> None:
        """Read how many messages these accounts sent on this day (days since 1970), which :meth:`fits` needs."""
        wanted = sorted(set(account_ids))
        self._day = day
        self._days = dict.fromkeys(wanted, 0)
        for account_id, counted_day, messages in await self._work.tx.lookup(self._rows.lookup, wanted):
            if counted_day == day:
                self._days[account_id] = messages

    def fits(self, account_id: AccountId, messages: int, *, limit: int) -> bool:
        """Return True if the account may send so many messages more today."""
        return self._days[account_id] + messages <= limit

    def count(self, account_id: AccountId, messages: int, *, limit: int) -> None:
        """Count messages against the account's day."""
        self._days[account_id] += messages
        counted, _ = self._counted.get(account_id, (0, limit))
        self._counted[account_id] = (counted + messages, limit)

    async def write(self) -> None:
        """Write the counts. Raises Conflict if another node has reached a limit meanwhile."""
        for account_id, (messages, limit) in sorted(self._counted.items()):
            await self._work.tx.insert_new(self._rows.insert, [(account_id, self._day, 0)])
            if await self._work.tx.execute(self._rows.add, messages, account_id, self._day, messages, limit) != 1:
                raise Conflict(f"another node reached a limit of the day of account {account_id} meanwhile")


class UnpaidToday(DailySends):
    """The counts of messages of one day that were stored and cost nothing."""

    _rows = UNPAID_DAYS
