"""List callbacks for people: those that have not succeeded, and the attempts that were made, newest first.

A transaction looks at :data:`LOOKED_AT` rows at most and returns where the next one goes on, however few of them fit.
Attempts are moments of messages; an index has only those, by their time. Not here: trying again (``backlog``), and who
may look (``console.viewer.callbacks``).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

from palomar.callbacks import callback_rows as outbox
from palomar.callbacks.backlog import Callback
from palomar.callbacks.callback_rows import CallbackRow, read_callbacks
from palomar.storage.database import Transaction
from palomar.storage.statements import Lookup, ResultRow
from palomar.transaction.timeline_rows import detail_of
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.timeline import MomentKind

T = TypeVar("T")

LOOKED_AT: Final = 500
LATEST: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryFilter:
    """Which callbacks to list; a field left empty lets all pass. ``succeeded`` is for attempts: whether they succeeded.
    ``has_failed`` is for open callbacks: whether they were given up."""

    account_ids: Collection[AccountId] | None = None
    host: str = ""
    succeeded: bool | None = None
    has_failed: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastAttempt:
    """One attempt of a callback, read from the timeline of the message it is about."""

    id: int
    about: MessageId
    """The message, or the message from a phone."""
    account_id: AccountId | None
    """None if the message is not kept any more, and for callbacks about an account."""
    is_of_message: bool
    number: str
    """The phone's."""
    at_ms: int
    succeeded: bool
    url: str
    body: str
    """Empty for a GET."""
    attempt: int
    status: int | None
    error: str
    elapsed_ms: int
    answer: str
    next_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage(Generic[T]):
    """Callbacks or attempts, newest first, and before which id the next page goes on; None if there is nothing older.
    For open callbacks a number below zero goes on among those that were not tried yet."""

    found: list[T]
    older: int | None


async def list_open(tx: Transaction, wanted: HistoryFilter, *, before: int, limit: int) -> HistoryPage[Callback]:
    """List callbacks that have not succeeded: first those that were tried or given up, then those that wait for their
    first attempt. So many new ones do not bury the others."""
    if before > 0:
        rows_found = await tx.select(outbox.SELECT_TROUBLED_BEFORE, before, LOOKED_AT)
    else:
        rows_found = await tx.select(outbox.SELECT_OPEN_BEFORE, -before, LOOKED_AT)
    found = [_callback(row) for row in rows_found]
    is_of_group = _was_tried if before > 0 else _is_untried
    fitting = [one for one in found if is_of_group(one.row) and _callback_fits(one.row, wanted)]
    part = _cut(fitting, [one.row.id for one in found], [one.row.id for one in fitting], limit)
    if before > 0:
        return HistoryPage(found=part.found, older=-LATEST if part.older is None else part.older)
    return HistoryPage(found=part.found, older=None if part.older is None else -part.older)


async def list_attempts(tx: Transaction, wanted: HistoryFilter, *, before: int, limit: int) -> HistoryPage[PastAttempt]:
    """List attempts, newest first."""
    found = [_attempt(row) for row in await tx.select(SELECT_ATTEMPTS, before, LOOKED_AT)]
    fitting = [attempt for attempt in found if _attempt_fits(attempt, wanted)]
    return _cut(fitting, [attempt.id for attempt in found], [attempt.id for attempt in fitting], limit)


async def find_attempt(tx: Transaction, identity: int) -> PastAttempt | None:
    """Return one attempt; None if there is no such one."""
    return next((_attempt(row) for row in await tx.select(SELECT_ATTEMPT, identity)), None)


async def find_open(tx: Transaction, identity: int) -> Callback | None:
    """Return one callback that has not succeeded; None if there is no such one."""
    return next((_callback(row) for row in await tx.select(outbox.SELECT_ONE_OPEN, identity)), None)


async def attempts_of(tx: Transaction, callbacks: Iterable[CallbackRow]) -> dict[int, list[PastAttempt]]:
    """Return the attempts of these callbacks, oldest first, by the callbacks' ids."""
    named = {(callback.message_id, callback.url, _text(callback.body)): callback.id for callback in callbacks}
    found: dict[int, list[PastAttempt]] = {identity: [] for identity in named.values()}
    for row in await tx.lookup(LOOKUP_ATTEMPTS_OF, sorted({about for about, _, _ in named})):
        attempt = _attempt(row)
        identity = named.get((attempt.about, attempt.url, attempt.body))
        if identity is not None:
            found[identity].append(attempt)
    return found


