"""A claimed message without a carrier is routed by the rules of that moment."""

from tests.support.world import CREDIT, FixedRouter, World

from palomar.routing.hours import parse_hours
from palomar.routing.rules import Route, RoutingPlan
from palomar.routing.sender_rules import SenderAction, SenderRule
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.release import ReadyPart
from palomar.vocabulary.lane import Lane, Rank
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import MomentKind

HOUR_MS = 3_600_000


async def claimed(world: World, carrier: str = "", rank: Rank = Rank.NORMAL) -> list[ReadyPart]:
    parts: list[ReadyPart] = (await world.do(claim, MessageClaimOrder(carrier=carrier, limit=100, rank=rank)))[0].parts
    return parts


async def test_a_scheduled_message_goes_by_the_route_that_is_open_when_it_is_due(world: World) -> None:
    day = Route(id=1, name="day", carrier="a", hours=parse_hours("08:00-20:00"))
    night = Route(id=2, name="night", carrier="b", hours=parse_hours("20:00-08:00"))
    world.router = FixedRouter("a", "b", plan=RoutingPlan(routes=(day, night)))
    account = await world.account()
    world.now_ms -= world.now_ms % (24 * HOUR_MS)  # midnight
    for hours in (9, 21):
        await world.accepted(account, carrier="", due_ms=world.now_ms + hours * HOUR_MS)
    world.now_ms += 10 * HOUR_MS
    assert [part.carrier for part in await claimed(world)] == ["a"]
    world.now_ms += 12 * HOUR_MS
    (part,) = await claimed(world)
    assert part.carrier == "b"
    (told,) = [m for m in (await world.show(part.message_id)).timeline if m.kind is MomentKind.ROUTED]
    assert str(told.detail["routes"]).splitlines() == ["day (a): it is open 08:00-20:00", "night (b): chosen"]


async def test_all_parts_of_a_message_go_by_one_carrier(world: World) -> None:
    world.router = FixedRouter("a", "b")
    account = await world.account(credit=100 * CREDIT)
    await world.accept(account, carrier="", count=6, parts=3)
    by_message: dict[int, set[str]] = {}
    for part in await claimed(world):
        by_message.setdefault(part.message_id, set()).add(part.carrier)
    assert [len(carriers) for carriers in by_message.values()] == [1] * 6
    assert set.union(*by_message.values()) == {"a", "b"}


async def test_a_message_that_no_route_takes_ends_as_blocked_costs_nothing_and_says_why(world: World) -> None:
    world.router = FixedRouter("a", plan=RoutingPlan(routes=(Route(id=1, carrier="a", country="ES"),)))
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, carrier="", parts=2)
    assert await claimed(world) == []
    view = await world.show(message.row.id)
    assert view.message.state is State.BLOCKED
    assert await world.balance(account) == (10 * CREDIT, 0)
    (told,) = [m for m in view.timeline if m.kind is MomentKind.DISCARDED]
    assert (told.detail["why"], told.detail["routes"]) == ("no route takes it", "a: the number is not of ES")
    assert await world.told(message.row.id) == ["blocked"]


async def test_without_routes_and_carriers_a_message_waits(world: World) -> None:
    world.router = FixedRouter()
    await world.accepted(await world.account(), carrier="")
    (part,) = await claimed(world)
    assert part.carrier == ""


async def test_the_carrier_is_given_the_sender_that_its_rules_yield(world: World) -> None:
    rule = SenderRule(id=1, carrier="a", action=SenderAction.REPLACE, replacement="34911")
    world.router = FixedRouter("a", plan=RoutingPlan(sender_rules=(rule,)))
    account = await world.account()
    await world.accepted(account, carrier="")
    await world.accepted(account, carrier="a")
    senders = [part.sender for carrier in ("", "a") for part in await claimed(world, carrier)]
    assert senders == ["34911", "34911"]


async def test_a_lane_is_remembered_with_the_place_in_the_queue(world: World) -> None:
    lane = Lane(id=4, name="codes", rank=Rank.URGENT, label="otp", useless_after_seconds=30, flash=True)
    world.plan = RoutingPlan(lanes=(lane,))
    world.router = FixedRouter("a", plan=world.plan)
    await world.accepted(await world.account(), carrier="a", label="otp")
    assert await claimed(world, "a") == []
    (part,) = await claimed(world, "a", Rank.URGENT)
    assert (part.rank, part.flash, part.stale_ms) == (Rank.URGENT, True, world.now_ms + 30_000)


async def test_a_lane_that_is_gone_leaves_its_messages_their_rank_and_deadline(world: World) -> None:
    lane = Lane(id=4, name="codes", rank=Rank.URGENT, useless_after_seconds=30, flash=True)
    world.plan = RoutingPlan(lanes=(lane,))
    await world.accepted(await world.account(), carrier="a")
    world.router = FixedRouter("a")
    (part,) = await claimed(world, "a", Rank.URGENT)
    assert (part.flash, part.stale_ms) == (False, world.now_ms + 30_000)
