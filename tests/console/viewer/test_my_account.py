"""People change their own password, codes and sessions; what makes a log-in weaker needs the password."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import PASSWORD, House, house_in
from tests.support.databases import Place

from palomar.access.lockout import FREE_BY_LOGIN
from palomar.access.sign_in import LoggedIn
from palomar.access.sign_in_throttle import TooManyAttempts
from palomar.access.totp import STEP_MS, code_at
from palomar.console.viewer.my_account import MyAccount
from palomar.vocabulary.access import ClientAddress

CLIENT = ClientAddress("192.0.2.7")
ANOTHER = "another good password"


@pytest.fixture
async def house(sqlite_place: Place) -> AsyncIterator[House]:
    async with house_in(sqlite_place) as built:
        yield built


async def my_account(house: House, login: str) -> MyAccount:
    return (await house.viewer(login)).my_account


async def token(house: House, login: str, password: str = PASSWORD) -> str:
    result = await house.sign_in.log_in(login, password, CLIENT, agent="")
    assert isinstance(result, LoggedIn)
    return result.token


async def test_a_changed_password_ends_every_session_but_this_one(house: House) -> None:
    await house.user("marta")
    elsewhere = await token(house, "marta")
    here = await token(house, "marta")
    signed_in = await house.sign_in.signed_in(here)
    assert signed_in is not None
    mine = house.viewers.of(signed_in).my_account
    assert await mine.change_password(PASSWORD, ANOTHER, client=CLIENT) is True
    assert await house.sign_in.signed_in(elsewhere) is None
    assert await house.sign_in.signed_in(here) is not None
    assert await token(house, "marta", ANOTHER)


async def test_an_account_changes_its_own_password(house: House) -> None:
    await house.account("acme")
    mine = await my_account(house, "acme")
    assert not mine.takes_codes
    assert not await mine.has_totp()
    assert await mine.change_password("wrong", ANOTHER, client=CLIENT) is False
    assert await mine.change_password(PASSWORD, ANOTHER, client=CLIENT) is True
    assert await token(house, "acme", ANOTHER)


async def test_password_checks_of_an_open_session_are_throttled(house: House) -> None:
    await house.user("marta")
    mine = await my_account(house, "marta")
    answers = [await mine.change_password("wrong", ANOTHER, client=CLIENT) for _ in range(FREE_BY_LOGIN + 1)]
    assert answers == [False] * FREE_BY_LOGIN + [TooManyAttempts(wait_seconds=5)]


async def test_codes_are_switched_on_with_a_code_and_off_with_the_password(house: House) -> None:
    await house.user("marta")
    mine = await my_account(house, "marta")
    totp = mine.fresh_totp()
    assert totp != mine.fresh_totp()
    now = house.clock.now_ms // STEP_MS
    assert not await mine.start_totp(totp, "000000")
    assert not await mine.start_totp(totp[:10], code_at(totp[:10], now))
    assert await mine.start_totp(totp, code_at(totp, now))
    assert await mine.has_totp()
    assert not await mine.start_totp(totp, code_at(totp, now))
    ((sealed,),) = await house.world.ask("SELECT totp_secret FROM users")
    assert totp not in bytes(sealed)

    waiting = await token(house, "marta")
    assert await house.sign_in.enter_code(waiting, code_at(totp, now), CLIENT) is None  # it was used to switch on
    house.wait(STEP_MS)
    assert isinstance(await house.sign_in.enter_code(waiting, code_at(totp, now + 1), CLIENT), LoggedIn)

    assert await mine.stop_totp("wrong", client=CLIENT) is False
    assert await mine.stop_totp(PASSWORD, client=CLIENT) is True
    assert not await mine.has_totp()


async def test_only_the_own_sessions_are_listed_and_ended(house: House) -> None:
    await house.user("marta")
    await house.user("juan")
    await house.account("acme")
    foreign = await house.signed_in("juan")
    of_account = await house.signed_in("acme")
    first, second = await house.signed_in("marta"), await house.signed_in("marta")
    mine = house.viewers.of(second).my_account
    assert [session.id for session in await mine.sessions()] == [second.session.id, first.session.id]
    for session_id in (foreign.session.id, of_account.session.id, 12345):
        assert not await mine.revoke(session_id)
    assert await mine.revoke(first.session.id)
    await house.signed_in("marta")
    assert await mine.revoke_others() == 1
    assert [session.id for session in await mine.sessions()] == [second.session.id]
    assert len(await house.viewers.of(of_account).my_account.sessions()) == 1
