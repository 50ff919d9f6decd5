"""A receipt finds its part, moves it once, and is never lost."""

from typing import Any

import pytest
from msgspec import structs
from tests.support.world import CREDIT, World, outgoing, receipt, recipient

from palomar.acceptance.accept import Accepted
from palomar.app.housekeeping import expire
from palomar.ports import InDoubt, OutgoingPart, Submitted
from palomar.receipts.record import ORPHAN_SWEEP_MS, OrphanSweep, record_receipts, sweep_orphans
from palomar.sending.submit import SubmitAnswer, record_answers
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import State, echo_of

ENDS = [State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN]
AFTER_ALL_MS = 90 * 3_600_000


@pytest.mark.parametrize("end", ENDS)
async def test_a_receipt_ends_the_message_as_the_carrier_says_and_it_stays_paid(world: World, end: State) -> None:
    account = await world.account(credit=10 * CREDIT)
    message_id = await world.sent(account)
    assert await world.receipt("r1", end) is True
    view = await world.show(message_id)
    assert (view.message.state, view.message.final_ms) == (end, world.now_ms)
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.told(message_id) == ["took", end.value]


async def test_a_repeated_receipt_only_adds_its_moment(world: World) -> None:
    message_id = await world.sent(await world.account())
    delivered = receipt("r1", State.DELIVERED)
    assert await world.do(record_receipts, delivered, delivered) == [True, True]
    assert await world.receipt("r1", State.DELIVERED) is True
    assert await world.told(message_id) == ["took", "delivered"]
    kinds = [moment.kind for moment in (await world.show(message_id)).timeline]
    assert kinds == ["accepted", "submitted", "receipt", "ended", "receipt", "receipt"]


async def test_a_late_receipt_does_not_move_what_a_real_one_ended(world: World) -> None:
    message_id = await world.sent(await world.account())
    await world.receipt("r1", State.UNDELIVERED)
    await world.receipt("r1", State.DELIVERED)
    assert await world.state(message_id) is State.UNDELIVERED
    assert await world.told(message_id) == ["took", "undelivered"]


async def test_an_intermediate_receipt_only_adds_its_moment(world: World) -> None:
    message_id = await world.sent(await world.account())
    assert await world.receipt("r1", None) is True
    assert await world.state(message_id) is State.SENT
    assert (await world.show(message_id)).timeline[-1].detail["stat"] == "enroute"
    assert await world.told(message_id) == ["took"]


