"""Inbound messages are joined, given to their account, told and applied as opt-outs once each, on both databases."""

import asyncio
from typing import Any

import pytest
from tests.support.world import START_MS, World, new_node

from palomar.acceptance.accept import Accepted
from palomar.acceptance.compose import Recipient
from palomar.accounts.blacklist import block, list_blocked, unblock
from palomar.accounts.snapshot import load_snapshot
from palomar.inbound.numbers import (
    Keyword,
    VirtualNumber,
    add_keyword,
    add_number,
    list_keywords,
    list_numbers,
    list_unclaimed,
    remove_keyword,
    remove_number,
)
from palomar.inbound.receive import INCOMPLETE_AFTER_MS, receive, sweep_incomplete
from palomar.inbound.repeats import Acknowledged, LinkEnded, acknowledge, note_ended_links, note_ended_node
from palomar.ports import CarrierInbound
from palomar.sending.nodes import take_over
from palomar.storage.database import Transaction
from palomar.text.alphabets import Alphabet
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import State

NUMBER, PHONE = "34900100200", "34600000001"


def inbound(text: str, **more: Any) -> CarrierInbound:
    return CarrierInbound(**{"carrier": "c", "source": PHONE, "destination": NUMBER, "text": text} | more)


def part(number: int, parts: int, text: str, *, reference: int = 7, **more: Any) -> CarrierInbound:
    return inbound(text, reference=reference, number=number, parts=parts, **more)


async def with_number(world: World, *, url: str = "", words: tuple[str, ...] | None = None, **settings: Any) -> Account:
    account = await world.account(**{"inbound_url": "http://x/in"} | settings)
    number = VirtualNumber(number=NUMBER, account_id=account.id, url=url, stop_words=words, created_ms=START_MS)
    assert await do(world, add_number, number)
    return account


async def do(world: World, flow: Any, *arguments: Any, **named: Any) -> Any:
    async def script(tx: Transaction) -> Any:
        return await flow(tx, *arguments, **named)

    return await world.database.write(script)


async def texts(world: World) -> list[tuple[str, int]]:
    """Return text and number of parts of each message that does not wait any more."""
    return [(r[0], r[1]) for r in await world.ask("SELECT text, parts_came FROM inbound WHERE whole = 1 ORDER BY id")]


async def callbacks(world: World) -> list[str]:
    return [row[0] for row in await world.ask("SELECT url FROM callbacks ORDER BY id")]


async def blocked(world: World, account: Account) -> list[tuple[str, str]]:
    return [(entry.msisdn, entry.word) for entry in await do(world, list_blocked, account.id)]


async def version(world: World) -> int:
    return int((await world.ask("SELECT version FROM changes"))[0][0])


# --- whose it is


async def test_a_message_to_a_mapped_number_calls_its_account_back_about_itself(world: World) -> None:
    account = await with_number(world)
    assert await world.do(receive, inbound("hola", destination="+" + NUMBER)) == [True]
    ((identity, owner),) = await world.ask("SELECT id, account_id FROM inbound")
    assert owner == account.id
    ((about, url),) = await world.ask("SELECT message_id, url FROM callbacks")
    assert (about, url) == (identity, "http://x/in#InboundReceived")


async def test_the_url_of_a_number_wins_over_that_of_its_account(world: World) -> None:
    await with_number(world, url="http://own/in")
    await world.do(receive, inbound("hola"))
    assert await callbacks(world) == ["http://own/in#InboundReceived"]


async def test_without_a_url_there_is_no_callback(world: World) -> None:
    await with_number(world, inbound_url="")
    assert await world.do(receive, inbound("hola")) == [True]
    assert await callbacks(world) == []


async def test_a_dialect_without_inbound_callbacks_makes_none(world: World) -> None:
    await with_number(world, inbound_dialect="sofmex")
    await world.do(receive, inbound("hola"))
    assert await callbacks(world) == []


async def test_messages_to_unclaimed_numbers_are_stored_and_counted(world: World) -> None:
    await world.do(receive, inbound("one"), inbound("two"), inbound("three", destination="555"))
    unclaimed = await do(world, list_unclaimed)
    assert [(found.number, found.messages, found.last_ms) for found in unclaimed] == [
        (NUMBER, 2, START_MS),
        ("555", 1, START_MS),
    ]
    assert await callbacks(world) == []


