"""The pages of callbacks: open ones, attempts, received ones; filters, pages, and sending again."""

import re

import pytest
from tests.support.console_house import Browser, House
from tests.support.world import RETRIES

from palomar.callbacks.attempts import Attempt, record_attempts
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.history import LOOKED_AT
from palomar.console.pages.callbacks import PAGE_CALLBACKS
from palomar.console.viewer.callbacks import SLICES_A_PAGE
from palomar.ports import HttpOutcome
from palomar.sending.nodes import register
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import MessageId, public_id

GOOD = HttpOutcome(status=200, error=None, elapsed_ms=7, body_start=b"<b>thanks</b>")
AWAY = HttpOutcome(status=None, error="connect", elapsed_ms=3)


@pytest.fixture
async def browser(house: House) -> Browser:
    await house.user("admin")

    async def script(tx: Transaction) -> int:
        return (await register(tx, name="first", lease_ms=3_600_000)).id

    house.world.node_id = await house.world.database.write(script)
    return await inside(house, "admin")


async def inside(house: House, login: str) -> Browser:
    browser = house.browser()
    await browser.log_in(login)
    return browser


async def call_back(
    house: House, account: Account, outcome: HttpOutcome, *, reference: str = "r", host: str, times: int = 1
) -> CallbackRow:
    """A message whose callback ended so; ``times`` beyond all retries gives it up."""
    await house.sent(account, "hello", reference=reference, status_url=f"https://{host}/ack?a=1")
    callback: CallbackRow = (await house.world.claim()).callbacks[-1]  # not one that is tried again
    callback.attempts = times - 1
    await house.world.do(record_attempts, Attempt(callback, outcome))
    return callback