def host_of(url: str) -> str:
    """Return host and port of a URL, as they are written, in lower case; empty for what is no URL."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _cut(fitting: list[T], looked_at: Sequence[int], ids: Sequence[int], limit: int) -> HistoryPage[T]:
    if len(fitting) > limit:
        return HistoryPage(found=fitting[:limit], older=ids[limit - 1])
    return HistoryPage(found=fitting, older=looked_at[-1] if len(looked_at) == LOOKED_AT else None)


def _was_tried(callback: CallbackRow) -> bool:
    return callback.failed != 0 or callback.attempts > 0


def _is_untried(callback: CallbackRow) -> bool:
    return not _was_tried(callback)


def _callback_fits(callback: CallbackRow, wanted: HistoryFilter) -> bool:
    if wanted.account_ids is not None and callback.account_id not in wanted.account_ids:
        return False
    if wanted.has_failed is not None and bool(callback.failed) is not wanted.has_failed:
        return False
    return not wanted.host or host_of(callback.url) == wanted.host


def _attempt_fits(attempt: PastAttempt, wanted: HistoryFilter) -> bool:
    if wanted.account_ids is not None and attempt.account_id not in wanted.account_ids:
        return False
    if wanted.succeeded is not None and attempt.succeeded is not wanted.succeeded:
        return False
    return not wanted.host or host_of(attempt.url) == wanted.host


def _callback(row: ResultRow) -> Callback:
    (callback,) = read_callbacks([row[:-1]])
    return Callback(row=callback, about_inbound=row[-1] is None)


def _attempt(row: ResultRow) -> PastAttempt:
    identity, about, at_ms, kind, text, of_message, msisdn, of_inbound, source = row
    detail = detail_of(text)
    owner = of_inbound if of_message is None else of_message
    status, next_ms = detail.get("status"), detail.get("next_ms")
    return PastAttempt(
        id=identity,
        about=MessageId(about),
        account_id=None if owner is None else AccountId(owner),
        is_of_message=of_message is not None,
        number=str(msisdn or source or ""),
        at_ms=at_ms,
        succeeded=kind == MomentKind.CALLBACK.value,
        url=str(detail.get("url") or ""),
        body=str(detail.get("body") or ""),
        attempt=int(detail.get("attempt") or 0),
        status=status if isinstance(status, int) else None,
        error=str(detail.get("error") or ""),
        elapsed_ms=int(detail.get("elapsed_ms") or 0),
        answer=str(detail.get("answer") or ""),
        next_ms=next_ms if isinstance(next_ms, int) else None,
    )


def _text(body: bytes | None) -> str:
    """Decode a body as an attempt records it (``attempts``)."""
    return "" if body is None else body.decode("utf-8", "replace")


_KINDS: Final = "e.kind IN ('callback', 'callback_failed')"
_ATTEMPTS: Final = (
    "SELECT e.id, e.message_id, e.at_ms, e.kind, e.detail, m.account_id, m.msisdn, i.account_id, i.source FROM events e"
    " LEFT JOIN messages m ON m.id = e.message_id LEFT JOIN inbound i ON i.id = e.message_id"
)
SELECT_ATTEMPTS: Final = f"{_ATTEMPTS} WHERE {_KINDS} AND e.id < ? ORDER BY e.id DESC LIMIT ?"
SELECT_ATTEMPT: Final = f"{_ATTEMPTS} WHERE {_KINDS} AND e.id = ?"
# Another condition on purpose: a message has few moments, and the index of all attempts would be slower.
LOOKUP_ATTEMPTS_OF: Final = Lookup(
    f"{_ATTEMPTS} WHERE e.kind LIKE 'callback%' AND e.message_id IN {{keys}} ORDER BY e.message_id, e.id", "bigint"
)
LOOKUP_ATTEMPT_DETAILS: Final = Lookup(
    "SELECT message_id, detail FROM events WHERE message_id IN {keys} AND kind LIKE 'callback%'", "bigint"
)
"""Details of all attempts for these messages; with the same condition."""