async def test_a_number_belongs_to_one_account_and_can_be_freed(world: World) -> None:
    account = await with_number(world)
    assert not await do(world, add_number, VirtualNumber(number=NUMBER, account_id=AccountId(99)))
    assert [(found.number, found.account_id) for found in await do(world, list_numbers)] == [(NUMBER, account.id)]
    assert await do(world, remove_number, NUMBER)
    assert not await do(world, remove_number, NUMBER)
    await world.do(receive, inbound("hola"))
    assert await callbacks(world) == []


# --- repeats


async def test_a_text_that_begins_with_a_keyword_belongs_to_the_account_of_the_keyword(world: World) -> None:
    owner = await with_number(world)
    pizza = await world.account(inbound_url="http://pizza/in")
    assert await do(world, add_keyword, Keyword(number=NUMBER, word="pizza", account_id=pizza.id))
    assert not await do(world, add_keyword, Keyword(number=NUMBER, word="pizza", account_id=owner.id))
    await world.do(receive, inbound("Pizza!, una margarita"), inbound("pizzas para dos"), inbound("STOP"))
    owned = [row[0] for row in await world.ask("SELECT account_id FROM inbound ORDER BY id")]
    assert owned == [pizza.id, owner.id, owner.id]
    assert [url.partition("#")[0] for url in await callbacks(world)][:2] == ["http://pizza/in", "http://x/in"]
    assert [word for _, word in await blocked(world, owner)] == ["STOP"]
    assert await do(world, remove_keyword, NUMBER, "pizza")
    assert await do(world, list_keywords) == []


async def test_the_keyword_of_a_long_text_is_found_when_its_parts_are_joined(world: World) -> None:
    await with_number(world)
    pizza = await world.account(inbound_url="http://pizza/in")
    await do(world, add_keyword, Keyword(number=NUMBER, word="pizza", account_id=pizza.id))
    await world.do(receive, part(2, 2, "de cuatro quesos"))
    await world.do(receive, part(1, 2, "PIZZA "))
    assert [row[0] for row in await world.ask("SELECT account_id FROM inbound WHERE whole = 1")] == [pizza.id]


async def acknowledged(world: World, *inbounds: CarrierInbound) -> None:
    """Record that these were acknowledged to the carrier now."""
    await world.do(acknowledge, *(Acknowledged(inbound, world.now_ms) for inbound in inbounds))


async def test_the_same_message_is_a_repeat_until_it_is_acknowledged_and_then_a_new_one(world: World) -> None:
    await with_number(world)
    assert await world.do(receive, inbound("SI"), inbound("SI")) == [True, False]
    world.now_ms += 4_000
    assert await world.do(receive, inbound("SI")) == [False]
    await acknowledged(world, inbound("SI"))
    for _ in range(3):
        world.now_ms += 10
        assert await world.do(receive, inbound("SI")) == [True]
        await acknowledged(world, inbound("SI"))
    assert await texts(world) == [("SI", 1)] * 4
    assert len(await callbacks(world)) == 4


async def test_an_acknowledgement_and_the_next_message_of_the_same_words_may_be_in_one_batch(world: World) -> None:
    await world.do(receive, inbound("1"))
    _, fresh = await world.batch(
        (acknowledge, [Acknowledged(inbound("1"), world.now_ms)]), (receive, [inbound("1"), inbound("1")])
    )
    assert fresh == [True, False]


async def test_only_the_same_octets_by_the_same_carrier_are_a_repeat(world: World) -> None:
    first = inbound("hola", octets=b"hola", coding="gsm")
    others = [
        inbound("hola", octets=b"hola", coding="latin-1"),
        inbound("hola", octets=b"hola\0", coding="gsm"),
        inbound("hola", octets=b"hola", coding="gsm", carrier="d"),
        inbound("hola", octets=b"hola", coding="gsm", destination="555"),
    ]
    assert await world.do(receive, first, *others, first) == [True, True, True, True, True, False]


