"""Indexing: slice by slice behind the messages, by one node at a time, and nothing is missing in the end."""

import asyncio

import pytest
from tests.support.indexed import find_all, index
from tests.support.world import CREDIT, TimedIds, World, recipient

from palomar.acceptance.accept import accept
from palomar.reports.search_index import (
    BEHIND_MS,
    CHECKED_BEHIND_MS,
    IndexSlice,
    add_slice,
    find_oldest,
    forget_words,
    missed_slice,
    next_slice,
)
from palomar.reports.search_rows import IndexProgress, read_index_progress
from palomar.reports.search_terms import SearchFilter
from palomar.storage.database import Transaction
from palomar.vocabulary.message import MessageId, first_id


async def slice_of(world: World, limit: int = 10) -> IndexSlice:
    return await world.database.read_long(lambda tx: next_slice(tx, limit=limit))


async def add(world: World, some: IndexSlice) -> bool:
    return await world.database.write_index(lambda tx: add_slice(tx, some))


async def where(world: World) -> IndexProgress:
    return await world.database.read_long(read_index_progress)


async def indexed_ids(world: World) -> list[int]:
    sql = "SELECT rowid FROM message_words WHERE rowid > 0 ORDER BY rowid"
    return [row[0] for row in await world.database.read_long(lambda tx: tx.select(sql))]


async def ids(world: World) -> list[int]:
    return [row[0] for row in await world.ask("SELECT id FROM messages ORDER BY id")]


async def test_slices_move_the_index_to_the_youngest_message(world: World) -> None:
    await world.accept(await world.account(), count=5)
    sizes = []
    while (some := await slice_of(world, limit=2)).rows:
        assert some.is_full == (len(some.rows) == 2)
        assert await add(world, some)
        sizes.append(len(some.rows))
    assert sizes == [2, 2, 1]
    assert await indexed_ids(world) == await ids(world)
    assert (await where(world)).to_id == (await ids(world))[-1]


async def test_of_two_nodes_that_read_the_same_slice_one_adds_it(world: World) -> None:
    await world.accept(await world.account(), count=3)
    first, second = await slice_of(world), await slice_of(world)
    assert [await add(world, first), await add(world, second)] == [True, False]
    assert await indexed_ids(world) == await ids(world)


async def test_while_one_node_adds_another_does_not_wait_for_it(world: World) -> None:
    await world.accept(await world.account(), count=3)
    some = await slice_of(world)
    added = await asyncio.gather(*(add(world, some) for _ in range(3)))
    assert sorted(added) == [False, False, True]
    assert await indexed_ids(world) == await ids(world)


async def test_the_youngest_messages_are_not_indexed_yet(world: World) -> None:
    now_ms = await world.database.read(lambda tx: tx.now_ms())
    account = await world.account()
    for age_ms in (BEHIND_MS + 60_000, 0):
        world.ids = TimedIds(lambda age_ms=age_ms: now_ms - age_ms, made=world.ids.serial())  # type: ignore[misc]
        await world.accept(account)
    await index(world)
    assert await indexed_ids(world) == (await ids(world))[:1]
    assert len(await find_all(world, SearchFilter(text="hello"))) == 2, "it is found all the same"


async def test_messages_committed_late_are_found_by_the_second_pass(world: World) -> None:
    account = await world.account(credit=100 * CREDIT)
    late = world.compose(account, recipients=[recipient(text="late")])
    await world.accept(account, count=3)
    await index(world)
    await world.do(accept, late)
    await index(world)
    assert await find_all(world, SearchFilter(text="late")) == []
    missed = await world.database.read_long(lambda tx: missed_slice(tx, limit=100))
    assert [row[0] for row in missed.rows] == [late.messages[0].row.id]
    assert await add(world, missed)
    assert [row.text for row in await find_all(world, SearchFilter(text="late"))] == ["late"]
    assert await where(world) == IndexProgress(MessageId((await ids(world))[-1]), MessageId((await ids(world))[-1]))
    again = await world.database.read_long(lambda tx: missed_slice(tx, limit=100))
    assert (again.rows, again.before == again.after) == ([], True)


async def test_the_second_pass_comes_a_quarter_of_an_hour_later_and_slice_by_slice(world: World) -> None:
    now_ms = await world.database.read(lambda tx: tx.now_ms())
    account = await world.account()
    for age_ms in (CHECKED_BEHIND_MS + 60_000, CHECKED_BEHIND_MS + 50_000, CHECKED_BEHIND_MS - 60_000):
        world.ids = TimedIds(lambda age_ms=age_ms: now_ms - age_ms, made=world.ids.serial())  # type: ignore[misc]
        await world.accept(account)
    await index(world)
    looked = []
    while (some := await world.database.read_long(lambda tx: missed_slice(tx, limit=1))).after != some.before:
        assert some.is_full
        await add(world, some)
        looked.append(some.after.checked_id)
    assert looked == (await ids(world))[:2]


async def test_without_new_messages_the_progress_stays(world: World) -> None:
    some = await slice_of(world)
    assert (some.rows, some.before == some.after, some.is_full) == ([], True, False)


async def test_the_words_of_deleted_messages_are_forgotten(world: World) -> None:
    await world.accept(await world.account(), count=5)
    await index(world)
    assert await world.database.read_long(find_oldest) == (await ids(world))[0]
    third = MessageId((await ids(world))[2])

    async def script(tx: Transaction) -> int:
        return await forget_words(tx, third, limit=1)

    assert [await world.database.write_index(script) for _ in range(3)] == [1, 1, 0]
    assert await indexed_ids(world) == (await ids(world))[2:]


async def test_without_messages_there_is_no_oldest(world: World) -> None:
    assert await world.database.read_long(find_oldest) is None


def test_a_time_before_all_ids_has_the_first_id() -> None:
    assert first_id(0) == first_id(1) == MessageId(0)


@pytest.mark.parametrize("text", ["", "'quoted' \"twice\" \\ & | ! ( ) : *", "\U0001f9a4", "ø" * 3_000, "a\tb\nc"])
async def test_any_text_can_be_indexed_and_found_by_its_label(world: World, text: str) -> None:
    await world.accept(await world.account(), recipients=[recipient(text=text)], label='it\'s a "label" & more: *')
    await index(world)
    found = await find_all(world, SearchFilter(label='it\'s a "label" & more: *'))
    assert [row.text for row in found] == [text]
