"""Search: messages by their words, state, time and way, newest first, a page and a bounded amount of work at a time.

Words are asked of the index; what is younger than the index is read through. A search without words walks along the
messages, whose ids sort by birth, or along those that have not ended. Where little is found, a search stops when it has
looked at much, and says where to go on. All of it is for a survey. Not here: who may look (its scope is given), and the
index (``indexing``).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from palomar.domain.account import AccountId
from palomar.domain.message import FINAL, MessageId, first_id
from palomar.domain.search import NOTHING, Query, SearchFilter, by_accounts, holds, query_of, tokens_of
from palomar.storage import search as rows
from palomar.storage.database import Transaction
from palomar.storage.messages import LOOKUP_MESSAGES, MessageRow, message_rows
from palomar.storage.search import Source, ask_newest, indexed, match_text
from palomar.storage.statements import Found, Value, ids_text

LATEST: Final = MessageId((1 << 63) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one search looks at; the defaults were measured at a million messages."""

    few_accounts: int = 64
    """So many accounts are looked for one by one, along their own messages; more along everybody's."""
    walked: int = 250_000
    """Of everybody's messages, where there are no words to ask the index for."""
    walked_of_accounts: int = 100_000
    """Of those of few accounts: each is looked up."""
    read: int = 20_000
    """Of the messages younger than the index: their words are made on the way."""
    read_at_once: int = 1_000
    candidates: int = 20_000
    candidates_at_first: int = 2_000
    candidates_at_most: int = 10_000
    """Of the messages that the index gives, where their state, carrier or account has to be looked at."""
    still_open: int = 20_000
    """If no more messages have not ended, those that have some open state are looked for among them."""


