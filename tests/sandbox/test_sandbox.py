"""One person's sandbox: calls and callbacks in scope, and changes of their own messages only."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place

from palomar.sandbox.sandbox import PersonalSandbox
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.http_record import HttpRecord


@pytest.fixture
async def house(place: Place) -> AsyncIterator[House]:
    async with house_in(place, sandbox="whole") as built:
        yield built


async def personal_sandbox(house: House, login: str) -> PersonalSandbox:
    found = (await house.viewer(login)).sandbox
    assert found is not None
    return found


async def test_an_arrived_part_is_a_change_for_its_sender_only(house: House) -> None:
    acme = await house.account("acme")
    await house.account("other")
    await house.user("admin")
    sandboxes = {login: await personal_sandbox(house, login) for login in ("acme", "other", "admin")}
    subscribers = {login: mine.subscribe() for login, mine in sandboxes.items()}
    phone = await house.sent(acme, "hello", reference="a")
    await house.arrives(phone, "hello", reference="a1")
    heard = {}
    for login, mine in sandboxes.items():
        subscriber = subscribers[login]
        assert subscriber is not None
        heard[login] = await mine.next_changes(subscriber, within_seconds=0.01)
        mine.unsubscribe(subscriber)
    assert heard == {"acme": {"phones"}, "other": frozenset(), "admin": {"phones"}}


async def test_a_commit_is_a_change_for_the_accounts_that_it_touched(house: House) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    mine = await personal_sandbox(house, "acme")
    assert house.sandbox is not None

    async def commit(account_id: int) -> None:
        async def script(tx: Transaction) -> Work:
            return Work(tx, house.world.context(), now_ms=1)

        work = await house.world.database.write(script)
        work.inbound_accounts.add(account_id)  # type: ignore[arg-type]
        assert house.sandbox is not None
        house.sandbox.committed(work)

    await commit(acme.id)  # nobody listens
    subscriber = mine.subscribe()
    assert subscriber is not None
    await commit(other.id)
    assert await mine.next_changes(subscriber, within_seconds=0.01) == frozenset()
    await commit(acme.id)
    assert await mine.next_changes(subscriber, within_seconds=0.01) == {"phones"}
    house.sandbox.stop()
    assert await mine.next_changes(subscriber, within_seconds=0.01) is None
    assert mine.subscribe() is None


async def test_calls_are_seen_by_the_account_that_made_them(house: House) -> None:
    acme = await house.account("acme")
    await house.account("other")
    calls = house.viewers.sandbox.calls if house.viewers.sandbox is not None else None
    assert calls is not None
    calls.recorder_of("foxsys")(HttpRecord(method="POST", target=b"/json/send", status=200, account=acme))
    (call,) = (await personal_sandbox(house, "acme")).calls()
    assert (await personal_sandbox(house, "acme")).call(call.id) == call
    other = await personal_sandbox(house, "other")
    assert (other.calls(), other.call(call.id)) == ([], None)


async def test_beside_real_carriers_neither_calls_nor_callbacks_are_kept(place: Place) -> None:
    async with house_in(place, sandbox="beside") as house:
        await house.user("admin")
        mine = await personal_sandbox(house, "admin")
        assert (mine.calls(), mine.call(1), mine.received_callbacks(), mine.received_callback(1)) == (
            [],
            None,
            [],
            None,
        )
        assert house.sandbox is not None
        assert house.sandbox.on_callback is None
