"""New messages leave at once or are queued where there is room, and no slot of a carrier is ever lost."""

import asyncio
import random
from pathlib import Path

import pytest
from tests.contracts.virtual_time import in_virtual_time
from tests.support.carriers import CountingCarrier
from tests.support.engine import Engine, engine
from tests.support.world import CREDIT, new_node, outgoing

from palomar.ports import (
    CarrierInbound,
    CarrierReceipt,
    Deferred,
    Exchange,
    InDoubt,
    NotSent,
    Refused,
    SubmitOutcome,
    Submitted,
)
from palomar.sending.nodes import take_over
from palomar.sending.send_queue import QUEUE_PARTS, UNRECORDED_MAX
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

RECEIPT = CarrierReceipt(carrier="c", reference="nobody's", state=State.DELIVERED, stat="DELIVRD", raw="")


@in_virtual_time
async def test_a_message_leaves_at_once_and_is_marked_in_its_own_insert(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        command = e.post(await e.world.account(), parts=3)
        await e.settle()
        assert [part.number for part in e.carrier.submitted] == [1, 2, 3]
        assert await e.world.part_states(command.messages[0].row.id) == [State.SUBMITTING] * 3
        assert (e.carrier.reserved, e.dispatcher.waiting_parts) == (0, {"c": 0})


@in_virtual_time
async def test_a_scheduled_message_that_is_due_before_its_transaction_is_filtered_like_any_other(
    tmp_path: Path,
) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        account = await e.world.account()
        now_ms = e.batcher.clock.wall_ms()
        e.world.now_ms = now_ms - 10
        command = e.world.compose(account, due_ms=now_ms)
        assert command.messages[0].row.state is State.SCHEDULED
        e.dispatcher.accepted(await e.batcher.run(e.accept_step, command), command)
        assert e.carrier.submitted == []
        e.dispatcher.claim_due()
        await e.settle()
        e.carrier.answer(Submitted(reference="r"))
        await e.settle()
        assert await e.world.state(command.messages[0].row.id) is State.SENT


@in_virtual_time
async def test_parts_beyond_the_window_wait_in_the_queue_and_leave_in_order(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=2)) as e:
        await e.ready()
        account = await e.world.account()
        commands = [e.post(account) for _ in range(5)]
        await e.settle()
        assert len(e.carrier.submitted) == 2
        assert e.dispatcher.waiting_parts == {"c": 3}
        for number in range(5):
            e.carrier.answer(Submitted(reference=f"r{number}"))
            await e.settle()
        ids = [command.messages[0].row.id for command in commands]
        assert [part.message_id for part in e.carrier.submitted] == ids
        assert {await e.world.state(identity) for identity in ids} == {State.SENT}


@in_virtual_time
async def test_nothing_leaves_while_too_many_answers_are_unrecorded(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=UNRECORDED_MAX)) as e:
        await e.ready()
        account = await e.world.account(credit=10_000 * CREDIT)
        e.post(account, count=UNRECORDED_MAX)
        e.post(account)
        await e.settle()
        assert (len(e.carrier.submitted), e.dispatcher.waiting_parts) == (UNRECORDED_MAX, {"c": 1})
        assert e.carrier.sink is not None
        while e.carrier.outstanding:
            e.carrier.sink.answered(e.carrier.outstanding.pop(), Submitted(reference="r"), Exchange())
        e.carrier.sink.slots_changed("c")
        assert (e.carrier.reserved, e.dispatcher.waiting_parts) == (0, {"c": 1})
        await e.settle()
        assert len(e.carrier.submitted) == UNRECORDED_MAX + 1


@in_virtual_time
async def test_answers_that_cannot_be_recorded_do_not_stop_the_queue_for_ever(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=UNRECORDED_MAX)) as e:
        await e.ready()
        account = await e.world.account(credit=10_000 * CREDIT)
        e.post(account, count=UNRECORDED_MAX)
        await e.settle()
        e.database.bugs = 1.0
        for number in range(UNRECORDED_MAX):
            e.carrier.answer(Submitted(reference=f"r{number}"))
        await e.settle()
        e.database.bugs = 0.0
        e.post(account)
        await e.settle()
        assert len(e.carrier.submitted) == UNRECORDED_MAX + 1


