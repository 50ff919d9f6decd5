"""The end of a trial: its account must not reach real phones.

The account is switched off, and its waiting messages end: what never left is cancelled and its credit comes back, what
a simulated carrier may have becomes unknown.
"""

from collections.abc import Sequence
from dataclasses import replace

from palomar.accounts.store import change_account
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import end_part
from palomar.storage.database import Transaction
from palomar.transaction import message_rows as rows
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import FINAL, PartId, State

AT_ONCE = 500
"""Messages that one transaction ends at most."""


async def has_sent_by(tx: Transaction, account: Account, carriers: Sequence[str]) -> bool:
    """Return True if a message of the account went by one of these carriers."""
    for carrier in carriers:
        if await tx.select(rows.SELECT_ANY_BY_CARRIER, account.id, carrier):
            return True
    return False


async def end_some(work: Work, account: Account, *, after: int) -> int:
    """Switch the account off and end its waiting messages after an id; return the id to go on after, or 0 if none is
    left."""
    await change_account(work.tx, replace(account, enabled=False))
    found = [row[0] for row in await work.tx.select_locked(rows.SELECT_WAITING, account.id, after, AT_ONCE)]
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, found)] if found else []
    known = await work.read_parts(ids)
    doubts = Doubts.of(work)
    await doubts.load(ids)
    for identity in ids:
        part = known[identity]
        if part.state in FINAL or part.state is State.SENT:
            continue
        if part.state is not State.HELD:
            work.leave_queue(part)
        may_be_away = part.state in (State.SUBMITTING, State.HELD) or doubts.is_open(part)
        end_part(work, part, State.UNKNOWN if may_be_away else State.CANCELLED)
    return found[-1] if found else 0
