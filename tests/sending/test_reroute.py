"""Whole messages move to a carrier that takes them; a message that has begun to leave never does."""

from typing import Any

import pytest
from tests.support.doubts import LATER, NO_ANSWER, PHONE, doubted
from tests.support.world import CREDIT, FixedRouter, World, new_node, outgoing

from palomar.ports import Deferred, InDoubt, NotSent, Submitted
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.reroute import Rerouted, RerouteOrder, reroute
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import MomentKind

DOWN = "no link is bound"


async def moved(world: World, **order: Any) -> Rerouted:
    result: Rerouted = (await world.do(reroute, RerouteOrder(**({"carrier": "a", "why": DOWN} | order))))[0]
    return result


async def waiting_for(world: World) -> list[tuple[str, int | None]]:
    return [(row[0], row[1]) for row in await world.ask("SELECT carrier, node_id FROM queue ORDER BY message_id")]


async def test_an_unclaimed_message_moves_to_the_other_carrier_and_its_timeline_says_why(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", parts=2)
    assert await moved(world) == Rerouted(moved={message.row.id: ("b", Rank.NORMAL)}, looked_at=1)
    assert await waiting_for(world) == [("b", None)]
    (told,) = [m for m in (await world.show(message.row.id)).timeline if m.kind is MomentKind.REROUTED]
    assert (told.detail["before"], told.detail["carrier"], told.detail["why"]) == ("a", "b", DOWN)
    assert str(told.detail["routes"]).splitlines() == ["a: the message has just failed to leave by it", "b: chosen"]
    claimed = (await world.do(claim, MessageClaimOrder(carrier="b", limit=10)))[0]
    assert [(part.number, part.carrier) for part in claimed.parts] == [(1, "b"), (2, "b")]
    assert await world.mark(outgoing(message)[0], carrier="b") == [True]


async def test_a_message_that_this_node_has_claimed_moves_and_its_old_part_may_not_leave(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", claim=State.QUEUED)
    assert set((await moved(world, message_ids=(message.row.id,))).moved) == {message.row.id}
    (part,) = outgoing(message)
    assert await world.mark(part, carrier="a") == [False]
    await world.do(claim, MessageClaimOrder(carrier="b", limit=10))
    assert await world.mark(part, carrier="a") == [False]
    assert await world.mark(part, carrier="b") == [True]


async def test_a_message_that_another_node_has_claimed_stays(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", claim=State.QUEUED)
    before = await waiting_for(world)
    world.node_id = await new_node(world, "another")
    assert (await moved(world, message_ids=(message.row.id,))).moved == {}
    assert (await moved(world)).moved == {}
    assert await waiting_for(world) == before


async def test_a_message_of_which_a_part_has_left_stays_with_its_carrier(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(second, Deferred(status=88, reason="later", retry_after_seconds=1), carrier="a")
    assert (await moved(world, message_ids=(message.row.id,))).moved == {}  # the first is under way
    await world.answer(first, Submitted(reference="r1"), carrier="a")
    assert (await moved(world, message_ids=(message.row.id,))).moved == {}
    assert [row[0] for row in await waiting_for(world)] == ["a"]


async def test_a_message_in_doubt_moves_only_if_its_account_lets_it_be_resent(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    found = []
    for policy in (UnknownOutcome.RESEND, UnknownOutcome.HOLD):
        account = await world.account(credit=10 * CREDIT, unknown_outcome=policy)
        message = await world.accepted(account, carrier="a", claim=State.SUBMITTING)
        await world.answer(outgoing(message)[0], InDoubt(reason="the link broke"), carrier="a")
        found.append(bool((await moved(world, message_ids=(message.row.id,))).moved))
    assert found == [True, False]


async def test_a_message_stays_if_no_other_carrier_can_be_used(world: World) -> None:
    message = await world.accepted(await world.account(), carrier="a")
    for router in (FixedRouter("a"), FixedRouter("a", "b", b=DOWN), None):
        world.router = router
        assert (await moved(world)).moved == {}
    assert await waiting_for(world) == [("a", None)]
    assert [m.kind for m in (await world.show(message.row.id)).timeline] == [MomentKind.ACCEPTED]


async def test_only_due_messages_of_the_ordered_rank_move(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    account = await world.account(credit=1_000 * CREDIT)
    await world.accept(account, carrier="a", count=150)
    later = await world.accepted(account, carrier="a", due_ms=world.now_ms + 60_000)
    assert (await moved(world)).looked_at == 0
    assert (await moved(world, rank=Rank.BULK)).looked_at == 150
    assert ("a", None) in await waiting_for(world)
    assert await world.state(later.row.id) is State.SCHEDULED


async def test_a_node_without_a_lease_moves_nothing(world: World) -> None:
    world.router = FixedRouter("a", "b", a=DOWN)
    await world.accepted(await world.account(), carrier="a")
    world.node_id = None
    assert await moved(world) == Rerouted(moved={}, looked_at=0)


async def test_after_all_parts_are_in_doubt_the_copies_go_by_another_and_a_receipt_of_either_ends_it(
    world: World,
) -> None:
    world.router = FixedRouter("a", "b", a="it answers nothing")
    for who, reference in (("a", "of-a"), ("b", "of-b")):
        message = await doubted(world, carrier="a", parts=2)
        assert (await moved(world, why="it answers nothing", message_ids=(message.row.id,))).moved
        world.now_ms += 5_000
        claimed = (await world.do(claim, MessageClaimOrder(carrier="b", limit=9)))[0].parts
        assert [part.attempt for part in claimed] == [2, 2]
        for part in outgoing(message, attempt=2):
            assert await world.mark(part, carrier="b") == [True]
            await world.answer(part, Submitted(reference=f"of-b{part.number}"), carrier="b")
        for number in (1, 2):
            assert await world.receipt(f"{reference}{number}", State.DELIVERED, carrier=who, msisdn=PHONE)
        assert await world.state(message.row.id) is State.DELIVERED
        other = "b" if who == "a" else "a"
        for number in (1, 2):
            assert await world.receipt(f"of-{other}{number}", State.UNDELIVERED, carrier=other, msisdn=PHONE)
        assert await world.told(message.row.id) == ["took", "delivered"]
        await world.tell("UPDATE doubts SET reference = 'none' WHERE reference = ''")


@pytest.mark.parametrize("other", [Submitted(reference="r2"), NotSent(reason="no link is bound"), LATER, None])
async def test_while_one_part_is_not_in_doubt_the_message_stays_with_its_carrier(world: World, other: Any) -> None:
    world.router = FixedRouter("a", "b", a="it answers nothing")
    message = await world.accepted(await world.account(), claim=State.SUBMITTING, carrier="a", parts=2)
    first, second = outgoing(message)
    await world.answer(first, NO_ANSWER, carrier="a")
    if other is not None:
        await world.answer(second, other, carrier="a")
    assert not (await moved(world, why="it answers nothing", message_ids=(message.row.id,))).moved
