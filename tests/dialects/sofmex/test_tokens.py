"""How long tokens live: one of a log-in ends with the password and after a month, one made by name has its own life."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.dialects.contract_house import House, running_house
from tests.dialects.sofmex.speaker import SOFMEX
from tests.dialects.speaking import Call, Customer

from palomar.accounts import store, tokens
from palomar.vocabulary.refusals import TemporarilyUnavailable

DAY_MS = 86_400_000


@pytest_asyncio.fixture
async def house(tmp_path: Any) -> AsyncIterator[House]:
    async with running_house(tmp_path) as house:
        yield house


async def _log_in(house: House, who: Customer) -> str:
    reply = await house.ask(SOFMEX.login(who))
    assert reply.status == 200
    token: str = reply.json["message"]
    return token


async def _is_good(house: House, token: str) -> bool:
    call = Call("POST", "/sms/v3/status", {"Authorization": f"Bearer {token}"}, b'{"idBatch": "x"}')
    return (await house.ask(call)).status == 200


async def _change_password(house: House, who: Customer) -> None:
    account_id, now_ms = house.account(who).id, house.app.clock.wall_ms()
    await house.database.write(lambda tx: store.change_password(tx, account_id, "another", now_ms=now_ms))


async def _named(house: House, who: Customer) -> str:
    account = house.account(who)
    ids = house.app._ids

    async def script(tx: Any) -> tokens.Token:
        now_ms = house.app.clock.wall_ms()
        return await tokens.add_token(tx, ids, account.id, name="Mi Token", lifetime_ms=365 * DAY_MS, now_ms=now_ms)

    token = await house.database.write(script)
    await house.app.directory.reload()
    return tokens.write_jwt(token, login=account.login, secret=house.app.directory.signing_secret)


async def test_a_changed_password_ends_the_tokens_of_logins_and_no_others(house: House) -> None:
    who, other = await house.customer(), await house.customer()
    given, named, others = await _log_in(house, who), await _named(house, who), await _log_in(house, other)
    assert [await _is_good(house, token) for token in (given, named, others)] == [True, True, True]
    await _change_password(house, who)
    await house.app.directory.reload()
    assert [await _is_good(house, token) for token in (given, named, others)] == [False, True, True]
    account_id, now_ms = house.account(who).id, house.app.clock.wall_ms()
    listed = await house.database.read(lambda tx: tokens.named_tokens(tx, account_id, now_ms=now_ms))
    assert [token.name for token in listed] == ["Mi Token"]


async def test_a_logins_token_is_valid_for_thirty_days_unless_set_otherwise(house: House) -> None:
    who = await house.customer()
    token = await _log_in(house, who)
    identity = tokens.token_id_of(token, secret=house.app.directory.signing_secret)
    assert identity is not None
    stored = house.app.directory.snapshot.tokens[identity]
    assert stored.expires_ms - stored.created_ms == 30 * DAY_MS
    assert stored.by_login
    assert await _log_in(house, who) == token
    house.app.clock.jump(30 * DAY_MS)
    assert not await _is_good(house, token)
    assert await _log_in(house, who) != token


async def test_a_login_does_not_return_a_token_that_is_valid_for_longer(house: House) -> None:
    """From before, or from when the setting was longer."""
    who = await house.customer()
    account = house.account(who)
    long = await house.app.gateway.token(account, name="login", lifetime_ms=365 * DAY_MS)
    assert await _log_in(house, who) != long


async def test_a_login_with_a_password_that_another_node_has_just_changed_gets_no_token(house: House) -> None:
    who = await house.customer()
    account = house.account(who)
    await house.database.write(
        lambda tx: tx.execute("UPDATE accounts SET password_hash = 'x' WHERE id = ?", account.id)
    )
    stale = house.app.directory.snapshot
    house.app.directory.snapshot = dataclasses.replace(stale, tokens={})
    with pytest.raises(TemporarilyUnavailable):
        await house.app.gateway.token(account, name="login", lifetime_ms=30 * DAY_MS)
