"""A receipt whose id names no part finds a part in doubt by carrier, phone, sender, text and echo."""

import pytest
from tests.support.doubts import NO_ANSWER, PHONE, REFUSED, doubted, submitted_again
from tests.support.world import (
    CREDIT,
    START_MS,
    World,
    outgoing,
    receipt,
    recipient,
)

from palomar.acceptance.compose import Recipient
from palomar.ports import InDoubt, OutgoingPart, Submitted
from palomar.receipts.record import OrphanSweep, record_receipts, sweep_orphans
from palomar.sending.nodes import take_over
from palomar.sending.submit import SubmitAnswer, record_answers
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import State, echo_of


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


async def test_a_receipt_ends_a_part_that_a_dead_node_was_sending(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    await world.do(take_over, world.node_id)
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.queue() == {}


async def test_a_receipt_older_than_the_message_is_not_for_it(world: World) -> None:
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
    await world.answer(second, Submitted(reference="two"))
    assert await world.receipt("two", State.DELIVERED, msisdn=PHONE)  # the copy's: it changes nothing
    assert await world.state(message.row.id) is State.UNDELIVERED
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_receipts_of_each_copy_end_it_once_and_leave_no_orphan(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, resend_times=2)
    message = await doubted(world, account=account)
    (part,) = outgoing(message)
    await submitted_again(world, part, 2)
    await submitted_again(world, part, 3)
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
    await world.answer(second, Submitted(reference="r2"))
    await world.answer(first, NO_ANSWER)
    await world.answer(third, NO_ANSWER)
    for reference in ("r1", "r2", "r3"):
        assert await world.receipt(reference, State.DELIVERED, msisdn=PHONE)
    assert await world.state(message.row.id) is State.DELIVERED


async def test_a_receipt_that_fits_two_messages_ends_neither_until_one_has_ended(world: World) -> None:
    messages = [await doubted(world), await doubted(world)]
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE, sender="FOXSYS", text="hello")
    assert [await world.state(message.row.id) for message in messages] == [State.QUEUED, State.QUEUED]
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE, echo=echo_of(outgoing(messages[1])[0].part_id))
    assert await world.state(messages[1].row.id) is State.DELIVERED
    await submitted_again(world, outgoing(messages[0])[0], 2)
    assert await world.receipt("y", State.DELIVERED, msisdn=PHONE)
    assert await world.state(messages[0].row.id) is State.DELIVERED


async def test_a_receipt_may_be_for_a_copy_of_a_message_that_has_ended(world: World) -> None:
    ended = await doubted(world)
    (second,) = outgoing(ended, attempt=2)
    await world.mark(second)
    await world.answer(second, Submitted(reference="two"))
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


async def test_an_intermediate_receipt_proves_that_the_carrier_has_the_part(world: World) -> None:
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
    await world.answer(first, Submitted(reference="one"))
    await world.answer(second, Submitted(reference="two"))
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


async def test_a_receipt_of_the_first_copy_corrects_the_refusal_of_the_second_once_and_moves_no_credit(
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


async def held(world: World, *, text: str = "hello", number: int = 0, policy: str = "hold") -> OutgoingPart:
    """Submit a message of one part without an answer; return the part."""
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome(policy))
    wanted: Recipient = recipient(number, text=text)
    message = await world.accepted(account, claim=State.SUBMITTING, recipients=[wanted])
    (part,) = outgoing(message)
    await world.answer(part, InDoubt(reason="the link broke"))
    return part


async def test_the_only_part_in_doubt_of_a_phone_is_found_by_its_text(world: World) -> None:
    part, other = await held(world, text="Your code is 1"), await held(world, text="Your code is 2")
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE)
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE, text="Something else")
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE, text="Your code is 1")
    assert await world.state(part.message_id) is State.DELIVERED
    assert await world.state(other.message_id) is State.HELD
    assert await world.receipt("y", State.UNDELIVERED, msisdn=PHONE)
    assert await world.state(other.message_id) is State.UNDELIVERED


async def test_of_two_like_parts_in_doubt_neither_is_chosen(world: World) -> None:
    parts = [await held(world) for _ in range(2)]
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE, text="hello", sender="FOXSYS")
    assert [await world.state(part.message_id) for part in parts] == [State.HELD, State.HELD]
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE, echo=echo_of(parts[1].part_id))
    assert [await world.state(part.message_id) for part in parts] == [State.HELD, State.DELIVERED]


async def test_a_part_that_waits_to_be_resent_is_found_like_a_held_one(world: World) -> None:
    part = await held(world, policy="resend")
    assert not await world.receipt("x", State.DELIVERED, msisdn=PHONE, echo=echo_of(part.part_id) ^ 1)
    assert await world.receipt("x", State.DELIVERED, msisdn=PHONE, echo=echo_of(part.part_id))
    assert await world.state(part.message_id) is State.DELIVERED
    part = await held(world, policy="resend")
    assert await world.receipt("y", State.DELIVERED, msisdn=PHONE, text="hello")
    assert await world.state(part.message_id) is State.DELIVERED


async def test_another_carrier_s_receipt_finds_no_part_in_doubt(world: World) -> None:
    part = await held(world)
    assert not await world.receipt("x", State.DELIVERED, carrier="elsewhere", msisdn=PHONE, text="hello")
    assert await world.state(part.message_id) is State.HELD


async def test_an_id_of_zeros_without_a_phone_matches_no_part_in_doubt_of_another_phone(world: World) -> None:
    doubtful = await held(world)
    named = receipt("77", State.DELIVERED, msisdn=PHONE, text="of another message")
    zero = receipt("0", State.DELIVERED)
    assert await world.do(record_receipts, named, zero) == [False, False]
    assert await world.state(doubtful.message_id) is State.HELD
