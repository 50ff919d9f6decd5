"""The sandbox page: what is on it, for whom, and what each form does."""

import json
import re
from pathlib import Path

import pytest
from tests.support.console_house import PASSWORD, Browser, House, house_in
from tests.support.databases import Place

from palomar.console.pages.sandbox import EXAMPLE_NUMBER
from palomar.inbound.numbers import VirtualNumber, add_number
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound
from palomar.sandbox.sample_credentials import KEYS_AT_MOST
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account
from palomar.vocabulary.http_record import HttpRecord
from palomar.vocabulary.message import State

OURS = "34900100200"
HOSTILE = "<script>alert('x')</script> \u202e evil"


async def inside(house: House, login: str = "admin") -> Browser:
    browser = house.browser()
    assert (await browser.log_in(login)).status == 303
    return browser


@pytest.fixture
async def acme(sandbox: House) -> Account:
    """An account with a number, and the user ``admin`` of the platform."""
    await sandbox.user("admin")
    account = await sandbox.account("acme")

    async def script(tx: Transaction) -> bool:
        return await add_number(tx, VirtualNumber(number=OURS, account_id=account.id))

    await sandbox.world.database.write(script)
    return account


# --- where it is


async def test_the_console_opens_on_the_sandbox_if_every_carrier_is_simulated(sandbox: House, acme: Account) -> None:
    await sandbox.user("sara", role=Role.SUPPORT)
    for login in ("admin", "acme"):
        browser = await inside(sandbox, login)
        assert (await browser.get("/console/")).location == "/console/sandbox"
        page = (await browser.get("/console/sandbox")).text
        menu = re.findall(r"<svg.*?</svg><span>(\w+)</span>", page)
        assert menu[:2] == ["Sandbox", "Overview"]
    sara = await inside(sandbox, "sara")
    assert (await sara.get("/console/")).status == 200
    assert (await sara.get("/console/sandbox")).status == 404
    assert "Sandbox" not in (await sara.get("/console/")).text


async def test_beside_a_real_carrier_the_sandbox_is_the_platforms_and_has_no_clock_or_requests(
    sqlite_place: Place,
) -> None:
    async with house_in(sqlite_place, sandbox="beside") as house:
        await house.user("admin")
        await house.account("acme")
        admin, mine = await inside(house), await inside(house, "acme")
        assert (await admin.get("/console/")).status == 200
        page = (await admin.get("/console/sandbox")).text
        assert "Real carriers are on other pages." in page
        for missing in ("Requests to copy", "Last calls", "A day passes"):
            assert missing not in page
        assert "Chaos" in page
        assert (await mine.get("/console/sandbox")).status == 404
        assert (await admin.post("/console/sandbox/clock", span="day")).status == 422


async def test_without_a_simulated_carrier_there_is_no_sandbox(house: House) -> None:
    await house.user("admin")
    browser = await inside(house)
    assert (await browser.get("/console/")).status == 200
    for path in ("/console/sandbox", "/console/sandbox/stream", "/console/sandbox/calls/1", "/console/callbacks/got/1"):
        assert (await browser.get(path)).status == 404
    assert "Sandbox" not in (await browser.get("/console/")).text
    assert (await browser.post("/console/sandbox/clock", span="day")).status == 404


# --- the phone


async def test_the_screen_shows_text_sender_parts_and_state_and_escapes_markup(sandbox: House, acme: Account) -> None:
    phone = await sandbox.sent(acme, HOSTILE, reference="a", sender="MyBrand")
    browser = await inside(sandbox)
    page = (await browser.get(f"/console/sandbox?number={phone}")).text
    for piece in ("MyBrand", "1 part, GSM", "sent", "not-arrived", "U+202E", f"+{phone}"):
        assert piece in page, piece
    assert "<script>alert" not in page
    await sandbox.world.receipt("a1", State.DELIVERED)
    piece = (await browser.get(f"/console/sandbox?piece=phones&number={phone}", hx_request="true")).text
    assert "delivered" in piece
    assert "not-arrived" not in piece
    assert "<html" not in piece


async def test_an_empty_sandbox_explains_the_first_step(sandbox: House, acme: Account) -> None:
    page = (await (await inside(sandbox)).get("/console/sandbox")).text
    assert "Send the first message" in page
    assert EXAMPLE_NUMBER in page


