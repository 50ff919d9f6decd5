"""Search: messages by their words, state, time, carrier and account, newest first, one page and a bounded amount of
work at a time.

Words are looked up in the index; messages younger than the index are read one by one. A search without words scans the
messages (``search_scan``). If little is found, a search stops when it has read much, and returns where to go on. All of
it is for ``Database.read_long``. Not here: who may look (the accounts are given), and the index (``search_index``).
"""

from collections.abc import Collection
from dataclasses import dataclass

from palomar.reports import search_rows as rows
from palomar.reports.search_request import BOUNDS, LATEST, SearchBounds, SearchRequest, SearchStep
from palomar.reports.search_rows import match_text, read_index_progress
from palomar.reports.search_scan import scan
from palomar.reports.search_terms import (
    NOTHING,
    Query,
    SearchFilter,
    build_query,
    matches,
    restrict_to_accounts,
    tokens_of,
)
from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.message_rows import LOOKUP_MESSAGES, MessageRow, message_rows
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, first_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Messages, newest first, and before which id to go on; None if the period was searched to its end."""

    messages: list[MessageRow]
    older: MessageId | None


async def search(
    tx: Transaction,
    visible: Collection[AccountId] | None,
    wanted: SearchFilter,
    *,
    before: MessageId = LATEST,
    limit: int,
    bounds: SearchBounds = BOUNDS,
) -> Results:
    """Return the newest messages before an id that are wanted, of the visible accounts or of all (None). Fewer than
    ``limit`` with an ``older`` means that the search has read much: it goes on from there."""
    request = _make_request(visible, wanted, before, limit, bounds)
    if request.since_id >= request.until_id or request.query == NOTHING or request.account_ids == frozenset():
        return Results(messages=[], older=None)
    ids, reached = await (scan(tx, request) if request.query is None else _search_words(tx, request, request.query))
    if len(ids) >= limit:
        ids = ids[:limit]
        reached = ids[-1]
    messages = message_rows(await tx.lookup(LOOKUP_MESSAGES, ids)) if ids else []
    messages.reverse()
    return Results(messages=messages, older=reached if reached > request.since_id else None)


async def find_oldest(
    tx: Transaction, visible: Collection[AccountId] | None, account_ids: Collection[AccountId] | None
) -> MessageId | None:
    """Return the oldest message of some accounts among the visible ones; None if they have none. If the accounts are
    many, return the oldest message of all."""
    ids = _intersect(visible, account_ids)
    if ids is None or len(ids) > BOUNDS.few_accounts:
        found = await tx.select(rows.SELECT_OLDEST)
    else:
        found = [row for one in ids for row in await tx.select(rows.SELECT_OLDEST_OF_ACCOUNT, one)]
    return min((MessageId(row[0]) for row in found if row[0] is not None), default=None)


def _intersect(one: Collection[AccountId] | None, other: Collection[AccountId] | None) -> frozenset[AccountId] | None:
    """Return the accounts that are in both sets; None is all accounts."""
    if one is None or other is None:
        either = other if one is None else one
        return None if either is None else frozenset(either)
    return frozenset(one).intersection(other)


def _make_request(
    visible: Collection[AccountId] | None, wanted: SearchFilter, before: MessageId, limit: int, bounds: SearchBounds
) -> SearchRequest:
    since_id = first_id(wanted.since_ms) if wanted.since_ms is not None else MessageId(0)
    until_id = min(before, first_id(wanted.until_ms)) if wanted.until_ms is not None else before
    if wanted.message_id is not None:
        since_id = max(since_id, wanted.message_id)
        until_id = min(until_id, MessageId(wanted.message_id + 1))
    return SearchRequest(
        wanted=wanted,
        account_ids=_intersect(visible, wanted.account_ids),
        query=build_query(wanted),
        since_id=since_id,
        until_id=until_id,
        limit=limit,
        bounds=bounds,
    )


async def _search_words(tx: Transaction, request: SearchRequest, query: Query) -> SearchStep:
    """Search the messages younger than the index, then the index."""
    to_id = (await read_index_progress(tx)).to_id
    unindexed_since = max(request.since_id, MessageId(to_id + 1))
    found, reached = (
        await _read_unindexed(tx, request, query, low=unindexed_since)
        if unindexed_since < request.until_id
        else ([], request.until_id)
    )
    if len(found) >= request.limit or reached > unindexed_since:
        return found, reached
    return await _search_index(tx, request, query, found, top=reached)


async def _read_unindexed(tx: Transaction, request: SearchRequest, query: Query, *, low: MessageId) -> SearchStep:
    found: list[MessageId] = []
    bounds, reached, read = request.bounds, request.until_id, 0
    while reached > low and len(found) < request.limit and read < bounds.read:
        unindexed = await tx.select(rows.SELECT_UNINDEXED, low, reached, bounds.read_at_once)
        found += [MessageId(row[0]) for row in unindexed if request.fits(row) and matches(query, _tokens(row))]
        reached = MessageId(unindexed[-1][0]) if len(unindexed) == bounds.read_at_once else low
        read += len(unindexed)
    return found, reached


async def _search_index(
    tx: Transaction, request: SearchRequest, query: Query, found: list[MessageId], *, top: MessageId
) -> SearchStep:
    """Search the index; the more of it has to be read for the rest of the page, the more at once."""
    if request.few_accounts is not None:
        query = restrict_to_accounts(query, request.few_accounts)
    is_decided = request.account_ids is None or request.few_accounts is not None
    is_decided = is_decided and not (request.wanted.state or request.wanted.carrier or request.wanted.request_ref)
    bounds, text, reached, looked_at = request.bounds, match_text(query), top, 0
    at_once = request.limit if is_decided else bounds.candidates_at_first
    while reached > request.since_id and len(found) < request.limit and looked_at < bounds.candidates:
        candidates = [
            MessageId(row[0])
            for row in await tx.query(rows.SELECT_CANDIDATES, text, request.since_id, reached, at_once)
        ]
        if is_decided:
            found += candidates
        else:
            facts = await tx.lookup(rows.LOOKUP_FACTS, candidates)
            found += [MessageId(row[0]) for row in facts if request.fits(row)]
        reached = candidates[-1] if len(candidates) == at_once else request.since_id
        looked_at += len(candidates)
        at_once = min(at_once * 4, bounds.candidates_at_most)
    return found, reached


def _tokens(row: ResultRow) -> set[str]:
    _, account_id, _, _, request_ref, text, msisdn, label, sender = row
    return tokens_of(
        account_id=account_id, text=text, msisdn=msisdn, label=label, sender=sender, request_ref=request_ref
    )
