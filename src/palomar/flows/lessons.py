"""Lessons: what carriers have taught us, kept so that a restart need not learn again; people may unlearn them."""

from collections.abc import Mapping
from dataclasses import dataclass

from palomar.domain.receipt_ids import Spelling
from palomar.storage import routing as rows
from palomar.storage.change_counter import BUMP_VERSION
from palomar.storage.database import Transaction

RECEIPT_IDS = "receipt_ids"
"""The subject of how receipts spell the ids of answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One thing that a carrier has taught us."""

    carrier: str
    subject: str
    value: str
    learned_ms: int


async def list_lessons(tx: Transaction) -> list[Lesson]:
    """All lessons, by carrier."""
    return [
        Lesson(carrier=row[0], subject=row[1], value=row[2], learned_ms=row[3])
        for row in await tx.select(rows.SELECT_LESSONS)
    ]


async def load_spellings(tx: Transaction) -> Mapping[str, Spelling]:
    """How each carrier's receipts spell ids."""
    lessons = await list_lessons(tx)
    return {lesson.carrier: Spelling(lesson.value) for lesson in lessons if lesson.subject == RECEIPT_IDS}


async def learn(tx: Transaction, lesson: Lesson) -> None:
    """Keep a lesson, in place of another on its subject; every node hears of it."""
    await tx.execute(rows.FORGET_LESSON, lesson.carrier, lesson.subject)
    await tx.insert_new(rows.INSERT_LESSONS, [(lesson.carrier, lesson.subject, lesson.value, lesson.learned_ms)])
    await tx.execute(BUMP_VERSION)


async def unlearn(tx: Transaction, carrier: str, subject: str) -> bool:
    """Forget a lesson; False if there was none."""
    if await tx.execute(rows.FORGET_LESSON, carrier, subject) == 0:
        return False
    await tx.execute(BUMP_VERSION)
    return True
