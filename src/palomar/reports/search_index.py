"""Indexing: messages become words in an index, behind the acceptance, slice by slice in the order of their ids.

An id is made before its message is committed, so the index stays some seconds behind the clock; what was committed
later still (a node that waited for the database, or whose clock is slow) a second look finds a quarter of an hour
later. Several nodes may index: each slice moves a row from where it was read, so only one of two comes to anything. Not
here: when it is done (``reports.search_indexer``), and the search (``search``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.reports import search_rows as rows
from palomar.reports.search_rows import Indexed, body_text, indexed
from palomar.reports.search_terms import tokens_of
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.vocabulary.message import MessageId, first_id

BEHIND_MS = 5_000
"""A request is answered within four seconds of its ids, or refused."""
CHECKED_BEHIND_MS = 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSlice:
    """Messages for the index (rows of SELECT_TO_INDEX), where it stood when they were read, where it stands with them,
    and whether there are more."""

    rows: Sequence[ResultRow]
    before: Indexed
    after: Indexed
    is_full: bool


async def next_slice(tx: Transaction, *, limit: int) -> IndexSlice:
    """The messages that the index lacks next. For a survey."""
    before = await indexed(tx)
    end = first_id(await tx.now_ms() - BEHIND_MS)
    found = await tx.select(rows.SELECT_TO_INDEX, before.to_id, end, limit)
    after = Indexed(MessageId(found[-1][0]), before.checked_id) if found else before
    return IndexSlice(rows=found, before=before, after=after, is_full=len(found) == limit)


async def missed_slice(tx: Transaction, *, limit: int) -> IndexSlice:
    """Of the next ``limit`` messages that nobody has looked for, those that the index lacks. For a survey."""
    before = await indexed(tx)
    end = min(before.to_id, first_id(await tx.now_ms() - CHECKED_BEHIND_MS))
    found = await tx.select(rows.SELECT_TO_CHECK, before.checked_id, end, limit)
    missed = [identity for identity, is_there in found if not is_there]
    after = Indexed(before.to_id, MessageId(found[-1][0])) if found else before
    lacking = await tx.lookup(rows.LOOKUP_TO_INDEX, missed) if missed else []
    return IndexSlice(rows=lacking, before=before, after=after, is_full=len(found) == limit)


async def add_slice(tx: Transaction, some: IndexSlice) -> bool:
    """Put a slice into the index; False if somebody else is at it, or has been since it was read."""
    found = await tx.select_locked(rows.SELECT_INDEXED, lock="skip")
    if not found or Indexed(*found[0]) != some.before:
        return False
    if some.rows:
        await tx.insert(rows.INSERT_WORDS, [(row[0], _body(row)) for row in some.rows])
    await tx.execute(rows.MOVE_INDEXED, some.after.to_id, some.after.checked_id)
    return True


async def oldest(tx: Transaction) -> MessageId | None:
    """The oldest message that there is. For a survey."""
    (identity,) = (await tx.select(rows.SELECT_OLDEST))[0]
    return None if identity is None else MessageId(identity)


async def forget_words(tx: Transaction, before: MessageId, *, limit: int) -> int:
    """Forget the words of messages that there are no more; how many."""
    return await tx.execute(rows.FORGET_WORDS, before, limit)


def _body(row: ResultRow) -> str:
    _, account_id, text, msisdn, label, sender, request_ref = row
    return body_text(
        tokens_of(account_id=account_id, text=text, msisdn=msisdn, label=label, sender=sender, request_ref=request_ref)
    )
