"""Attempts of callbacks: each is recorded; a failed callback is planned again by its dialect's times, then kept."""

from tests.support.world import RETRIES, World, new_node

from palomar.callbacks.attempts import Attempt, record_attempts
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.claim import CallbackClaimOrder, claim_callbacks
from palomar.ports import HttpOutcome
from palomar.sending.nodes import take_over
from palomar.vocabulary.message import MessageId, State

OK = HttpOutcome(status=204, error=None, elapsed_ms=5)
BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=5, body_start=b"\xff oops")
UNREACHABLE = HttpOutcome(status=None, error="connect", elapsed_ms=5)


async def claimed(world: World, limit: int = 10) -> list[CallbackRow]:
    return (await world.claim(limit)).callbacks


async def kinds(world: World, message_id: MessageId) -> list[str]:
    return [moment.kind.value for moment in (await world.show(message_id)).timeline]


async def test_a_callback_that_succeeds_is_deleted_and_recorded_in_the_timeline(world: World) -> None:
    message_id = await world.sent(await world.account())
    (callback,) = await claimed(world)
    assert callback.url == "http://x/#took"
    await world.do(record_attempts, Attempt(callback, OK))
    assert await world.ask("SELECT id FROM callbacks") == []
    moment = (await world.show(message_id)).timeline[-1]
    assert (moment.kind, moment.detail["status"], moment.detail["attempt"]) == ("callback", 204, 1)


async def test_a_callback_is_tried_after_30_s_5_min_30_min_6_h_and_a_day_and_then_kept_as_failed(world: World) -> None:
    message_id = await world.sent(await world.account())
    for number, wait in enumerate(RETRIES, 1):
        (callback,) = await claimed(world)
        assert callback.attempts == number - 1
        await world.do(record_attempts, Attempt(callback, BROKEN))
        world.now_ms += wait * 1_000 - 1
        assert await claimed(world) == []
        world.now_ms += 1
    (callback,) = await claimed(world)
    await world.do(record_attempts, Attempt(callback, UNREACHABLE))
    world.now_ms += 10 * 86_400_000
    assert await claimed(world) == []
    assert await world.ask("SELECT failed, attempts, node_id FROM callbacks") == [(1, 6, None)]
    assert (await kinds(world, message_id)).count("callback_failed") == 6
    last = (await world.show(message_id)).timeline[-1]
    assert (last.detail["error"], last.detail["next_ms"]) == ("connect", None)


async def test_what_the_other_side_answered_can_be_read_in_the_timeline(world: World) -> None:
    message_id = await world.sent(await world.account())
    (callback,) = await claimed(world)
    await world.do(record_attempts, Attempt(callback, BROKEN))
    detail = (await world.show(message_id)).timeline[-1].detail
    assert (detail["status"], detail["answer"]) == (500, "\ufffd oops")


async def test_the_callback_of_the_acceptance_comes_before_that_of_the_delivery_if_both_are_due(world: World) -> None:
    for number in range(20):
        await world.sent(await world.account(), reference=f"m{number}-")
    for number in reversed(range(20)):
        await world.receipt(f"m{number}-1", State.DELIVERED)
    order = [callback.url.partition("#")[2] for callback in await claimed(world, 100)]
    assert order == ["took"] * 20 + ["delivered"] * 20


async def test_new_callbacks_are_claimed_by_the_node_while_there_is_room_and_the_rest_by_nobody(world: World) -> None:
    world.callback_room = 1
    account = await world.account()
    await world.sent(account)
    await world.receipt("r1", State.DELIVERED)
    world.callback_room = 0
    await world.sent(account, reference="s")
    rows = await world.ask("SELECT url, node_id FROM callbacks ORDER BY id")
    assert rows == [
        ("http://x/#took", world.node_id),
        ("http://x/#delivered", world.node_id),
        ("http://x/#took", None),
    ]
    assert len(await claimed(world)) == 1


async def test_a_claimed_callback_is_not_claimed_again(world: World) -> None:
    await world.sent(await world.account())
    order = CallbackClaimOrder(limit=10, room=lambda *key: 10)
    assert [len(found.callbacks) for found in await world.do(claim_callbacks, order)] == [1]
    assert await claimed(world) == []
    world.node_id = await new_node(world, "second")
    assert await claimed(world) == []


async def test_nothing_is_claimed_without_a_lease_or_without_room(world: World) -> None:
    await world.sent(await world.account())
    assert await claimed(world, 0) == []
    world.node_id = None
    assert await claimed(world) == []


async def test_the_callbacks_of_a_dead_node_are_sent_by_another(world: World) -> None:
    await world.sent(await world.account())
    assert len(await claimed(world)) == 1
    await world.do(take_over, world.node_id)
    world.node_id = await new_node(world, "second")
    assert len(await claimed(world)) == 1


async def test_a_customer_without_an_address_gets_no_callback(world: World) -> None:
    message_id = await world.sent(await world.account(), status_url="")
    assert await world.told(message_id) == []


async def test_a_dialect_that_is_not_there_any_more_makes_no_callback_and_no_retry(world: World) -> None:
    message_id = await world.sent(await world.account(), dialect="gone")
    await world.receipt("r1", State.DELIVERED)
    assert await world.told(message_id) == []
    assert await world.state(message_id) is State.DELIVERED