@in_virtual_time
async def test_before_the_first_claim_no_new_message_overtakes_a_stored_one(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        account = await e.world.account()
        older = await e.world.accepted(account)
        newer = e.post(account)
        await e.settle()
        assert [claim.held for claim in newer.claims] == [None]
        e.dispatcher.claim_due()
        await e.settle()
        assert [part.message_id for part in e.carrier.submitted] == [older.row.id, newer.messages[0].row.id]


@in_virtual_time
async def test_without_a_live_link_messages_wait_unclaimed_and_leave_when_it_is_back(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        e.carrier.live = False
        e.post(await e.world.account(), count=3)
        await e.settle()
        assert set((await e.world.queue()).values()) == {None}
        e.carrier.live = True
        assert e.carrier.sink is not None
        e.carrier.sink.slots_changed("c")
        await e.settle()
        assert len(e.carrier.submitted) == 3


@in_virtual_time
async def test_messages_beyond_the_queue_stay_in_the_database_and_are_claimed_when_it_drains(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=1)) as e:
        await e.ready()
        account = await e.world.account(credit=10_000 * CREDIT)
        for _ in range(10):
            e.post(account, count=450)
        await e.settle()
        assert e.dispatcher.waiting_parts["c"] <= QUEUE_PARTS
        assert None in (await e.world.queue()).values()


@in_virtual_time
async def test_unrouted_messages_are_claimed_only_as_far_as_some_queue_has_room(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=0)) as e:
        account = await e.world.account(credit=10_000 * CREDIT)
        for _ in range(10):
            await e.world.accept(account, count=500, carrier="")
        await e.ready()
        assert QUEUE_PARTS - 200 <= e.dispatcher.waiting_parts["c"] <= QUEUE_PARTS + 200


