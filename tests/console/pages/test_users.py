"""The page of users: add, new password, another role, off and on."""

import re

import pytest
from tests.support.console_house import Browser, House

from palomar.vocabulary.access import Role


@pytest.fixture
async def browser(house: House) -> Browser:
    await house.user("admin")
    inside = house.browser()
    await inside.log_in("admin")
    return inside


def shown_password(page: str) -> str:
    (password,) = re.findall(r'class="secret"><code>([^<]+)</code>', page)
    return str(password)


async def test_a_new_user_logs_in_with_the_password_on_the_page(house: House, browser: Browser) -> None:
    await house.account("acme")
    made = await browser.post("/console/users", login="marta", name="<i>M</i>", role="support", account="acme")
    assert made.status == 200
    password = shown_password(made.text)
    assert (await house.browser().log_in("marta", password)).location == "/console/"
    page = (await browser.get("/console/users")).text
    assert password not in page
    assert "<i>M</i>" not in page
    assert "sees the account <bdi>acme</bdi>" in page
    taken = await browser.post("/console/users", login="MARTA", role="owner")
    assert (taken.status, "is taken" in taken.text) == (422, True)


@pytest.mark.parametrize("form", [{"role": "king"}, {"role": "owner", "account": "nobody"}, {}])
async def test_an_invalid_form_adds_no_user(browser: Browser, form: dict[str, str]) -> None:
    assert (await browser.post("/console/users", login="x", **form)).status == 404


async def test_a_user_is_changed(house: House, browser: Browser) -> None:
    user = await house.user("marta", role=Role.SUPPORT)
    marta = house.browser()
    await marta.log_in("marta")
    role = await browser.post(f"/console/users/{user.id}/role", role="read-only")
    assert role.location == "/console/users?done=role"
    assert "read-only" in (await marta.get("/console/")).text
    asked = await browser.post(f"/console/users/{user.id}/reset")
    assert "A new password for marta?" in asked.text
    assert (await marta.get("/console/")).status == 200
    reset = await browser.post(f"/console/users/{user.id}/reset", sure="yes")
    assert (await marta.get("/console/")).status == 303
    assert (await marta.log_in("marta", shown_password(reset.text))).location == "/console/"
    assert "Switch marta off?" in (await browser.post(f"/console/users/{user.id}/switch", enabled="off")).text
    assert (await marta.get("/console/")).status == 200
    off = await browser.post(f"/console/users/{user.id}/switch", enabled="off", sure="yes")
    assert off.location == "/console/users?done=off"
    assert (await marta.get("/console/")).status == 303
    assert "Switch on" in (await browser.get("/console/users")).text
    on = await browser.post(f"/console/users/{user.id}/switch", enabled="on")
    assert on.location == "/console/users?done=on"
    assert (await browser.post(f"/console/users/{user.id}/role", role="king")).status == 404
    assert (await browser.post("/console/users/99999/reset")).status == 404
    assert (await browser.post("/console/users/99999/reset", sure="yes")).status == 404


async def test_a_new_user_is_read_only_unless_another_role_is_chosen(browser: Browser) -> None:
    page = (await browser.get("/console/users")).text
    assert re.findall(r'<option value="([\w-]+)" selected>', page.partition('action="/console/users"')[2]) == [
        "read-only"
    ]


async def test_an_accounts_owner_makes_users_of_the_account(house: House) -> None:
    await house.account("acme")
    browser = house.browser()
    await browser.log_in("acme")
    page = (await browser.get("/console/users")).text
    assert "Nobody yet" in page
    assert "the whole platform" not in page
    assert (await browser.post("/console/users", login="juan", role="owner", account="acme")).status == 200
    assert "sees the account <bdi>acme</bdi>" in (await browser.get("/console/users")).text
