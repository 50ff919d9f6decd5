"""Callbacks as people see them: listed a page at a time, and tried again with all their attempts."""

from collections.abc import Sequence
from typing import Any

from tests.support.world import RETRIES, World

from palomar.callbacks.attempts import Attempt, record_attempts
from palomar.callbacks.backlog import (
    FAILED,
    FAILING,
    WAITING,
    Callback,
    CallbackState,
    list_callbacks,
    replay,
    replay_all,
)
from palomar.inbound.numbers import VirtualNumber, add_number
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound, HttpOutcome
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account, AccountId

BROKEN = HttpOutcome(status=500, error=None, elapsed_ms=5)


async def do(world: World, flow: Any, *arguments: Any, **named: Any) -> Any:
    async def script(tx: Transaction) -> Any:
        return await flow(tx, *arguments, **named)

    return await world.database.write(script)


async def listed(
    world: World, state: CallbackState = WAITING, *, account: Account | None = None, after: int = 0
) -> Any:
    account_id = account.id if account else None
    found: Sequence[Callback] = await do(world, list_callbacks, state, account_id=account_id, after=after)
    return [callback.row.id for callback in found]


async def failed_for_good(world: World, account: Account) -> int:
    """Make a callback of this account that was given up; return its id."""
    await world.sent(account)
    (callback,) = (await world.claim()).callbacks
    callback.attempts = len(RETRIES)
    await world.do(record_attempts, Attempt(callback, BROKEN))
    return int(callback.id)


async def test_open_and_failed_callbacks_are_listed_by_account(world: World) -> None:
    one, other = await world.account(), await world.account()
    failed = await failed_for_good(world, one)
    await world.sent(other, reference="o")
    ((waiting,),) = await world.ask("SELECT id FROM callbacks WHERE failed = 0")
    assert await listed(world) == [waiting]
    assert await listed(world, after=waiting) == []
    assert await listed(world, FAILED) == [failed]
    assert await listed(world, account=other) == [waiting]
    assert await listed(world, FAILED, account=other) == []
    await world.do(record_attempts, Attempt((await world.claim()).callbacks[0], BROKEN))
    assert (await listed(world), await listed(world, FAILING)) == ([], [waiting])


async def test_a_failed_callback_is_tried_again_with_all_its_attempts(world: World) -> None:
    account = await world.account()
    failed = await failed_for_good(world, account)
    assert (await world.claim()).callbacks == []
    assert await do(world, replay, failed, now_ms=world.now_ms)
    (callback,) = (await world.claim()).callbacks
    assert (callback.id, callback.attempts, callback.failed) == (failed, 0, 0)
    await world.do(record_attempts, Attempt(callback, BROKEN))
    assert await world.ask("SELECT due_ms, failed FROM callbacks") == [(world.now_ms + RETRIES[0] * 1_000, 0)]


async def test_what_has_not_failed_is_not_replayed(world: World) -> None:
    await world.sent(await world.account())
    ((waiting,),) = await world.ask("SELECT id FROM callbacks")
    assert not await do(world, replay, waiting, now_ms=world.now_ms)
    assert not await do(world, replay, 12345, now_ms=world.now_ms)
    assert await do(world, replay_all, account_id=None, now_ms=world.now_ms) == 0


async def test_all_failed_ones_are_replayed_or_those_of_one_account(world: World) -> None:
    one, other = await world.account(), await world.account()
    for account in (one, one, other):
        await failed_for_good(world, account)
    assert await do(world, replay_all, account_id=AccountId(99), now_ms=world.now_ms) == 0
    assert await do(world, replay_all, account_id=one.id, now_ms=world.now_ms) == 2
    assert await listed(world, FAILED) == await listed(world, FAILED, account=other)
    assert await do(world, replay_all, account_id=None, now_ms=world.now_ms) == 1
    assert await listed(world, FAILED) == []


async def test_callbacks_of_inbound_messages_are_told_from_those_of_messages(world: World) -> None:
    account = await world.account(inbound_url="http://x/in")
    await do(world, add_number, VirtualNumber(number="34900", account_id=account.id))
    await world.do(receive, CarrierInbound(carrier="c", source="34600000001", destination="34900", text="hi"))
    await world.sent(account)
    found = await do(world, list_callbacks, WAITING, account_id=None)
    assert [callback.about_inbound for callback in found] == [True, False]
