"""The profile page: password, codes with their QR code, sessions."""

import base64
import re

from tests.support.console_house import PASSWORD, House

from palomar.access.totp import STEP_MS, code_at
from palomar.accounts.tokens import Token, add_token
from palomar.storage.database import Transaction
from palomar.vocabulary.account import Account

ANOTHER = "another good password"


async def test_the_password_is_changed_with_the_current_one(house: House) -> None:
    await house.user("marta")
    browser, elsewhere = house.browser(), house.browser()
    await browser.log_in("marta")
    await elsewhere.log_in("marta")
    short = await browser.post("/console/profile/password", current=PASSWORD, new="short")
    assert (short.status, "at least 8 characters" in short.text) == (422, True)
    wrong = await browser.post("/console/profile/password", current="wrong", new=ANOTHER)
    assert (wrong.status, "That is not your password." in wrong.text) == (422, True)
    assert ANOTHER not in wrong.text
    done = await browser.post("/console/profile/password", current=PASSWORD, new=ANOTHER)
    assert done.location == "/console/profile?done=password"
    assert "Your password was changed." in (await browser.get(done.location)).text
    assert (await elsewhere.get("/console/")).status == 303
    assert (await elsewhere.log_in("marta", ANOTHER)).status == 303


async def test_codes_are_set_up_with_the_picture_and_asked_for_from_then_on(house: House) -> None:
    await house.user("marta")
    browser = house.browser()
    await browser.log_in("marta")
    page = (await browser.get("/console/profile")).text
    assert re.search(r'<svg [^>]*viewBox="0 0 \d+ \d+"', page)
    (secret,) = re.findall(r'name="secret" value="([A-Z2-7]+)"', page)
    totp = base64.b32decode(secret)
    wrong = await browser.post("/console/profile/code/start", secret=secret, code="000000")
    assert wrong.status == 422
    assert f'value="{secret}"' in wrong.text
    for nonsense in ("", "A", "!!!", secret[:8]):
        assert (await browser.post("/console/profile/code/start", secret=nonsense, code="000000")).status == 422
    code = code_at(totp, house.clock.now_ms // STEP_MS)
    done = await browser.post("/console/profile/code/start", secret=secret, code=code)
    assert done.location == "/console/profile?done=code-on"
    page = (await browser.get("/console/profile")).text
    assert secret not in page
    assert "Switch it off" in page
    assert (await house.browser().log_in("marta")).location == "/console/login/code"
    assert (await browser.post("/console/profile/code/stop", password="wrong")).status == 422
    assert (await browser.post("/console/profile/code/stop", password=PASSWORD)).location.endswith("done=code-off")
    assert (await house.browser().log_in("marta")).location == "/console/"


async def test_sessions_are_listed_and_ended(house: House) -> None:
    await house.user("marta")
    browser, other, third = (house.browser(user_agent=f"<b>agent {number}</b>") for number in range(3))
    for each in (browser, other, third):
        await each.log_in("marta")
    page = (await browser.get("/console/profile")).text
    assert page.count("&lt;b&gt;agent") == 3
    assert page.count(">here</span>") == 1
    first, *_ = re.findall(r'action="(/console/profile/sessions/\d+/revoke)"', page)
    assert (await browser.post(first)).location.endswith("done=revoked")
    assert (await browser.post(first)).status == 404
    assert (await third.get("/console/")).status == 303
    assert (await browser.post("/console/profile/sessions/revoke")).location.endswith("done=alone")
    assert (await other.get("/console/")).status == 303
    assert (await browser.get("/console/")).status == 200


async def test_an_account_has_a_password_and_no_codes(house: House) -> None:
    await house.account("acme")
    browser = house.browser()
    await browser.log_in("acme")
    page = (await browser.get("/console/profile")).text
    assert "programs that log in with it" in page
    assert "Two-step log-in" not in page
    assert (await browser.post("/console/profile/code/start", secret="A" * 32, code="000000")).status == 422
    done = await browser.post("/console/profile/password", current=PASSWORD, new=ANOTHER)
    assert done.location.endswith("done=password")
    assert (await house.browser().log_in("acme", ANOTHER)).location == "/console/"


async def test_after_a_password_change_the_remaining_tokens_are_shown(house: House) -> None:
    acme = await house.account("acme")
    other = await house.account("other")
    made = {}
    for account, name, by_login in ((acme, "Mi Token", False), (acme, "login", True), (other, "Ajeno", False)):

        async def script(
            tx: Transaction, account: Account = account, name: str = name, by_login: bool = by_login
        ) -> Token:
            return await add_token(
                tx,
                house.world.ids,
                account.id,
                name=name,
                lifetime_ms=10**9,
                now_ms=house.clock.now_ms,
                by_login=by_login,
            )

        made[name] = await house.world.database.write(script)
    browser = house.browser()
    await browser.log_in("acme")
    done = await browser.post("/console/profile/password", current=PASSWORD, new=ANOTHER)
    page = (await browser.get(done.location)).text
    assert "Tokens made by name go on" in page
    assert re.findall(r'action="/console/profile/tokens/(\d+)/revoke"', page) == [str(made["Mi Token"].id)]
    assert (await browser.post(f"/console/profile/tokens/{made['Ajeno'].id}/revoke")).status == 404
    assert (await browser.post(f"/console/profile/tokens/{made['Mi Token'].id}/revoke")).location.endswith("done=token")
    assert "Mi Token" not in (await browser.get("/console/profile")).text
    assert list(house.directory.snapshot.tokens) == [made["Ajeno"].id]
