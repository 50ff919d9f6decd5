"""Parts are marked before they leave, the carrier's answers are recorded, and parts in doubt are resent or held."""

import pytest
from msgspec import structs
from tests.support.world import CREDIT, World, new_node, outgoing

from palomar.ports import Deferred, InDoubt, NotSent, Refused, Submitted
from palomar.sending.in_doubt import Retry
from palomar.sending.submit import SubmitAnswer, record_answers
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import State

TAKEN = Submitted(reference="r1")
REFUSED = Refused(status=11, reason="ESME_RINVDSTADR")
DEFERRED = Deferred(status=88, reason="ESME_RTHROTTLED", retry_after_seconds=1.5)
IN_DOUBT = InDoubt(reason="no answer in time")
NOT_SENT = NotSent(reason="the link is down")


async def test_a_queued_part_is_marked_before_it_leaves_and_only_once(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.QUEUED)
    (part,) = outgoing(message)
    assert await world.mark(part) == [True]
    assert await world.mark(part) == [False]
    assert await world.part_states(message.row.id) == [State.SUBMITTING]


async def test_nothing_is_marked_without_a_lease(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.QUEUED)
    world.node_id = 99
    assert await world.mark(*outgoing(message)) == [False]
    assert await world.part_states(message.row.id) == [State.QUEUED]


async def test_an_unknown_part_may_not_leave(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.QUEUED)
    (part,) = outgoing(message)
    assert await world.mark(structs.replace(part, part_id=part.part_id + 1)) == [False]


async def test_a_part_that_was_taken_is_paid_for_and_makes_a_callback(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING)
    assert await world.answer(outgoing(message)[0], TAKEN) is None
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.state(message.row.id) is State.SENT
    assert await world.told(message.row.id) == ["took"]
    assert await world.queue() == {}
    assert (await world.show(message.row.id)).parts[0].carrier_reference == "r1"


async def test_the_same_answer_twice_is_paid_once_and_makes_one_callback(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING)
    answer = SubmitAnswer("c", outgoing(message)[0], TAKEN)
    await world.do(record_answers, answer, answer)
    await world.do(record_answers, answer)
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.told(message.row.id) == ["took"]


