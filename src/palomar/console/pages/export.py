"""Exports the messages of a search as CSV: in one stream, or in pieces for the page's script, which shows progress.

Each piece takes a few bounded transactions, so that an export of millions neither waits long nor makes others wait.
Cells that a spreadsheet would read as a formula are defused. The columns' names are for programs and are not
translated.
"""

import csv
import io
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Final

from palomar.console.formats import iso_text
from palomar.console.pages.messages import choices_of
from palomar.console.request import PageReply, SignedInContext
from palomar.console.viewer.viewer import MessagePage, Viewer
from palomar.reports.search_terms import SearchFilter
from palomar.vocabulary.credit import Microcredits, format_exact
from palomar.vocabulary.message import MessageId, accepted_ms, public_id

PIECE_MESSAGES: Final = 1_000
OLDER_HEADER: Final = b"palomar-older"
"""The message before which the next piece begins; empty after the last piece."""
COUNT_HEADER: Final = b"palomar-count"
"""The number of messages in the piece."""
REACHED_HEADER: Final = b"palomar-reached"
"""The share of the period that was exported so far, 0 to 1: messages come newest first."""

COLUMNS: Final = (
    *("accepted", "id", "account", "dialect", "subid", "label", "sender", "msisdn", "country", "text", "parts"),
    *("state", "price", "carrier", "ended"),
)
_BYTE_ORDER_MARK: Final = "\ufeff"
"""Without it Excel reads UTF-8 as another encoding."""
_FORMULA: Final = re.compile(
    r"[\s\x00-\x20\x7f-\xa0\u00ad\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\ufeff]*[\t\r\n=+\-@|＝＋－＠｜﹢﹣]"
).match
"""Characters that a spreadsheet may trim from the beginning, and then one that begins a formula."""
_NUMBER: Final = re.compile("[+][0-9]{5,20}").fullmatch
"""A phone number with its plus: spreadsheets read it as a number, so it needs no quote."""


async def download(context: SignedInContext) -> PageReply:
    """Send the messages of a search as a file, or with the field ``piece`` the next piece of it."""
    viewer = context.viewer
    choices = choices_of(context, viewer)
    at = datetime.fromtimestamp(context.preferences.now_ms / 1_000, UTC)
    headers = [
        (b"content-type", b"text/csv; charset=utf-8"),
        (b"content-disposition", f'attachment; filename="messages-{at:%Y%m%d-%H%M%S}.csv"'.encode("ascii")),
    ]
    if not context.field("piece"):
        return PageReply(body=_whole(viewer, choices.search, choices.before), headers=headers)
    page = await viewer.search(choices.search, before=choices.before, limit=PIECE_MESSAGES)
    reached = await _reached(viewer, choices.search, page, now_ms=context.preferences.now_ms)
    headers += [
        (OLDER_HEADER, public_id(page.older).encode("ascii") if page.older is not None else b""),
        (COUNT_HEADER, b"%d" % len(page.messages)),
        (REACHED_HEADER, b"%.4f" % reached),
    ]
    return PageReply(body=_rows(page, viewer, with_head=choices.is_first_page), headers=headers)


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet reads as a formula (OWASP, CSV injection)."""
    return f"'{cell}" if _FORMULA(cell) and not _NUMBER(cell) else cell


async def _whole(viewer: Viewer, wanted: SearchFilter, before: MessageId) -> AsyncGenerator[bytes, None]:
    older: MessageId | None = before
    is_first = True
    while older is not None:
        page = await viewer.search(wanted, before=older, limit=PIECE_MESSAGES)
        yield _rows(page, viewer, with_head=is_first)
        older, is_first = page.older, False


async def _reached(viewer: Viewer, wanted: SearchFilter, page: MessagePage, *, now_ms: int) -> float:
    if page.older is None:
        return 1.0
    oldest_ms = await viewer.oldest_ms(wanted)
    newest_ms = now_ms if wanted.until_ms is None else min(wanted.until_ms, now_ms)
    period_ms = newest_ms - (newest_ms if oldest_ms is None else oldest_ms)
    behind_ms = newest_ms - accepted_ms(page.older)
    return min(1.0, max(0.0, behind_ms / period_ms)) if period_ms > 0 else 0.0


def _rows(page: MessagePage, viewer: Viewer, *, with_head: bool) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    if with_head:
        out.write(_BYTE_ORDER_MARK)
        writer.writerow(COLUMNS)
    for row in page.messages:
        cells = (
            iso_text(accepted_ms(row.id)),
            public_id(row.id),
            viewer.login_of(row.account_id),
            row.dialect,
            row.request_ref,
            row.label,
            row.sender,
            row.msisdn,
            row.country,
            row.text,
            str(row.parts),
            row.state.value,
            format_exact(Microcredits(row.price_microcredits)),
            row.carrier,
            "" if row.final_ms is None else iso_text(row.final_ms),
        )
        writer.writerow([defused(cell) for cell in cells])
    return out.getvalue().encode("utf-8", "replace")
