"""Due messages that no node has are claimed by one node."""

import asyncio
import dataclasses

import pytest
from tests.support.world import CREDIT, World, from_waiting, new_node

from palomar.ports import Submitted
from palomar.sending.claimer import ClaimedParts, MessageClaimOrder, claim
from palomar.sending.release import ReadyPart
from palomar.vocabulary.message import State


def order(carrier: str = "c", limit: int = 100) -> MessageClaimOrder:
    return MessageClaimOrder(carrier=carrier, limit=limit)


async def claimed_parts(world: World, wanted: MessageClaimOrder) -> list[ReadyPart]:
    """Claim by one order and return the parts."""
    claimed: ClaimedParts = (await world.do(claim, wanted))[0]
    return claimed.parts


async def test_due_messages_that_nobody_has_are_claimed_oldest_first_with_their_parts_in_order(world: World) -> None:
    account = await world.account()
    messages = []
    for age in (1, 3, 2):
        world.now_ms -= age * 1_000
        messages.append(await world.accepted(account, parts=2))
        world.now_ms += age * 1_000
    claimed = await claimed_parts(world, order(limit=2))
    assert {part.message_id for part in claimed} == {messages[1].row.id, messages[2].row.id}
    assert [(part.number, part.attempt) for part in claimed] == [(1, 1), (2, 1)] * 2
    assert await world.queue() == {
        messages[0].row.id: None,
        messages[1].row.id: world.node_id,
        messages[2].row.id: world.node_id,
    }


async def test_a_claimed_message_is_sent_like_one_claimed_with_its_acceptance(world: World) -> None:
    message = await world.accepted(await world.account())
    (waiting,) = await claimed_parts(world, order())
    part = from_waiting(waiting)
    assert await world.mark(part) == [True]
    await world.answer(part, Submitted(reference="r1"))
    assert await world.state(message.row.id) is State.SENT


async def test_a_message_that_one_node_has_claimed_is_not_claimed_by_another(world: World) -> None:
    await world.accepted(await world.account())
    assert [len(found.parts) for found in await world.do(claim, order(), order())] == [1, 0]
    world.node_id = await new_node(world, "second")
    assert await claimed_parts(world, order()) == []


async def test_two_nodes_that_claim_at_once_share_the_work(world: World) -> None:
    await world.accept(await world.account(), count=40)
    other = World(database=world.database, ids=world.ids, accounts=world.accounts)
    other.node_id = await new_node(world, "second")
    one, two = await asyncio.gather(claimed_parts(world, order(limit=30)), claimed_parts(other, order(limit=30)))
    assert len({part.message_id for part in one} | {part.message_id for part in two}) == len(one) + len(two)
    assert set((await world.queue()).values()) <= {world.node_id, other.node_id, None}


async def test_only_due_messages_of_the_ordered_carrier_are_claimed(world: World) -> None:
    account = await world.account()
    await world.accepted(account, carrier="other")
    later = await world.accepted(account, due_ms=world.now_ms + 60_000)
    assert later.state is State.SCHEDULED
    assert await claimed_parts(world, order()) == []
    world.now_ms += 60_000
    (waiting,) = await claimed_parts(world, order())
    assert waiting.message_id == later.row.id
    assert await world.state(later.row.id) is State.QUEUED


async def test_nothing_is_claimed_without_a_lease_or_without_room(world: World) -> None:
    await world.accepted(await world.account())
    assert await claimed_parts(world, order(limit=0)) == []
    world.node_id = None
    assert await claimed_parts(world, order()) == []


@pytest.mark.parametrize("switch", ["enabled", "may_send"])
async def test_a_scheduled_message_of_an_account_that_may_not_send_any_more_is_blocked_and_costs_nothing(
    world: World, switch: str
) -> None:
    account = await world.account(credit=10 * CREDIT)
    message = await world.accepted(account, parts=2, due_ms=world.now_ms + 60_000)
    world.accounts[account.id] = dataclasses.replace(account, **{switch: False})  # type: ignore[arg-type]
    world.now_ms += 60_000
    assert await claimed_parts(world, order()) == []
    assert await world.state(message.row.id) is State.BLOCKED
    assert await world.balance(account) == (10 * CREDIT, 0)
    assert await world.told(message.row.id) == ["blocked"]
    assert await world.queue() == {}
