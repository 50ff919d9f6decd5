"""Credit is added, taken out and moved between accounts; no balance becomes negative."""

import asyncio

from tests.support.world import CREDIT, World

from palomar.acceptance.accept import accept
from palomar.billing.credit import AccountBalance, Transfer, add_credit, transfer
from palomar.storage.database import Conflict, Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.refusals import Refusal


async def give(world: World, account_id: int, microcredits: int) -> AccountBalance | Refusal:
    async def script(tx: Transaction) -> AccountBalance | Refusal:
        return await add_credit(tx, world.context(), account_id, microcredits, now_ms=world.now_ms)  # type: ignore[arg-type]

    return await world.database.write(script)


async def test_credit_is_added_and_taken_out_to_the_microcredit(world: World) -> None:
    account = await world.account(credit=0)
    assert await give(world, account.id, 12_345_678) == AccountBalance(available=12_345_678, reserved=0)
    assert await give(world, account.id, -345_678) == AccountBalance(available=12_000_000, reserved=0)
    assert await world.balance(account) == (12_000_000, 0)


async def test_no_more_can_be_taken_out_than_is_available(world: World) -> None:
    account = await world.account(credit=3 * CREDIT)
    await world.accept(account, count=2)
    assert await give(world, account.id, -2 * CREDIT) is Refusal.NO_CREDIT
    assert await world.balance(account) == (1 * CREDIT, 2 * CREDIT)


async def test_amounts_larger_than_32_bits_are_exact(world: World) -> None:
    account = await world.account(credit=0)
    await give(world, account.id, 10**15 + 1)
    await give(world, account.id, 10**15 + 1)
    assert await world.balance(account) == (2 * 10**15 + 2, 0)


async def test_requests_that_drain_one_balance_at_once_never_make_it_negative(world: World) -> None:
    account = await world.account(credit=7 * CREDIT)

    async def one(lane: int) -> str:
        command = world.compose(account)

        async def script(tx: Transaction) -> str:
            work = Work(tx, world.context(), now_ms=world.now_ms)
            result = (await accept(work, [command]))[0]
            await work.finish()
            return type(result).__name__

        while True:
            try:
                return await world.database.write_in_lane(lane, script)
            except Conflict:
                continue

    results = await asyncio.gather(*(one(number % 2) for number in range(20)))
    assert sorted(results) == ["Accepted"] * 7 + ["Refusal"] * 13
    assert await world.balance(account) == (0, 7 * CREDIT)


async def test_transfers_of_one_batch_see_each_other_and_none_overdraws(world: World) -> None:
    giver, taker = await world.account(credit=5 * CREDIT), await world.account(credit=0)
    there = Transfer(giver=giver.id, taker=taker.id, microcredits=3 * CREDIT)
    back = Transfer(giver=giver.id, taker=taker.id, microcredits=-2 * CREDIT)
    results = await world.do(transfer, there, there, back, there)
    assert results == [
        AccountBalance(available=2 * CREDIT, reserved=0),
        Refusal.NO_CREDIT,
        AccountBalance(available=1 * CREDIT, reserved=0),
        AccountBalance(available=1 * CREDIT, reserved=0),
    ]
    assert [await world.balance(account) for account in (giver, taker)] == [(1 * CREDIT, 0), (4 * CREDIT, 0)]
    assert await world.faults() == []


async def test_a_transfer_that_leaves_a_balance_low_makes_its_callback(world: World) -> None:
    giver, taker = await world.account(credit=5 * CREDIT, low_balance=4), await world.account(credit=0)
    assert await world.do(transfer, Transfer(giver=giver.id, taker=taker.id, microcredits=2 * CREDIT))
    assert await world.ask("SELECT count(*) FROM notices") == [(1,)]