async def test_an_answer_for_an_unknown_part_changes_nothing(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    assert await world.answer(structs.replace(part, part_id=part.part_id + 7), TAKEN) is None


async def test_answers_are_recorded_without_a_lease(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    world.node_id = None
    await world.answer(outgoing(message)[0], TAKEN)
    assert await world.state(message.row.id) is State.SENT


async def test_a_refused_message_is_rejected_costs_nothing_and_says_why(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING)
    await world.answer(outgoing(message)[0], REFUSED)
    view = await world.show(message.row.id)
    assert (view.message.state, view.message.price_microcredits) == (State.REJECTED, 0)
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.told(message.row.id) == ["rejected"]
    assert await world.queue() == {}
    refused = next(moment for moment in view.timeline if moment.kind == "refused")
    assert (refused.detail["status"], refused.detail["reason"]) == (11, "ESME_RINVDSTADR")


async def test_a_carrier_that_asks_to_wait_gets_the_part_again_after_that_time(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    assert await world.answer(part, DEFERRED) == Retry(attempt=2, seconds=1.5, deferrals=1)
    assert await world.queue() == {message.row.id: world.node_id}
    assert await world.told(message.row.id) == []
    part = structs.replace(part, attempt=2)
    assert await world.mark(part) == [True]
    await world.answer(part, TAKEN)
    assert await world.state(message.row.id) is State.SENT


async def test_a_part_that_is_deferred_again_and_again_waits_longer_each_time_up_to_a_minute(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    waits = []
    for attempt in range(1, 15):
        part = structs.replace(part, attempt=attempt, deferrals=attempt - 1)
        if attempt > 1:
            assert await world.mark(part) == [True]
        again = await world.answer(part, DEFERRED)
        assert again is not None
        waits.append(again.seconds)
    assert waits[0] == 1.5
    for number, wait in enumerate(waits):
        longest = min(1.5 * 2**number, 60.0)
        assert longest / 2 <= wait <= longest


async def test_a_part_of_which_no_byte_left_goes_back_into_the_queue_at_once(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    assert await world.answer(outgoing(message)[0], NOT_SENT) == Retry(attempt=2, seconds=0.0)
    assert await world.part_states(message.row.id) == [State.QUEUED]


async def test_a_part_in_doubt_is_resent_if_its_account_says_so(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.RESEND)
    message = await world.accepted(account, claim=State.SUBMITTING)
    assert await world.answer(outgoing(message)[0], IN_DOUBT) == Retry(attempt=2, seconds=5.0)
    view = await world.show(message.row.id)
    assert view.parts[0].state is State.QUEUED
    assert [moment.kind for moment in view.timeline] == ["accepted", "in_doubt"]
    assert view.timeline[1].detail["policy"] == "resend"


async def test_a_part_in_doubt_is_held_if_its_account_says_so(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING)
    assert await world.answer(outgoing(message)[0], IN_DOUBT) is None
    assert await world.state(message.row.id) is State.HELD
    assert await world.balance(account) == (9 * CREDIT, 1 * CREDIT)
    assert await world.queue() == {}
    assert await world.told(message.row.id) == []


async def test_a_late_answer_ends_the_doubt_of_a_held_part(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, IN_DOUBT)
    await world.answer(part, TAKEN)
    assert await world.state(message.row.id) is State.SENT
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.told(message.row.id) == ["took"]


async def test_a_late_refusal_ends_the_doubt_of_a_held_part_and_gives_the_credit_back(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, IN_DOUBT)
    await world.answer(part, REFUSED)
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.balance(account) == (10 * CREDIT, 0)


async def test_a_late_answer_makes_the_second_attempt_unnecessary(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, IN_DOUBT)
    await world.answer(part, TAKEN)
    part = structs.replace(part, attempt=2)
    assert await world.mark(part) == [False]
    assert await world.told(message.row.id) == ["took"]


async def test_a_doubt_about_an_earlier_attempt_changes_nothing(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, DEFERRED)
    (second,) = outgoing(message, attempt=2)
    await world.mark(second)
    assert await world.answer(part, IN_DOUBT) is None
    assert await world.answer(part, NOT_SENT) is None
    assert await world.answer(part, REFUSED) is None
    assert await world.part_states(message.row.id) == [State.SUBMITTING]


async def test_a_late_answer_after_the_second_attempt_was_refused_moves_no_credit(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, IN_DOUBT)
    (second,) = outgoing(message, attempt=2)
    await world.mark(second)
    await world.answer(second, REFUSED)
    await world.answer(part, TAKEN)
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.told(message.row.id) == ["rejected"]


async def test_the_reference_of_the_newest_attempt_is_kept_whichever_answer_comes_last(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, IN_DOUBT)
    (second,) = outgoing(message, attempt=2)
    await world.mark(second)
    await world.answer(second, Submitted(reference="second"))
    await world.answer(part, Submitted(reference="first"))
    assert (await world.show(message.row.id)).parts[0].carrier_reference == "second"
    assert await world.told(message.row.id) == ["took"]


async def test_a_long_message_makes_its_callback_when_its_last_part_was_taken(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=3)
    parts = outgoing(message)
    for number in (3, 1):
        await world.answer(parts[number - 1], Submitted(reference=f"r{number}"))
        assert await world.told(message.row.id) == []
    assert await world.state(message.row.id) is State.QUEUED
    await world.answer(parts[1], Submitted(reference="r2"))
    assert await world.state(message.row.id) is State.SENT
    assert await world.told(message.row.id) == ["took"]
    assert await world.balance(account) == (7 * CREDIT, 0)


async def test_all_parts_answered_in_one_batch_make_one_callback(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING, parts=3)
    answers = [SubmitAnswer("c", part, Submitted(reference=f"r{part.number}")) for part in outgoing(message)]
    await world.do(record_answers, *answers)
    assert await world.told(message.row.id) == ["took"]


async def test_a_refused_part_stops_the_parts_that_have_not_left_and_gives_their_credit_back(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.QUEUED, parts=3)
    parts = outgoing(message)
    await world.mark(parts[0])
    await world.answer(parts[0], REFUSED)
    assert await world.part_states(message.row.id) == [State.REJECTED] * 3
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.told(message.row.id) == ["rejected"]
    assert await world.mark(parts[1]) == [False]


async def test_parts_that_were_taken_before_another_was_refused_stay_paid(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=3)
    parts = outgoing(message)
    await world.answer(parts[0], Submitted(reference="r1"))
    await world.answer(parts[1], REFUSED)
    assert await world.state(message.row.id) is State.QUEUED
    await world.answer(parts[2], Submitted(reference="r3"))
    assert await world.balance(account) == (8 * CREDIT, 0)
    assert await world.told(message.row.id) == []
    await world.receipt("r1", State.DELIVERED)
    await world.receipt("r3", State.DELIVERED)
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.told(message.row.id) == ["rejected"]


@pytest.mark.parametrize("outcome", [DEFERRED, NOT_SENT])
async def test_a_part_that_comes_back_after_another_was_refused_is_not_sent_again(
    world: World, outcome: object
) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    parts = outgoing(message)
    await world.answer(parts[0], REFUSED)
    assert await world.answer(parts[1], outcome) is None  # type: ignore[arg-type]
    assert await world.state(message.row.id) is State.REJECTED
    assert await world.balance(account) == (10 * CREDIT, 0)


async def test_a_part_in_doubt_after_another_was_refused_is_held_and_never_sent_twice(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING, parts=2)
    parts = outgoing(message)
    await world.answer(parts[0], REFUSED)
    assert await world.answer(parts[1], IN_DOUBT) is None
    assert await world.part_states(message.row.id) == [State.REJECTED, State.HELD]


async def test_a_message_with_a_held_part_makes_no_callback_of_sent(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    parts = outgoing(message)
    await world.answer(parts[0], IN_DOUBT)
    await world.answer(parts[1], Submitted(reference="r2"))
    assert await world.state(message.row.id) is State.HELD
    assert await world.told(message.row.id) == []
    await world.answer(parts[0], Submitted(reference="r1"))
    assert await world.state(message.row.id) is State.SENT
    assert await world.told(message.row.id) == ["took"]


async def test_a_message_whose_account_is_gone_is_held_rather_than_sent_twice(world: World) -> None:
    account = await world.account()
    message = await world.accepted(account, claim=State.SUBMITTING)
    del world.accounts[account.id]
    assert await world.answer(outgoing(message)[0], IN_DOUBT) is None
    assert await world.state(message.row.id) is State.HELD


async def test_a_part_whose_message_another_node_has_claimed_may_not_leave(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.QUEUED)
    first, second = world.node_id, await new_node(world, "second")
    world.node_id = second
    assert await world.mark(*outgoing(message)) == [False]
    world.node_id = first
    assert await world.mark(*outgoing(message)) == [True]


async def test_an_attempt_that_was_made_before_may_not_leave_again(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, DEFERRED)
    assert await world.mark(part) == [False]
    assert await world.mark(*outgoing(message, attempt=2)) == [True]