async def test_a_message_acknowledged_too_late_may_be_repeated_for_half_a_minute(world: World) -> None:
    came_ms = world.now_ms
    await world.do(receive, inbound("SI", came_ms=came_ms))
    world.now_ms += 6_000
    await acknowledged(world, inbound("SI", came_ms=came_ms))
    world.now_ms += 30_000
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms)) == [False]
    world.now_ms += 1
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms)) == [True]


async def test_after_a_copy_that_was_acknowledged_in_time_the_next_is_a_new_message(world: World) -> None:
    await world.do(receive, inbound("SI", came_ms=world.now_ms, link="acme/1@1"))
    await world.do(note_ended_links, LinkEnded("acme/1@1", world.now_ms + 1))
    world.now_ms += 2_000
    copy = inbound("SI", came_ms=world.now_ms, link="acme/1@2", bound_ms=world.now_ms - 5)
    assert await world.do(receive, copy) == [False]
    await acknowledged(world, copy)
    world.now_ms += 2_000
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms, link="acme/1@2")) == [True]


@pytest.mark.parametrize("is_acknowledged", [True, False])
async def test_shortly_after_its_link_broke_the_same_message_is_a_repeat(world: World, is_acknowledged: bool) -> None:
    first = inbound("SI", came_ms=world.now_ms, link="acme/1@1")
    await world.do(receive, first)
    if is_acknowledged:
        await acknowledged(world, first)
    await world.do(note_ended_links, LinkEnded("acme/1@1", world.now_ms + 10))
    world.now_ms += 59_000
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms, link="acme/1@2")) == [False]
    world.now_ms += 2_000
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms, link="acme/1@2")) == [True]


async def test_another_link_that_broke_makes_no_repeat(world: World) -> None:
    first = inbound("SI", came_ms=world.now_ms, link="acme/1@1")
    await world.do(receive, first)
    await acknowledged(world, first)
    await world.do(note_ended_links, LinkEnded("acme/2@1", world.now_ms + 10))
    world.now_ms += 1_000
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms, link="acme/3@1")) == [True]


@pytest.mark.parametrize("is_acknowledged", [True, False])
async def test_the_end_of_our_process_counts_as_a_broken_link(world: World, is_acknowledged: bool) -> None:
    first = inbound("SI", came_ms=world.now_ms, link="acme/1@1")
    await world.do(receive, first)
    if is_acknowledged:
        await acknowledged(world, first)
    assert world.node_id is not None
    await world.do(take_over, world.node_id)
    world.node_id = await new_node(world, "second")
    world.now_ms += 3_600_000
    bound_ms = world.now_ms
    world.now_ms += 1_000
    copy = inbound("SI", came_ms=world.now_ms, link="acme/1@9", bound_ms=bound_ms)
    assert await world.do(receive, copy) == [False]
    await acknowledged(world, copy)
    world.now_ms += 1_000
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms, link="acme/1@9", bound_ms=bound_ms)) == [True]


async def test_the_end_of_an_earlier_node_of_that_number_makes_no_repeat(world: World) -> None:
    async def ended(tx: Transaction) -> None:
        assert world.node_id is not None
        await note_ended_node(tx, world.node_id, at_ms=world.now_ms - 1)

    await world.database.write(ended)
    first = inbound("SI", came_ms=world.now_ms, link="acme/1@1")
    await world.do(receive, first)
    await acknowledged(world, first)
    assert await world.do(receive, inbound("SI", came_ms=world.now_ms + 10, link="acme/1@1")) == [True]


async def test_two_nodes_that_take_the_same_message_at_once_store_it_once(world: World) -> None:
    await with_number(world)

    async def take(text: str, *, lane: int) -> list[bool]:
        async def script(tx: Transaction) -> list[bool]:
            work = Work(tx, world.context(), now_ms=world.now_ms)
            fresh = await receive(work, [inbound(text)])
            await work.finish()
            return fresh

        return await world.database.write_in_lane(lane, script)

    for number in range(20):
        found = await asyncio.gather(take(f"vote {number}", lane=0), take(f"vote {number}", lane=1))
        assert sorted(map(tuple, found)) == [(False,), (True,)]


