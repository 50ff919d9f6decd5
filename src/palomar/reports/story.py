"""The story of one message: everything that is known of it, for the page that explains why it went as it did.

It has the message, its parts and moments, the callbacks still open, the ledger entries that took a share of its price,
and what it waits for. All is read in one transaction. Not here: who may see it (``console.viewer.viewer``).
"""

from dataclasses import dataclass

from palomar.billing.ledger_rows import LOOKUP_ENTRIES, Book, Reason
from palomar.reports.messages import MessageView, show_message
from palomar.reports.waits import Wait, find_wait
from palomar.storage.database import Transaction
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.timeline import Moment

__all__ = ["Book", "LedgerEntryView", "LedgerLeg", "Reason", "Story", "load_story"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLeg:
    """One leg of a ledger entry."""

    book: Book
    microcredits: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntryView:
    """What one transaction moved for one account and reason: this message's share and those of ``items`` - 1 others."""

    id: int
    reason: Reason
    items: int
    at_ms: int
    legs: tuple[LedgerLeg, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A message and everything that happened to it; ``entries`` are by the id that its moments name."""

    view: MessageView
    entries: dict[int, LedgerEntryView]
    wait: Wait | None = None
    """What it waits for now."""


async def load_story(tx: Transaction, message_id: MessageId) -> Story | None:
    """Read everything that is known of a message; None if there is no such message."""
    view = await show_message(tx, message_id)
    if view is None:
        return None
    return Story(view=view, entries=await _entries(tx, view.timeline), wait=await find_wait(tx, view))


async def _entries(tx: Transaction, moments: list[Moment]) -> dict[int, LedgerEntryView]:
    named = {entry for moment in moments if isinstance(entry := moment.detail.get("entry"), int) and entry}
    if not named:
        return {}
    found: dict[int, LedgerEntryView] = {}
    for identity, book, microcredits, reason, items, at_ms in await tx.lookup(LOOKUP_ENTRIES, sorted(named)):
        leg = LedgerLeg(book=Book(book), microcredits=microcredits)
        before = found.get(identity)
        legs = (*before.legs, leg) if before else (leg,)
        found[identity] = LedgerEntryView(id=identity, reason=Reason(reason), items=items, at_ms=at_ms, legs=legs)
    return found
