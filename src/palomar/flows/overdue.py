"""Overdue: parts that a carrier took long ago and of which no receipt has come, so that somebody can ask for them."""

from dataclasses import dataclass

from palomar.domain.message import PartId
from palomar.storage import messages as rows
from palomar.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class OverduePart:
    """A part with the carrier's id for it, and what else a carrier wants to know of it."""

    part_id: PartId
    reference: str
    sender: str
    country: str


async def overdue_parts(
    tx: Transaction, carrier: str, *, sent_before_ms: int, after: int, limit: int
) -> list[OverduePart]:
    """Parts that this carrier took before a time, by id; the next page is behind the last of this one."""
    found = await tx.select(rows.SELECT_WITHOUT_RECEIPT, carrier, sent_before_ms, after, limit)
    return [OverduePart(part_id=PartId(row[0]), reference=row[1], sender=row[2], country=row[3]) for row in found]
