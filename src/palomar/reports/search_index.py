"""Indexing: messages become words of an index after their acceptance, slice by slice in the order of their ids.

An id is made before its message is committed, so the index stays some seconds behind the clock. What was committed
later still (a node that waited for the database, or whose clock is slow) is found by a second pass a quarter of an hour
later. Several nodes may index: each slice moves a row from where it was read, so only one of two takes effect. Not
here: when it is done (``reports.search_indexer``), and the search (``search``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.reports import search_rows as rows
from palomar.reports.search_rows import IndexProgress, body_text, read_index_progress
from palomar.reports.search_terms import tokens_of
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.vocabulary.message import MessageId, first_id

BEHIND_MS = 5_000
"""A request is answered within four seconds of its ids, or refused."""
CHECKED_BEHIND_MS = 900_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSlice:
    """Messages for the index (rows of SELECT_TO_INDEX), the progress when they were read, the progress with them, and
    whether there are more."""

    rows: Sequence[ResultRow]
    before: IndexProgress
    after: IndexProgress
    is_full: bool


async def next_slice(tx: Transaction, *, limit: int) -> IndexSlice:
    """Read the next messages that are not in the index. For ``Database.read_long``."""
    before = await read_index_progress(tx)
    end = first_id(await tx.now_ms() - BEHIND_MS)
    found = await tx.select(rows.SELECT_TO_INDEX, before.to_id, end, limit)
    after = IndexProgress(MessageId(found[-1][0]), before.checked_id) if found else before
    return IndexSlice(rows=found, before=before, after=after, is_full=len(found) == limit)


async def missed_slice(tx: Transaction, *, limit: int) -> IndexSlice:
    """Read those that the index lacks among the next ``limit`` messages of the second pass. For
    ``Database.read_long``."""
    before = await read_index_progress(tx)
    end = min(before.to_id, first_id(await tx.now_ms() - CHECKED_BEHIND_MS))
    found = await tx.select(rows.SELECT_TO_CHECK, before.checked_id, end, limit)
    missed = [identity for identity, is_there in found if not is_there]
    after = IndexProgress(before.to_id, MessageId(found[-1][0])) if found else before
    lacking = await tx.lookup(rows.LOOKUP_TO_INDEX, missed) if missed else []
    return IndexSlice(rows=lacking, before=before, after=after, is_full=len(found) == limit)


async def add_slice(tx: Transaction, index_slice: IndexSlice) -> bool:
    """Add a slice to the index; return False if another node does so, or has done so since it was read."""
    found = await tx.select_locked(rows.SELECT_INDEX_PROGRESS, lock="skip")
    if not found or IndexProgress(*found[0]) != index_slice.before:
        return False
    if index_slice.rows:
        await tx.insert(rows.INSERT_WORDS, [(row[0], _body(row)) for row in index_slice.rows])
    await tx.execute(rows.UPDATE_INDEX_PROGRESS, index_slice.after.to_id, index_slice.after.checked_id)
    return True


async def find_oldest(tx: Transaction) -> MessageId | None:
    """Return the id of the oldest message; None if there is none. For ``Database.read_long``."""
    (identity,) = (await tx.select(rows.SELECT_OLDEST))[0]
    return None if identity is None else MessageId(identity)


async def forget_words(tx: Transaction, before: MessageId, *, limit: int) -> int:
    """Forget the words of messages before an id, which are not kept any more; return how many."""
    return await tx.execute(rows.FORGET_WORDS, before, limit)


def _body(row: ResultRow) -> str:
    _, account_id, text, msisdn, label, sender, request_ref = row
    return body_text(
        tokens_of(account_id=account_id, text=text, msisdn=msisdn, label=label, sender=sender, request_ref=request_ref)
    )
