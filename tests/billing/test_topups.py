"""Automatic top-ups, on both databases."""

from dataclasses import replace

from tests.support.world import CREDIT, World

from palomar.acceptance.accept import Accepted, accept
from palomar.billing.low_balance import LowBalances
from palomar.billing.topups import month_of, top_up
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId

MONTH_MS = 31 * 86_400_000


async def _low_after(world: World, account: Account, *, count: int) -> set[AccountId]:
    """Return the accounts that need a top-up after a request of so many messages."""

    async def script(tx: Transaction) -> set[AccountId]:
        work = Work(tx, world.context(), now_ms=world.now_ms)
        (result,) = await accept(work, [world.compose(account, count=count)])
        assert isinstance(result, Accepted)
        await work.finish()
        low = work.joined(LowBalances)
        assert low is not None
        return low.need_topup

    return await world.database.write(script)


async def _given(world: World, account: Account) -> float:
    (microcredits,) = await world.do(top_up, account.id)
    return float(microcredits) / CREDIT


async def _available(world: World, account: Account) -> float:
    return (await world.balance(account))[0] / CREDIT


def _child_of(world: World, parent: Account, child: Account) -> Account:
    world.accounts[child.id] = replace(child, parent_id=parent.id)
    return world.accounts[child.id]


async def test_an_account_below_its_limit_is_topped_up_from_the_credit_line(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, topup_below=5, topup_amount=20)
    assert await _low_after(world, account, count=5) == set()
    assert await _low_after(world, account, count=1) == {account.id}
    assert await _given(world, account) == 20
    assert await _available(world, account) == 24
    assert await _given(world, account) == 0, "who has enough gets nothing: another node was faster"
    reasons = {row[0] for row in await world.ask("SELECT reason FROM ledger WHERE account_id = ?", account.id)}
    assert "topup" in reasons


async def test_an_account_without_the_setting_is_not_topped_up(world: World) -> None:
    account = await world.account(credit=CREDIT)
    assert await _low_after(world, account, count=1) == set()
    assert await _given(world, account) == 0


async def test_a_sub_account_gets_at_most_what_its_parent_has(world: World) -> None:
    parent = await world.account(credit=30 * CREDIT)
    child = _child_of(world, parent, await world.account(credit=CREDIT, topup_below=5, topup_amount=20))
    assert await _given(world, child) == 20
    await _low_after(world, child, count=20)
    assert await _given(world, child) == 10, "the parent has no more"
    assert (await _available(world, parent), await _available(world, child)) == (0, 11)
    await _low_after(world, child, count=10)
    assert await _given(world, child) == 0
    assert await _available(world, child) == 1


async def test_top_ups_stop_at_the_limit_of_the_month_and_go_on_in_the_next(world: World) -> None:
    account = await world.account(credit=0, topup_below=100, topup_amount=20, topup_month_max=50)
    assert [await _given(world, account) for _ in range(4)] == [20, 20, 10, 0]
    world.now_ms += MONTH_MS
    assert await _given(world, account) == 20


async def test_a_top_up_counts_what_the_same_transaction_spends(world: World) -> None:
    account = await world.account(credit=10 * CREDIT, topup_below=5, topup_amount=20)
    command = world.compose(account, count=8)
    (_, (given,)) = await world.batch((accept, [command]), (top_up, [account.id]))
    assert given == 20 * CREDIT
    assert await world.balance(account) == (22 * CREDIT, 8 * CREDIT)


def test_months_are_gmt() -> None:
    assert month_of(1_769_903_999_999) == 202601
    assert month_of(1_769_904_000_000) == 202602
