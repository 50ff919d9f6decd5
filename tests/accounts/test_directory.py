"""The directory reads what another process changed at the next refresh, and reads nothing while nothing has changed."""

from collections.abc import AsyncIterator

import pytest
from tests.support.databases import Place
from tests.support.world import World

from palomar.accounts.directory import Directory
from palomar.accounts.keys import add_key, list_keys, revoke_key
from palomar.storage.database import Database, Transaction


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.fixture
async def directory(place: Place) -> AsyncIterator[Directory]:
    """Open the directory of another process, with a driver of its own."""
    database = await place.open()
    yield Directory(database)
    await database.close()


async def test_an_account_that_another_process_made_is_known_after_the_next_refresh(
    world: World, directory: Directory
) -> None:
    await directory.refresh()
    account = await world.account()
    assert directory.by_login(account.login) is None
    assert await directory.refresh() is True
    found = directory.by_login(f"  {account.login.upper()} ")
    assert found is not None
    assert found.id == account.id
    assert directory.by_key(account.login) == found


async def test_a_refresh_reads_nothing_while_nothing_has_changed(world: World, directory: Directory) -> None:
    account = await world.account()
    assert await directory.refresh() is True
    before = directory.snapshot
    assert await directory.refresh() is False
    await world.accept(account)
    assert await directory.refresh() is False
    assert directory.snapshot is before


async def test_a_revoked_key_is_unknown_after_the_next_refresh_and_the_others_are_not(
    world: World, directory: Directory
) -> None:
    account = await world.account()

    async def add(tx: Transaction) -> int:
        return (await add_key(tx, world.ids, account.id, secret="second", name="b", now_ms=1)).id

    identity = await world.database.write(add)
    await directory.refresh()
    assert directory.by_key("second") is not None

    async def revoke(tx: Transaction) -> list[bool]:
        return [await revoke_key(tx, account.id, identity, now_ms=2) for _ in range(2)]

    assert await world.database.write(revoke) == [True, False]
    await directory.refresh()
    assert directory.by_key("second") is None
    assert directory.by_key(account.login) is not None

    async def keys(tx: Transaction) -> list[int | None]:
        return [key.revoked_ms for key in await list_keys(tx, account.id)]

    assert await world.database.read(keys) == [None, 2]
