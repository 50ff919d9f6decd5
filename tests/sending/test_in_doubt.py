"""A part in doubt is sent again within bounds, then held; what it costs in the end."""

import pytest
from msgspec import structs
from tests.support.doubts import LATER, NO_ANSWER, PHONE, REFUSED, doubted, submitted_again
from tests.support.world import CREDIT, FixedRouter, World, from_waiting, new_node, outgoing

from palomar.app.housekeeping import expire
from palomar.ports import NotSent, Submitted
from palomar.routing.rules import RoutingPlan
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.deadlines import end_stale
from palomar.sending.in_doubt import Retry
from palomar.sending.nodes import take_over
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.lane import Lane, Rank
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import MomentKind

LIFE_MS = 80 * 3_600_000


async def reasons(world: World) -> dict[str, int]:
    """Count the parts of ledger entries, by reason."""
    rows = await world.ask("SELECT reason, sum(items) FROM ledger WHERE leg = 0 GROUP BY reason")
    return {str(reason): int(items) for reason, items in rows if reason not in ("credit", "reserve")}


# --- how often


async def test_a_part_without_an_answer_is_resent_once_and_then_held(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    assert await world.answer(part, NO_ANSWER) == Retry(attempt=2, seconds=5.0)
    assert await submitted_again(world, part, 2) is None
    assert await world.state(message.row.id) is State.HELD
    assert await world.queue() == {}
    assert await world.mark(structs.replace(part, attempt=3)) == [False]


async def test_each_pause_is_longer_than_the_one_before_as_the_account_says(world: World) -> None:
    account = await world.account(resend_times=3, resend_pause=10, resend_factor=3)
    (part,) = outgoing(await world.accepted(account, claim=State.SUBMITTING))
    first = await world.answer(part, NO_ANSWER)
    found = [first, *[await submitted_again(world, part, attempt) for attempt in (2, 3, 4)]]
    assert found == [Retry(2, 10.0), Retry(3, 30.0), Retry(4, 90.0), None]


async def test_the_lane_s_bounds_go_before_the_account_s(world: World) -> None:
    lane = Lane(id=7, name="codes", rank=Rank.URGENT, resend_times=0)
    other = Lane(id=8, name="slow", rank=Rank.NORMAL, label="slow", resend_pause=60)
    world.plan = RoutingPlan(lanes=(other, lane))
    world.router = FixedRouter("c", plan=world.plan)
    (code,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING))
    (slow,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING, label="slow"))
    assert await world.answer(code, NO_ANSWER) is None
    assert await world.answer(slow, NO_ANSWER) == Retry(2, 60.0)


async def test_the_node_that_takes_a_message_over_keeps_its_pause(world: World) -> None:
    message = await doubted(world)
    await world.do(take_over, world.node_id)
    world.node_id = await new_node(world, "second")
    assert (await world.do(claim, MessageClaimOrder(carrier="c", limit=9)))[0].parts == []
    world.now_ms += 5_000
    (claimed,) = (await world.do(claim, MessageClaimOrder(carrier="c", limit=9)))[0].parts
    assert (claimed.message_id, claimed.attempt) == (message.row.id, 2)


async def test_deaths_of_nodes_are_counted_apart_and_end_with_the_third(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, NO_ANSWER)
    pauses = []
    for death in range(4):
        world.now_ms += 100_000
        (claimed,) = (await world.do(claim, MessageClaimOrder(carrier="c", limit=9)))[0].parts or [None]
        attempt = claimed.attempt if claimed else 2
        assert await world.mark(structs.replace(part, attempt=attempt)) == [True]
        await world.do(take_over, world.node_id)
        rows = await world.ask("SELECT due_ms FROM queue")
        pauses.append((rows[0][0] - world.now_ms if rows[0][0] > world.now_ms else 0) if rows else None)
        world.node_id = await new_node(world, f"after death {death}")
    assert pauses == [0, 5_000, 10_000, None]
    assert await world.state(message.row.id) is State.HELD


async def test_an_answer_that_the_node_could_not_record_before_it_died_uses_no_resend_of_the_carrier_s(
    world: World,
) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.do(take_over, world.node_id)
    world.node_id = await new_node(world, "second")
    await world.do(claim, MessageClaimOrder(carrier="c", limit=9))
    assert await submitted_again(world, part, 2) == Retry(3, 5.0)
    assert await submitted_again(world, part, 3) is None


async def test_a_part_that_was_never_handed_over_is_queued_again_however_often(world: World) -> None:
    (part,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING))
    for attempt in range(1, 9):
        found = await world.answer(structs.replace(part, attempt=attempt), NotSent(reason="no link is bound"))
        assert found == Retry(attempt + 1, 0.0)
        await world.mark(structs.replace(part, attempt=attempt + 1))


