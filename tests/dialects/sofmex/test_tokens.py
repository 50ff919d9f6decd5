"""How long tokens live: one of a log-in ends with the password and after a month, one made by name has its own life."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.dialects.contract_application import Application, running_application
from tests.dialects.sofmex.speaker import SOFMEX
from tests.dialects.speaking import Call, Customer

from palomar.accounts import store, tokens
from palomar.vocabulary.refusals import TemporarilyUnavailable

DAY_MS = 86_400_000


@pytest_asyncio.fixture
async def application(tmp_path: Any) -> AsyncIterator[Application]:
    async with running_application(tmp_path) as application:
        yield application


async def _log_in(application: Application, who: Customer) -> str:
    reply = await application.ask(SOFMEX.login(who))
    assert reply.status == 200
    token: str = reply.json["message"]
    return token


async def _is_good(application: Application, token: str) -> bool:
    call = Call("POST", "/sms/v3/status", {"Authorization": f"Bearer {token}"}, b'{"idBatch": "x"}')
    return (await application.ask(call)).status == 200


async def _change_password(application: Application, who: Customer) -> None:
    account_id, now_ms = application.account(who).id, application.app.clock.wall_ms()
    await application.database.write(lambda tx: store.change_password(tx, account_id, "another", now_ms=now_ms))


async def _named(application: Application, who: Customer) -> str:
    account = application.account(who)
    ids = application.app._ids

    async def script(tx: Any) -> tokens.Token:
        now_ms = application.app.clock.wall_ms()
        return await tokens.add_token(tx, ids, account.id, name="Mi Token", lifetime_ms=365 * DAY_MS, now_ms=now_ms)

    token = await application.database.write(script)
    await application.app.directory.reload()
    return tokens.write_jwt(token, login=account.login, secret=application.app.directory.signing_secret)


async def test_a_changed_password_ends_the_tokens_of_logins_and_no_others(application: Application) -> None:
    who, other = await application.customer(), await application.customer()
    given, named, others = (
        await _log_in(application, who),
        await _named(application, who),
        await _log_in(application, other),
    )
    assert [await _is_good(application, token) for token in (given, named, others)] == [True, True, True]
    await _change_password(application, who)
    await application.app.directory.reload()
    assert [await _is_good(application, token) for token in (given, named, others)] == [False, True, True]
    account_id, now_ms = application.account(who).id, application.app.clock.wall_ms()
    listed = await application.database.read(lambda tx: tokens.named_tokens(tx, account_id, now_ms=now_ms))
    assert [token.name for token in listed] == ["Mi Token"]


async def test_a_logins_token_is_valid_for_thirty_days_unless_set_otherwise(application: Application) -> None:
    who = await application.customer()
    token = await _log_in(application, who)
    identity = tokens.token_id_of(token, secret=application.app.directory.signing_secret)
    assert identity is not None
    stored = application.app.directory.snapshot.tokens[identity]
    assert stored.expires_ms - stored.created_ms == 30 * DAY_MS
    assert stored.by_login
    assert await _log_in(application, who) == token
    application.app.clock.jump(30 * DAY_MS)
    assert not await _is_good(application, token)
    assert await _log_in(application, who) != token


async def test_a_login_does_not_return_a_token_that_is_valid_for_longer(application: Application) -> None:
    """From before, or from when the setting was longer."""
    who = await application.customer()
    account = application.account(who)
    long = await application.app.gateway.token(account, name="login", lifetime_ms=365 * DAY_MS)
    assert await _log_in(application, who) != long


async def test_a_login_with_a_password_that_another_node_has_just_changed_gets_no_token(
    application: Application,
) -> None:
    who = await application.customer()
    account = application.account(who)
    await application.database.write(
        lambda tx: tx.execute("UPDATE accounts SET password_hash = 'x' WHERE id = ?", account.id)
    )
    stale = application.app.directory.snapshot
    application.app.directory.snapshot = dataclasses.replace(stale, tokens={})
    with pytest.raises(TemporarilyUnavailable):
        await application.app.gateway.token(account, name="login", lifetime_ms=30 * DAY_MS)
