"""Doubt within bounds: how often a part is sent again, what a receipt ends, and what it costs in the end."""

from typing import Any

import pytest
from msgspec import structs
from tests.support.world import CREDIT, START_MS, StandingRouter, World, from_waiting, new_node, outgoing, recipient

from palomar.acceptance.compose import AcceptedMessage
from palomar.app.housekeeping import expire
from palomar.ports import Deferred, InDoubt, NotSent, OutgoingPart, Refused, Taken
from palomar.receipts.record import OrphanSweep, sweep_orphans
from palomar.reports.held_count import HeldMessages, count_held
from palomar.routing.rules import RoutingPlan
from palomar.sending.claimer import MessageClaimOrder, claim
from palomar.sending.deadlines import end_stale
from palomar.sending.nodes import take_over
from palomar.sending.reroute import RerouteOrder, reroute
from palomar.sending.resend_held import list_held_messages, resend_held_parts
from palomar.sending.submit import Retry, SubmitAnswer, record_answers
from palomar.storage.database import Transaction
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.lane import Lane, Rank
from palomar.vocabulary.message import MessageId, State, echo_of
from palomar.vocabulary.timeline import Kind

NO_ANSWER = InDoubt(reason="no answer in time")
REFUSED = Refused(status=11, reason="ESME_RINVDSTADR")
LATER = Deferred(status=8, reason="ESME_RSYSERR", retry_after_seconds=5.0)
PHONE = recipient().msisdn
LIFE_MS = 80 * 3_600_000


async def doubted(world: World, *, carrier: str = "c", **asked: Any) -> AcceptedMessage:
    """A message of which no part was answered; each waits to be sent again."""
    account = asked.pop("account", None) or await world.account(credit=100 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, carrier=carrier, **asked)
    for part in outgoing(message):
        await world.answer(part, NO_ANSWER, carrier=carrier)
    return message


async def again(world: World, part: OutgoingPart, attempt: int, *, carrier: str = "c") -> Retry | None:
    """The part leaves once more, and gets no answer either."""
    part = structs.replace(part, attempt=attempt)
    assert await world.mark(part, carrier=carrier) == [True]
    return await world.answer(part, NO_ANSWER, carrier=carrier)


async def reasons(world: World) -> dict[str, int]:
    """What the ledger says about parts: how many moved, by reason."""
    rows = await world.ask("SELECT reason, sum(items) FROM ledger WHERE leg = 0 GROUP BY reason")
    return {str(reason): int(items) for reason, items in rows if reason not in ("credit", "reserve")}


# --- how often


async def test_what_no_carrier_answers_is_sent_again_once_and_then_held(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    assert await world.answer(part, NO_ANSWER) == Retry(attempt=2, seconds=5.0)
    assert await again(world, part, 2) is None
    assert await world.state(message.row.id) is State.HELD
    assert await world.queue() == {}
    assert await world.mark(structs.replace(part, attempt=3)) == [False]


async def test_each_pause_is_longer_than_the_one_before_as_the_account_says(world: World) -> None:
    account = await world.account(resend_times=3, resend_pause=10, resend_factor=3)
    (part,) = outgoing(await world.accepted(account, claim=State.SUBMITTING))
    first = await world.answer(part, NO_ANSWER)
    found = [first, *[await again(world, part, attempt) for attempt in (2, 3, 4)]]
    assert found == [Retry(2, 10.0), Retry(3, 30.0), Retry(4, 90.0), None]


async def test_the_lane_s_bounds_go_before_the_account_s(world: World) -> None:
    lane = Lane(id=7, name="codes", rank=Rank.URGENT, resend_times=0)
    other = Lane(id=8, name="slow", rank=Rank.NORMAL, label="slow", resend_pause=60)
    world.plan = RoutingPlan(lanes=(other, lane))
    world.router = StandingRouter("c", plan=world.plan)
    (code,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING))
    (slow,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING, label="slow"))
    assert await world.answer(code, NO_ANSWER) is None
    assert await world.answer(slow, NO_ANSWER) == Retry(2, 60.0)


