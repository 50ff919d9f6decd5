"""People: what owners do with users, within their scope, and not with themselves."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place

from palomar.access.sign_in import LoggedIn
from palomar.console.viewer.user_admin import USERS_AT_MOST
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role, Visitor


@pytest.fixture
async def house(sqlite_place: Place) -> AsyncIterator[House]:
    async with house_in(sqlite_place) as built:
        yield built


async def logs_in(house: House, login: str, password: str) -> bool:
    result = await house.logins.log_in(login, password, Visitor("192.0.2.9"), agent="")
    return isinstance(result, LoggedIn)


async def test_an_owner_makes_a_user_who_logs_in_with_the_password_that_was_shown(house: House) -> None:
    await house.user("admin")
    people = (await house.viewer("admin")).people
    made = await people.add(login="marta", name="Marta", role=Role.SUPPORT, account_id=None)
    assert made is not None
    assert (made.user.name, made.user.role) == ("Marta", Role.SUPPORT)
    assert await logs_in(house, "marta", made.password)
    assert await people.add(login="MARTA", name="", role=Role.OWNER, account_id=None) is None
    assert await people.add(login="no good", name="", role=Role.OWNER, account_id=None) is None


async def test_an_accounts_owner_has_that_accounts_users_and_no_others(house: House) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    foreign = await house.user("foreign", account=other)
    platform = await house.user("platform")
    await house.user("own", account=acme)
    people = (await house.viewer("acme")).people
    assert [user.login for user in await people.all()] == ["own"]
    for user in (foreign, platform):
        assert await people.user(user.id) is None
        assert await people.reset(user.id) is None
        assert not await people.set_role(user.id, Role.READ_ONLY)
        assert not await people.switch(user.id, enabled=False)
    assert await people.add(login="new", name="", role=Role.OWNER, account_id=None) is None
    assert await people.add(login="new", name="", role=Role.OWNER, account_id=other.id) is None
    assert await people.add(login="new", name="", role=Role.OWNER, account_id=acme.id) is not None


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPPORT, Role.READ_ONLY])
async def test_who_is_no_owner_manages_nobody(house: House, role: Role) -> None:
    other = await house.user("other")
    await house.user("somebody", role=role)
    people = (await house.viewer("somebody")).people
    assert await people.all() == []
    assert await people.user(other.id) is None
    assert await people.reset(other.id) is None
    assert await people.add(login="new", name="", role=Role.OWNER, account_id=None) is None
    assert not await people.switch(other.id, enabled=False)


async def test_nobody_locks_themselves_out(house: House) -> None:
    admin = await house.user("admin")
    people = (await house.viewer("admin")).people
    assert await people.reset(admin.id) is None
    assert not await people.set_role(admin.id, Role.READ_ONLY)
    assert not await people.switch(admin.id, enabled=False)


async def test_a_reset_and_a_switch_log_a_user_out(house: House) -> None:
    await house.user("admin")
    marta = await house.user("marta")
    people = (await house.viewer("admin")).people
    inside = await house.logins.log_in("marta", "correct horse battery", Visitor("192.0.2.9"), agent="")
    assert isinstance(inside, LoggedIn)
    made = await people.reset(marta.id)
    assert made is not None
    assert await house.logins.signed_in(inside.token) is None
    assert await logs_in(house, "marta", made.password)
    assert await people.switch(marta.id, enabled=False)
    assert not await logs_in(house, "marta", made.password)
    assert await people.switch(marta.id, enabled=True)
    assert await logs_in(house, "marta", made.password)


async def test_a_role_is_changed_at_once_also_for_who_is_inside(house: House) -> None:
    await house.user("admin")
    marta = await house.user("marta", role=Role.OWNER)
    inside = await house.signed_in("marta")
    assert inside.who.role is Role.OWNER
    assert await (await house.viewer("admin")).people.set_role(marta.id, Role.READ_ONLY)
    assert (await house.signed_in("marta")).who.role is Role.READ_ONLY


async def test_there_are_so_many_users_and_no_more(house: House) -> None:
    await house.user("admin")
    people = (await house.viewer("admin")).people
    first = "INSERT INTO users (id, login, login_key, name, password_hash, role, enabled, totp_step, created_ms)"

    async def crowd(tx: Transaction) -> None:
        for number in range(USERS_AT_MOST - 2):
            login = f"u{number}"
            await tx.execute(f"{first} VALUES (?, ?, ?, '', '', 'read-only', 1, 0, 0)", 10**9 + number, login, login)

    await house.world.database.write(crowd)
    assert await people.add(login="last", name="", role=Role.SUPPORT, account_id=None) is not None
    assert not await people.has_room()
    assert await people.add(login="toomany", name="", role=Role.SUPPORT, account_id=None) is None
