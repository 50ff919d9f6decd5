"""The door to the sandbox: the last calls and callbacks in scope, and news of what arrived for oneself alone."""

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


async def play(house: House, login: str) -> PersonalSandbox:
    found = (await house.viewer(login)).play
    assert found is not None
    return found


async def test_an_arrival_is_news_for_whoever_sent_it(house: House) -> None:
    acme = await house.account("acme")
    await house.account("other")
    await house.user("admin")
    doors = {login: await play(house, login) for login in ("acme", "other", "admin")}
    listeners = {login: door.listen() for login, door in doors.items()}
    phone = await house.sent(acme, "hello", reference="a")
    await house.arrives(phone, "hello", reference="a1")
    heard = {}
    for login, door in doors.items():
        listener = listeners[login]
        assert listener is not None
        heard[login] = await door.news(listener, within_seconds=0.01)
        door.leave(listener)
    assert heard == {"acme": {"phones"}, "other": frozenset(), "admin": {"phones"}}


async def test_a_commit_is_news_for_the_accounts_that_it_touched(house: House) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    door = await play(house, "acme")
    assert house.sandbox is not None

    async def commit(account_id: int) -> None:
        async def script(tx: Transaction) -> Work:
            return Work(tx, house.world.context(), now_ms=1)

        work = await house.world.database.write(script)
        work.inbound_accounts.add(account_id)  # type: ignore[arg-type]
        assert house.sandbox is not None
        house.sandbox.committed(work)

    await commit(acme.id)  # nobody listens
    listener = door.listen()
    assert listener is not None
    await commit(other.id)
    assert await door.news(listener, within_seconds=0.01) == frozenset()
    await commit(acme.id)
    assert await door.news(listener, within_seconds=0.01) == {"phones"}
    house.sandbox.stop()
    assert await door.news(listener, within_seconds=0.01) is None
    assert door.listen() is None


async def test_calls_are_seen_by_whoever_made_them(house: House) -> None:
    acme = await house.account("acme")
    await house.account("other")
    calls = house.viewers.sandbox.calls if house.viewers.sandbox is not None else None
    assert calls is not None
    calls.ended("foxsys")(HttpRecord(method="POST", target=b"/json/send", status=200, account=acme))
    (call,) = (await play(house, "acme")).calls()
    assert (await play(house, "acme")).call(call.id) == call
    other = await play(house, "other")
    assert (other.calls(), other.call(call.id)) == ([], None)


async def test_beside_real_carriers_neither_calls_nor_callbacks_are_kept(place: Place) -> None:
    async with house_in(place, sandbox="beside") as house:
        await house.user("admin")
        door = await play(house, "admin")
        assert (door.calls(), door.call(1), door.inbox(), door.got(1)) == ([], None, [], None)
        assert house.sandbox is not None
        assert house.sandbox.took_callback is None