async def test_a_part_of_the_same_octets_is_new_once_the_first_was_acknowledged(world: World) -> None:
    await with_number(world)
    one, two = part(1, 2, "ho"), part(2, 2, "la")
    for _ in range(2):
        assert await world.do(receive, one, two) == [True, True]
        assert await world.do(receive, one, two) == [False, False]
        await acknowledged(world, one, two)
        world.now_ms += 1_000
    assert await texts(world) == [("hola", 2)] * 2
    assert len(await callbacks(world)) == 2


async def test_octets_of_parts_are_joined_before_they_are_read(world: World) -> None:
    await with_number(world)
    octets = "Hola 😀".encode("utf-16-be")
    first, second = (
        part(number, 2, some.decode("utf-16-be", "replace"), octets=some, coding="utf-16-be")
        for number, some in ((1, octets[:-2]), (2, octets[-2:]))
    )
    await world.do(receive, second)
    assert await world.do(receive, first) == [True]
    assert await texts(world) == [("Hola 😀", 2)]


async def test_a_repeated_part_is_recognized_before_and_after_the_message_was_joined(world: World) -> None:
    await with_number(world)
    one, two = part(1, 2, "ho"), part(2, 2, "la")
    assert await world.do(receive, one, one) == [True, False]
    assert await world.do(receive, one) == [False]
    assert await world.do(receive, two) == [True]
    assert await world.do(receive, two, one) == [False, False]
    assert await texts(world) == [("hola", 2)]
    assert len(await world.ask("SELECT id FROM inbound")) == 1
    assert len(await callbacks(world)) == 1


# --- joining


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
async def test_parts_are_joined_in_whatever_order_and_batches_they_come(world: World, order: tuple[int, ...]) -> None:
    await with_number(world)
    pieces = {1: "uno ", 2: "dos ", 3: "tres"}
    first, *rest = [part(number, 3, pieces[number]) for number in order]
    await world.do(receive, first)
    assert await callbacks(world) == []
    await world.do(receive, *rest)
    assert await texts(world) == [("uno dos tres", 3)]
    assert len(await callbacks(world)) == 1


async def test_parts_of_other_messages_are_not_joined(world: World) -> None:
    strangers = [
        part(2, 2, "b", source="34600000002"),
        part(2, 2, "b", destination="555"),
        part(2, 2, "b", reference=8),
        part(2, 2, "b", carrier="d"),
        part(2, 3, "b"),
    ]
    await world.do(receive, part(1, 2, "a"), *strangers)
    assert await texts(world) == []
    await world.do(receive, part(2, 2, "b"))
    assert await texts(world) == [("ab", 2)]


async def test_a_reference_used_again_closes_the_message_that_still_waited(world: World) -> None:
    await with_number(world)
    await world.do(receive, part(1, 2, "lost "))
    assert await world.do(receive, part(1, 2, "next "), part(2, 2, "one")) == [True, True]
    assert await texts(world) == [("lost ", 1), ("next one", 2)]
    assert len(await callbacks(world)) == 2
    assert await world.ask("SELECT id FROM inbound WHERE whole = 0") == []


async def test_two_messages_with_one_reference_in_one_batch_stay_two(world: World) -> None:
    await world.do(receive, part(1, 2, "a"), part(2, 2, "b"), part(1, 2, "c"), part(2, 2, "d"), part(1, 2, "e"))
    assert await texts(world) == [("ab", 2), ("cd", 2)]
    await world.do(receive, part(2, 2, "f"))
    assert await texts(world) == [("ab", 2), ("cd", 2), ("ef", 2)]


async def test_a_message_that_waits_for_hours_is_delivered_once_as_it_is(world: World) -> None:
    await with_number(world)
    await world.do(receive, part(3, 3, "tres"), part(1, 3, "uno "))
    world.now_ms += INCOMPLETE_AFTER_MS - 1
    assert await world.do(sweep_incomplete, 200) == [0]
    world.now_ms += 1
    assert await world.do(sweep_incomplete, 200) == [1]
    assert await texts(world) == [("uno tres", 2)]
    assert await world.do(sweep_incomplete, 200) == [0]
    assert len(await callbacks(world)) == 1
    world.now_ms += 48 * 3_600_000
    await world.do(sweep_incomplete, 200)
    assert await world.ask("SELECT same FROM inbound_parts") == []