async def test_secrets_in_a_url_need_the_right_to_keys(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    target = "https://u:p4ss@shop.example:8443/h00k/ack?key=t0ken"
    await house.sent(acme, "hello", reference="r", status_url=target)
    callback: CallbackRow = (await house.world.claim()).callbacks[0]
    await house.world.do(record_attempts, Attempt(callback, AWAY))
    await house.user("reader", role=Role.READ_ONLY)
    await house.user("oper", role=Role.OPERATOR)
    pages = [
        "/console/callbacks",
        f"/console/callbacks/{callback.id}",
        f"/console/messages/{public_id(callback.message_id)}",
    ]
    for login, hidden in (
        ("admin", []),
        ("oper", ["p4ss", "t0ken"]),
        ("reader", ["p4ss", "t0ken", "h00k"]),
    ):
        seen = await inside(house, login)
        for path in pages:
            answer = await seen.get(path)
            assert (answer.status, "shop.example:8443" in answer.text) == (200, True), (login, path)
            assert [secret for secret in ("p4ss", "t0ken", "h00k") if secret not in answer.text] == hidden, (
                login,
                path,
            )


async def test_open_callbacks_come_first_and_then_attempts(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    await call_back(house, acme, GOOD, reference="g", host="good.example")
    await call_back(house, acme, AWAY, reference="w", host="waits.example")
    await call_back(house, acme, AWAY, reference="f", host="failed.example", times=len(RETRIES) + 1)
    page = (await browser.get("/console/callbacks")).text
    order = [page.index(piece) for piece in ("Waiting and given up", "failed.example", "waits.example", ">Sent<")]
    assert order == sorted(order)
    for piece in ("given up", "waiting", "no connection", "next attempt", "1 attempt", f"{len(RETRIES) + 1} attempts"):
        assert piece in page, piece
    assert "&lt;b&gt;thanks&lt;/b&gt;" in page
    assert "<b>thanks" not in page
    piece = (await browser.get("/console/callbacks", hx_request="true")).text
    assert "<html" not in piece
    assert "good.example" in piece


@pytest.mark.parametrize(
    ("query", "hosts"),
    [
        ("", {"good", "waits", "failed"}),
        ("state=waiting", {"waits"}),
        ("state=failed", {"failed"}),
        ("state=told", {"good"}),
        ("state=refused", {"waits", "failed"}),
        ("host=GOOD.example", {"good"}),
        ("account=other", {"waits"}),
        ("account=nobody", set()),
        ("state=nonsense", {"good", "waits", "failed"}),
        ("before=1", set()),
        ("open=1", set()),
    ],
)
async def test_callbacks_are_filtered_by_state_host_and_account(
    house: House, browser: Browser, query: str, hosts: set[str]
) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    await call_back(house, acme, GOOD, reference="g", host="good.example")
    await call_back(house, other, AWAY, reference="w", host="waits.example")
    await call_back(house, acme, AWAY, reference="f", host="failed.example", times=len(RETRIES) + 1)
    piece = (await browser.get(f"/console/callbacks?{query}", hx_request="true")).text
    assert set(re.findall(r"https://(\w+)\.example", piece)) == hosts


async def test_pages_of_callbacks_continue_by_key(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    for number in range(PAGE_CALLBACKS + 3):
        await call_back(house, acme, AWAY, reference=f"r{number}-", host=f"h{number}.example")
    page = (await browser.get("/console/callbacks")).text
    assert len(re.findall(r'<li id="t\d+"', page)) == len(re.findall(r'<li id="o\d+"', page)) == PAGE_CALLBACKS
    (older,) = re.findall(r'href="/console(/callbacks\?before=\d+)"', page)
    (older_open,) = re.findall(r'href="/console(/callbacks\?open=\d+)"', page)
    second = (await browser.get(f"/console{older}")).text
    assert (len(re.findall(r'<li id="t\d+"', second)), "Waiting and given up" in second) == (3, False)
    third = (await browser.get(f"/console{older_open}")).text
    assert (len(re.findall(r'<li id="o\d+"', third)), ">Sent<" in third) == (3, False)


async def test_an_attempt_and_an_open_callback_have_pages(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    callback = await call_back(house, acme, GOOD, host="good.example")
    page = (await browser.get("/console/callbacks")).text
    (path,) = set(re.findall(r'href="(/console/callbacks/tried/\d+)"', page))
    tried = (await browser.get(path)).text
    for piece in ("https://good.example/ack?a=1#took", "&lt;b&gt;thanks", "+525512340001", "acme"):
        assert piece in tried, piece
    assert f"/console/messages/{public_id(MessageId(callback.message_id))}" in tried
    waiting = await call_back(house, acme, AWAY, reference="w", host="waits.example")
    opened = (await browser.get(f"/console/callbacks/{waiting.id}")).text
    for piece in ("waits.example", "no connection", "next attempt", "waiting"):
        assert piece in opened, piece
    for path in ("/console/callbacks/99", "/console/callbacks/tried/99", "/console/callbacks/x"):
        assert (await browser.get(path)).status == 404


async def test_one_failed_callback_and_all_are_sent_again(house: House, browser: Browser) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    given_up = len(RETRIES) + 1
    one = await call_back(house, acme, AWAY, reference="a", host="a.example", times=given_up)
    await call_back(house, acme, AWAY, reference="b", host="b.example", times=given_up)
    await call_back(house, other, AWAY, reference="c", host="c.example", times=given_up)
    done = await browser.post(f"/console/callbacks/{one.id}/replay")
    assert done.location == "/console/callbacks?done=replayed"
    assert "will be tried again within a second." in (await browser.get(done.location)).text
    assert (await browser.post(f"/console/callbacks/{one.id}/replay")).location == "/console/callbacks?done=gone"
    done = await browser.post("/console/callbacks/replay", account="other")
    assert done.location == "/console/callbacks?done=all&count=1&account=other"
    assert "They will be tried again within a second: 1." in (await browser.get(done.location)).text
    assert (await browser.post("/console/callbacks/replay")).location == "/console/callbacks?done=all&count=1"
    assert await house.world.ask("SELECT count(*) FROM callbacks WHERE failed = 1") == [(0,)]
    assert (await browser.post("/console/callbacks/replay", account="nobody")).status == 404


async def test_accounts_without_a_callback_url_are_named_with_the_setting(house: House, browser: Browser) -> None:
    await house.account("silent")
    await house.account("told", status_url="https://x.example/")
    page = (await browser.get("/console/callbacks")).text
    assert "./run account set silent ackurl=" in page
    assert "account set told" not in page
    assert "No callbacks yet" in page


async def test_support_sees_hosts_and_results_only(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    await call_back(house, acme, GOOD, host="good.example")
    callback = await call_back(house, acme, AWAY, reference="w", host="waits.example")
    await house.user("sara", role=Role.SUPPORT)
    sara = await inside(house, "sara")
    page = (await sara.get("/console/callbacks")).text
    paths = [*re.findall(r'href="(/console/callbacks/tried/\d+)"', page), f"/console/callbacks/{callback.id}"]
    assert "good.example" in page
    for seen in (page, *[(await sara.get(path)).text for path in paths]):
        for secret in ("ack?a=1", "525512340001", "thanks"):
            assert secret not in seen


async def test_the_sandbox_shows_received_callbacks(sandbox: House) -> None:
    acme = await sandbox.account("acme", callback_secret="secret")
    assert sandbox.sandbox is not None
    took = sandbox.sandbox.on_callback
    assert took is not None
    callback = CallbackRow(
        id=1,
        message_id=MessageId(256),
        account_id=acme.id,
        dialect="foxsys",
        method="GET",
        url="http://127.0.0.1/sandbox/callback?x=<i>",
        body=None,
        due_ms=1,
    )
    sandbox.sandbox.expect_callback(callback)
    took("GET", "/sandbox/callback?x=%3Ci%3E", ((b"palomar-signature", b"t=1,v1=0"), (b"host", b"x")), b"")
    took("GET", "/sandbox/callback?x=<i>", ((b"palomar-signature", b"t=1,v1=0"), (b"host", b"x")), b"")
    browser = await inside(sandbox, "acme")
    page = (await browser.get("/console/callbacks")).text
    assert "signature is wrong" in page
    (path,) = set(re.findall(r'href="(/console/callbacks/got/\d+)"', page))
    for headers in ({}, {"hx_request": "true"}):
        got = (await browser.get(path, **headers)).text
        assert "GET /sandbox/callback?x=&lt;i&gt; HTTP/1.1" in got
        assert "palomar-signature: t=1,v1=0" in got
        assert "does not fit" in got
    await sandbox.account("other")
    other = await inside(sandbox, "other")
    assert (await other.get(path)).status == 404


async def test_new_callbacks_do_not_bury_failing_ones(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    await call_back(house, acme, AWAY, reference="f", host="failing.example")
    for number in range(PAGE_CALLBACKS + 5):
        await house.sent(acme, "hello", reference=f"n{number}-", status_url="https://new.example/")
    page = (await browser.get("/console/callbacks")).text
    assert page.index("failing.example") < page.index("new.example")
    (older,) = re.findall(r'href="([^"]*open=-[0-9]+[^"]*)"', page)
    following = (await browser.get(older.replace("&amp;", "&"))).text
    assert following.count("https://new.example/") == 6
    assert "failing.example" not in following


async def off(house: House, account: Account, *, kept: int) -> int:
    """A target of the account that is off, with so many callbacks kept; its number."""
    target = 1 << 62
    for number in range(kept):
        await house.sent(account, "hello", reference=f"k{number}-", status_url="https://gone.example/")
    await house.world.tell("UPDATE callbacks SET failed = 1, target = ?", target)
    await house.world.tell(
        "INSERT INTO callback_targets (id, account_id, origin, since_ms, failures, off_ms)"
        " VALUES (?, ?, 'https://gone.example', 0, 1234, ?)",
        target,
        account.id,
        house.world.now_ms,
    )
    return target


async def test_a_target_that_is_off_is_listed_with_a_button_that_resumes_it(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    target = await off(house, acme, kept=3)
    page = (await browser.get("/console/callbacks")).text
    for piece in ("Switched off", "https://gone.example", "1,234 failures in a row", "3 kept", "Try again, in order"):
        assert piece in page, piece
    assert page.index("Switched off") < page.index("Waiting and given up")
    assert "https://gone.example" in (await browser.get("/console/")).text
    done = await browser.post("/console/callbacks/resume", target=str(target))
    assert done.status == 303
    assert "Of those that were kept: 3" in (await browser.get(done.location)).text
    assert await house.world.ask("SELECT failed, attempts FROM callbacks") == [(0, 0)] * 3
    assert await house.world.ask("SELECT id FROM callback_targets") == []
    again = await browser.post("/console/callbacks/resume", target=str(target))
    assert "It is not off any more" in (await browser.get(again.location)).text
    for nonsense in ("", "x", "9" * 30, "-1"):
        assert (await browser.post("/console/callbacks/resume", target=nonsense)).status == 303


async def test_a_target_of_a_stranger_is_neither_shown_nor_resumed(house: House, browser: Browser) -> None:
    acme, other = await house.account("acme"), await house.account("other")
    target = await off(house, acme, kept=1)
    await house.user("olga", role=Role.OWNER, account=other)
    stranger = await inside(house, "olga")
    assert "gone.example" not in (await stranger.get("/console/callbacks")).text
    await stranger.post("/console/callbacks/resume", target=str(target))
    assert await house.world.ask("SELECT failed FROM callbacks") == [(1,)]


async def test_without_the_right_to_replay_there_is_no_button_to_resume(house: House, browser: Browser) -> None:
    target = await off(house, await house.account("acme"), kept=1)
    await house.user("sara", role=Role.SUPPORT)
    support = await inside(house, "sara")
    page = (await support.get("/console/callbacks")).text
    assert "Switched off" in page
    may = "callbacks/resume" in page
    await support.post("/console/callbacks/resume", target=str(target))
    assert (await house.world.ask("SELECT failed FROM callbacks") == [(0,)]) is may


async def test_a_search_says_none_fits_only_when_all_callbacks_were_read(house: House, browser: Browser) -> None:
    acme = await house.account("acme")
    many = LOOKED_AT * SLICES_A_PAGE + 10
    named = "(id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
    rare = f"INSERT INTO callbacks {named} VALUES (1, 256, ?, 'foxsys', 'GET', 'http://rare.example/', 0, 6, 1)"
    await house.world.tell(rare, acme.id)
    await house.world.tell(
        f"INSERT INTO callbacks {named} WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " SELECT i, 256, ?, 'foxsys', 'GET', 'http://busy.example/', 0, 6, 1 FROM n",
        many,
        acme.id,
    )
    page = (await browser.get("/console/callbacks?host=rare.example&state=failed")).text
    assert "None among those that were looked at so far. What is older has not been looked at yet." in page
    assert "None fits" not in page
    (further,) = re.findall(r'href="([^"]+)">Search further back', page)
    assert "http://rare.example/" in (await browser.get(further.replace("&amp;", "&"))).text
    page = (await browser.get("/console/callbacks?host=never.example&state=told")).text
    assert "None fits." in page
