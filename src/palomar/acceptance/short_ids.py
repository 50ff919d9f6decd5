"""Short ids: accounts' own numbers for their messages, for dialects whose message ids are short decimal numbers."""

from collections.abc import Iterable

from palomar.storage.statements import Insert, Lookup, Row, Update, columns_of
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

FIRST_SHORT_ID, LAST_SHORT_ID = 9_999, (1 << 31) - 1
"""Short ids have at least four digits and fit in 31 bits."""

_LOOKUP_COUNTERS = Lookup(
    "SELECT account_id, last_short_id FROM counters WHERE account_id IN {keys} ORDER BY account_id",
    "bigint",
    lock="counters",
)
_INSERT_COUNTERS = Insert("counters", columns_of("bigint", "account_id last_short_id"), ignore_conflicts=True)
_UPDATE_COUNTERS = Update("counters", columns_of("bigint", "account_id"), columns_of("bigint", "last_short_id"))
_INSERT_SHORT_IDS = Insert("short_ids", columns_of("bigint", "account_id id message_id"))
SELECT_SHORT_ID = "SELECT message_id FROM short_ids WHERE account_id = ? AND id = ?"


class ShortIds(Participant):
    """The short ids that a transaction gives out, and how far each account has counted."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._counters: dict[AccountId, int] = {}
        self._new: list[Row] = []

    async def read(self, account_ids: Iterable[AccountId]) -> None:
        """Read and lock these accounts' counters, so that :meth:`next` can count on from them."""
        wanted = sorted(set(account_ids))
        if not wanted:
            return
        await self._work.tx.insert_new(_INSERT_COUNTERS, [(account_id, FIRST_SHORT_ID) for account_id in wanted])
        for account_id, last in await self._work.tx.lookup(_LOOKUP_COUNTERS, wanted):
            self._counters[account_id] = last

    def next(self, account_id: AccountId, message_id: MessageId) -> int:
        """Give a message the account's next short id. After ``LAST_SHORT_ID`` the numbers begin again."""
        number = self._counters[account_id] + 1
        if number > LAST_SHORT_ID:
            number = FIRST_SHORT_ID + 1
        self._counters[account_id] = number
        self._new.append((account_id, number, message_id))
        return number

    async def write(self) -> None:
        """Write the new short ids and the accounts' counters."""
        if self._new:
            await self._work.tx.insert(_INSERT_SHORT_IDS, self._new)
            await self._work.tx.update(_UPDATE_COUNTERS, sorted(self._counters.items()))