async def test_parts_that_two_nodes_get_at_once_are_joined(world: World) -> None:
    await with_number(world)

    async def take(number: int, *, reference: int, lane: int) -> None:
        async def script(tx: Transaction) -> None:
            work = Work(tx, world.context(), now_ms=world.now_ms)
            await receive(work, [part(number, 2, "ab"[number - 1], reference=reference)])
            await work.finish()

        await world.database.write_in_lane(lane, script)

    for reference in range(20):
        await asyncio.gather(take(1, reference=reference, lane=0), take(2, reference=reference, lane=1))
    assert await texts(world) == [("ab", 2)] * 20


# --- opt-out


async def test_a_stop_word_blocks_the_phone_for_the_account_and_still_calls_back(world: World) -> None:
    account, other = await with_number(world), await world.account()
    before = await version(world)
    await world.do(receive, inbound(" baja. "))
    assert await blocked(world, account) == [(PHONE, "BAJA")]
    assert await blocked(world, other) == []
    assert len(await callbacks(world)) == 1
    assert await version(world) == before + 1
    assert await state_of_next(world, account) is State.BLOCKED
    assert await state_of_next(world, other) is State.QUEUED


async def test_a_start_word_lifts_the_block_of_a_stop_word(world: World) -> None:
    account = await with_number(world)
    await world.do(receive, inbound("stop"), inbound("alta"))
    assert await blocked(world, account) == []
    assert await state_of_next(world, account) is State.QUEUED


async def test_the_last_word_holds_even_if_it_is_a_repeat(world: World) -> None:
    account = await with_number(world)
    for text, holds in (("stop", True), ("alta", False), ("stop", True), ("alta", False), ("stop", True)):
        await world.do(receive, inbound(text))
        assert bool(await blocked(world, account)) is holds, text
    assert len(await callbacks(world)) == 2


async def test_a_phone_cannot_lift_what_an_operator_blocked(world: World) -> None:
    account = await with_number(world)
    await do(world, block, account.id, [PHONE], now_ms=START_MS)
    await world.do(receive, inbound("alta"))
    assert await blocked(world, account) == [(PHONE, "")]


async def test_a_number_may_have_words_of_its_own_or_none(world: World) -> None:
    account = await with_number(world, words=("FUERA",))
    await world.do(receive, inbound("stop"))
    assert await blocked(world, account) == []
    await world.do(receive, inbound("fuera"))
    assert await blocked(world, account) == [(PHONE, "FUERA")]


async def test_the_account_chooses_its_words(world: World) -> None:
    account = await with_number(world, stop_words=("SALIR",))
    await world.do(receive, inbound("stop"), inbound("salir"))
    assert await blocked(world, account) == [(PHONE, "SALIR")]


async def test_a_stop_word_that_came_in_parts_takes_effect(world: World) -> None:
    account = await with_number(world)
    await world.do(receive, part(2, 2, "OP"), part(1, 2, "ST"))
    assert await blocked(world, account) == [(PHONE, "STOP")]


async def test_a_stop_word_to_an_unclaimed_number_blocks_nothing(world: World) -> None:
    await world.do(receive, inbound("stop"))
    assert await world.ask("SELECT msisdn FROM blocked_numbers") == []


# --- black lists


async def test_the_black_list_of_all_accounts_holds_until_the_number_is_removed(world: World) -> None:
    account = await world.account()
    before = await version(world)
    assert await do(world, block, AccountId(0), [PHONE, PHONE], now_ms=START_MS) == 1
    assert await state_of_next(world, account) is State.BLOCKED
    assert await do(world, unblock, AccountId(0), [PHONE, "34600000009"]) == 1
    assert await state_of_next(world, account) is State.QUEUED
    assert await version(world) == before + 2


async def state_of_next(world: World, account: Account) -> State:
    """Send a message to the phone, after a node has read the accounts again, and return its state."""
    blocked_at_all = bool(await world.ask("SELECT msisdn FROM blocked_numbers"))
    assert (await do(world, load_snapshot)).has_blocked_numbers is blocked_at_all
    recipient = Recipient(msisdn=PHONE, text="hi", alphabet=Alphabet.GSM, parts=1)
    result = await world.accept(account, recipients=[recipient])
    assert isinstance(result, Accepted)
    return result.messages[0].state