@in_virtual_time
async def test_a_part_of_which_no_byte_left_takes_the_next_slot(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        e.post(await e.world.account())
        await e.settle()
        e.carrier.answer(NotSent(reason="the link broke"))
        await e.settle()
        assert [part.attempt for part in e.carrier.submitted] == [1, 2]


@in_virtual_time
async def test_a_deferred_part_waits_as_long_as_the_carrier_asked(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        e.post(await e.world.account())
        await e.settle()
        before = e.batcher.clock.monotonic()
        e.carrier.answer(Deferred(status=88, reason="throttled", retry_after_seconds=7.0))
        await e.settle()
        assert len(e.carrier.submitted) == 1
        while len(e.carrier.submitted) == 1:
            await pass_time(0.5)
        assert e.batcher.clock.monotonic() - before >= 7.0


@in_virtual_time
async def test_parts_of_a_message_that_was_begun_stay_with_their_carrier(tmp_path: Path) -> None:
    one, two = CountingCarrier(name="one"), CountingCarrier(name="two")
    async with engine(tmp_path, one, two) as e:
        account = await e.world.account()
        message = await e.world.accepted(account, carrier="one", claim=State.SUBMITTING, parts=3)
        await e.world.answer(outgoing(message)[0], Submitted(reference="r1"), carrier="one")
        first = e.world.node_id
        await e.world.do(take_over, first)
        e.world.node_id = await new_node(e.world, "node")

        async def unroute(tx: object) -> None:
            await tx.execute("UPDATE queue SET carrier = ''")  # type: ignore[attr-defined]

        await e.world.database.write(unroute)  # type: ignore[arg-type]
        for _ in range(2):  # whichever carrier's turn it is
            e.dispatcher.claim_due()
            await e.settle()
        assert {part.message_id for part in one.submitted} == {message.row.id}
        assert (len(one.submitted), len(two.submitted)) == (2, 0)


@in_virtual_time
async def test_the_slot_of_a_part_that_may_not_leave_goes_to_the_next_part_at_once(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=1)) as e:
        await e.ready()
        account = await e.world.account()
        first, second, third = [e.post(account) for _ in range(3)]
        await e.settle()

        async def end(tx: object) -> None:
            await tx.execute("UPDATE queue SET node_id = 99 WHERE message_id = ?", second.messages[0].row.id)  # type: ignore[attr-defined]

        await e.world.database.write(end)  # type: ignore[arg-type]
        e.carrier.answer(Submitted(reference="r1"))
        await e.settle()
        sent = [part.message_id for part in e.carrier.submitted]
        assert sent == [first.messages[0].row.id, third.messages[0].row.id]


@in_virtual_time
async def test_refused_requests_and_discarded_recipients_give_their_slots_back(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        poor = await e.world.account(credit=CREDIT, duplicates_filter=True)
        e.post(poor, count=3)
        e.post(poor)
        e.post(poor)
        await e.settle()
        assert e.results[0] is Refusal.NO_CREDIT
        assert (len(e.carrier.submitted), e.carrier.reserved) == (1, 0)


@in_virtual_time
async def test_a_node_that_lost_its_lease_still_accepts_and_sends_nothing(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        await e.ready()
        e.leased = False
        e.post(await e.world.account(), count=2)
        await e.settle()
        assert (e.carrier.submitted, e.carrier.reserved) == ([], 0)
        assert set((await e.world.queue()).values()) == {None}


@in_virtual_time
async def test_after_claiming_stops_marked_parts_still_leave_and_the_others_are_freed(tmp_path: Path) -> None:
    async with engine(tmp_path, CountingCarrier(window=1)) as e:
        await e.ready()
        account = await e.world.account()
        e.post(account)
        e.post(account)
        e.dispatcher.stop_claiming()
        await e.settle()
        assert (len(e.carrier.submitted), e.carrier.reserved) == (0, 0)
        assert set((await e.world.queue()).values()) == {None}


@in_virtual_time
async def test_receipts_and_inbound_messages_are_acknowledged_after_the_commit(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        said: list[bool] = []
        assert e.carrier.sink is not None
        e.carrier.sink.receipt(RECEIPT, said.append)
        inbound = CarrierInbound(carrier="c", source="1", destination="2", text="hello")
        e.carrier.sink.inbound(inbound, said.append)
        assert said == []
        await e.settle()
        assert said == [True, True]


@in_virtual_time
async def test_a_receipt_or_text_that_cannot_be_committed_is_not_acknowledged(tmp_path: Path) -> None:
    async with engine(tmp_path) as e:
        e.database.bugs = 1.0
        said: list[bool] = []
        assert e.carrier.sink is not None
        e.carrier.sink.receipt(RECEIPT, said.append)
        await e.settle()
        assert said == [False]


OUTCOMES: list[SubmitOutcome] = [
    Submitted(reference="same"),
    Refused(status=11, reason="no"),
    Deferred(status=88, reason="later", retry_after_seconds=3.0),
    NotSent(reason="no link"),
    InDoubt(reason="no answer"),
]


@pytest.mark.parametrize("seed", range(15))
def test_no_slot_is_lost_whatever_is_refused_deferred_or_fails(tmp_path: Path, seed: int) -> None:
    in_virtual_time(live_through)(tmp_path, random.Random(seed))


async def live_through(folder: Path, chance: random.Random) -> None:
    carriers = [CountingCarrier(name=name, window=chance.randint(2, 12)) for name in ("one", "two")]
    async with engine(folder, *carriers) as e:
        await e.ready()
        accounts = [await e.world.account(credit=60 * CREDIT, duplicates_filter=odd) for odd in (False, True)]
        e.database.chance, e.database.races, e.database.bugs = chance, 0.1, 0.05
        for _ in range(60):
            for _ in range(chance.randrange(3)):
                e.post(chance.choice(accounts), count=chance.randint(1, 3), parts=chance.randint(1, 3))
            carrier = chance.choice(carriers)
            if carrier.outstanding and chance.random() < 0.8:
                carrier.answer(chance.choice(OUTCOMES), which=chance.randrange(len(carrier.outstanding)))
            carrier.live = chance.random() > 0.1
            e.leased = chance.random() > 0.1
            if chance.random() < 0.3:
                e.dispatcher.claim_due()
            await pass_time(chance.choice([0.0, 0.001, 0.02, 1.0]))
            assert all(0 <= c.reserved + len(c.outstanding) <= c.window for c in carriers)
        e.database.races = e.database.bugs = 0.0
        await come_to_rest(e, carriers)


async def come_to_rest(e: Engine, carriers: list[CountingCarrier]) -> None:
    """Answer everything, without failures; check that every slot is free and every queue empty."""
    e.leased = True
    for carrier in carriers:
        carrier.live = True
    for turn in range(400):
        for carrier in carriers:
            while carrier.outstanding:
                carrier.answer(Submitted(reference=f"{carrier.name}{turn}"))
        e.dispatcher.claim_due()
        await e.settle()
        await pass_time(1.0)
        if not any(e.dispatcher.waiting_parts.values()) and not any(c.outstanding for c in carriers):
            break
    assert [carrier.reserved for carrier in carriers] == [0, 0]
    assert {ranked.reserved for queue in e.dispatcher._queues.values() for ranked in queue.ranks.values()} == {0}
    assert not any(e.dispatcher.waiting_parts.values())


async def pass_time(seconds: float) -> None:
    """Wait virtual seconds."""

    await asyncio.sleep(seconds)
