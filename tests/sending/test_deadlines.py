"""Messages that have not left at their lane's deadline expire and cost nothing; parts under way are left alone."""

import pytest
from msgspec import structs
from tests.support.world import CREDIT, World, outgoing

from palomar.ports import Deferred, Submitted
from palomar.routing.rules import RoutingPlan
from palomar.sending.deadlines import end_stale
from palomar.vocabulary.lane import Lane, Rank
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import MomentKind

SECONDS = 30
LANE = Lane(id=1, name="codes", rank=Rank.URGENT, useless_after_seconds=SECONDS)


@pytest.fixture(autouse=True)
def lane(world: World) -> None:
    world.plan = RoutingPlan(lanes=(LANE,))


async def test_a_message_that_had_not_left_in_time_expires_and_its_credit_comes_back(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, parts=2)
    world.now_ms += SECONDS * 1_000 - 1
    assert await world.do(end_stale, 10) == [0]
    world.now_ms += 1
    assert await world.do(end_stale, 10) == [1]
    view = await world.show(message.row.id)
    assert view.message.state is State.EXPIRED
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert [m.kind for m in view.timeline] == [
        MomentKind.ACCEPTED,
        MomentKind.STALE,
        MomentKind.GIVEN_BACK,
        MomentKind.GIVEN_BACK,
        MomentKind.ENDED,
    ]
    assert await world.told(message.row.id) == ["expired"]
    assert await world.do(end_stale, 10) == [0]


async def test_a_claimed_part_does_not_leave_after_its_deadline(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.QUEUED)
    (part,) = outgoing(message)
    part = structs.replace(part, stale_ms=message.new.stale_ms)
    world.now_ms += SECONDS * 1_000
    assert await world.mark(part) == [False]
    await world.do(end_stale, 10)
    assert await world.state(message.row.id) is State.EXPIRED


async def test_a_part_under_way_ends_by_its_answer_and_not_by_the_deadline(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING)
    world.now_ms += SECONDS * 1_000
    await world.do(end_stale, 10)
    assert await world.state(message.row.id) is State.QUEUED
    await world.answer(outgoing(message)[0], Submitted(reference="r1"))
    assert await world.state(message.row.id) is State.SENT
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_a_part_that_was_deferred_beyond_its_deadline_expires(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    await world.answer(outgoing(message)[0], Deferred(status=88, reason="throttled", retry_after_seconds=60))
    world.now_ms += SECONDS * 1_000
    await world.do(end_stale, 10)
    assert await world.state(message.row.id) is State.EXPIRED


async def test_parts_of_a_long_message_that_left_are_paid_for_and_the_others_are_not(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(first, Submitted(reference="r1"))
    await world.answer(second, Deferred(status=88, reason="throttled", retry_after_seconds=60))
    world.now_ms += SECONDS * 1_000
    await world.do(end_stale, 10)
    assert await world.part_states(message.row.id) == [State.SENT, State.EXPIRED]
    await world.receipt("r1", State.DELIVERED)
    assert await world.state(message.row.id) is State.EXPIRED
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_a_message_without_a_deadline_never_expires_unsent(world: World) -> None:
    world.plan = RoutingPlan()
    await world.accepted(await world.account())
    world.now_ms += 10**9
    assert await world.do(end_stale, 10) == [0]