async def test_a_phone_writes_by_its_form_with_and_without_scripts(sandbox: House, acme: Account) -> None:
    browser = await inside(sandbox, "acme")
    form = {"number": "+34 600 000 001", "to": OURS, "text": "hola"}
    answer = await browser.post("/console/sandbox/answer", **form)
    assert answer.location == "/console/sandbox?number=34600000001&done=sent"
    assert "The phone has written." in (await browser.get(answer.location)).text
    assert sandbox.smsc is not None
    assert [message.text for message in sandbox.smsc.phones.recent("34600000001")] == ["hola"]
    inbound = CarrierInbound(carrier="c", source="34600000001", destination=OURS, text="hola")
    await sandbox.world.do(receive, inbound)
    again = await browser.post("/console/sandbox/answer", **form)
    assert again.location == "/console/sandbox?number=34600000001&done=sent"
    headers = {"sec-fetch-site": "same-origin", "hx-request": "true"}
    piece = await browser.ask("POST", "/console/sandbox/answer", headers=headers, form=form | {"text": ""})
    assert (piece.status, "at most 2,000 characters" in piece.text, "<html" in piece.text) == (200, True, False)
    later = "/console/sandbox?piece=phones&number=34600000001&said={}"
    again_asked = (await browser.get(later.format("nonsense"), hx_request="true")).text
    assert "at most 2,000 characters" in again_asked, "it stays while others arrive"
    assert "phone-fault" not in (await browser.get(later.format("<b>"), hx_request="true")).text
    nobodys = await browser.post("/console/sandbox/answer", **(form | {"to": "34911111111"}))
    assert "nobody would get it" in nobodys.text


async def test_without_a_virtual_number_the_page_says_how_to_get_one(sandbox: House, acme: Account) -> None:
    other = await sandbox.account("other")
    phone = await sandbox.sent(other, "hello", reference="o")
    page = (await (await inside(sandbox, "other")).get(f"/console/sandbox?number={phone}")).text
    assert "./run number add 34900100200 --account other" in page


async def test_a_numbers_behavior_is_set_by_the_form(sandbox: House, acme: Account) -> None:
    phone = await sandbox.sent(acme, "hello", reference="a")
    admin = await inside(sandbox)
    done = await admin.post("/console/sandbox/number", number=f"+{phone}", how="fail")
    assert done.location == f"/console/sandbox?number={phone}&done=behaves"
    page = (await admin.get(done.location)).text
    assert "From now on this number does so." in page
    assert '<option value="fail" selected>' in page
    wrong = await admin.post("/console/sandbox/number", number=phone, script="lose-anwsers")
    assert (wrong.status, "This script cannot be read: there is no" in wrong.text) == (422, True)
    await admin.post("/console/sandbox/number", number=phone, script="lose-receipts=50%", how="fail")
    assert 'value="lose-receipts=50%"' in (await admin.get(f"/console/sandbox?number={phone}")).text
    mine = await inside(sandbox, "acme")
    assert (await mine.post("/console/sandbox/number", number=phone, how="slow")).status == 404
    page = (await mine.get(f"/console/sandbox?number={phone}")).text
    assert "…99901" in page
    assert "Let it do so" not in page


# --- requests to copy


async def test_the_first_accounts_requests_are_ready_to_run(sqlite_place: Place, tmp_path: Path) -> None:
    file = tmp_path / "demo.json"
    file.write_text(json.dumps({"login": "demo", "password": PASSWORD, "api_key": "key of demo"}))
    async with house_in(sqlite_place, sandbox="whole", first_account=file) as house:
        await house.account("another-before-it")
        await house.account("demo")
        await house.user("admin")
        await house.user("operator", role=Role.OPERATOR)
        page = (await (await inside(house)).get("/console/sandbox")).text
        assert "demo:key of demo" in page
        assert "http://palomar.test/json/send" in page
        assert "http://palomar.test/sandbox/callback" in page
        assert "YOUR_" not in page
        page = (await (await inside(house, "operator")).get("/console/sandbox")).text
        assert "key of demo" not in page
        assert "YOUR_API_KEY" in page


async def test_a_key_is_made_shown_once_and_works(sandbox: House, acme: Account) -> None:
    browser = await inside(sandbox, "acme")
    assert "Make a key for these requests" in (await browser.get("/console/sandbox")).text
    made = await browser.post("/console/sandbox/key", account="acme")
    assert made.status == 200
    (key,) = set(re.findall(r"acme:([\w-]+)", made.text))
    assert sandbox.directory.by_key(key) == acme
    assert "YOUR_API_KEY" not in made.text
    assert "YOUR_TOKEN" not in made.text
    assert key not in (await browser.get("/console/sandbox")).text
    await sandbox.account("other")
    assert (await browser.post("/console/sandbox/key", account="other")).status == 404
    forged = await browser.ask("POST", "/console/sandbox/key", headers={"sec-fetch-site": "cross-site"}, form={})
    assert forged.status == 403


