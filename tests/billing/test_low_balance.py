"""The callback for a balance that has fallen low, on both databases."""

import json
from typing import Any

from tests.support.world import CREDIT, World

from palomar.acceptance.accept import Accepted
from palomar.billing.credit import add_credit
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account


async def _send(world: World, account: Account, *, count: int) -> None:
    """Accept a request of so many messages, each of which costs one credit."""
    assert isinstance(await world.accept(account, count=count), Accepted)


async def test_a_balance_that_falls_low_makes_one_callback(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, low_balance=5, notice_url="https://acme.example/notices")
    await _send(world, account, count=5)
    assert await _callbacks(world) == []
    await _send(world, account, count=1)
    await _send(world, account, count=1)
    (callback,) = await _callbacks(world)
    assert callback == {
        "event": "low_balance",
        "login": account.login,
        "credits": "4.00",
        "timestamp": "2025-10-09 08:53:20",
    }


async def test_the_next_fall_makes_a_callback_only_after_enough_credit(world: World) -> None:
    account = await world.account(credit=5 * CREDIT, low_balance=5, notice_url="https://acme.example/notices")
    await _send(world, account, count=1)
    await _credit(world, account, 0.5)
    await _send(world, account, count=1)
    assert len(await _callbacks(world)) == 1, "it was not lifted above"
    await _credit(world, account, 10)
    await _send(world, account, count=10)
    assert len(await _callbacks(world)) == 2


async def test_an_account_without_a_url_gets_no_callback(world: World) -> None:
    account = await world.account(credit=5 * CREDIT, low_balance=5)
    await _send(world, account, count=1)
    assert await _callbacks(world) == []


async def _credit(world: World, account: Account, amount: float) -> None:
    async def script(tx: Transaction) -> Any:
        return await add_credit(tx, world.context(), account.id, int(amount * CREDIT), now_ms=world.now_ms)

    await world.database.write(script)


async def _callbacks(world: World) -> list[dict[str, str]]:
    rows = await world.ask("SELECT body FROM callbacks WHERE method = 'POST' ORDER BY id")
    return [json.loads(bytes(row[0])) for row in rows]
