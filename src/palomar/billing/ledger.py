"""Move the money of one transaction: balances are read once, moved in memory, and written with the ledger at the end.

``reserve`` is called when a message is accepted (``acceptance.accept``), ``settle`` when the carrier has taken a part
(``sending.submit``), ``settle_unanswered`` when only a receipt says so (``receipts.record``) or nothing ever does
(``app.housekeeping``), ``give_back`` when a part ends unpaid (``receipts.ending``). Not here: what happens when a
balance has fallen low (``low_balance``), and automatic credit (``topups``).
"""

from collections.abc import Iterable

from msgspec import Struct

from palomar.billing.ledger_rows import (
    HOUSE,
    INSERT_LEDGER,
    LEGS,
    LOOKUP_BALANCES,
    MOVE_BALANCE,
    SELECT_AVAILABLE,
    Book,
    Reason,
)
from palomar.billing.low_balance import LowBalances
from palomar.storage.database import Conflict
from palomar.storage.statements import Row
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.timeline import Detail, MomentKind


class _Move(Struct):
    entry_id: int
    microcredits: int = 0
    items: int = 0


class Ledger(Participant):
    """The balances and ledger entries of one transaction."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.balances: dict[AccountId, int] = {}
        """What each account that was read can spend after this transaction's moves so far; microcredits."""
        self._as_read: dict[AccountId, int] = {}
        self._moves: dict[tuple[AccountId, Reason], _Move] = {}
        self._transfers: list[tuple[AccountId, AccountId, int, Reason]] = []
        self._low = LowBalances.of(work)
        self._low.watch(self.balances)

    # --- reading

    async def read(self, account_ids: Iterable[AccountId]) -> None:
        """Read these accounts' balances, each once, which :meth:`reserve` needs."""
        missing = [identity for identity in set(account_ids) if identity not in self.balances]
        if missing:
            for account_id, available, _ in await self._work.tx.lookup(LOOKUP_BALANCES, missing):
                self.balances[account_id] = self._as_read[account_id] = available

    async def lock(self, account_id: AccountId) -> None:
        """Lock and read a balance again, so that no other transaction moves it before this one's commit. What this one
        has moved already is kept."""
        moved = self.balances.get(account_id, 0) - self._as_read.get(account_id, 0)
        for row in await self._work.tx.select_locked(SELECT_AVAILABLE, account_id):
            self._as_read[account_id] = row[0]
            self.balances[account_id] = row[0] + moved

    def entry_of(self, account_id: AccountId, reason: Reason) -> int:
        """Return the id of the entry that this transaction makes for an account and a reason; 0 if it makes none."""
        move = self._moves.get((account_id, reason))
        return move.entry_id if move else 0

    # --- an account's money

    def reserve(self, account_id: AccountId, microcredits: int) -> bool:
        """Move money from available to reserved; False if there is not enough."""
        left = self.balances.get(account_id, 0) - microcredits
        if left < 0:
            return False
        self.balances[account_id] = left
        self._move(account_id, Reason.RESERVE, microcredits)
        return True

    def credit(self, account_id: AccountId, microcredits: int) -> None:
        """Bring money in from outside or, negative, take it out."""
        self._move(account_id, Reason.CREDIT, microcredits)

    def transfer(self, giver: AccountId, taker: AccountId, microcredits: int) -> None:
        """Move money from one account to another: two legs of one entry. Both balances must have been read."""
        self.balances[giver] -= microcredits
        self.balances[taker] += microcredits
        self._transfers.append((giver, taker, microcredits, Reason.TRANSFER))

    def top_up(self, giver: AccountId | None, taker: AccountId, microcredits: int) -> None:
        """Move automatic credit from another account or, with None, from the credit line. Both balances must have been
        read."""
        self._low.topped_up.add(taker)
        self.balances[taker] += microcredits
        if giver is None:
            self._move(taker, Reason.TOPUP, microcredits)
        else:
            self.balances[giver] -= microcredits
            self._transfers.append((giver, taker, microcredits, Reason.TOPUP))

    # --- a part's money

    def settle(self, part: OpenPart, *, reason: Reason = Reason.SETTLE) -> int:
        """Move the money that was reserved for a part to the revenue. Returns the id of the ledger entry."""
        part.sent_ms = self._work.now_ms
        return self._move(part.message.account_id, reason, part.message.rate_microcredits)

    def settle_unanswered(self, part: OpenPart, *, reason: Reason = Reason.SETTLE) -> None:
        """Settle a part whose submit was never answered; it leaves a moment of its own in the timeline."""
        entry_id = self.settle(part, reason=reason)
        detail: Detail = {"entry": entry_id, "microcredits": part.message.rate_microcredits, "reason": reason}
        self._work.add_moment(part.message.id, MomentKind.SETTLED, detail)

    def give_back(self, part: OpenPart, *, reason: Reason = Reason.GIVE_BACK) -> None:
        """Move what was reserved for a part back to the account's available credit."""
        message = part.message
        entry_id = self._move(message.account_id, reason, message.rate_microcredits)
        message.price_microcredits -= message.rate_microcredits
        detail: Detail = {"entry": entry_id, "microcredits": message.rate_microcredits, "reason": reason}
        self._work.add_moment(message.id, MomentKind.GIVEN_BACK, detail)

    # --- writing

    async def write(self) -> None:
        """Write entries and balances. Raises Conflict if another node has spent meanwhile what is spent here."""
        if not self._moves and not self._transfers:
            return
        tx = self._work.tx
        legs: list[Row] = []
        deltas: dict[AccountId, list[int]] = {}
        self._enter_transfers(legs, deltas)
        self._enter_moves(legs, deltas)
        await tx.insert(INSERT_LEDGER, legs)
        for owner_id, (available, reserved) in sorted(deltas.items()):
            if await tx.execute(MOVE_BALANCE, available, reserved, owner_id, available) != 1:
                raise Conflict(f"the balance of account {owner_id} was spent by another node meanwhile")
        for owner_id, (available, _) in sorted(deltas.items()):
            if available > 0:
                await self._low.credited(owner_id)

    def _move(self, account_id: AccountId, reason: Reason, microcredits: int) -> int:
        """Move money between the books that the reason names. Returns the id of the entry, one for each account and
        reason."""
        move = self._moves.get((account_id, reason))
        if move is None:
            move = self._moves[(account_id, reason)] = _Move(self._work.context.ids.serial())
        move.microcredits += microcredits
        move.items += 1
        return move.entry_id

    def _enter_transfers(self, legs: list[Row], deltas: dict[AccountId, list[int]]) -> None:
        for giver, taker, microcredits, why in self._transfers:
            entry_id = self._work.context.ids.serial()
            for leg, (party, amount) in enumerate(((giver, -microcredits), (taker, microcredits))):
                legs.append((entry_id, leg, party, Book.AVAILABLE, amount, why, 1, self._work.now_ms))
                deltas.setdefault(party, [0, 0])[0] += amount

    def _enter_moves(self, legs: list[Row], deltas: dict[AccountId, list[int]]) -> None:
        for (account_id, reason), move in self._moves.items():
            for leg, (book, sign) in enumerate(zip(LEGS[reason], (-1, 1), strict=True)):
                amount = sign * move.microcredits
                owner = HOUSE if book in (Book.REVENUE, Book.FUNDING) else account_id
                legs.append((move.entry_id, leg, owner, book, amount, reason, move.items, self._work.now_ms))
                delta = deltas.setdefault(account_id, [0, 0])
                if book is Book.AVAILABLE:
                    delta[0] += amount
                elif book is Book.RESERVED:
                    delta[1] += amount