async def test_the_page_says_when_an_account_has_too_many_sandbox_keys(sandbox: House, acme: Account) -> None:
    browser = await inside(sandbox, "acme")
    for _ in range(KEYS_AT_MOST):
        assert (await browser.post("/console/sandbox/key", account="acme")).status == 200
    full = await browser.post("/console/sandbox/key", account="acme")
    assert full.status == 422
    assert "This account has too many keys of the sandbox" in full.text


async def test_an_account_is_chosen(sandbox: House, acme: Account) -> None:
    await sandbox.account("other")
    page = (await (await inside(sandbox)).get("/console/sandbox?account=other")).text
    assert '<option value="other" selected>' in page
    assert "other:YOUR_API_KEY" in page


async def test_without_an_account_there_is_nothing_to_copy(sandbox: House) -> None:
    await sandbox.user("admin")
    assert "Requests to copy" not in (await (await inside(sandbox)).get("/console/sandbox")).text


# --- the last calls


async def test_a_call_opens_without_its_secrets(sandbox: House, acme: Account) -> None:
    calls = sandbox.viewers.sandbox.calls if sandbox.viewers.sandbox is not None else None
    assert calls is not None
    calls.recorder_of("foxsys")(
        HttpRecord(
            method="POST",
            target=b"/json/send?x=<b>",
            headers=((b"authorization", b"Basic s3cr3t-key"),),
            body=b'{"message": "<i>hi</i>"}',
            body_octets=99,
            status=200,
            answer=b'{"code": "0"}',
            answer_octets=13,
            account=acme,
        )
    )
    browser = await inside(sandbox, "acme")
    listed = (await browser.get("/console/sandbox?piece=calls", hx_request="true")).text
    (number,) = set(re.findall(r"/console/sandbox/calls/(\d+)", listed))
    for headers in ({}, {"hx_request": "true"}):
        page = (await browser.get(f"/console/sandbox/calls/{number}", **headers)).text
        assert "Basic •••" in page
        assert "s3cr3t-key" not in page + listed
        assert "&lt;i&gt;hi&lt;/i&gt;" in page
        assert "{&#34;code&#34;: &#34;0&#34;}" in page
        assert "<b>" not in page
    assert (await browser.get("/console/sandbox/calls/99")).status == 404


# --- clock and chaos


async def test_the_clock_jumps_by_an_hour_or_a_day(sandbox: House, acme: Account) -> None:
    admin, before_ms = await inside(sandbox), sandbox.clock.now_ms
    assert "the real time" in (await admin.get("/console/sandbox")).text
    done = await admin.post("/console/sandbox/clock", span="day", number="34600000001")
    assert done.location == "/console/sandbox?done=jumped&number=34600000001"
    assert sandbox.clock.now_ms == before_ms + 86_400_000
    assert "1 d ahead of the real time" in (await admin.get("/console/sandbox")).text
    assert (await admin.post("/console/sandbox/clock", span="year")).status == 422
    assert (await (await inside(sandbox, "acme")).post("/console/sandbox/clock", span="day")).status == 404


async def test_a_carriers_chaos_script_is_set_and_cleared_by_the_form(sandbox: House, acme: Account) -> None:
    admin = await inside(sandbox)
    done = await admin.post("/console/sandbox/chaos", carrier="c", script="lose-answers=3%")
    assert done.location == "/console/sandbox?done=chaos"
    page = (await admin.get(done.location)).text
    assert "lose-answers=3%" in page
    assert "Back to normal" in page
    wrong = await admin.post("/console/sandbox/chaos", carrier="c", script="nonsense")
    assert (wrong.status, "This script cannot be read" in wrong.text) == (422, True)
    calm = await admin.post("/console/sandbox/chaos", carrier="c", script="")
    assert calm.location == "/console/sandbox?done=calm"
    assert "Back to normal" not in (await admin.get("/console/sandbox")).text
    assert (await (await inside(sandbox, "acme")).post("/console/sandbox/chaos", carrier="c")).status == 404
