"""A world whose messages are indexed by hand, and searched as a naive filter would: by looking at every row."""

from collections.abc import Collection

from tests.support.world import World

from palomar.reports.search import Results, search
from palomar.reports.search_index import add_slice, next_slice
from palomar.reports.search_request import BOUNDS, LATEST, SearchBounds
from palomar.reports.search_terms import SearchFilter, build_query, matches, tokens_of
from palomar.transaction.message_rows import MESSAGE_COLUMNS, MessageRow, message_rows
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, first_id

Visible = Collection[AccountId] | None


async def index(world: World, *, limit: int = 1_000) -> bool:
    """Add the next slice to the index; whether it was taken."""
    some = await world.database.read_long(lambda tx: next_slice(tx, limit=limit))
    return await world.database.write_index(lambda tx: add_slice(tx, some))


async def find(
    world: World,
    wanted: SearchFilter,
    *,
    visible: Visible = None,
    before: MessageId = LATEST,
    limit: int = 50,
    bounds: SearchBounds = BOUNDS,
) -> Results:
    return await world.database.read_long(
        lambda tx: search(tx, visible, wanted, before=before, limit=limit, bounds=bounds)
    )


async def find_all(
    world: World, wanted: SearchFilter, *, visible: Visible = None, limit: int = 50, bounds: SearchBounds = BOUNDS
) -> list[MessageRow]:
    """Read all pages of a search."""
    found: list[MessageRow] = []
    before: MessageId | None = LATEST
    while before is not None:
        page = await find(world, wanted, visible=visible, before=before, limit=limit, bounds=bounds)
        assert page.older is None or page.older < before
        assert len(page.messages) <= limit
        found += page.messages
        before = page.older
    return found


async def naively(world: World, wanted: SearchFilter, *, visible: Visible = None) -> list[MessageRow]:
    """List what a search must find, newest first."""
    rows = message_rows(await world.ask(f"SELECT {MESSAGE_COLUMNS} FROM messages ORDER BY id DESC"))
    return [row for row in rows if _is_wanted(row, wanted, visible)]


def _is_wanted(row: MessageRow, wanted: SearchFilter, visible: Visible) -> bool:
    query = build_query(wanted)
    tokens = tokens_of(
        account_id=row.account_id,
        text=row.text,
        msisdn=row.msisdn,
        label=row.label,
        sender=row.sender,
        request_ref=row.request_ref,
    )
    return (
        (query is None or matches(query, tokens))
        and (visible is None or row.account_id in visible)
        and (wanted.account_ids is None or row.account_id in wanted.account_ids)
        and (wanted.message_id is None or row.id == wanted.message_id)
        and (wanted.state is None or row.state is wanted.state)
        and wanted.carrier in ("", row.carrier)
        and wanted.request_ref in ("", row.request_ref)
        and (wanted.since_ms is None or row.id >= first_id(wanted.since_ms))
        and (wanted.until_ms is None or row.id < first_id(wanted.until_ms))
    )
