"""Due messages are counted by the carrier that they wait for."""

from tests.support.world import World

from palomar.routing.waiting_counts import count_waiting, find_oldest_unclaimed
from palomar.vocabulary.message import State


async def test_all_due_messages_are_counted_by_carrier_whether_claimed_or_not(world: World) -> None:
    account = await world.account()
    first = await world.accepted(account, claim=State.QUEUED)
    await world.accepted(account, claim=State.SUBMITTING, parts=3)
    await world.accepted(account)
    await world.accepted(account, due_ms=world.now_ms + 60_000)
    found = await world.database.read(lambda tx: count_waiting(tx, now_ms=world.now_ms))
    assert {name: (one.parts, one.messages) for name, one in found.items()} == {first.row.carrier: (5, 3)}
    assert found[first.row.carrier].oldest_ms == first.row.due_ms


async def test_the_oldest_unclaimed_message_is_found(world: World) -> None:
    account = await world.account()
    await world.accepted(account, claim=State.QUEUED)
    none = await world.database.read(lambda tx: find_oldest_unclaimed(tx, ["c", "d"], now_ms=world.now_ms))
    assert none == {}
    waits = await world.accepted(account)
    found = await world.database.read(lambda tx: find_oldest_unclaimed(tx, [waits.row.carrier], now_ms=world.now_ms))
    assert found == {waits.row.carrier: waits.row.due_ms}
