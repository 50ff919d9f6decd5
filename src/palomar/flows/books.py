"""The books of one transaction: balances read once, moved in memory, and written with the ledger at the end.

Not here: which part or message a move is for, and the moments that tell of it (``work``).
"""

from collections.abc import Iterable

from msgspec import Struct

from palomar.domain.account import AccountId
from palomar.ports import Ids
from palomar.storage import topups
from palomar.storage.database import Conflict, Transaction
from palomar.storage.ledger import HOUSE, INSERT_LEDGER, LEGS, LOOKUP_BALANCES, MOVE_BALANCE, Book, Reason
from palomar.storage.statements import Row


class _Move(Struct):
    entry_id: int
    microcredits: int = 0
    items: int = 0


class Books:
    """See the module. ``balances`` is what each account that was read can spend, as this transaction has it."""

    def __init__(self, tx: Transaction, ids: Ids, *, now_ms: int) -> None:
        self.balances: dict[AccountId, int] = {}
        self.topped_up: set[AccountId] = set()
        self._tx = tx
        self._ids = ids
        self._now_ms = now_ms
        self._as_read: dict[AccountId, int] = {}
        self._moves: dict[tuple[AccountId, Reason], _Move] = {}
        self._transfers: list[tuple[AccountId, AccountId, int, Reason]] = []

    async def read(self, account_ids: Iterable[AccountId]) -> None:
        """Read these accounts' balances, each once."""
        missing = [identity for identity in set(account_ids) if identity not in self.balances]
        if missing:
            for account_id, available, _ in await self._tx.lookup(LOOKUP_BALANCES, missing):
                self.balances[account_id] = self._as_read[account_id] = available

    async def lock(self, account_id: AccountId) -> None:
        """Read a balance so that nobody else moves it before the commit; what this transaction moved stays moved."""
        moved = self.balances.get(account_id, 0) - self._as_read.get(account_id, 0)
        for row in await self._tx.select_locked(topups.SELECT_AVAILABLE, account_id):
            self._as_read[account_id] = row[0]
            self.balances[account_id] = row[0] + moved

    def reserve(self, account_id: AccountId, microcredits: int) -> bool:
        """Move money from available to reserved; False if there is not enough."""
        left = self.balances.get(account_id, 0) - microcredits
        if left < 0:
            return False
        self.balances[account_id] = left
        self.move(account_id, Reason.RESERVE, microcredits)
        return True

    def move(self, account_id: AccountId, reason: Reason, microcredits: int) -> int:
        """Move money between the books that the reason names; the id of the entry, one an account and reason."""
        move = self._moves.get((account_id, reason))
        if move is None:
            move = self._moves[(account_id, reason)] = _Move(self._ids.serial())
        move.microcredits += microcredits
        move.items += 1
        return move.entry_id

    def transfer(self, giver: AccountId, taker: AccountId, microcredits: int) -> None:
        """Money goes from one account to another: two legs of one entry. Both balances have been read."""
        self.balances[giver] -= microcredits
        self.balances[taker] += microcredits
        self._transfers.append((giver, taker, microcredits, Reason.TRANSFER))

    def top_up(self, giver: AccountId | None, taker: AccountId, microcredits: int) -> None:
        """Automatic credit: from another account, or from the credit line. Both balances have been read."""
        self.topped_up.add(taker)
        self.balances[taker] += microcredits
        if giver is None:
            self.move(taker, Reason.TOPUP, microcredits)
        else:
            self.balances[giver] -= microcredits
            self._transfers.append((giver, taker, microcredits, Reason.TOPUP))

    def entry_of(self, account_id: AccountId, reason: Reason) -> int:
        """The id of the ledger entry that this transaction makes for an account and a reason; 0 if it makes none."""
        move = self._moves.get((account_id, reason))
        return move.entry_id if move else 0

    async def write(self) -> list[AccountId]:
        """Write ledger and balances; the accounts that have more to spend than before."""
        if not self._moves and not self._transfers:
            return []
        legs: list[Row] = []
        deltas: dict[AccountId, list[int]] = {}
        self._enter_transfers(legs, deltas)
        self._enter_moves(legs, deltas)
        await self._tx.insert(INSERT_LEDGER, legs)
        credited = []
        for owner_id, (available, reserved) in sorted(deltas.items()):
            if await self._tx.execute(MOVE_BALANCE, available, reserved, owner_id, available) != 1:
                raise Conflict(f"the balance of account {owner_id} was spent by another node meanwhile")
            if available > 0:
                credited.append(owner_id)
        return credited

    def _enter_transfers(self, legs: list[Row], deltas: dict[AccountId, list[int]]) -> None:
        for giver, taker, microcredits, why in self._transfers:
            entry_id = self._ids.serial()
            for leg, (party, amount) in enumerate(((giver, -microcredits), (taker, microcredits))):
                legs.append((entry_id, leg, party, Book.AVAILABLE, amount, why, 1, self._now_ms))
                deltas.setdefault(party, [0, 0])[0] += amount

    def _enter_moves(self, legs: list[Row], deltas: dict[AccountId, list[int]]) -> None:
        for (account_id, reason), move in self._moves.items():
            for leg, (book, sign) in enumerate(zip(LEGS[reason], (-1, 1), strict=True)):
                amount = sign * move.microcredits
                owner = HOUSE if book in (Book.REVENUE, Book.FUNDING) else account_id
                legs.append((move.entry_id, leg, owner, book, amount, reason, move.items, self._now_ms))
                delta = deltas.setdefault(account_id, [0, 0])
                if book is Book.AVAILABLE:
                    delta[0] += amount
                elif book is Book.RESERVED:
                    delta[1] += amount