async def test_the_pause_is_kept_by_whoever_takes_the_message_over(world: World) -> None:
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
    assert await again(world, part, 2) == Retry(3, 5.0)
    assert await again(world, part, 3) is None


async def test_a_part_that_was_never_handed_over_is_queued_again_however_often(world: World) -> None:
    (part,) = outgoing(await world.accepted(await world.account(), claim=State.SUBMITTING))
    for attempt in range(1, 9):
        found = await world.answer(structs.replace(part, attempt=attempt), NotSent(reason="no link is bound"))
        assert found == Retry(attempt + 1, 0.0)
        await world.mark(structs.replace(part, attempt=attempt + 1))


async def test_a_part_that_is_put_off_for_days_comes_some_hundred_times(world: World) -> None:
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


async def test_a_held_part_that_was_only_put_off_is_queued_again(world: World) -> None:
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
        await world.answer(from_waiting(claimed), Taken(reference=f"r{part.number}"))
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
async def test_what_may_have_left_and_ends_unknown_is_paid_for_unless_the_account_says_otherwise(
    world: World, refund: bool, left: int, reason: str, policy: UnknownOutcome
) -> None:
    account = await world.account(credit=10 * CREDIT, refund_unknown=refund, unknown_outcome=policy)
    message = await doubted(world, account=account)
    world.now_ms += LIFE_MS
    await world.do(expire, 9)
    assert await world.state(message.row.id) is State.UNKNOWN
    assert await world.balance(account) == (left * CREDIT, 0)
    assert await reasons(world) == {reason: 1}
    (moved,) = [m for m in (await world.show(message.row.id)).timeline if m.kind in (Kind.SETTLED, Kind.GIVEN_BACK)]
    assert moved.detail["reason"] == reason


async def test_what_never_left_is_given_back_as_unsent(world: World) -> None:
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


async def test_what_may_have_left_is_not_given_back_when_its_lane_s_time_is_over(world: World) -> None:
    world.plan = RoutingPlan(lanes=(Lane(id=1, name="codes", rank=Rank.URGENT, useless_after_seconds=30),))
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    world.now_ms += 30_000
    await world.do(end_stale, 9)
    assert await world.state(message.row.id) is State.HELD
    assert await world.balance(account) == (9 * CREDIT, CREDIT)
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    assert await world.balance(account) == (9 * CREDIT, 0)


# --- receipts


async def test_a_receipt_ends_the_doubt_before_the_part_is_sent_again(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE, sender="FOXSYS", text="hello")
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.mark(*outgoing(message, attempt=2)) == [False]
    assert await world.told(message.row.id) == ["took", "delivered"]
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_a_receipt_that_came_before_the_doubt_was_decided_ends_it(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE, sender="FOXSYS", text="hello")
    assert await world.answer(outgoing(message)[0], NO_ANSWER) is None
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.ask("SELECT id FROM orphans") == []


