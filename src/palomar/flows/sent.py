"""What accounts have sent lately, as one transaction knows it: texts within the hour, and messages within the day.

Not here: what is a duplicate, and who has a limit (``filters``).
"""

from collections.abc import Iterable, Sequence

from palomar.domain.account import AccountId
from palomar.storage import filters as rows
from palomar.storage.database import Conflict, Transaction


class SentLately:
    """Digests of text and number. ``known`` are those within the time, of the digests that were asked for."""

    def __init__(self, tx: Transaction, *, now_ms: int) -> None:
        self.known: set[bytes] = set()
        self._tx = tx
        self._now_ms = now_ms
        self._outlived: set[bytes] = set()
        self._new: list[tuple[bytes, int]] = []

    async def read(self, digests: Sequence[bytes], *, within_ms: int) -> None:
        """Read which of these digests were sent within the time."""
        oldest_ms = self._now_ms - within_ms
        for digest, sent_ms in await self._tx.lookup(rows.LOOKUP_RECENT, digests):
            (self.known if sent_ms > oldest_ms else self._outlived).add(digest)

    def remember(self, digest: bytes) -> None:
        """This text goes to this number now."""
        self.known.add(digest)
        self._new.append((digest, self._now_ms))

    async def write(self) -> None:
        """Write what is new, over what is too long ago."""
        outlived = sorted(self._outlived.intersection(digest for digest, _ in self._new))
        if outlived:
            await self._tx.delete(rows.DELETE_RECENT, outlived)
        if self._new and len(await self._tx.insert_new(rows.INSERT_RECENT, self._new)) != len(self._new):
            raise Conflict("another node sent the same text to the same number meanwhile")


class SentToday:
    """Messages of the day, by account, for those with a daily limit."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._day = 0
        self._days: dict[AccountId, int] = {}
        self._counted: dict[AccountId, tuple[int, int]] = {}

    async def read(self, account_ids: Iterable[AccountId], day: int) -> None:
        """Read what these accounts have sent on this day, so that :meth:`fits` can judge."""
        wanted = sorted(set(account_ids))
        self._day = day
        self._days = dict.fromkeys(wanted, 0)
        for account_id, counted_day, messages in await self._tx.lookup(rows.LOOKUP_DAYS, wanted):
            if counted_day == day:
                self._days[account_id] = messages

    def fits(self, account_id: AccountId, messages: int, *, limit: int) -> bool:
        """Whether the account may send so many messages more today."""
        return self._days[account_id] + messages <= limit

    def count(self, account_id: AccountId, messages: int, *, limit: int) -> None:
        """Count messages against the account's day."""
        self._days[account_id] += messages
        counted, _ = self._counted.get(account_id, (0, limit))
        self._counted[account_id] = (counted + messages, limit)

    async def write(self) -> None:
        """Write the counts, if no other node has reached the limit meanwhile."""
        for account_id, (messages, limit) in sorted(self._counted.items()):
            await self._tx.insert_new(rows.INSERT_DAYS, [(account_id, self._day, 0)])
            if await self._tx.execute(rows.COUNT_DAY, messages, account_id, self._day, messages, limit) != 1:
                raise Conflict(f"another node reached the daily limit of account {account_id} meanwhile")
