"""Search: messages by their words, state, time and way, newest first, a page and a bounded amount of work at a time.

Words are asked of the index; what is younger than the index is read through. A search without words walks along the
messages (``search_scan``). Where little is found, a search stops when it has looked at much, and says where to go on.
All of it is for a survey. Not here: who may look (its scope is given), and the index (``search_index``).
"""

from collections.abc import Collection
from dataclasses import dataclass

from palomar.reports import search_rows as rows
from palomar.reports.search_request import BOUNDS, LATEST, Looked, SearchBounds, SearchRequest
from palomar.reports.search_rows import indexed, match_text
from palomar.reports.search_scan import walk
from palomar.reports.search_terms import NOTHING, Query, SearchFilter, by_accounts, holds, query_of, tokens_of
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.message_rows import LOOKUP_MESSAGES, MessageRow, message_rows
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, first_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Messages, newest first, and before which id to go on; None where the period has been looked at to its end."""

    messages: list[MessageRow]
    older: MessageId | None


async def search(
    tx: Transaction,
    whose: Collection[AccountId] | None,
    wanted: SearchFilter,
    *,
    before: MessageId = LATEST,
    limit: int,
    bounds: SearchBounds = BOUNDS,
) -> Results:
    """The newest messages before an id that are wanted, of these accounts or of everybody (None). Fewer than ``limit``
    with an ``older`` is a search that has looked at much: it goes on from there."""
    task = _task(whose, wanted, before, limit, bounds)
    if task.low >= task.top or task.query == NOTHING or task.account_ids == frozenset():
        return Results(messages=[], older=None)
    ids, reached = await (walk(tx, task) if task.query is None else _ask(tx, task, task.query))
    if len(ids) >= limit:
        ids = ids[:limit]
        reached = ids[-1]
    messages = message_rows(await tx.lookup(LOOKUP_MESSAGES, ids)) if ids else []
    messages.reverse()
    return Results(messages=messages, older=reached if reached > task.low else None)


async def oldest(
    tx: Transaction, whose: Collection[AccountId] | None, account_ids: Collection[AccountId] | None
) -> MessageId | None:
    """The oldest message of accounts among those that may be seen; None if they have none. (Of many accounts, it is
    that of everybody.)"""
    ids = _both(whose, account_ids)
    if ids is None or len(ids) > BOUNDS.few_accounts:
        found = await tx.select(rows.SELECT_OLDEST)
    else:
        found = [row for one in ids for row in await tx.select(rows.SELECT_OLDEST_OF_ACCOUNT, one)]
    return min((MessageId(row[0]) for row in found if row[0] is not None), default=None)


def _both(one: Collection[AccountId] | None, other: Collection[AccountId] | None) -> frozenset[AccountId] | None:
    """The accounts that are in both; None is everybody."""
    if one is None or other is None:
        either = other if one is None else one
        return None if either is None else frozenset(either)
    return frozenset(one).intersection(other)


def _task(
    whose: Collection[AccountId] | None, wanted: SearchFilter, before: MessageId, limit: int, bounds: SearchBounds
) -> SearchRequest:
    low = first_id(wanted.since_ms) if wanted.since_ms is not None else MessageId(0)
    top = min(before, first_id(wanted.until_ms)) if wanted.until_ms is not None else before
    if wanted.message_id is not None:
        low, top = max(low, wanted.message_id), min(top, MessageId(wanted.message_id + 1))
    return SearchRequest(
        wanted=wanted,
        account_ids=_both(whose, wanted.account_ids),
        query=query_of(wanted),
        low=low,
        top=top,
        limit=limit,
        bounds=bounds,
    )


async def _ask(tx: Transaction, task: SearchRequest, query: Query) -> Looked:
    """First what is younger than the index, then the index."""
    to_id = (await indexed(tx)).to_id
    young_low = max(task.low, MessageId(to_id + 1))
    found, reached = await _read_young(tx, task, query, low=young_low) if young_low < task.top else ([], task.top)
    if len(found) >= task.limit or reached > young_low:
        return found, reached
    return await _ask_index(tx, task, query, found, top=reached)


async def _read_young(tx: Transaction, task: SearchRequest, query: Query, *, low: MessageId) -> Looked:
    found: list[MessageId] = []
    bounds, reached, read = task.bounds, task.top, 0
    while reached > low and len(found) < task.limit and read < bounds.read:
        young = await tx.select(rows.SELECT_UNINDEXED, low, reached, bounds.read_at_once)
        found += [MessageId(row[0]) for row in young if task.fits(row) and holds(query, _tokens(row))]
        reached = MessageId(young[-1][0]) if len(young) == bounds.read_at_once else low
        read += len(young)
    return found, reached


async def _ask_index(
    tx: Transaction, task: SearchRequest, query: Query, found: list[MessageId], *, top: MessageId
) -> Looked:
    """What the index gives; the further it has to be looked at for the rest that is wanted, the more at once."""
    if task.few_accounts is not None:
        query = by_accounts(query, task.few_accounts)
    is_told = task.account_ids is None or task.few_accounts is not None
    is_told = is_told and not (task.wanted.state or task.wanted.carrier or task.wanted.request_ref)
    bounds, text, reached, looked_at = task.bounds, match_text(query), top, 0
    at_once = task.limit if is_told else bounds.candidates_at_first
    while reached > task.low and len(found) < task.limit and looked_at < bounds.candidates:
        candidates = [
            MessageId(row[0]) for row in await tx.query(rows.ASK_CANDIDATES, text, task.low, reached, at_once)
        ]
        if is_told:
            found += candidates
        else:
            facts = await tx.lookup(rows.LOOKUP_FACTS, candidates)
            found += [MessageId(row[0]) for row in facts if task.fits(row)]
        reached = candidates[-1] if len(candidates) == at_once else task.low
        looked_at += len(candidates)
        at_once = min(at_once * 4, bounds.candidates_at_most)
    return found, reached


def _tokens(row: ResultRow) -> set[str]:
    _, account_id, _, _, request_ref, text, msisdn, label, sender = row
    return tokens_of(
        account_id=account_id, text=text, msisdn=msisdn, label=label, sender=sender, request_ref=request_ref
    )
