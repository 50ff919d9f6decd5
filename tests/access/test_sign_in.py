"""Signing in: which credentials open a session, how it ends, and what a thousand wrong attempts lead to."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.support.console_house import PASSWORD, House, house_in
from tests.support.databases import Place

from palomar.access import sessions, users
from palomar.access.admission import REFUSED_EVENT
from palomar.access.hashing_queue import Busy
from palomar.access.lockout import FREE_BY_ADDRESS, FREE_BY_LOGIN, FREE_IF_KNOWN
from palomar.access.sessions import SEEN_EVERY_MS
from palomar.access.sign_in import LoggedIn, SignedIn
from palomar.access.sign_in_throttle import TooManyAttempts
from palomar.access.totp import STEP_MS, code_at
from palomar.accounts import store
from palomar.accounts.known_callers import KNOWN_MS
from palomar.storage.database import Transaction
from palomar.vocabulary.access import ClientAddress, Role

TOTP = b"12345678901234567890"


@pytest.fixture
async def house(sqlite_place: Place) -> AsyncIterator[House]:
    async with house_in(sqlite_place) as built:
        yield built


async def log_in(
    house: House, login: str, password: str = PASSWORD, *, address: str = "192.0.2.7"
) -> LoggedIn | TooManyAttempts | None:
    return await house.sign_in.log_in(login, password, ClientAddress(address), agent="A browser")


async def write(house: House, script: Any) -> Any:
    return await house.world.database.write(script)


async def who(house: House, result: LoggedIn | TooManyAttempts | None) -> SignedIn | None:
    assert isinstance(result, LoggedIn)
    return await house.sign_in.signed_in(result.token)


async def with_codes(house: House, login: str) -> None:
    user = await house.user(login)
    secret = await house.sign_in.console_secret()

    async def script(tx: Transaction) -> None:
        sealed = users.seal_totp(TOTP, user_id=user.id, secret=secret, nonce=bytes(12))
        await users.start_totp(tx, user.id, sealed=sealed, step=0)

    await write(house, script)


async def test_a_user_logs_in_as_who_they_are(house: House) -> None:
    acme = await house.account("acme")
    user = await house.user("marta", role=Role.SUPPORT, account=acme)
    signed_in = await who(house, await log_in(house, " Marta "))
    assert signed_in is not None
    assert (signed_in.who.user_id, signed_in.who.role, signed_in.who.account_id) == (user.id, Role.SUPPORT, acme.id)
    assert (signed_in.session.address, signed_in.session.agent) == ("192.0.2.7", "A browser")


async def test_an_account_logs_in_with_its_own_password_as_the_owner_of_itself(house: House) -> None:
    acme = await house.account("acme")
    signed_in = await who(house, await log_in(house, "ACME"))
    assert signed_in is not None
    assert (signed_in.who.user_id, signed_in.who.role, signed_in.who.account_id) == (None, Role.OWNER, acme.id)


@pytest.mark.parametrize(("login", "password"), [("marta", "wrong"), ("nobody", PASSWORD), ("", ""), ("marta", "")])
async def test_a_wrong_password_and_an_unknown_login_are_answered_alike(
    house: House, login: str, password: str
) -> None:
    await house.user("marta")
    assert await log_in(house, login, password) is None


async def test_a_disabled_user_or_account_cannot_log_in_nor_stay_signed_in(house: House) -> None:
    acme = await house.account("acme")
    user = await house.user("marta", account=acme)
    inside = [await log_in(house, "marta"), await log_in(house, "acme")]

    async def off(tx: Transaction) -> None:
        await store.change_account(tx, replace(acme, enabled=False))

    await write(house, off)
    await house.directory.reload()
    assert [await who(house, each) for each in inside] == [None, None]
    assert [await log_in(house, login) for login in ("marta", "acme")] == [None, None]

    async def user_off(tx: Transaction) -> None:
        await store.change_account(tx, acme)
        await users.change_user(tx, replace(user, enabled=False))

    await write(house, user_off)
    await house.directory.reload()
    assert [await who(house, each) is None for each in inside] == [True, False]


async def test_an_account_logs_in_only_from_its_own_list_of_addresses(house: House) -> None:
    await house.account("acme", allowed_addresses=("198.51.100.0/24",))
    assert await log_in(house, "acme") is None
    assert isinstance(await log_in(house, "acme", address="198.51.100.9"), LoggedIn)


async def test_a_change_of_the_password_ends_the_sessions_that_the_old_one_opened(house: House) -> None:
    acme, user = await house.account("acme"), await house.user("marta")
    inside = [await log_in(house, "marta"), await log_in(house, "acme")]
    assert None not in [await who(house, each) for each in inside]

    async def change(tx: Transaction) -> None:
        await users.change_password(tx, user.id, "another")
        await store.change_password(tx, acme.id, "another", now_ms=0)

    await write(house, change)
    await house.directory.reload()
    assert [await who(house, each) for each in inside] == [None, None]


async def test_logging_out_and_revoking_end_a_session_at_once(house: House) -> None:
    await house.user("marta")
    result = await log_in(house, "marta")
    signed_in = await who(house, result)
    assert signed_in is not None
    await house.sign_in.log_out(signed_in.session.id)
    assert await who(house, result) is None
    assert await house.sign_in.signed_in("") is None
    assert await house.sign_in.signed_in("made-up") is None


async def test_the_last_use_of_a_session_is_written_in_steps(house: House) -> None:
    await house.user("marta")
    result = await log_in(house, "marta")
    before = house.batcher.waiting
    house.wait(SEEN_EVERY_MS - 1)
    await who(house, result)
    assert house.batcher.waiting == before
    house.wait(1)
    await who(house, result)
    assert house.batcher.waiting == before + 1


# --- codes


async def test_a_user_with_codes_needs_one_beside_the_password(house: House) -> None:
    await with_codes(house, "marta")
    result = await log_in(house, "marta")
    assert isinstance(result, LoggedIn)
    assert result.awaits_code
    assert await house.sign_in.awaits_code(result.token)
    assert await house.sign_in.signed_in(result.token) is None
    now = code_at(TOTP, house.clock.now_ms // STEP_MS)
    inside = await house.sign_in.enter_code(result.token, now, ClientAddress("192.0.2.7"))
    assert await who(house, inside) is not None
    assert isinstance(inside, LoggedIn)
    assert inside.token != result.token
    assert not await house.sign_in.awaits_code(result.token)


async def test_a_code_is_good_once_even_for_another_session(house: House) -> None:
    await with_codes(house, "marta")
    first, second = await log_in(house, "marta"), await log_in(house, "marta")
    assert isinstance(first, LoggedIn)
    assert isinstance(second, LoggedIn)
    code = code_at(TOTP, house.clock.now_ms // STEP_MS)
    assert isinstance(await house.sign_in.enter_code(first.token, code, ClientAddress("192.0.2.7")), LoggedIn)
    assert await house.sign_in.enter_code(second.token, code, ClientAddress("192.0.2.7")) is None
    house.wait(STEP_MS)
    code = code_at(TOTP, house.clock.now_ms // STEP_MS)
    assert isinstance(await house.sign_in.enter_code(second.token, code, ClientAddress("192.0.2.7")), LoggedIn)


async def test_codes_cannot_be_guessed_for_long(house: House) -> None:
    await with_codes(house, "marta")
    result = await log_in(house, "marta")
    assert isinstance(result, LoggedIn)
    answers = [
        await house.sign_in.enter_code(result.token, f"{number:06}", ClientAddress("192.0.2.7"))
        for number in range(FREE_BY_LOGIN)
    ]
    assert answers[:-1] == [None] * (FREE_BY_LOGIN - 1)
    assert answers[-1] == TooManyAttempts(wait_seconds=5)


async def test_a_code_opens_no_session_without_a_password_before_it(house: House) -> None:
    await with_codes(house, "marta")
    await house.user("juan")
    plain = await log_in(house, "juan")
    assert isinstance(plain, LoggedIn)
    code = code_at(TOTP, house.clock.now_ms // STEP_MS)
    assert await house.sign_in.enter_code("made-up", code, ClientAddress("192.0.2.7")) is None
    assert await house.sign_in.enter_code(plain.token, code, ClientAddress("192.0.2.7")) is None


# --- failures


async def test_failures_make_a_login_wait_and_a_success_makes_up_for_them(house: House) -> None:
    await house.user("marta")
    for _ in range(FREE_BY_LOGIN):
        assert await log_in(house, "marta", "wrong") is None
    assert await log_in(house, "Marta") == TooManyAttempts(wait_seconds=5)
    house.wait(5_000)
    assert isinstance(await log_in(house, "marta"), LoggedIn)
    assert await log_in(house, "marta", "wrong") is None


async def test_an_address_that_tries_many_logins_waits_too_but_loopback_does_not(house: House) -> None:
    logins = [(await house.user(f"user{number}")).login for number in range(FREE_BY_ADDRESS + 1)]
    for address, last in (("192.0.2.8", TooManyAttempts(wait_seconds=5)), ("127.0.0.1", None)):
        answers = [await log_in(house, login, "wrong", address=address) for login in logins]
        assert answers == [None] * FREE_BY_ADDRESS + [last]
    assert isinstance(await log_in(house, "user0", address="192.0.2.9"), LoggedIn)


async def test_attempts_at_once_get_no_further_than_one_after_the_other(house: House) -> None:
    await house.user("marta")
    attempts = [log_in(house, "marta", f"wrong {number}") for number in range(40)]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert answers.count(None) <= FREE_BY_LOGIN
    assert all(answer is None or isinstance(answer, TooManyAttempts | Busy) for answer in answers)


async def test_failures_from_other_addresses_do_not_delay_a_login(house: House) -> None:
    await house.user("marta")
    for _ in range(FREE_BY_LOGIN + 1):
        await log_in(house, "marta", "wrong", address="198.51.100.66")
    for _ in range(60):  # and on it goes: they are waiting, then blocked
        assert isinstance(await log_in(house, "marta", "wrong", address="198.51.100.66"), TooManyAttempts)
    assert isinstance(await log_in(house, "marta"), LoggedIn)


async def test_a_known_login_is_not_delayed_by_failures_of_others_at_its_address(house: House) -> None:
    await house.user("marta")
    assert isinstance(await log_in(house, "marta"), LoggedIn)
    await house.written()
    others = [(await house.user(f"user{number}")).login for number in range(FREE_BY_ADDRESS + 1)]
    answers = [await log_in(house, login, "wrong") for login in others]
    assert isinstance(answers[-1], TooManyAttempts)
    assert isinstance(await log_in(house, "marta"), LoggedIn)


async def test_a_known_login_may_fail_more_often_but_not_without_end(house: House) -> None:
    await house.user("marta")
    assert isinstance(await log_in(house, "marta"), LoggedIn)
    await house.written()
    for _ in range(FREE_IF_KNOWN):
        assert await log_in(house, "marta", "wrong") is None
    assert await log_in(house, "marta") == TooManyAttempts(wait_seconds=5)
    house.wait(5_000)
    assert isinstance(await log_in(house, "marta"), LoggedIn)


async def test_a_login_is_not_known_any_more_after_a_month(house: House) -> None:
    await house.user("marta")
    assert isinstance(await log_in(house, "marta"), LoggedIn)
    await house.written()
    house.wait(KNOWN_MS)
    for _ in range(FREE_BY_LOGIN):
        assert await log_in(house, "marta", "wrong") is None
    assert isinstance(await log_in(house, "marta"), TooManyAttempts)


async def test_codes_are_counted_wherever_they_come_from(house: House) -> None:
    """Whoever guesses codes has the password: another address each time must not allow more guesses."""
    await with_codes(house, "marta")
    answers = []
    for number in range(FREE_BY_LOGIN + 1):
        address = f"198.51.100.{number}"
        result = await log_in(house, "marta", address=address)
        assert isinstance(result, LoggedIn)
        answers.append(await house.sign_in.enter_code(result.token, f"{number:06}", ClientAddress(address)))
    assert answers == [None] * FREE_BY_LOGIN + [TooManyAttempts(wait_seconds=5)]


async def test_addresses_of_one_ipv6_network_are_counted_as_one(house: House) -> None:
    await house.user("marta")
    for number in range(FREE_BY_LOGIN):
        assert await log_in(house, "marta", "wrong", address=f"2001:db8:1:2::{number}") is None
    assert isinstance(await log_in(house, "marta", address="2001:db8:1:2:ffff::1"), TooManyAttempts)
    assert isinstance(await log_in(house, "marta", address="2001:db8:1:3::1"), LoggedIn)


async def test_every_failure_is_one_line_with_its_address(house: House) -> None:
    await house.user("marta")
    with capture_logs() as logs:
        await log_in(house, "marta", "wrong")
    assert [line for line in logs if line["event"] == REFUSED_EVENT] == [
        {
            "event": REFUSED_EVENT,
            "address": "192.0.2.7",
            "door": "console",
            "reason": "bad_credentials",
            "log_level": "warning",
        }
    ]


async def test_a_restart_forgets_no_failure(house: House, sqlite_place: Place) -> None:
    await house.user("marta")
    for _ in range(FREE_BY_LOGIN):
        await log_in(house, "marta", "wrong")
    async with house_in(sqlite_place) as again:
        assert await log_in(again, "marta") == TooManyAttempts(wait_seconds=5)


async def test_a_session_ends_when_its_row_is_deleted(house: House) -> None:
    """Two nodes on one database find the same at once."""
    await house.user("marta")
    result = await log_in(house, "marta")
    signed_in = await who(house, result)
    assert signed_in is not None

    async def revoke(tx: Transaction) -> bool:
        return await sessions.revoke(tx, signed_in.session.id)

    await write(house, revoke)
    assert await who(house, result) is None
