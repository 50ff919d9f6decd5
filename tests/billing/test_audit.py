"""The audit of the money finds balances, entries and reservations that do not agree."""

from tests.support.world import CREDIT, World

from palomar.billing.audit import audit_ledger
from palomar.storage.database import Transaction


async def audit(world: World) -> list[str]:
    async def script(tx: Transaction) -> list[str]:
        return await audit_ledger(tx)

    return await world.database.read(script)


async def test_the_audit_finds_a_balance_that_is_not_its_ledgers_sum(world: World) -> None:
    account = await world.account()

    async def spoil(by: int) -> None:
        async def script(tx: Transaction) -> None:
            await tx.execute("UPDATE balances SET available_microcredits = available_microcredits + ?", by)

        await world.database.write(script)

    await spoil(1)
    assert await audit(world) == [f"account {account.id}: available is 1000000001, its ledger says 1000000000"]
    await spoil(-1)
    assert await audit(world) == []


async def test_the_audit_finds_an_entry_whose_legs_do_not_sum_to_zero(world: World) -> None:
    account = await world.account()

    async def spoil(tx: Transaction) -> None:
        await tx.execute("UPDATE ledger SET microcredits = microcredits + 1 WHERE account_id = 0")

    async def mend(tx: Transaction) -> None:
        await tx.execute("UPDATE ledger SET microcredits = microcredits - 1 WHERE account_id = 0")

    await world.database.write(spoil)
    assert any("does not sum to zero" in fault for fault in await audit(world)), account
    await world.database.write(mend)
    assert await audit(world) == []


async def test_the_audit_finds_money_that_is_reserved_for_nothing(world: World) -> None:
    account = await world.account()
    message = await world.accepted(account)
    await world.tell("UPDATE parts SET sent_ms = 1 WHERE id > ? AND id < ?", message.row.id, message.row.id + 256)
    assert await audit(world) == [f"account {account.id}: {CREDIT} is reserved, but what is under way costs 0"]
    await world.tell("UPDATE parts SET sent_ms = NULL WHERE id > ? AND id < ?", message.row.id, message.row.id + 256)
    assert await audit(world) == []
