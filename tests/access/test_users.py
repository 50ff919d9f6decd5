"""Users: one a login, changed, and the encrypted secret of their app."""

from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag
from tests.support.world import World

from palomar.access import users
from palomar.access.users import NewUser, User, UserCredentials
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import AccountId

SECRET = b"the installation's"
NONCE = bytes(range(12))


async def make(world: World, login: str, *, account_id: AccountId | None = None) -> User | None:
    new = NewUser(
        id=world.ids.serial(), login=login, name="N", password_hash="h", role=Role.SUPPORT, account_id=account_id
    )

    async def script(tx: Transaction) -> User | None:
        return await users.add_user(tx, new, now_ms=world.now_ms)

    return await world.database.write(script)


async def find(world: World, login: str) -> UserCredentials:
    async def script(tx: Transaction) -> UserCredentials | None:
        return await users.user_of_login(tx, login)

    found = await world.database.read(script)
    assert found is not None
    return found


async def test_a_user_is_found_by_its_login_in_any_case_and_by_its_id(world: World) -> None:
    made = await make(world, "Marta")
    assert made is not None

    async def script(tx: Transaction) -> UserCredentials | None:
        return await users.user_of_id(tx, made.id)

    found = await find(world, " mARTA ")
    assert found == await world.database.read(script)
    assert (found.user, found.password_hash, found.sealed_totp) == (made, "h", b"")


async def test_no_user_can_have_the_login_of_another_user_or_of_an_account(world: World) -> None:
    account = await world.account()
    assert await make(world, "marta")
    assert await make(world, "MARTA") is None
    assert await make(world, account.login) is None


async def test_a_user_is_changed_and_users_are_listed_by_login(world: World) -> None:
    first = await make(world, "b", account_id=AccountId(7))
    assert first is not None
    await make(world, "a")

    async def script(tx: Transaction) -> list[User]:
        changed = replace(first, role=Role.OWNER, enabled=False, account_id=None, name="M")
        await users.change_user(tx, changed)
        await users.change_password(tx, first.id, "other")
        return await users.list_users(tx)

    listed = await world.database.write(script)
    assert [user.login for user in listed] == ["a", "b"]
    assert listed[1] == replace(first, role=Role.OWNER, enabled=False, account_id=None, name="M")
    assert (await find(world, "b")).password_hash == "other"


async def test_the_step_of_a_code_only_rises(world: World) -> None:
    made = await make(world, "a")
    assert made is not None

    async def script(tx: Transaction) -> list[bool]:
        await users.start_totp(tx, made.id, sealed=b"sealed", step=5)
        return [await users.use_totp_step(tx, made.id, step) for step in (5, 6, 6, 4, 9)]

    assert await world.database.write(script) == [False, True, False, False, True]
    found = await find(world, "a")
    assert (found.user.has_totp, found.sealed_totp, found.totp_step) == (True, b"sealed", 9)

    async def stop(tx: Transaction) -> None:
        await users.stop_totp(tx, made.id)

    await world.database.write(stop)
    assert not (await find(world, "a")).user.has_totp


async def test_the_installation_has_one_secret_for_the_console(world: World) -> None:
    async def first(tx: Transaction) -> bytes:
        return await users.console_secret(tx, fresh=b"first")

    async def second(tx: Transaction) -> bytes:
        return await users.console_secret(tx, fresh=b"second")

    assert await world.database.write(first) == await world.database.write(second) == b"first"


def test_an_apps_secret_is_sealed_for_its_user_and_this_installation() -> None:
    sealed = users.seal_totp(b"totp", user_id=1, secret=SECRET, nonce=NONCE)
    assert b"totp" not in sealed
    assert users.open_totp(sealed, user_id=1, secret=SECRET) == b"totp"
    for user_id, secret in ((2, SECRET), (1, b"another")):
        with pytest.raises(InvalidTag):
            users.open_totp(sealed, user_id=user_id, secret=secret)
