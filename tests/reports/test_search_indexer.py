"""The indexer: everything is indexed turn by turn, whoever waits, and forgotten with its message."""

import asyncio

import pytest
from tests.sending.test_lease import SetClock
from tests.support.indexed import find_all
from tests.support.world import CREDIT, World, recipient

from palomar.acceptance.accept import accept
from palomar.reports.search_indexer import SLICE, Indexer
from palomar.reports.search_rows import IndexProgress, read_index_progress
from palomar.reports.search_terms import SearchFilter
from palomar.storage.database import Database
from palomar.vocabulary.message import MessageId


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def where(world: World) -> IndexProgress:
    return await world.database.read_long(read_index_progress)


async def words(world: World) -> int:
    rows = await world.database.read_long(lambda tx: tx.select("SELECT rowid FROM message_words WHERE rowid > 0"))
    return len(rows)


@pytest.mark.parametrize("busy", [True, False])
async def test_a_turn_indexes_slice_after_slice_whether_the_database_is_busy_or_not(world: World, busy: bool) -> None:
    asked = []

    def is_busy() -> bool:
        asked.append(busy)
        return busy

    await world.accept(await world.account(credit=10_000 * CREDIT), count=2 * SLICE + 5)
    await Indexer(world.database, SetClock(), is_busy=is_busy).index()
    assert await words(world) == 2 * SLICE + 5
    assert len(asked) == 2, "between slices it looks whether somebody waits"
    youngest = (await world.ask("SELECT max(id) FROM messages"))[0][0]
    assert await where(world) == IndexProgress(MessageId(youngest), MessageId(youngest))


async def test_messages_committed_late_are_indexed_by_a_later_turn(world: World) -> None:
    account, indexer = await world.account(), Indexer(world.database, SetClock(), is_busy=lambda: False)
    late = world.compose(account, recipients=[recipient(text="late")])
    await world.accept(account)
    some = await world.database.read_long(lambda tx: tx.select("SELECT max(id) FROM messages"))
    await world.database.write_index(lambda tx: tx.execute("UPDATE indexed SET to_id = ?", some[0][0]))
    await world.do(accept, late)
    assert await find_all(world, SearchFilter(text="late")) == []
    await indexer.index()
    assert [row.text for row in await find_all(world, SearchFilter(text="late"))] == ["late"]
    assert await words(world) == 2


async def test_two_indexers_add_each_message_once(world: World) -> None:

    await world.accept(await world.account(credit=10_000 * CREDIT), count=SLICE + 5)
    indexers = [Indexer(world.database, SetClock(), is_busy=lambda: False) for _ in range(3)]
    await asyncio.gather(*(indexer.index() for indexer in indexers))
    await indexers[0].index()
    assert await words(world) == SLICE + 5
    assert len(await find_all(world, SearchFilter(text="hello"))) == SLICE + 5


async def test_words_are_forgotten_with_their_messages(world: World) -> None:
    indexer = Indexer(world.database, SetClock(), is_busy=lambda: False)
    await indexer.forget()
    await world.accept(await world.account(), count=4)
    await indexer.index()
    await world.tell("DELETE FROM messages WHERE id < (SELECT max(id) FROM messages)")
    await indexer.forget()
    assert await words(world) == 1