BOUNDS: Final = Bounds()


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
    bounds: Bounds = BOUNDS,
) -> Results:
    """The newest messages before an id that are wanted, of these accounts or of everybody (None). Fewer than ``limit``
    with an ``older`` is a search that has looked at much: it goes on from there."""
    task = _task(whose, wanted, before, limit, bounds)
    if task.low >= task.top or task.query == NOTHING or task.account_ids == frozenset():
        return Results(messages=[], older=None)
    ids, reached = await (_walk(tx, task) if task.query is None else _ask(tx, task, task.query))
    if len(ids) >= limit:
        ids = ids[:limit]
        reached = ids[-1]
    messages = message_rows(await tx.lookup(LOOKUP_MESSAGES, ids)) if ids else []
    messages.reverse()
    return Results(messages=messages, older=reached if reached > task.low else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is looked for, from ``low`` (included) to ``top`` (not)."""

    wanted: SearchFilter
    account_ids: frozenset[AccountId] | None
    query: Query | None
    low: MessageId
    top: MessageId
    limit: int
    bounds: Bounds

    @property
    def few_accounts(self) -> frozenset[AccountId] | None:
        """The accounts, if they are few."""
        ids = self.account_ids
        return ids if ids is not None and len(ids) <= self.bounds.few_accounts else None

    def fits(self, facts: Found) -> bool:
        """Whether what tokens do not tell of a message is as wanted: rows that begin as those of LOOKUP_FACTS."""
        _, account_id, state, carrier, subid, *_ = facts
        wanted = self.wanted
        return (
            (self.account_ids is None or account_id in self.account_ids)
            and (wanted.state is None or state == wanted.state.value)
            and wanted.carrier in ("", carrier)
            and wanted.subid in ("", subid)
        )


_Looked = tuple[list[MessageId], MessageId]
"""What was found, newest first, and down to which id (included) it was looked."""


def _task(
    whose: Collection[AccountId] | None, wanted: SearchFilter, before: MessageId, limit: int, bounds: Bounds
) -> _Task:
    low = first_id(wanted.since_ms) if wanted.since_ms is not None else MessageId(0)
    top = min(before, first_id(wanted.until_ms)) if wanted.until_ms is not None else before
    if wanted.message_id is not None:
        low, top = max(low, wanted.message_id), min(top, MessageId(wanted.message_id + 1))
    account_ids = wanted.account_ids
    if whose is not None:
        account_ids = frozenset(whose) if account_ids is None else account_ids.intersection(whose)
    return _Task(
        wanted=wanted,
        account_ids=account_ids,
        query=query_of(wanted),
        low=low,
        top=top,
        limit=limit,
        bounds=bounds,
    )


# --- with words


async def _ask(tx: Transaction, task: _Task, query: Query) -> _Looked:
    """First what is younger than the index, then the index."""
    to_id = (await indexed(tx)).to_id
    young_low = max(task.low, MessageId(to_id + 1))
    found, reached = await _read_young(tx, task, query, low=young_low) if young_low < task.top else ([], task.top)
    if len(found) >= task.limit or reached > young_low:
        return found, reached
    return await _ask_index(tx, task, query, found, top=reached)


async def _read_young(tx: Transaction, task: _Task, query: Query, *, low: MessageId) -> _Looked:
    found: list[MessageId] = []
    bounds, reached, read = task.bounds, task.top, 0
    while reached > low and len(found) < task.limit and read < bounds.read:
        young = await tx.select(rows.SELECT_UNINDEXED, low, reached, bounds.read_at_once)
        found += [MessageId(row[0]) for row in young if task.fits(row) and holds(query, _tokens(row))]
        reached = MessageId(young[-1][0]) if len(young) == bounds.read_at_once else low
        read += len(young)
    return found, reached


async def _ask_index(tx: Transaction, task: _Task, query: Query, found: list[MessageId], *, top: MessageId) -> _Looked:
    """What the index gives; the further it has to be looked at for the rest that is wanted, the more at once."""
    if task.few_accounts is not None:
        query = by_accounts(query, task.few_accounts)
    is_told = task.account_ids is None or task.few_accounts is not None
    is_told = is_told and not (task.wanted.state or task.wanted.carrier or task.wanted.subid)
    bounds, text, reached, looked_at = task.bounds, match_text(query), top, 0
    at_once = task.limit if is_told else bounds.candidates_at_first
    while reached > task.low and len(found) < task.limit and looked_at < bounds.candidates:
        candidates = [MessageId(row[0]) for row in await tx.ask(rows.ASK_CANDIDATES, text, task.low, reached, at_once)]
        if is_told:
            found += candidates
        else:
            facts = await tx.lookup(rows.LOOKUP_FACTS, candidates)
            found += [MessageId(row[0]) for row in facts if task.fits(row)]
        reached = candidates[-1] if len(candidates) == at_once else task.low
        looked_at += len(candidates)
        at_once = min(at_once * 4, bounds.candidates_at_most)
    return found, reached


def _tokens(row: Found) -> set[str]:
    _, account_id, _, _, subid, text, msisdn, label, sender = row
    return tokens_of(account_id=account_id, text=text, msisdn=msisdn, label=label, sender=sender, subid=subid)


# --- without words


async def _walk(tx: Transaction, task: _Task) -> _Looked:
    bounds = task.bounds
    if task.wanted.state is not None and task.wanted.state not in FINAL:
        (open_messages,) = (await tx.ask(rows.ASK_OPEN, bounds.still_open + 1))[0]
        if open_messages <= bounds.still_open:
            return await _newest(tx, task, "open", bounds.still_open, among=task.account_ids), task.low
    if task.few_accounts is None:
        return await _walk_along(tx, task, None, bounds.walked)
    found: list[MessageId] = []
    reached = task.low
    for account_id in task.few_accounts:
        some, down_to = await _walk_along(tx, task, account_id, bounds.walked_of_accounts // len(task.few_accounts))
        found += some
        reached = max(reached, down_to)
    return sorted((identity for identity in found if identity >= reached), reverse=True), reached


async def _walk_along(tx: Transaction, task: _Task, account_id: AccountId | None, most: int) -> _Looked:
    """Look at so many messages at most, an account's or everybody's."""
    if account_id is None:
        found = await _newest(tx, task, "all", most, among=task.account_ids)
        last, more = rows.ASK_LAST_OF_ALL, []
    else:
        found = await _newest(tx, task, "account", most, account_id)
        last, more = rows.ASK_LAST_OF_ACCOUNT, [account_id]
    if len(found) == task.limit:
        return found, found[-1]
    looked_at = await tx.ask(last, task.low, task.top, most - 1, *more)
    return found, MessageId(looked_at[0][0]) if looked_at else task.low


async def _newest(
    tx: Transaction,
    task: _Task,
    source: Source,
    most: int,
    account_id: AccountId | None = None,
    *,
    among: frozenset[AccountId] | None = None,
) -> list[MessageId]:
    wanted = task.wanted
    question = ask_newest(source, among=among is not None, state=wanted.state is not None, carrier=bool(wanted.carrier))
    values: list[Value] = [task.low, task.top, most, task.limit]
    if account_id is not None:
        values.append(account_id)
    if among is not None:
        values.append(ids_text(among))
    values += [value for value in (wanted.state.value if wanted.state else "", wanted.carrier) if value]
    return [MessageId(row[0]) for row in await tx.ask(question, *values)]
