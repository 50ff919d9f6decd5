"""Reroute: whole messages move to a carrier that takes them; what has begun to leave never does."""

from typing import Any

from tests.support.world import CREDIT, StandingRouter, World, new_node, outgoing

from palomar.ports import Deferred, InDoubt, Taken
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.reroute import Rerouted, RerouteOrder, reroute
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import Kind

DOWN = "no link is bound"


async def moved(world: World, **order: Any) -> Rerouted:
    result: Rerouted = (await world.do(reroute, RerouteOrder(**({"carrier": "a", "why": DOWN} | order))))[0]
    return result


async def waiting_for(world: World) -> list[tuple[str, int | None]]:
    return [(row[0], row[1]) for row in await world.ask("SELECT carrier, node_id FROM queue ORDER BY message_id")]


async def test_what_nobody_has_claimed_waits_for_the_other_carrier_and_says_why(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", parts=2)
    assert await moved(world) == Rerouted(moved={message.row.id: ("b", Rank.NORMAL)}, looked_at=1)
    assert await waiting_for(world) == [("b", None)]
    (told,) = [m for m in (await world.show(message.row.id)).timeline if m.kind is Kind.REROUTED]
    assert (told.detail["before"], told.detail["carrier"], told.detail["why"]) == ("a", "b", DOWN)
    assert str(told.detail["routes"]).splitlines() == ["a: the message has just failed to leave by it", "b: chosen"]
    claimed = (await world.do(claim, MessageClaimOrder(carrier="b", limit=10)))[0]
    assert [(part.number, part.carrier) for part in claimed.parts] == [(1, "b"), (2, "b")]
    assert await world.mark(outgoing(message)[0], carrier="b") == [True]


async def test_what_this_node_has_claimed_moves_and_its_old_place_in_line_is_worth_nothing(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", claim=State.QUEUED)
    assert set((await moved(world, message_ids=(message.row.id,))).moved) == {message.row.id}
    (part,) = outgoing(message)
    assert await world.mark(part, carrier="a") == [False]
    await world.do(claim, MessageClaimOrder(carrier="b", limit=10))
    assert await world.mark(part, carrier="a") == [False]
    assert await world.mark(part, carrier="b") == [True]


async def test_what_another_node_has_is_not_touched(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", claim=State.QUEUED)
    before = await waiting_for(world)
    world.node_id = await new_node(world, "another")
    assert (await moved(world, message_ids=(message.row.id,))).moved == {}
    assert (await moved(world)).moved == {}
    assert await waiting_for(world) == before


async def test_a_message_of_which_a_part_has_left_stays_with_its_carrier(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    message = await world.accepted(await world.account(), carrier="a", claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(second, Deferred(status=88, reason="later", retry_after_seconds=1), carrier="a")
    assert (await moved(world, message_ids=(message.row.id,))).moved == {}  # the first is under way
    await world.answer(first, Taken(reference="r1"), carrier="a")
    assert (await moved(world, message_ids=(message.row.id,))).moved == {}
    assert [row[0] for row in await waiting_for(world)] == ["a"]


async def test_what_is_in_doubt_moves_only_where_its_account_lets_it_be_sent_again(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    found = []
    for policy in (UnknownOutcome.RESEND, UnknownOutcome.HOLD):
        account = await world.account(credit=10 * CREDIT, unknown_outcome=policy)
        message = await world.accepted(account, carrier="a", claim=State.SUBMITTING)
        await world.answer(outgoing(message)[0], InDoubt(reason="the link broke"), carrier="a")
        found.append(bool((await moved(world, message_ids=(message.row.id,))).moved))
    assert found == [True, False]


async def test_without_another_that_can_be_used_a_message_stays(world: World) -> None:
    message = await world.accepted(await world.account(), carrier="a")
    for router in (StandingRouter("a"), StandingRouter("a", "b", b=DOWN), None):
        world.router = router
        assert (await moved(world)).moved == {}
    assert await waiting_for(world) == [("a", None)]
    assert [m.kind for m in (await world.show(message.row.id)).timeline] == [Kind.ACCEPTED]


async def test_only_the_asked_rank_and_only_what_is_due_moves(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    account = await world.account(credit=1_000 * CREDIT)
    await world.accept(account, carrier="a", count=150)
    later = await world.accepted(account, carrier="a", due_ms=world.now_ms + 60_000)
    assert (await moved(world)).looked_at == 0
    assert (await moved(world, rank=Rank.BULK)).looked_at == 150
    assert ("a", None) in await waiting_for(world)
    assert await world.state(later.row.id) is State.SCHEDULED


async def test_a_node_without_a_lease_moves_nothing(world: World) -> None:
    world.router = StandingRouter("a", "b", a=DOWN)
    await world.accepted(await world.account(), carrier="a")
    world.node_id = None
    assert await moved(world) == Rerouted(moved={}, looked_at=0)
