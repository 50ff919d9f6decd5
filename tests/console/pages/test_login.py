"""Logging in and out by the forms, with and without codes."""

import re

from tests.support.console_house import PASSWORD, House

from palomar.access import users
from palomar.access.lockout import FREE_BY_LOGIN
from palomar.access.totp import STEP_MS, code_at
from palomar.storage.database import Transaction

TOTP = b"12345678901234567890"


async def test_a_wrong_password_says_so_and_keeps_the_login(house: House) -> None:
    await house.user("marta")
    browser = house.browser()
    answer = await browser.log_in("marta", "wrong")
    assert answer.status == 422
    assert "do not match" in answer.text
    assert 'name="login" value="marta"' in answer.text
    assert "wrong" not in answer.text
    assert browser.cookies == {}


async def test_after_too_many_attempts_the_page_says_how_long_to_wait(house: House) -> None:
    await house.user("marta")
    browser = house.browser()
    for _ in range(FREE_BY_LOGIN):
        await browser.log_in("marta", "wrong")
    answer = await browser.log_in("marta")
    assert (answer.status, answer.header("retry-after")) == (429, "5")
    assert "Try again in 5 seconds." in answer.text


async def test_a_session_begins_with_the_log_in_and_ends_with_the_log_out(house: House) -> None:
    await house.user("marta")
    browser = house.browser()
    assert (await browser.log_in("marta")).location == "/console/"
    kept = dict(browser.cookies)
    assert (await browser.get("/console/")).status == 200
    assert (await browser.post("/console/logout")).location == "/console/login"
    assert browser.cookies == {}
    browser.cookies = kept
    assert (await browser.get("/console/")).status == 303


async def test_a_new_session_has_a_token_of_its_own_whatever_the_browser_held(house: House) -> None:
    await house.user("marta")
    browser = house.browser()
    browser.cookies["palomar-session"] = "set-by-somebody-else"
    await browser.log_in("marta")
    assert browser.cookies["palomar-session"] != "set-by-somebody-else"


async def test_the_code_comes_after_the_password_and_leads_on(house: House) -> None:
    user = await house.user("marta")
    secret = await house.sign_in.console_secret()

    async def script(tx: Transaction) -> None:
        sealed = users.seal_totp(TOTP, user_id=user.id, secret=secret, nonce=bytes(12))
        await users.start_totp(tx, user.id, sealed=sealed, step=0)

    await house.world.database.write(script)
    browser = house.browser()
    assert (await browser.get("/console/login/code")).location == "/console/login"
    first = await browser.post("/console/login", login="marta", password=PASSWORD, next="/console/messages")
    assert first.location == "/console/login/code?next=%2Fconsole%2Fmessages"
    assert (await browser.get("/console/")).status == 303
    form = await browser.get(first.location)
    assert 'autocomplete="one-time-code"' in form.text
    wrong = await browser.post("/console/login/code", code="000000")
    assert wrong.status == 422
    assert "not right" in wrong.text
    code = code_at(TOTP, house.clock.now_ms // STEP_MS)
    inside = await browser.post("/console/login/code", code=code, next="/console/messages")
    assert inside.location == "/console/messages"
    assert (await browser.get("/console/messages")).status == 200
    assert (await browser.post("/console/login/code", code=code)).location == "/console/login"


async def test_the_form_asks_password_managers_for_the_right_things(house: House) -> None:
    page = (await house.browser().get("/console/login")).text
    assert re.findall(r'autocomplete="([^"]+)"', page) == ["username", "current-password"]
