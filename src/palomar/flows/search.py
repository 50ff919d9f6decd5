"""Search: messages by number, text, label and more, newest first, a bounded slice a transaction.

Ids sort by birth, so a period is a range of ids and a slice is what lies between two of them: however few messages a
search finds, a transaction looks at :data:`SLICE` of them at most, and says where the next one goes on. Texts are
compared without regard to case or accents, alike on both databases. Not here: who may look (``engine.viewer``).
"""

import heapq
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from palomar.domain.account import AccountId
from palomar.domain.message import EPOCH_MS, MessageId, State, make_message_id
from palomar.storage.database import Transaction
from palomar.storage.messages import LOOKUP_MESSAGES, MessageRow, message_rows
from palomar.storage.statements import Found, Value

SLICE: Final = 2_000
"""Messages that one transaction looks at."""
FAMILY_BY_INDEX: Final = 100
"""An account with more sub-accounts than this is searched among everybody's messages, not account by account."""
LATEST: Final = MessageId((1 << 63) - 1)

_SHORTEST_PLACE: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which messages; every field left empty lets all pass. Times are when a message was accepted."""

    account_ids: tuple[AccountId, ...] | None = None
    """Whose; None is everybody's."""
    state: State | None = None
    carrier: str = ""
    number: str = ""
    """The digits that the number ends with, or all of it."""
    label: str = ""
    subid: str = ""
    text: str = ""
    """Something in the text."""
    anywhere: str = ""
    """Something in the text, the end of the number, the label or the subid."""
    is_blind: bool = False
    """Texts are not looked at, and numbers only whole: for who may not see them, and must not guess them either."""
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What was found, newest first, and before which id to go on; None where the period is at its end."""

    messages: list[MessageRow]
    older: MessageId | None


def first_id(at_ms: int) -> MessageId:
    """The lowest id that a message born at this time can have."""
    return make_message_id(at_ms=max(at_ms, EPOCH_MS), node=0, sequence=0)


async def search(tx: Transaction, wanted: Search, *, before: MessageId = LATEST, limit: int) -> Slice:
    """One slice of a search: at most ``limit`` messages of those before that id."""
    floor = first_id(wanted.since_ms) if wanted.since_ms is not None else MessageId(0)
    top = min(before, first_id(wanted.until_ms)) if wanted.until_ms is not None else before
    places = _places(wanted)
    at_once = wanted.subid or _is_dense(wanted)
    bottom = None if at_once else await _bottom(tx, places, top=top, floor=floor)
    low = floor if bottom is None else bottom
    found: list[Found] = []
    for place in places:
        found += await _narrow(tx, wanted, place, top=top, low=low, limit=limit)
    ids = heapq.nlargest(limit, (row[0] for row in found))
    messages = message_rows(await tx.lookup(LOOKUP_MESSAGES, ids)) if ids else []
    messages.reverse()
    if len(ids) == limit:
        return Slice(messages=messages, older=messages[-1].id)
    return Slice(messages=messages, older=bottom)


async def oldest(tx: Transaction, wanted: Search) -> MessageId | None:
    """The oldest message of those accounts, whatever else is wanted; None if they have none."""
    found = []
    for place in _places(wanted):
        condition, values = _range(place, top=LATEST, low=MessageId(0))
        found += await tx.select(f"SELECT id FROM messages WHERE {condition} ORDER BY id LIMIT 1", *values)
    return min((MessageId(row[0]) for row in found), default=None)


def _places(wanted: Search) -> Sequence[AccountId | None]:
    """Where to look: account by account along their index, or (None) along all messages."""
    ids = wanted.account_ids
    return ids if ids is not None and len(ids) <= FAMILY_BY_INDEX else (None,)


def _is_dense(wanted: Search) -> bool:
    """Whether nearly all that is looked at is found, so that the limit is bound enough."""
    is_narrowed = wanted.state or wanted.carrier or wanted.number or wanted.label or wanted.text or wanted.anywhere
    return not is_narrowed and (wanted.account_ids is None or _places(wanted) == wanted.account_ids)


async def _bottom(
    tx: Transaction, places: Sequence[AccountId | None], *, top: MessageId, floor: MessageId
) -> MessageId | None:
    """Down to which id this slice goes so that it looks at SLICE messages or so; None: to the floor."""
    many = max(_SHORTEST_PLACE, SLICE // max(1, len(places)))
    bottoms = []
    for place in places:
        condition, values = _range(place, top=top, low=floor)
        sql = f"SELECT id FROM messages WHERE {condition} ORDER BY id DESC LIMIT 1 OFFSET ?"
        bottoms += [MessageId(row[0]) for row in await tx.select(sql, *values, many - 1)]
    return max(bottoms, default=None)


async def _narrow(
    tx: Transaction, wanted: Search, place: AccountId | None, *, top: MessageId, low: MessageId, limit: int
) -> list[Found]:
    """The ids that fit, newest first. What SQL cannot compare alike on both databases is compared here."""
    condition, values = _range(place, top=top, low=low)
    clauses: list[tuple[str, Value]] = [
        ("state = ?", wanted.state.value if wanted.state else None),
        ("carrier = ?", wanted.carrier or None),
        ("label = ?", wanted.label or None),
        ("subid = ?", wanted.subid or None),
        ("msisdn = ?" if wanted.is_blind else "msisdn LIKE '%' || ?", wanted.number or None),
    ]
    for clause, value in clauses:
        if value is not None:
            condition += f" AND {clause}"  # a literal of the list above
            values.append(value)
    owners = None if place is not None or wanted.account_ids is None else frozenset(wanted.account_ids)
    needs_text = bool(wanted.text or wanted.anywhere or owners is not None)
    columns = "id, account_id, msisdn, label, subid, text" if needs_text else "id"
    sql = f"SELECT {columns} FROM messages WHERE {condition} ORDER BY id DESC"
    if not needs_text:
        return await tx.select(f"{sql} LIMIT ?", *values, limit)
    fits = _matcher(wanted, owners)
    return [row for row in await tx.select(sql, *values) if fits(row)][:limit]


def _range(place: AccountId | None, *, top: MessageId, low: MessageId) -> tuple[str, list[Value]]:
    if place is None:
        return "id < ? AND id >= ?", [top, low]
    return "account_id = ? AND id < ? AND id >= ?", [place, top, low]


def _matcher(wanted: Search, owners: frozenset[AccountId] | None) -> Callable[[Found], bool]:
    inside, anywhere = _plain(wanted.text), _plain(wanted.anywhere)
    digits = wanted.anywhere.lstrip("+").replace(" ", "")
    number = digits if digits.isdigit() else ""

    def fits(row: Found) -> bool:
        _, owner, msisdn, label, subid, text = row
        if owners is not None and owner not in owners:
            return False
        plain = "" if wanted.is_blind else _plain(text)
        if inside not in plain:
            return False
        if anywhere in plain or wanted.anywhere in (label, subid):
            return True
        return bool(number) and (msisdn == number if wanted.is_blind else msisdn.endswith(number))

    return fits


def _plain(text: str) -> str:
    """Without case and accents: so people search."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    return "".join(c for c in unicodedata.normalize("NFKD", folded) if not unicodedata.combining(c))