async def test_a_receipt_ends_what_a_dead_node_was_sending(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    await world.do(take_over, world.node_id)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.queue() == {}


async def test_a_receipt_from_before_the_message_was_there_is_another_s(world: World) -> None:
    world.now_ms = START_MS - 60_000
    await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    world.now_ms = START_MS
    message = await doubted(world)
    await world.do(sweep_orphans, OrphanSweep(limit=9))
    assert await world.state(message.row.id) is State.QUEUED


async def test_a_receipt_ends_a_part_whose_copy_is_under_way(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    (second,) = outgoing(message, attempt=2)
    await world.mark(second)
    assert await world.receipt("one", State.UNDELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.UNDELIVERED
    assert await world.answer(second, NO_ANSWER) is None
    await world.answer(second, Taken(reference="two"))
    assert await world.receipt("two", State.DELIVERED, msisdn=PHONE)  # the copy's: it changes nothing
    assert await world.state(message.row.id) is State.UNDELIVERED
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_receipts_of_each_copy_end_it_once_and_leave_no_orphan(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, resend_times=2)
    message = await doubted(world, account=account)
    (part,) = outgoing(message)
    await again(world, part, 2)
    await again(world, part, 3)
    for reference in ("a1", "a2", "a3", "a2"):
        assert await world.receipt(reference, State.DELIVERED, msisdn=PHONE)
    assert await world.told(message.row.id) == ["took", "delivered"]
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_as_many_receipts_as_doubtful_parts_end_all_of_them_whichever_is_which(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account, parts=3)
    assert await world.receipt("r3", State.DELIVERED, msisdn=PHONE)
    assert await world.receipt("r1", State.DELIVERED, msisdn=PHONE)
    assert await world.receipt("r1", State.DELIVERED, msisdn=PHONE)  # once more: it is the same copy
    assert await world.state(message.row.id) is State.QUEUED
    assert await world.receipt("r2", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.balance(account) == (7 * CREDIT, 0)


async def test_receipts_of_several_parts_in_one_batch_and_one_of_them_twice(world: World) -> None:
    message = await doubted(world, parts=2)
    from tests.support.world import receipt

    from palomar.receipts.record import record_receipts

    said = [receipt(one, State.DELIVERED, msisdn=PHONE) for one in ("r1", "r1", "r2")]
    assert await world.do(record_receipts, *said[:2]) == [True, True]
    assert await world.part_states(message.row.id) == [State.DELIVERED, State.QUEUED]
    assert await world.do(record_receipts, *said[2:]) == [True]
    assert await world.state(message.row.id) is State.DELIVERED


async def test_the_part_whose_own_text_a_receipt_repeats_goes_first(world: World) -> None:
    text = "a" * 153 + "b" * 20
    message = await doubted(world, recipients=[recipient(text=text, parts=2)])
    assert await world.receipt("r2", State.UNDELIVERED, msisdn=PHONE, text="bbbbbbbb")
    assert await world.part_states(message.row.id) == [State.QUEUED, State.UNDELIVERED]


async def test_of_a_message_partly_answered_the_rest_is_ended_by_the_receipts_that_are_left(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING, parts=3)
    first, second, third = outgoing(message)
    await world.answer(second, Taken(reference="r2"))
    await world.answer(first, NO_ANSWER)
    await world.answer(third, NO_ANSWER)
    for reference in ("r1", "r2", "r3"):
        assert await world.receipt(reference, State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED


async def test_of_two_messages_alike_neither_is_ended_whether_one_has_ended_or_not(world: World) -> None:
    messages = [await doubted(world), await doubted(world)]
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE, sender="FOXSYS", text="hello")
    assert [await world.state(message.row.id) for message in messages] == [State.QUEUED, State.QUEUED]
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE, echo=echo_of(outgoing(messages[1])[0].part_id))
    assert await world.state(messages[1].row.id) is State.DELIVERED
    await again(world, outgoing(messages[0])[0], 2)
    assert await world.receipt("y", State.DELIVERED, msisdn=PHONE)
    assert await world.state(messages[0].row.id) is State.DELIVERED


async def test_a_copy_of_a_message_that_has_ended_may_be_what_a_receipt_speaks_of(world: World) -> None:
    ended = await doubted(world)
    (second,) = outgoing(ended, attempt=2)
    await world.mark(second)
    await world.answer(second, Taken(reference="two"))
    await world.receipt("two", State.DELIVERED)
    waits = await doubted(world)
    assert not await world.receipt("one", State.DELIVERED, msisdn=PHONE)
    assert await world.state(waits.row.id) is State.QUEUED


@pytest.mark.parametrize(
    "wrong", [{"sender": "OTHER"}, {"text": "good bye"}, {"carrier": "d"}, {"msisdn": "34600000001"}]
)
async def test_a_receipt_that_differs_in_one_thing_ends_nothing(world: World, wrong: dict[str, str]) -> None:
    message = await doubted(world)
    said = {"msisdn": PHONE, "sender": "FOXSYS", "text": "hello"} | wrong
    assert not await world.receipt("x", State.DELIVERED, **said)
    assert await world.state(message.row.id) is State.QUEUED


async def test_a_receipt_that_is_no_end_shows_that_the_carrier_has_the_part(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    assert await world.receipt("x", None, msisdn=PHONE)
    assert await world.state(message.row.id) is State.SENT
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.mark(*outgoing(message, attempt=2)) == [False]
    assert await world.receipt("x", State.DELIVERED)
    assert await world.told(message.row.id) == ["took", "delivered"]


async def test_the_first_copy_s_own_id_ends_the_message_after_the_second_was_taken(world: World) -> None:
    message = await doubted(world)
    (first,), (second,) = outgoing(message), outgoing(message, attempt=2)
    await world.mark(second)
    await world.answer(first, Taken(reference="one"))
    await world.answer(second, Taken(reference="two"))
    assert await world.receipt("one", State.DELIVERED)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.receipt("two", State.UNDELIVERED)
    assert await world.told(message.row.id) == ["took", "delivered"]


async def test_a_copy_that_gets_no_answer_after_the_message_has_ended_still_finds_its_own_receipt(world: World) -> None:
    message = await doubted(world)
    (second,) = outgoing(message, attempt=2)
    await world.mark(second)
    assert await world.receipt("one", State.DELIVERED, msisdn=PHONE)
    assert not await world.receipt("two", State.UNDELIVERED, msisdn=PHONE)  # the second may be answered yet
    assert await world.answer(second, NO_ANSWER) is None
    assert await world.ask("SELECT id FROM orphans") == []
    assert await world.told(message.row.id) == ["took", "delivered"]


async def test_a_receipt_of_the_first_copy_corrects_the_refusal_of_the_second_once_and_without_money(
    world: World,
) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account)
    (second,) = outgoing(message, attempt=2)
    await world.mark(second)
    await world.answer(second, REFUSED)
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.receipt("one", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.receipt("one", State.UNDELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED
    assert (await world.told(message.row.id))[-2:] == ["rejected", "delivered"]
    assert await world.balance(account) == (10 * CREDIT, 0)


async def test_a_refusal_without_another_copy_is_final(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    await world.answer(outgoing(message)[0], REFUSED)
    assert not await world.receipt("one", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.REJECTED


async def test_of_two_messages_alike_that_time_out_together_none_is_ended_by_a_receipt_that_came_before(
    world: World,
) -> None:
    account = await world.account()
    messages = [await world.accepted(account, claim=State.SUBMITTING) for _ in range(2)]
    await world.receipt("one", State.DELIVERED, msisdn=PHONE, sender="FOXSYS", text="hello")
    await world.do(record_answers, *(SubmitAnswer("c", outgoing(message)[0], NO_ANSWER) for message in messages))
    assert [await world.state(message.row.id) for message in messages] == [State.QUEUED, State.QUEUED]


# --- another carrier


async def moved(world: World, message_id: MessageId) -> bool:
    order = RerouteOrder(carrier="a", why="it answers nothing", message_ids=(message_id,))
    return bool((await world.do(reroute, order))[0].moved)


async def test_after_all_parts_are_in_doubt_the_copies_go_by_another_and_a_receipt_of_either_ends_it(
    world: World,
) -> None:
    world.router = StandingRouter("a", "b", a="it answers nothing")
    for who, reference in (("a", "of-a"), ("b", "of-b")):
        message = await doubted(world, carrier="a", parts=2)
        assert await moved(world, message.row.id)
        world.now_ms += 5_000
        claimed = (await world.do(claim, MessageClaimOrder(carrier="b", limit=9)))[0].parts
        assert [part.attempt for part in claimed] == [2, 2]
        for part in outgoing(message, attempt=2):
            assert await world.mark(part, carrier="b") == [True]
            await world.answer(part, Taken(reference=f"of-b{part.number}"), carrier="b")
        for number in (1, 2):
            assert await world.receipt(f"{reference}{number}", State.DELIVERED, carrier=who, msisdn=PHONE)
        assert await world.state(message.row.id) is State.DELIVERED
        other = "b" if who == "a" else "a"
        for number in (1, 2):
            assert await world.receipt(f"of-{other}{number}", State.UNDELIVERED, carrier=other, msisdn=PHONE)
        assert await world.told(message.row.id) == ["took", "delivered"]
        await world.tell("UPDATE doubts SET reference = 'none' WHERE reference = ''")


@pytest.mark.parametrize("other", [Taken(reference="r2"), NotSent(reason="no link is bound"), LATER, None])
async def test_while_one_part_is_not_in_doubt_the_message_stays_with_its_carrier(world: World, other: Any) -> None:
    world.router = StandingRouter("a", "b", a="it answers nothing")
    message = await world.accepted(await world.account(), claim=State.SUBMITTING, carrier="a", parts=2)
    first, second = outgoing(message)
    await world.answer(first, NO_ANSWER, carrier="a")
    if other is not None:
        await world.answer(second, other, carrier="a")
    assert not await moved(world, message.row.id)


# --- sent once more by hand


async def test_what_is_held_is_sent_once_more_by_hand_with_new_bounds_and_by_any_carrier(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await doubted(world, account=account, parts=2)
    for part in outgoing(message):
        await again(world, part, 2)
    assert await world.state(message.row.id) is State.HELD

    async def counted(tx: Transaction) -> tuple[list[HeldMessages], list[MessageId]]:
        return await count_held(tx, None), await list_held_messages(tx, account.id)

    assert await world.database.read(counted) == (
        [HeldMessages(account_id=account.id, messages=1, oldest_ms=world.now_ms)],
        [message.row.id],
    )
    assert await world.do(resend_held_parts, [message.row.id], [message.row.id]) == [1, 0]
    assert await world.database.read(counted) == ([], [])
    world.router = StandingRouter("c", "b", c="it answers nothing")
    claimed = (await world.do(claim, MessageClaimOrder(carrier="", limit=9)))[0].parts
    assert [(part.attempt, part.carrier) for part in claimed] == [(3, "b"), (3, "b")]
    for part in outgoing(message, attempt=3):
        assert await world.mark(part, carrier="b") == [True]
    third, other = outgoing(message, attempt=3)
    assert await world.answer(third, NO_ANSWER, carrier="b") == Retry(4, 5.0)
    await world.answer(other, Taken(reference="b2"), carrier="b")
    assert await world.receipt("b2", State.DELIVERED, carrier="b")
    assert await world.receipt("c1", State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.balance(account) == (8 * CREDIT, 0)


async def test_of_a_message_partly_taken_only_the_held_part_is_sent_once_more_by_its_carrier(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(first, Taken(reference="r1"))
    await world.answer(second, NO_ANSWER)
    assert await world.do(resend_held_parts, [message.row.id]) == [1]
    assert await world.part_states(message.row.id) == [State.SENT, State.QUEUED]
    assert await world.ask("SELECT carrier FROM queue") == [("c",)]


async def test_nothing_but_what_is_held_is_sent_by_hand(world: World) -> None:
    account = await world.account()
    await world.sent(account)
    queued = await world.accepted(account)
    ids = [MessageId(row[0]) for row in await world.ask("SELECT id FROM messages")]
    assert await world.do(resend_held_parts, ids) == [0]
    assert await world.queue() == {queued.row.id: None}
