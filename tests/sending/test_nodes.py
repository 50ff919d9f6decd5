"""Each start of a node is a row with a lease, and the work of dead nodes is freed."""

import asyncio

from tests.support.world import CREDIT, World, new_node, outgoing

from palomar.ports import Submitted
from palomar.receipts.record import record_receipts
from palomar.sending.claimer import ClaimedParts, MessageClaimOrder, claim
from palomar.sending.nodes import Node, clear_unknown_carriers, list_dead_nodes, register, renew, take_over
from palomar.sending.release import ReadyPart
from palomar.storage.database import Transaction
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.message import NODES_MAX, State


def order(carrier: str = "c", limit: int = 100) -> MessageClaimOrder:
    return MessageClaimOrder(carrier=carrier, limit=limit)


async def claimed_parts(world: World, wanted: MessageClaimOrder) -> list[ReadyPart]:
    """Claim by one order and return the parts."""
    claimed: ClaimedParts = (await world.do(claim, wanted))[0]
    return claimed.parts


async def test_a_lease_is_renewed_while_it_runs_and_never_after(world: World) -> None:
    async def script(tx: Transaction) -> list[bool]:
        living = await register(tx, name="living")
        dead = await register(tx, name="dead", lease_ms=0)
        return [await renew(tx, living), await renew(tx, dead), await renew(tx, Node(id=999, number=0))]

    assert await world.database.write(script) == [True, False, False]


async def test_each_start_is_a_new_epoch_with_the_smallest_number_that_is_free(world: World) -> None:
    async def script(tx: Transaction) -> list[tuple[int, int]]:
        nodes = [await register(tx, name=f"n{index}") for index in range(3)]
        await tx.execute("DELETE FROM nodes WHERE id = ?", nodes[0].id)
        nodes.append(await register(tx, name="again"))
        return [(node.id, node.number) for node in nodes]

    found = await world.database.write(script)
    assert [number for _, number in found] == [1, 2, 3, 1]
    assert len({identity for identity, _ in found}) == 4


async def test_no_node_gets_the_number_of_commands(world: World) -> None:
    async def script(tx: Transaction) -> set[int]:
        return {(await register(tx, name=f"n{index}")).number for index in range(NODES_MAX - 2)}

    assert NODES_MAX - 1 not in await world.database.write(script)


async def test_dead_nodes_are_those_whose_lease_ran_out_and_our_own_earlier_starts(world: World) -> None:
    dead = await new_node(world, "dead", lease_ms=0)
    earlier = await new_node(world, "ours")
    await new_node(world, "living")

    async def script(tx: Transaction) -> list[int]:
        return await list_dead_nodes(tx, own=await register(tx, name="ours"), name="ours")

    assert await world.database.write(script) == [dead, earlier]


async def test_messages_that_a_dead_node_had_queued_are_free_again(world: World) -> None:
    account = await world.account()
    message = await world.accepted(account, claim=State.QUEUED)
    (taken,) = await world.do(take_over, world.node_id)
    assert (taken.freed, taken.in_doubt, taken.more) == (1, 0, False)
    assert await world.queue() == {message.row.id: None}
    assert await world.ask("SELECT id FROM nodes") == []


async def test_a_part_under_way_at_a_dead_node_is_in_doubt_and_resent_if_its_account_says_so(
    world: World,
) -> None:
    message = await world.accepted(await world.account(), claim=State.SUBMITTING)
    (taken,) = await world.do(take_over, world.node_id)
    assert (taken.freed, taken.in_doubt) == (1, 1)
    world.node_id = await new_node(world, "second")
    (waiting,) = await claimed_parts(world, order())
    assert (waiting.message_id, waiting.attempt) == (message.row.id, 2)


async def test_a_part_under_way_at_a_dead_node_is_held_if_its_account_says_so(world: World) -> None:
    account = await world.account(unknown_outcome=UnknownOutcome.HOLD)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=2)
    await world.answer(outgoing(message)[0], Submitted(reference="r1"))
    (taken,) = await world.do(take_over, world.node_id)
    assert taken.in_doubt == 1
    assert await world.part_states(message.row.id) == [State.SENT, State.HELD]
    assert await world.queue() == {}
    await world.do(record_receipts)


async def test_only_the_unanswered_parts_of_a_message_are_sent_again(world: World) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, claim=State.SUBMITTING, parts=3)
    await world.answer(outgoing(message)[1], Submitted(reference="r2"))
    await world.do(take_over, world.node_id)
    world.node_id = await new_node(world, "second")
    claimed = await claimed_parts(world, order())
    assert [(part.number, part.reference) for part in claimed] == [
        (1, message.row.reference),
        (3, message.row.reference),
    ]
    assert {part.carrier for part in claimed} == {"c"}


async def test_many_messages_of_a_dead_node_are_taken_over_in_slices(world: World) -> None:
    await world.accept(await world.account(), claim=State.QUEUED, count=501)
    first = (await world.do(take_over, world.node_id))[0]
    assert (first.freed, first.more) == (500, True)
    second = (await world.do(take_over, world.node_id))[0]
    assert (second.freed, second.more) == (1, False)
    assert set((await world.queue()).values()) == {None}


async def test_two_nodes_that_take_over_the_same_dead_one_free_everything_once(world: World) -> None:
    await world.accept(await world.account(), claim=State.SUBMITTING, count=10)
    dead = world.node_id
    results = await asyncio.gather(world.do(take_over, dead), world.do(take_over, dead))
    assert sorted(result[0].in_doubt for result in results) == [0, 10]


async def test_messages_for_a_carrier_that_is_not_configured_any_more_are_routed_anew(world: World) -> None:
    account = await world.account()
    stray = await world.accepted(account, carrier="gone")
    kept = await world.accepted(account, carrier="c")

    async def script(tx: Transaction) -> int:
        return await clear_unknown_carriers(tx, ["c"])

    assert await world.database.write(script) == 1
    assert [part.message_id for part in await claimed_parts(world, order(""))] == [stray.row.id]
    assert [part.message_id for part in await claimed_parts(world, order("c"))] == [kept.row.id]
