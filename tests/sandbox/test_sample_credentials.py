"""Sample credentials: those of the first account while they are valid, and new ones for people with the right."""

import json
from pathlib import Path

import argon2
import pytest
from tests.support.console_house import PASSWORD, House, house_in
from tests.support.databases import Place

from palomar.accounts.keys import list_keys, revoke_key
from palomar.accounts.store import change_password
from palomar.accounts.tokens import list_tokens
from palomar.sandbox.sample_credentials import KEY_NAME, SampleCredentials, Secrets
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """What the first start leaves for an account ``demo``."""
    file = tmp_path / "demo.json"
    file.write_text(json.dumps({"login": "demo", "password": PASSWORD, "api_key": "key of demo", "console": {}}))
    return file


async def keys(house: House, login: str) -> SampleCredentials:
    sandbox = (await house.viewer(login)).sandbox
    assert sandbox is not None
    return sandbox.credentials


async def test_the_first_accounts_secrets_are_shown_to_those_with_the_right(sqlite_place: Place, file: Path) -> None:
    async with house_in(sqlite_place, sandbox="whole", first_account=file) as house:
        demo, other = await house.account("demo"), await house.account("other")
        await house.user("admin")
        await house.user("reader", role=Role.READ_ONLY)
        known = Secrets(login="demo", password=PASSWORD, api_key="key of demo")
        assert await (await keys(house, "admin")).known_secrets(demo) == known
        assert await (await keys(house, "demo")).known_secrets(demo) == known
        assert await (await keys(house, "admin")).known_secrets(other) == Secrets(login="other")
        assert await (await keys(house, "reader")).known_secrets(demo) == Secrets(login="demo")
        assert await (await keys(house, "other")).known_secrets(demo) == Secrets(login="demo")
        assert await (await keys(house, "admin")).first_account() == demo
        assert await (await keys(house, "other")).first_account() is None


async def test_a_secret_that_is_no_longer_valid_is_not_shown(sqlite_place: Place, file: Path) -> None:
    async with house_in(sqlite_place, sandbox="whole", first_account=file) as house:
        demo = await house.account("demo")

        async def change(tx: Transaction) -> None:
            (key,) = await list_keys(tx, demo.id)
            await revoke_key(tx, demo.id, key.id, now_ms=1)

        mine = await keys(house, "demo")
        await house.world.database.write(change)
        await house.directory.reload()
        assert await mine.known_secrets(demo) == Secrets(login="demo", password=PASSWORD)
        another = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("another password")

        async def change_it(tx: Transaction) -> None:
            await change_password(tx, demo.id, another, now_ms=0)

        await house.world.database.write(change_it)
        await house.directory.reload()
        assert await mine.known_secrets(demo) == Secrets(login="demo")


@pytest.mark.parametrize("text", [None, "", "[]", "{}", "\xff"])
async def test_a_missing_or_broken_file_is_ignored(sqlite_place: Place, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "demo.json"
    if text is not None:
        file.write_text(text, encoding="latin-1")
    async with house_in(sqlite_place, sandbox="whole", first_account=file) as house:
        demo = await house.account("demo")
        assert await (await keys(house, "demo")).known_secrets(demo) == Secrets(login="demo")


async def test_a_key_and_a_token_are_shown_once_and_work(place: Place) -> None:
    async with house_in(place, sandbox="whole") as house:
        acme = await house.account("acme")
        made = await (await keys(house, "acme")).make(acme)
        assert made is not None
        assert house.directory.by_key(made.api_key) == acme
        assert house.directory.by_token(made.token, now_ms=house.clock.now_ms) == acme

        async def names(tx: Transaction) -> list[str]:
            return [k.name for k in await list_keys(tx, acme.id)] + [t.name for t in await list_tokens(tx, acme.id)]

        assert await house.world.database.read(names) == ["first", KEY_NAME, KEY_NAME]
        assert await (await keys(house, "acme")).known_secrets(acme) == Secrets(login="acme")


async def test_nobody_makes_a_key_for_an_account_out_of_scope_or_without_the_right(place: Place) -> None:
    async with house_in(place, sandbox="whole") as house:
        victim = await house.account("victim")
        await house.account("other")
        for role in (Role.OPERATOR, Role.READ_ONLY):
            await house.user(role.value, role=role)
        for login in ("other", "operator", "read-only"):
            assert await (await keys(house, login)).make(victim) is None
        assert await house.world.ask("SELECT count(*) FROM keys") == [(2,)]
        assert await house.world.ask("SELECT count(*) FROM tokens") == [(0,)]
