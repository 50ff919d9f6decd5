"""Store lessons: what is learned of a carrier, today how its receipts spell the ids of its answers (table ``lessons``).

A lesson outlives a restart, and people may remove a wrong one. Not here: how a format is learned (``matching``), and
the formats themselves (``vocabulary.receipt_ids``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, columns_of
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.context import ContextExtension
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.receipt_ids import ReceiptIdFormat

SELECT_LESSONS = "SELECT carrier, subject, value, learned_ms FROM lessons ORDER BY carrier, subject"
INSERT_LESSONS = Insert(
    "lessons",
    (*columns_of("text", "carrier subject value"), *columns_of("bigint", "learned_ms")),
    ignore_conflicts=True,
)
FORGET_LESSON = "DELETE FROM lessons WHERE carrier = ? AND subject = ?"

RECEIPT_IDS = "receipt_ids"
"""The subject of lessons about how receipts spell the ids of answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One learned fact about a carrier."""

    carrier: str
    subject: str
    value: str
    learned_ms: int


class ReceiptContext(ContextExtension, frozen=True, kw_only=True):
    """Facts about carriers' receipts: ``receipt_id_formats`` by carrier, as far as learned; ``one_receipt`` are the
    carriers that send a receipt for one part alone of a long message."""

    receipt_id_formats: Mapping[str, ReceiptIdFormat]
    one_receipt: frozenset[str]


class Lessons(Participant):
    """The lessons of one transaction: at most one for a carrier and subject."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._new: dict[tuple[str, str], str] = {}

    def learn(self, carrier: str, subject: str, value: str) -> None:
        """Add a lesson, unless this transaction has one for this carrier and subject."""
        self._new.setdefault((carrier, subject), value)

    async def write(self) -> None:
        """Store the lessons in place of earlier ones, and make every node read them."""
        tx, now_ms = self._work.tx, self._work.now_ms
        for (carrier, subject), value in sorted(self._new.items()):
            await tx.execute(FORGET_LESSON, carrier, subject)
            await tx.insert_new(INSERT_LESSONS, [(carrier, subject, value, now_ms)])
        if self._new:
            await tx.execute(BUMP_VERSION)


async def list_lessons(tx: Transaction) -> list[Lesson]:
    """List all lessons, by carrier."""
    return [
        Lesson(carrier=row[0], subject=row[1], value=row[2], learned_ms=row[3])
        for row in await tx.select(SELECT_LESSONS)
    ]


async def load_receipt_id_formats(tx: Transaction) -> Mapping[str, ReceiptIdFormat]:
    """Read the format of ids in receipts, by carrier."""
    lessons = await list_lessons(tx)
    return {lesson.carrier: ReceiptIdFormat(lesson.value) for lesson in lessons if lesson.subject == RECEIPT_IDS}


async def unlearn(tx: Transaction, carrier: str, subject: str) -> bool:
    """Remove a lesson; return False if there was none."""
    if await tx.execute(FORGET_LESSON, carrier, subject) == 0:
        return False
    await tx.execute(BUMP_VERSION)
    return True
