"""Scanning: a search without words reads messages along their ids, which sort by the time of acceptance.

A search for an open state reads all messages that have not ended. Otherwise the counts tell which hours to scan: those
with messages of that state and carrier, or with any that have not ended and so may have come to be such since. What is
younger than the counts is scanned in any case. (A late receipt that corrects a presumed end may be missed for the
seconds until its minute is counted.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

from palomar.reports import search_rows as rows
from palomar.reports.buckets import EVERYBODY, Bucket, CountRetention
from palomar.reports.count_rows import read_progress, select_spans
from palomar.reports.search_request import SearchRequest, SearchStep
from palomar.reports.search_rows import Source, select_in_spans, select_newest
from palomar.storage.database import Transaction
from palomar.storage.statements import Value, ids_text
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import FINAL, MessageId, accepted_ms, first_id


async def scan(tx: Transaction, request: SearchRequest) -> SearchStep:
    """Find the newest messages that are wanted, as far as the request allows to read."""
    wanted, most = request.wanted, request.bounds.still_open
    if wanted.state is not None and wanted.state not in FINAL:
        (open_messages,) = (await tx.query(rows.COUNT_OPEN, most + 1))[0]
        if open_messages <= most:
            return await _newest(
                tx, request, "open", most, request.since_id, request.until_id, among=request.account_ids
            ), request.since_id
    if not _is_narrowed(request):
        return await _scan_along(tx, request, request.since_id, request.until_id)
    progress = await read_progress(tx)
    counted = max(first_id(Bucket.HOUR.start_of(progress.reached_ms)), request.since_id)
    found, reached = (
        await _scan_along(tx, request, counted, request.until_id)
        if counted < request.until_id
        else ([], request.until_id)
    )
    if len(found) >= request.limit or reached > counted or reached <= request.since_id:
        return found, reached
    return await _scan_counted(tx, request, progress.retention, found, top=reached)


def _is_narrowed(request: SearchRequest) -> bool:
    """Return True if not all scanned messages are wanted."""
    is_of_many = request.account_ids is not None and request.few_accounts is None
    return is_of_many or bool(request.wanted.state or request.wanted.carrier)


# --- hour by hour, as the counts say


@dataclass(frozen=True, slots=True)
class _Span:
    """An hour or a day that may have wanted messages, and how many messages have to be read for them."""

    start_ms: int
    messages: int


async def _scan_counted(
    tx: Transaction, request: SearchRequest, retention: CountRetention, found: list[MessageId], *, top: MessageId
) -> SearchStep:
    left, at_once = request.scanned, request.bounds.scanned_at_first
    for bucket, starts in _windows(request, top, retention):
        spans = await _spans_with_matches(tx, request, bucket, starts)
        while spans:
            some = _first_of(spans, at_once)
            low, high = (
                max(request.since_id, first_id(some[-1].start_ms)),
                min(top, first_id(some[0].start_ms + bucket)),
            )
            if some[0].messages > request.scanned:
                more, reached = await _scan_along(tx, request, low, high)
                return found + more, reached
            found = found + await _in_spans(tx, request, bucket, some, low, high)
            if len(found) >= request.limit:
                return found, found[-1]
            left -= sum(span.messages for span in some)
            if left <= 0:
                return found, low
            spans, at_once = spans[len(some) :], min(4 * at_once, left)
    return found, request.since_id


def _windows(request: SearchRequest, top: MessageId, retention: CountRetention) -> Iterator[tuple[Bucket, range]]:
    """Yield when the hours, and before those the days, begin that precede an id: some at once, the youngest first."""
    low_ms, at_ms = accepted_ms(request.since_id), accepted_ms(MessageId(top - 1))
    for bucket, floor_ms in ((Bucket.HOUR, max(retention.hours_since_ms, low_ms)), (Bucket.DAY, low_ms)):
        first_ms, last_ms = bucket.start_of(floor_ms), bucket.start_of(at_ms)
        while last_ms >= first_ms and at_ms >= floor_ms:
            begin_ms = max(first_ms, last_ms - (request.bounds.spans_at_once - 1) * bucket)
            yield bucket, range(begin_ms, last_ms + 1, bucket)
            at_ms, last_ms = begin_ms - 1, begin_ms - bucket


async def _spans_with_matches(tx: Transaction, request: SearchRequest, bucket: Bucket, starts: range) -> list[_Span]:
    """Find those of these hours or days that may have wanted messages, the youngest first."""
    wanted = request.wanted
    select = select_spans(state=wanted.state is not None, carrier=bool(wanted.carrier))
    ids = [EVERYBODY] if request.few_accounts is None else request.few_accounts
    found = await tx.query(select, int(bucket), ids_text(starts), ids_text(ids), *_facts(request))
    return [_Span(start_ms, messages) for start_ms, messages in found]


def _first_of(spans: list[_Span], messages: int) -> list[_Span]:
    """Return the first spans that together have so many messages, but one at least."""
    total = 0
    for number, span in enumerate(spans, 1):
        total += span.messages
        if total >= messages:
            return spans[:number]
    return spans


async def _in_spans(
    tx: Transaction, request: SearchRequest, bucket: Bucket, spans: list[_Span], low: MessageId, high: MessageId
) -> list[MessageId]:
    wanted, among = request.wanted, request.account_ids
    select = select_in_spans(among=among is not None, state=wanted.state is not None, carrier=bool(wanted.carrier))
    values: list[Value] = [ids_text(span.start_ms for span in spans), int(bucket), low, high, request.limit]
    values += [] if among is None else [ids_text(among)]
    return [MessageId(row[0]) for row in await tx.query(select, *values, *_facts(request))]


# --- message by message


async def _scan_along(tx: Transaction, request: SearchRequest, low: MessageId, top: MessageId) -> SearchStep:
    """Scan messages between two ids, no more of them than the request allows."""
    if request.few_accounts is None:
        return await _scan_one(tx, request, None, request.scanned, low, top)
    found: list[MessageId] = []
    reached = low
    for account_id in request.few_accounts:
        some, down_to = await _scan_one(tx, request, account_id, request.scanned // len(request.few_accounts), low, top)
        found += some
        reached = max(reached, down_to)
    return sorted((identity for identity in found if identity >= reached), reverse=True), reached


async def _scan_one(
    tx: Transaction, request: SearchRequest, account_id: AccountId | None, most: int, low: MessageId, top: MessageId
) -> SearchStep:
    if account_id is None:
        found = await _newest(tx, request, "all", most, low, top, among=request.account_ids)
        last, more = rows.SELECT_LAST_OF_ALL, []
    else:
        found = await _newest(tx, request, "account", most, low, top, account_id)
        last, more = rows.SELECT_LAST_OF_ACCOUNT, [account_id]
    if len(found) == request.limit:
        return found, found[-1]
    looked_at = await tx.query(last, low, top, most - 1, *more)
    return found, MessageId(looked_at[0][0]) if looked_at else low


async def _newest(
    tx: Transaction,
    request: SearchRequest,
    source: Source,
    most: int,
    low: MessageId,
    top: MessageId,
    account_id: AccountId | None = None,
    *,
    among: frozenset[AccountId] | None = None,
) -> list[MessageId]:
    wanted = request.wanted
    select = select_newest(
        source, among=among is not None, state=wanted.state is not None, carrier=bool(wanted.carrier)
    )
    values: list[Value] = [low, top, most, request.limit]
    if account_id is not None:
        values.append(account_id)
    if among is not None:
        values.append(ids_text(among))
    return [MessageId(row[0]) for row in await tx.query(select, *values, *_facts(request))]


def _facts(request: SearchRequest) -> list[Value]:
    """Return the state and the carrier that are wanted, if any."""
    wanted = request.wanted
    return [value for value in (wanted.state.value if wanted.state else "", wanted.carrier) if value]
