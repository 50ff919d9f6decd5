"""Walking: messages that are wanted without words are looked for along their ids, which sort by birth.

What has not ended is looked for among all that has not. Else the counts tell which hours to walk along: those that have
some of that state and carrier, or anything that has not ended, and so may have come to be some since. What is younger
than the counts is walked along anyway. (A late receipt that corrects a presumed end may be missed for the seconds until
its minute is counted.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from palomar.reports import search_rows as rows
from palomar.reports.buckets import EVERYBODY, Bucket, Floors
from palomar.reports.count_rows import ask_spans, tally_row
from palomar.reports.search_request import Looked, SearchRequest
from palomar.reports.search_rows import Source, ask_in_spans, ask_newest
from palomar.storage.database import Transaction
from palomar.storage.statements import Value, ids_text
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import FINAL, MessageId, born_ms, first_id


async def walk(tx: Transaction, task: SearchRequest) -> Looked:
    """The newest that are wanted, as far as the task allows to look."""
    wanted, most = task.wanted, task.bounds.still_open
    if wanted.state is not None and wanted.state not in FINAL:
        (open_messages,) = (await tx.query(rows.ASK_OPEN, most + 1))[0]
        if open_messages <= most:
            return await _newest(tx, task, "open", most, task.low, task.top, among=task.account_ids), task.low
    if not _is_narrowed(task):
        return await _walk_along(tx, task, task.low, task.top)
    tally = await tally_row(tx)
    counted = max(first_id(Bucket.HOUR.start_of(tally.reached_ms)), task.low)
    found, reached = await _walk_along(tx, task, counted, task.top) if counted < task.top else ([], task.top)
    if len(found) >= task.limit or reached > counted or reached <= task.low:
        return found, reached
    return await _walk_counted(tx, task, tally.floors, found, top=reached)


def _is_narrowed(task: SearchRequest) -> bool:
    """Whether not all that is walked along is wanted."""
    is_of_many = task.account_ids is not None and task.few_accounts is None
    return is_of_many or bool(task.wanted.state or task.wanted.carrier)


# --- hour by hour, as the counts say


@dataclass(frozen=True, slots=True)
class _Span:
    """An hour or a day that may have what is wanted, and how many messages have to be looked at for it."""

    start_ms: int
    messages: int


async def _walk_counted(
    tx: Transaction, task: SearchRequest, floors: Floors, found: list[MessageId], *, top: MessageId
) -> Looked:
    left, at_once = task.walked, task.bounds.walked_at_first
    for grain, starts in _windows(task, top, floors):
        spans = await _promising(tx, task, grain, starts)
        while spans:
            some = _first_of(spans, at_once)
            low, high = max(task.low, first_id(some[-1].start_ms)), min(top, first_id(some[0].start_ms + grain))
            if some[0].messages > task.walked:
                more, reached = await _walk_along(tx, task, low, high)
                return found + more, reached
            found = found + await _in_spans(tx, task, grain, some, low, high)
            if len(found) >= task.limit:
                return found, found[-1]
            left -= sum(span.messages for span in some)
            if left <= 0:
                return found, low
            spans, at_once = spans[len(some) :], min(4 * at_once, left)
    return found, task.low


def _windows(task: SearchRequest, top: MessageId, floors: Floors) -> Iterator[tuple[Bucket, range]]:
    """When the hours, and before those the days, begin that lie before an id: some at once, the youngest first."""
    low_ms, at_ms = born_ms(task.low), born_ms(MessageId(top - 1))
    for grain, floor_ms in ((Bucket.HOUR, max(floors.hours_ms, low_ms)), (Bucket.DAY, low_ms)):
        first_ms, last_ms = grain.start_of(floor_ms), grain.start_of(at_ms)
        while last_ms >= first_ms and at_ms >= floor_ms:
            begin_ms = max(first_ms, last_ms - (task.bounds.spans_at_once - 1) * grain)
            yield grain, range(begin_ms, last_ms + 1, grain)
            at_ms, last_ms = begin_ms - 1, begin_ms - grain


async def _promising(tx: Transaction, task: SearchRequest, grain: Bucket, starts: range) -> list[_Span]:
    """Of these hours or days, those that may have some, the youngest first."""
    wanted = task.wanted
    question = ask_spans(state=wanted.state is not None, carrier=bool(wanted.carrier))
    ids = [EVERYBODY] if task.few_accounts is None else task.few_accounts
    found = await tx.query(question, int(grain), ids_text(starts), ids_text(ids), *_facts(task))
    return [_Span(start_ms, messages) for start_ms, messages in found]


def _first_of(spans: list[_Span], messages: int) -> list[_Span]:
    """So many that they have that many messages, but one at least."""
    total = 0
    for number, span in enumerate(spans, 1):
        total += span.messages
        if total >= messages:
            return spans[:number]
    return spans


async def _in_spans(
    tx: Transaction, task: SearchRequest, grain: Bucket, spans: list[_Span], low: MessageId, high: MessageId
) -> list[MessageId]:
    wanted, among = task.wanted, task.account_ids
    question = ask_in_spans(among=among is not None, state=wanted.state is not None, carrier=bool(wanted.carrier))
    values: list[Value] = [ids_text(span.start_ms for span in spans), int(grain), low, high, task.limit]
    values += [] if among is None else [ids_text(among)]
    return [MessageId(row[0]) for row in await tx.query(question, *values, *_facts(task))]


# --- message by message


async def _walk_along(tx: Transaction, task: SearchRequest, low: MessageId, top: MessageId) -> Looked:
    """Look at messages between two ids, at no more of them than the task allows."""
    if task.few_accounts is None:
        return await _walk_one(tx, task, None, task.walked, low, top)
    found: list[MessageId] = []
    reached = low
    for account_id in task.few_accounts:
        some, down_to = await _walk_one(tx, task, account_id, task.walked // len(task.few_accounts), low, top)
        found += some
        reached = max(reached, down_to)
    return sorted((identity for identity in found if identity >= reached), reverse=True), reached


async def _walk_one(
    tx: Transaction, task: SearchRequest, account_id: AccountId | None, most: int, low: MessageId, top: MessageId
) -> Looked:
    if account_id is None:
        found = await _newest(tx, task, "all", most, low, top, among=task.account_ids)
        last, more = rows.ASK_LAST_OF_ALL, []
    else:
        found = await _newest(tx, task, "account", most, low, top, account_id)
        last, more = rows.ASK_LAST_OF_ACCOUNT, [account_id]
    if len(found) == task.limit:
        return found, found[-1]
    looked_at = await tx.query(last, low, top, most - 1, *more)
    return found, MessageId(looked_at[0][0]) if looked_at else low


async def _newest(
    tx: Transaction,
    task: SearchRequest,
    source: Source,
    most: int,
    low: MessageId,
    top: MessageId,
    account_id: AccountId | None = None,
    *,
    among: frozenset[AccountId] | None = None,
) -> list[MessageId]:
    wanted = task.wanted
    question = ask_newest(source, among=among is not None, state=wanted.state is not None, carrier=bool(wanted.carrier))
    values: list[Value] = [low, top, most, task.limit]
    if account_id is not None:
        values.append(account_id)
    if among is not None:
        values.append(ids_text(among))
    return [MessageId(row[0]) for row in await tx.query(question, *values, *_facts(task))]


def _facts(task: SearchRequest) -> list[Value]:
    """The state and the carrier that are wanted, where they are."""
    wanted = task.wanted
    return [value for value in (wanted.state.value if wanted.state else "", wanted.carrier) if value]