async def test_a_receipt_before_its_answer_is_kept_and_joined_when_the_answer_comes(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    assert await world.receipt("r1", None) is False
    assert await world.receipt("r1", State.DELIVERED) is False
    await world.answer(outgoing(message)[0], Submitted(reference="r1"))
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.told(message.row.id) == ["took", "delivered"]
    assert await world.ask("SELECT id FROM orphans") == []


async def test_an_answer_and_its_receipt_in_one_batch_find_each_other(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    answer = SubmitAnswer("c", outgoing(message)[0], Submitted(reference="r1"))
    _, found = await world.batch((record_answers, [answer]), (record_receipts, [receipt("r1", State.DELIVERED)]))
    assert found == [True]
    assert await world.told(message.row.id) == ["took", "delivered"]


async def test_a_receipt_of_another_carrier_with_the_same_id_is_not_matched(world: World) -> None:
    message_id = await world.sent(await world.account(), carrier="one")
    assert await world.receipt("r1", State.DELIVERED, carrier="two") is False
    assert await world.state(message_id) is State.SENT


async def test_orphans_of_two_carriers_with_the_same_id_each_find_their_part(world: World) -> None:
    account = await world.account()
    one, two = [await world.accepted(account, claim=State.SUBMITTING, carrier=name) for name in ("one", "two")]
    await world.receipt("r1", State.UNDELIVERED, carrier="one")
    await world.receipt("r1", State.DELIVERED, carrier="two")
    answers = [
        SubmitAnswer(name, outgoing(message)[0], Submitted(reference="r1"))
        for name, message in (("one", one), ("two", two))
    ]
    await world.do(record_answers, *answers)
    assert await world.state(one.row.id) is State.UNDELIVERED
    assert await world.state(two.row.id) is State.DELIVERED


async def test_where_a_carrier_uses_an_id_again_the_newest_open_part_wins(world: World) -> None:
    account = await world.account()
    oldest, middle, newest = [await world.sent(account) for _ in range(3)]
    await world.receipt("r1", State.DELIVERED)
    await world.receipt("r1", State.UNDELIVERED)
    assert [await world.state(each) for each in (oldest, middle, newest)] == [
        State.SENT,
        State.UNDELIVERED,
        State.DELIVERED,
    ]
    await world.receipt("r1", State.DELIVERED)
    await world.receipt("r1", State.REJECTED)
    assert await world.state(oldest) is State.DELIVERED
    assert await world.state(newest) is State.DELIVERED


async def test_an_orphan_with_an_id_that_was_used_twice_ends_one_part_and_not_two(world: World) -> None:
    account = await world.account()
    older, newer = [await world.sent(account) for _ in range(2)]
    await world.receipt("r1", State.DELIVERED, carrier="elsewhere")
    await rename_orphans(world, "c")
    assert await swept(world) == 1
    assert (await world.state(older), await world.state(newer)) == (State.SENT, State.DELIVERED)


async def test_the_sweep_joins_an_orphan_whose_answer_could_not_see_it(world: World) -> None:
    message_id = await world.sent(await world.account())
    await world.receipt("r1", State.DELIVERED, carrier="elsewhere")
    await rename_orphans(world, "c")
    assert await swept(world) == 1
    assert await world.told(message_id) == ["took", "delivered"]
    assert await swept(world) == 0


async def test_the_sweep_tries_only_recent_orphans_and_leaves_the_others_for_the_answer(world: World) -> None:
    message_id = await world.sent(await world.account())
    await world.receipt("r1", State.DELIVERED, carrier="elsewhere")
    await rename_orphans(world, "c")
    world.now_ms += ORPHAN_SWEEP_MS + 1
    assert await swept(world) == 0
    assert await world.state(message_id) is State.SENT


async def test_a_receipt_that_echoes_our_own_reference_finds_a_part_in_doubt(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, InDoubt(reason="the link broke"))
    assert await world.receipt("whatever", State.DELIVERED, **echoed(part)) is True
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert "settled" in [moment.kind for moment in (await world.show(message.row.id)).timeline]


@pytest.mark.parametrize("policy", list(UnknownOutcome))
async def test_a_receipt_that_overtakes_a_late_answer_is_charged_once(world: World, policy: UnknownOutcome) -> None:
    account = await world.account(credit=10 * CREDIT, unknown_outcome=policy)
    message = await world.accepted(account, claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, InDoubt(reason="no answer in time"))
    await world.receipt("r1", State.DELIVERED, **echoed(part))
    await world.answer(part, Submitted(reference="r1"))
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.balance(account) == (9 * CREDIT, 0)
    assert await world.told(message.row.id) == ["took", "delivered"]


async def test_a_receipt_for_a_part_that_waits_to_be_sent_again_keeps_it_from_leaving(world: World) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, InDoubt(reason="the link broke"))
    await world.receipt("r1", State.DELIVERED, **echoed(part))
    part = structs.replace(part, attempt=2)
    assert await world.mark(part) == [False]
    assert await world.queue() == {}


async def test_a_long_message_is_delivered_with_its_last_part(world: World) -> None:
    message_id = await world.sent(await world.account(), parts=3)
    await world.receipt("r2", State.DELIVERED)
    await world.receipt("r3", State.DELIVERED)
    assert await world.state(message_id) is State.SENT
    await world.receipt("r1", State.DELIVERED)
    assert await world.told(message_id) == ["took", "delivered"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_a_long_message_ends_as_its_worst_part_did_in_whatever_order(
    world: World, order: tuple[int, ...]
) -> None:
    ends = [State.DELIVERED, State.UNDELIVERED, State.EXPIRED]
    message_id = await world.sent(await world.account(), parts=3)
    for index in order:
        await world.receipt(f"r{index + 1}", ends[index])
    assert await world.state(message_id) is State.UNDELIVERED
    assert await world.told(message_id) == ["took", "undelivered"]


async def test_all_receipts_of_a_long_message_in_one_batch_end_it_once(world: World) -> None:
    message_id = await world.sent(await world.account(), parts=3)
    await world.do(record_receipts, *(receipt(f"r{number}", State.DELIVERED) for number in (1, 2, 3)))
    assert await world.told(message_id) == ["took", "delivered"]


async def test_many_receipts_of_many_messages_in_one_batch(world: World) -> None:
    result = await world.accept(await world.account(), claim=State.SUBMITTING, count=50)
    assert isinstance(result, Accepted)
    parts = [part for message in result.messages for part in outgoing(message)]
    await world.do(
        record_answers, *(SubmitAnswer("c", part, Submitted(reference=f"m{part.part_id}")) for part in parts)
    )
    await world.do(record_receipts, *(receipt(f"m{part.part_id}", State.DELIVERED) for part in reversed(parts)))
    assert {await world.state(message.row.id) for message in result.messages} == {State.DELIVERED}


async def test_a_presumed_end_is_corrected_once_by_a_real_receipt_and_moves_no_credit(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message_id = await world.sent(account)
    world.now_ms += AFTER_ALL_MS
    assert await world.do(expire, 100) == [1]
    ended_ms = world.now_ms
    world.now_ms += 1_000
    await world.receipt("r1", State.DELIVERED)
    await world.receipt("r1", State.UNDELIVERED)
    view = await world.show(message_id)
    assert (view.message.state, view.message.presumed, view.message.final_ms) == (State.DELIVERED, 0, ended_ms)
    assert await world.told(message_id) == ["took", "expired", "delivered"]
    assert await world.balance(account) == (9 * CREDIT, 0)


async def test_a_real_end_is_never_corrected(world: World) -> None:
    message_id = await world.sent(await world.account())
    await world.receipt("r1", State.EXPIRED)
    await world.receipt("r1", State.DELIVERED)
    assert await world.state(message_id) is State.EXPIRED


async def test_a_receipt_without_an_id_is_kept_as_an_orphan(world: World) -> None:
    message_id = await world.sent(await world.account())
    assert await world.receipt("", State.DELIVERED) is False
    assert await world.state(message_id) is State.SENT
    assert len(await world.ask("SELECT id FROM orphans")) == 1


async def rename_orphans(world: World, carrier: str) -> None:
    """Hide orphans, as if they were stored by a transaction that ran at the same time as the answer's."""

    async def script(tx: object) -> None:
        await tx.execute("UPDATE orphans SET carrier = ?", carrier)  # type: ignore[attr-defined]

    await world.database.write(script)  # type: ignore[arg-type]


async def swept(world: World) -> int:
    """Sweep once; return how many orphans were joined."""
    joined: int = (await world.do(sweep_orphans, OrphanSweep(limit=100)))[0].joined
    return joined


def echoed(part: OutgoingPart) -> dict[str, Any]:
    """Build the arguments of a receipt that echoes user_message_reference."""
    return {"msisdn": part.msisdn, "echo": echo_of(part.part_id)}


@pytest.mark.parametrize("policy", list(UnknownOutcome))
@pytest.mark.parametrize("state", [State.DELIVERED, State.UNDELIVERED, State.REJECTED])
async def test_a_receipt_that_overtakes_the_answer_makes_the_callback_of_sent_first(
    world: World, state: State, policy: UnknownOutcome
) -> None:
    message = await world.accepted(await world.account(unknown_outcome=policy), claim=State.SUBMITTING)
    (part,) = outgoing(message)
    await world.answer(part, InDoubt(reason="no answer in time"))
    await world.receipt("r1", state, **echoed(part))
    assert await world.told(message.row.id) == ["took", state.value]
    await world.answer(part, Submitted(reference="r1"))
    assert await world.told(message.row.id) == ["took", state.value]
    assert await world.faults() == []


async def test_receipts_that_overtake_the_answers_of_all_parts_make_one_callback_of_sent(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=3)
    for part in outgoing(message):
        await world.answer(part, InDoubt(reason="no answer in time"))
    for part in outgoing(message):
        assert await world.told(message.row.id) == []
        await world.receipt(f"r{part.number}", State.DELIVERED, **echoed(part))
    assert await world.told(message.row.id) == ["took", "delivered"]
    for part in outgoing(message):
        await world.answer(part, Submitted(reference=f"r{part.number}"))
    assert await world.told(message.row.id) == ["took", "delivered"]
    assert await world.faults() == []


async def test_a_receipt_of_one_part_makes_no_callback_of_sent_while_others_wait(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    first, second = outgoing(message)
    await world.answer(first, InDoubt(reason="no answer in time"))
    await world.receipt("r1", State.DELIVERED, **echoed(first))
    assert await world.told(message.row.id) == []
    await world.answer(second, Submitted(reference="r2"))
    assert await world.told(message.row.id) == ["took"]
    await world.receipt("r2", State.DELIVERED)
    assert await world.told(message.row.id) == ["took", "delivered"]


# --- carriers that report one part alone of a long message


async def long_message(world: World, *, taken: int, parts: int = 3, **settings: Any) -> tuple[Accepted, Any]:
    """Accept a message of several parts, of which the carrier takes the first ones."""
    account = await world.account(credit=10 * CREDIT, **settings)
    message = await world.accepted(account, claim=State.SUBMITTING, recipients=[recipient(parts=parts)])
    for part in outgoing(message)[:taken]:
        await world.answer(part, Submitted(reference=f"r{part.number}"))
    return message, account


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("reported", [1, 2, 3])
async def test_the_other_parts_end_with_the_one_that_is_reported(world: World, end: State, reported: int) -> None:
    world.one_receipt = frozenset({"c"})
    message, account = await long_message(world, taken=3)
    assert await world.receipt(f"r{reported}", None) is True
    assert await world.state(message.row.id) is State.SENT
    assert await world.receipt(f"r{reported}", end) is True
    assert await world.part_states(message.row.id) == [end] * 3
    assert await world.told(message.row.id) == ["took", end.value]
    assert await world.balance(account) == (7 * CREDIT, 0)
    assert await world.receipt("r3", State.DELIVERED) is True
    assert await world.told(message.row.id) == ["took", end.value]


async def test_a_carrier_that_reports_every_part_ends_none_with_another(world: World) -> None:
    world.one_receipt = frozenset({"another"})
    message, _ = await long_message(world, taken=3)
    await world.receipt("r1", State.DELIVERED)
    assert await world.part_states(message.row.id) == [State.DELIVERED, State.SENT, State.SENT]


async def test_a_part_that_is_answered_after_the_one_receipt_ends_with_it(world: World) -> None:
    world.one_receipt = frozenset({"c"})
    message, account = await long_message(world, taken=1)
    await world.receipt("r1", State.DELIVERED)
    assert await world.state(message.row.id) is not State.DELIVERED
    for part in outgoing(message)[1:]:
        await world.answer(part, Submitted(reference=f"r{part.number}"))
    assert await world.part_states(message.row.id) == [State.DELIVERED] * 3
    assert await world.state(message.row.id) is State.DELIVERED
    assert await world.told(message.row.id) == ["took", "delivered"]
    assert await world.balance(account) == (7 * CREDIT, 0)


async def test_the_one_receipt_may_come_before_every_answer(world: World) -> None:
    world.one_receipt = frozenset({"c"})
    message, _ = await long_message(world, taken=0)
    assert await world.receipt("r2", State.UNDELIVERED) is False
    for part in outgoing(message):
        await world.answer(part, Submitted(reference=f"r{part.number}"))
    assert await world.part_states(message.row.id) == [State.UNDELIVERED] * 3


async def test_a_part_in_doubt_ends_with_the_one_that_is_reported_and_is_charged(world: World) -> None:
    world.one_receipt = frozenset({"c"})
    message, account = await long_message(world, taken=2, unknown_outcome=UnknownOutcome.HOLD)
    await world.answer(outgoing(message)[2], InDoubt(reason="the link broke"))
    await world.receipt("r1", State.DELIVERED)
    assert await world.part_states(message.row.id) == [State.DELIVERED] * 3
    assert await world.balance(account) == (7 * CREDIT, 0)
