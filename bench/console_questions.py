"""The questions that the console asks of the database: for the overview, and for the search.

Not here: measuring them (``console_data``).
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from palomar.reports.attention import find_attention
from palomar.reports.buckets import Bucket, Dimension
from palomar.reports.search import search
from palomar.reports.search_request import LATEST
from palomar.reports.search_terms import SearchFilter
from palomar.reports.statistics import forecast, totals, traffic
from palomar.storage.database import Transaction
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import State

PAGE = 50
Ask = Callable[[Transaction], Awaitable[Any]]
AccountIds = set[AccountId] | None


async def questions(tx: Transaction, *, account_count: int) -> list[tuple[str, Ask]]:
    """List the questions, each with its name."""
    found = await tx.select("SELECT msisdn, request_ref FROM messages ORDER BY id LIMIT 1 OFFSET 1000")
    number, subid = (str(value) for value in found[0])
    small = {AccountId(account_count)}
    some = {AccountId(account_count - number) for number in range(account_count // 4)}
    return [*_overview(small, some), *_search(small, some, number=number, subid=subid)]


def _overview(small: AccountIds, some: AccountIds) -> list[tuple[str, Ask]]:
    now_ms = int(time.time() * 1_000)
    hour, day, month = now_ms - Bucket.HOUR, now_ms - Bucket.DAY, now_ms - 30 * Bucket.DAY
    asked: list[tuple[str, Ask]] = []
    for whom, whose in (("everybody", None), ("the largest account", {AccountId(1)}), ("500 accounts", some)):
        asked += [
            (f"{whom}: the last hour by minute", _traffic(whose, Bucket.MINUTE, hour, now_ms)),
            (f"{whom}: the last day by hour", _traffic(whose, Bucket.HOUR, day, now_ms)),
            (f"{whom}: the last month by day", _traffic(whose, Bucket.DAY, month, now_ms)),
            (f"{whom}: the last month's total", _totals(whose, month, now_ms)),
        ]
        asked += [
            (f"{whom}: the last month by {by.name.lower()}", _totals(whose, month, now_ms, by)) for by in Dimension
        ]
    asked += [
        ("forecast of the largest account", lambda tx: forecast(tx, AccountId(1), now_ms=now_ms)),
        ("everybody: what needs attention", lambda tx: find_attention(tx, None, now_ms=now_ms)),
        ("500 accounts: what needs attention", lambda tx: find_attention(tx, some, now_ms=now_ms)),
    ]
    return asked


def _search(small: AccountIds, some: AccountIds, *, number: str, subid: str) -> list[tuple[str, Ask]]:
    now_ms = int(time.time() * 1_000)
    old: dict[str, Any] = {"since_ms": now_ms - 21 * Bucket.DAY, "until_ms": now_ms - 20 * Bucket.DAY}
    asked: list[tuple[str, AccountIds, dict[str, Any]]] = [
        ("everything", None, {}),
        ("a frequent word", None, {"text": "codigo"}),
        ("a frequent word within a day, weeks ago", None, {"text": "codigo", **old}),
        ("the beginning of a frequent word", None, {"text": "verif"}),
        ("two letters", None, {"text": "co"}),
        ("three words", None, {"text": "pedido mañana envío"}),
        ("two frequent words that never meet", None, {"text": "código descuento"}),
        ("a word of one message", None, {"text": number[-6:]}),
        ("a word that is nowhere", None, {"text": "xilofono"}),
        ("a word that is nowhere, within a day", None, {"text": "xilofono", **old}),
        ("a whole number", None, {"number": number}),
        ("a number's last four digits", None, {"number": number[-4:]}),
        ("a number's last digit", None, {"number": number[-1:]}),
        ("a label", None, {"label": "promo verano"}),
        ("a subid", None, {"request_ref": subid}),
        ("anywhere, a number's end", None, {"anywhere": number[-5:]}),
        ("anywhere, a word", None, {"anywhere": "cita"}),
        ("a frequent state", None, {"state": State.DELIVERED}),
        ("a rare state", None, {"state": State.UNKNOWN}),
        ("a state that no message has", None, {"state": State.CANCELLED}),
        ("those that wait", None, {"state": State.QUEUED}),
        ("a rare carrier", None, {"carrier": "raro"}),
        ("a rare carrier within a day, weeks ago", None, {"carrier": "raro", **old}),
        ("a frequent word in a rare state", None, {"text": "codigo", "state": State.REJECTED}),
        ("a frequent word by a rare carrier", None, {"text": "codigo", "carrier": "raro"}),
        ("a small account: everything", small, {}),
        ("a small account: a frequent word", small, {"text": "codigo"}),
        ("a small account: a rare state", small, {"state": State.UNKNOWN}),
        ("the largest account: a frequent word", {AccountId(1)}, {"text": "codigo"}),
        ("the largest account: a state that none has", {AccountId(1)}, {"state": State.CANCELLED}),
        ("500 accounts: everything", some, {}),
        ("500 accounts: a frequent word", some, {"text": "codigo"}),
        ("500 accounts: a word that is nowhere", some, {"text": "xilofono"}),
        ("500 accounts: a rare state", some, {"state": State.UNKNOWN}),
    ]
    return [(f"search: {name}", _find(whose, SearchFilter(**wanted))) for name, whose, wanted in asked]


def _traffic(whose: AccountIds, bucket: Bucket, since_ms: int, until_ms: int) -> Ask:
    return lambda tx: traffic(tx, whose, bucket, since_ms=since_ms, until_ms=until_ms)


def _totals(whose: AccountIds, since_ms: int, until_ms: int, by: Dimension | None = None) -> Ask:
    return lambda tx: totals(tx, whose, since_ms=since_ms, until_ms=until_ms, by=by)


def _find(whose: AccountIds, wanted: SearchFilter) -> Ask:
    return lambda tx: search(tx, whose, wanted, before=LATEST, limit=PAGE)