async def test_a_part_that_is_deferred_for_days_is_submitted_some_hundred_times(world: World) -> None:
    (part,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING))
    times, waited = 0, 0.0
    while waited * 1_000 < LIFE_MS:
        found = await world.answer(part, LATER)
        assert found is not None
        times, waited = times + 1, waited + found.seconds
        part = structs.replace(part, attempt=found.attempt, deferrals=found.deferrals)
        await world.mark(part)
    assert times < 700


# --- what a late answer changes


async def test_a_late_refusal_of_the_only_copy_ends_a_part_that_waits_to_be_sent_again(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    await world.answer(outgoing(message)[0], REFUSED)
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.balance(account) == (10 * CREDIT, 0)


async def test_a_held_part_that_was_only_deferred_is_queued_again(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await doubted(world, account=account)
    assert await world.state(message.row.id) is State.HELD
    await world.answer(outgoing(message)[0], LATER)
    assert await world.state(message.row.id) is State.QUEUED
    world.now_ms += 5_000
    (claimed,) = (await world.do(claim, MessageClaimOrder(carrier="c", limit=9)))[0].parts
    assert claimed.attempt == 2


async def test_a_message_is_held_as_long_as_one_of_its_parts_is_and_taken_only_after_it(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await doubted(world, account=account, parts=2)
    found = []
    for part in outgoing(message):
        await world.answer(part, LATER)
        found.append((await world.state(message.row.id), await world.told(message.row.id)))
        world.now_ms += 5_000
        (claimed,) = (await world.do(claim, MessageClaimOrder(carrier="c", limit=9)))[0].parts
        assert await world.mark(from_waiting(claimed)) == [True]
        await world.answer(from_waiting(claimed), Submitted(reference=f"r{part.number}"))
        found.append((await world.state(message.row.id), await world.told(message.row.id)))
    assert found == [(State.HELD, []), (State.HELD, []), (State.QUEUED, []), (State.SENT, ["took"])]


async def test_a_part_of_a_failed_message_is_held_if_a_copy_may_have_left(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(first, NO_ANSWER)
    await world.answer(second, REFUSED)
    assert await world.part_states(message.row.id) == [State.HELD, State.REJECTED]
    await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.balance(account) == (9 * CREDIT, 0)


# --- what it costs in the end


@pytest.mark.parametrize(("refund", "left", "reason"), [(False, 9, "unknown"), (True, 10, "unknown_back")])
@pytest.mark.parametrize("policy", list(UnknownOutcome))
async def test_a_part_that_may_have_left_and_ends_unknown_is_paid_for_unless_its_account_says_otherwise(
    world: World, refund: bool, left: int, reason: str, policy: UnknownOutcome
) -> None:
    account = await world.account(credit=10 * CREDIT, refund_unknown=refund, unknown_outcome=policy)
    message = await doubted(world, account=account)
    world.now_ms += LIFE_MS
    await world.do(expire, 9)
    assert await world.state(message.row.id) is State.UNKNOWN
    assert await world.balance(account) == (left * CREDIT, 0)
    assert await reasons(world) == {reason: 1}
    (moved,) = [
        m for m in (await world.show(message.row.id)).timeline if m.kind in (MomentKind.SETTLED, MomentKind.GIVEN_BACK)
    ]
    assert moved.detail["reason"] == reason


async def test_the_credit_of_a_part_that_never_left_is_given_back_as_unsent(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    await world.accepted(account)
    world.now_ms += LIFE_MS
    await world.do(expire, 9)
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await reasons(world) == {"unsent": 1}


async def test_a_copy_that_the_carrier_had_not_taken_is_no_reason_to_pay(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    await world.answer(outgoing(message)[0], LATER)
    world.now_ms += LIFE_MS
    await world.do(expire, 9)
    assert await world.state(message.row.id) is State.EXPIRED
    assert await reasons(world) == {"unsent": 1}


async def test_the_credit_of_a_part_that_may_have_left_is_not_given_back_at_its_lanes_deadline(world: World) -> None:
    world.plan = RoutingPlan(lanes=(Lane(id=1, name="codes", rank=Rank.URGENT, useless_after_seconds=30),))
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    world.now_ms += 30_000
    await world.do(end_stale, 9)
    assert await world.state(message.row.id) is State.HELD
    assert await world.balance(account) == (9 * CREDIT, CREDIT)
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    assert await world.balance(account) == (9 * CREDIT, 0)
