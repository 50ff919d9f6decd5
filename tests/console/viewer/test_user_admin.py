"""Owners manage the users in their scope, and never themselves."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place

from palomar.access.sign_in import LoggedIn
from palomar.console.viewer.user_admin import USERS_AT_MOST
from palomar.storage.database import Transaction
from palomar.vocabulary.access import ClientAddress, Role


@pytest.fixture
async def house(sqlite_place: Place) -> AsyncIterator[House]:
    async with house_in(sqlite_place) as built:
        yield built


async def logs_in(house: House, login: str, password: str) -> bool:
    result = await house.sign_in.log_in(login, password, ClientAddress("192.0.2.9"), agent="")
    return isinstance(result, LoggedIn)


async def test_a_new_user_logs_in_with_the_password_that_was_shown(house: House) -> None:
    await house.user("admin")
    admin = (await house.viewer("admin")).user_admin
    made = await admin.add(login="marta", name="Marta", role=Role.SUPPORT, account_id=None)
    assert made is not None
    assert (made.user.name, made.user.role) == ("Marta", Role.SUPPORT)
    assert await logs_in(house, "marta", made.password)
    assert await admin.add(login="MARTA", name="", role=Role.OWNER, account_id=None) is None
    assert await admin.add(login="no good", name="", role=Role.OWNER, account_id=None) is None


async def test_an_accounts_owner_manages_that_accounts_users_only(house: House) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    foreign = await house.user("foreign", account=other)
    platform = await house.user("platform")
    await house.user("own", account=acme)
    admin = (await house.viewer("acme")).user_admin
    assert [user.login for user in await admin.list_users()] == ["own"]
    for user in (foreign, platform):
        assert await admin.user(user.id) is None
        assert await admin.reset_password(user.id) is None
        assert not await admin.set_role(user.id, Role.READ_ONLY)
        assert not await admin.set_enabled(user.id, enabled=False)
    assert await admin.add(login="new", name="", role=Role.OWNER, account_id=None) is None
    assert await admin.add(login="new", name="", role=Role.OWNER, account_id=other.id) is None
    assert await admin.add(login="new", name="", role=Role.OWNER, account_id=acme.id) is not None


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPPORT, Role.READ_ONLY])
async def test_only_owners_manage_users(house: House, role: Role) -> None:
    other = await house.user("other")
    await house.user("somebody", role=role)
    admin = (await house.viewer("somebody")).user_admin
    assert await admin.list_users() == []
    assert await admin.user(other.id) is None
    assert await admin.reset_password(other.id) is None
    assert await admin.add(login="new", name="", role=Role.OWNER, account_id=None) is None
    assert not await admin.set_enabled(other.id, enabled=False)


async def test_nobody_can_change_their_own_user(house: House) -> None:
    user = await house.user("admin")
    admin = (await house.viewer("admin")).user_admin
    assert await admin.reset_password(user.id) is None
    assert not await admin.set_role(user.id, Role.READ_ONLY)
    assert not await admin.set_enabled(user.id, enabled=False)


async def test_a_reset_and_switching_off_end_a_users_sessions(house: House) -> None:
    await house.user("admin")
    marta = await house.user("marta")
    admin = (await house.viewer("admin")).user_admin
    inside = await house.sign_in.log_in("marta", "correct horse battery", ClientAddress("192.0.2.9"), agent="")
    assert isinstance(inside, LoggedIn)
    made = await admin.reset_password(marta.id)
    assert made is not None
    assert await house.sign_in.signed_in(inside.token) is None
    assert await logs_in(house, "marta", made.password)
    assert await admin.set_enabled(marta.id, enabled=False)
    assert not await logs_in(house, "marta", made.password)
    assert await admin.set_enabled(marta.id, enabled=True)
    assert await logs_in(house, "marta", made.password)


async def test_a_changed_role_counts_at_once_for_open_sessions(house: House) -> None:
    await house.user("admin")
    marta = await house.user("marta", role=Role.OWNER)
    inside = await house.signed_in("marta")
    assert inside.who.role is Role.OWNER
    assert await (await house.viewer("admin")).user_admin.set_role(marta.id, Role.READ_ONLY)
    assert (await house.signed_in("marta")).who.role is Role.READ_ONLY


async def test_the_users_in_scope_are_bounded(house: House) -> None:
    await house.user("admin")
    admin = (await house.viewer("admin")).user_admin
    first = "INSERT INTO users (id, login, login_key, name, password_hash, role, enabled, totp_step, created_ms)"

    async def crowd(tx: Transaction) -> None:
        for number in range(USERS_AT_MOST - 2):
            login = f"u{number}"
            await tx.execute(f"{first} VALUES (?, ?, ?, '', '', 'read-only', 1, 0, 0)", 10**9 + number, login, login)

    await house.world.database.write(crowd)
    assert await admin.add(login="last", name="", role=Role.SUPPORT, account_id=None) is not None
    assert not await admin.has_room()
    assert await admin.add(login="toomany", name="", role=Role.SUPPORT, account_id=None) is None
