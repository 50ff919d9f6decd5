"""Notes of what was decided once for the whole installation."""

from enum import StrEnum

from palomar.storage.database import Transaction
from palomar.storage.statements import Insert


class Note(StrEnum):
    """Something that is noted once and stays."""

    BORROWS_VENDOR_SENDERS = "borrows_vendor_senders"
    """It had accounts before a sender was required, so it still sends by the vendors' names (noted by a migration)."""
    TRIAL_BEGUN = "trial_begun"
    """The first start has made an account to try with."""
    TRIAL_ENDED = "trial_ended"
    """The account of the first start was switched off when the first real carrier came."""


async def is_noted(tx: Transaction, note: Note) -> bool:
    """Return True if this was noted."""
    return bool(await tx.select(SELECT_NOTE, note.value))


async def note_once(tx: Transaction, note: Note, *, now_ms: int) -> bool:
    """Note this; return False if it was noted before."""
    if await is_noted(tx, note):
        return False
    await tx.insert_new(INSERT_NOTES, [(note.value, now_ms)])
    return True


INSERT_NOTES = Insert("installation", (("name", "text"), ("noted_ms", "bigint")), ignore_conflicts=True)
SELECT_NOTE = "SELECT noted_ms FROM installation WHERE name = ?"
