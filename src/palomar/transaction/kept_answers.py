"""What a transaction keeps for whoever asks again: answers under idempotency keys, and accounts' own numbers.

Not here: what a key is and how its answer is sealed (``idempotency``).
"""

from collections.abc import Iterable, Sequence

from palomar.storage.database import Conflict
from palomar.storage.statements import Row
from palomar.transaction import token_rows
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

KEPT_MS = 24 * 3_600_000
"""How long an answer is kept under its idempotency key."""
FIRST_SHORT_ID, LAST_SHORT_ID = 9_999, (1 << 31) - 1
"""Short ids have at least four digits and fit in 31 bits."""
KeptAnswer = tuple[bytes, int, bytes]
"""Digest of the request, HTTP status, encrypted body."""


class KeptAnswers(Participant):
    """Answers by scope: those that were read, and those that this transaction keeps."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.known: dict[bytes, KeptAnswer] = {}
        self._new: list[tuple[bytes, bytes, int, bytes, int]] = []
        self._outlived: set[bytes] = set()

    async def read(self, scopes: Sequence[bytes]) -> None:
        """Read what was kept under these scopes within a day."""
        oldest = self._work.now_ms - KEPT_MS
        for scope, request, status, answer, created_ms in await self._work.tx.lookup(
            token_rows.LOOKUP_IDEMPOTENCY, scopes
        ):
            if created_ms > oldest:
                self.known[scope] = (request, status, answer)
            else:
                self._outlived.add(scope)

    def keep(self, scope: bytes, request: bytes, status: int, answer: bytes) -> None:
        """Keep an answer; the same scope later in this batch finds it."""
        self.known[scope] = (request, status, answer)
        self._new.append((scope, request, status, answer, self._work.now_ms))

    async def write(self) -> None:
        """Write what is new, over what has outlived its day."""
        outlived = sorted(self._outlived.intersection(row[0] for row in self._new))
        if outlived:
            await self._work.tx.delete(token_rows.DELETE_IDEMPOTENCY, outlived)
        if self._new and len(await self._work.tx.insert_new(token_rows.INSERT_IDEMPOTENCY, self._new)) != len(
            self._new
        ):
            raise Conflict("another node answered with the same idempotency key meanwhile")


class ShortIds(Participant):
    """Accounts' own numbers for messages."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._counters: dict[AccountId, int] = {}
        self._new: list[Row] = []

    async def read(self, account_ids: Iterable[AccountId]) -> None:
        """Read these accounts' counters, so that :meth:`next` can count on."""
        wanted = sorted(set(account_ids))
        if not wanted:
            return
        await self._work.tx.insert_new(
            token_rows.INSERT_COUNTERS, [(account_id, FIRST_SHORT_ID) for account_id in wanted]
        )
        for account_id, last in await self._work.tx.lookup(token_rows.LOOKUP_COUNTERS, wanted):
            self._counters[account_id] = last

    def next(self, account_id: AccountId, message_id: MessageId) -> int:
        """The account's next number of its own for a message: decimal digits, below 2^31."""
        number = self._counters[account_id] + 1
        if number > LAST_SHORT_ID:
            number = FIRST_SHORT_ID + 1
        self._counters[account_id] = number
        self._new.append((account_id, number, message_id))
        return number

    async def write(self) -> None:
        """Write the numbers given out, and how far each account has counted."""
        if self._new:
            await self._work.tx.insert(token_rows.INSERT_SHORT_IDS, self._new)
            await self._work.tx.update(token_rows.UPDATE_COUNTERS, sorted(self._counters.items()))
