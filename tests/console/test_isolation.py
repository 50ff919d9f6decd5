"""No account sees or changes another's data: every route with an id, tried by everybody who might try."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from tests.support.console_house import Browser, House, house_in
from tests.support.databases import Place
from tests.support.world import recipient

from palomar.console.routes import OPEN_ROUTES, ROUTES
from palomar.inbound.numbers import VirtualNumber, add_number
from palomar.inbound.receive import receive
from palomar.ports import CarrierInbound
from palomar.storage.database import Transaction
from palomar.vocabulary.access import Role, Scope
from palomar.vocabulary.account import Account
from palomar.vocabulary.http_record import HttpRecord
from palomar.vocabulary.message import MessageId, public_id

NUMBER = "34900100200"
SECRETS = ("victim", "vera", "Vera's text", "525512349999", "label-of-v", "subid-of-v", "https://v.example")
"""What must stand on no page of anybody else. (The stranger itself is called otherwise.)"""


@dataclass(kw_only=True)
class Stage:
    """A victim with a message, a failed callback, a user and a session; and the ids of all that."""

    house: House
    victim: Account
    message: str
    ids: dict[str, str]
    """What stands in a path's {id}, by the path."""


@pytest.fixture
async def stage(place: Place) -> AsyncIterator[Stage]:
    async with house_in(place, sandbox="whole") as house:
        victim = await house.account("victim")
        message = await sent(house, victim)
        await arrived(house, message)
        await house.world.tell(
            "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, due_ms, attempts, failed)"
            " VALUES (77, ?, ?, 'foxsys', 'GET', 'https://v.example/x', 0, 6, 1)",
            message,
            victim.id,
        )
        await house.world.tell(
            "INSERT INTO events (message_id, id, at_ms, kind, detail) VALUES (?, 78, 1, 'callback', ?)",
            message,
            '{"url": "https://v.example/x", "status": 200, "answer": "victim"}',
        )
        await house.world.tell(
            "INSERT INTO tokens (id, account_id, name, created_ms, expires_ms) VALUES (79, ?, 'victim', 0, ?)",
            victim.id,
            2**62,
        )
        call, got = called(house, victim)
        user = await house.user("vera", account=victim)
        session = (await house.signed_in("vera")).session
        ids = {
            "/messages/{id}": public_id(message),
            "/messages/{id}/resend": public_id(await held(house, victim)),
            "/callbacks/{id}/replay": "77",
            "/callbacks/{id}": "77",
            "/callbacks/tried/{id}": "78",
            "/callbacks/got/{id}": str(got),
            "/sandbox/calls/{id}": str(call),
            "/users/{id}/reset": str(user.id),
            "/users/{id}/role": str(user.id),
            "/users/{id}/switch": str(user.id),
            "/profile/sessions/{id}/revoke": str(session.id),
            "/profile/tokens/{id}/revoke": "79",
        }
        yield Stage(house=house, victim=victim, message=public_id(message), ids=ids)


async def sent(house: House, account: Account) -> MessageId:
    result = await house.world.accept(
        account,
        recipients=[recipient(9999, text="Vera's text")],
        label="label-of-v",
        request_ref="subid-of-v",
        status_url="https://v.example/ack",
    )
    return result.messages[0].row.id  # type: ignore[union-attr]  # it is accepted


async def held(house: House, account: Account) -> MessageId:
    """Another message of the victim's, of which nobody knows whether its carrier has it."""
    message = await sent(house, account)
    await house.world.tell("UPDATE parts SET state = 'held', attempt = 1, carrier = 'c' WHERE id = ?", message + 1)
    await house.world.tell("UPDATE messages SET state = 'held', parts_left = 0 WHERE id = ?", message)
    return message


async def arrived(house: House, message: MessageId) -> None:
    """The victim's message reaches its simulated phone, which answers."""
    await house.world.tell(
        "UPDATE parts SET state = 'sent', attempt = 1, carrier = 'c', carrier_reference = 'V1' WHERE id = ?",
        message + 1,
    )
    await house.world.tell("UPDATE messages SET carrier = 'c' WHERE id = ?", message)
    await house.arrives(recipient(9999).msisdn, "Vera's text", reference="V1")
    await give_number(house)
    inbound = CarrierInbound(carrier="c", source=recipient(9999).msisdn, destination=NUMBER, text="Vera's text again")
    await house.world.do(receive, inbound)


async def give_number(house: House) -> None:
    victim = house.directory.by_login("victim")
    assert victim is not None

    async def script(tx: Transaction) -> bool:
        return await add_number(tx, VirtualNumber(number=NUMBER, account_id=victim.id))

    await house.world.database.write(script)


def called(house: House, victim: Account) -> tuple[int, int]:
    """A call of the victim's program and a callback to the sandbox's address; their numbers."""
    assert house.sandbox is not None
    sandbox = house.sandbox.sandbox
    assert sandbox.calls is not None
    assert sandbox.received_callbacks is not None
    record = HttpRecord(method="POST", target=b"/json/send?of=victim", status=200, body=b"Vera's text", account=victim)
    sandbox.calls.recorder_of("foxsys")(record)
    sandbox.received_callbacks.expect("GET", "/x?subid-of-v", None, account_id=victim.id, message_id=MessageId(256))
    sandbox.received_callbacks.receive("GET", "/x?subid-of-v", (), b"")
    everybody = Scope(account_ids=None)
    ((got, _),) = sandbox.received_callbacks.recent(everybody)
    return sandbox.calls.recent(everybody)[0].id, got


async def strangers(house: House) -> dict[str, Browser]:
    """Everybody who is not to see it: another account, its users of every role, and a child of the other."""
    other = await house.account("other")
    await house.account("child", parent=other, credit=0)
    for role in Role:
        await house.user(f"other-{role.value}", role=role, account=other)
    browsers = {}
    for login in ("other", "child", *(f"other-{role.value}" for role in Role)):
        browsers[login] = house.browser()
        await browsers[login].log_in(login)
    return browsers


async def state(house: House) -> list[object]:
    """Everything of the victim's that a form might change."""
    return [
        await house.world.ask("SELECT id, failed, attempts FROM callbacks ORDER BY id"),
        await house.world.ask("SELECT id, state FROM messages ORDER BY id"),
        await house.world.ask("SELECT id, state FROM parts ORDER BY id"),
        await house.world.ask("SELECT login, role, enabled, password_hash, account_id FROM users ORDER BY id"),
        await house.world.ask("SELECT user_id FROM sessions WHERE user_id IS NOT NULL ORDER BY id"),
        await house.world.ask("SELECT login, password_hash FROM accounts ORDER BY id"),
        await house.world.ask("SELECT id, account_id, text FROM inbound ORDER BY id"),
        await house.world.ask("SELECT id FROM tokens WHERE revoked_ms IS NULL"),
        await house.world.ask("SELECT count(*) FROM keys WHERE account_id = (SELECT min(id) FROM accounts)"),
        await house.world.ask("SELECT ahead_ms FROM sandbox_clock"),
        await house.world.ask("SELECT carrier, script FROM chaos"),
        [] if house.smsc is None else [dict(house.smsc.phones.behaviors), house.smsc.phones.recent()],
    ]


def test_every_route_with_an_id_is_walked() -> None:
    with_ids = {route.path for route in ROUTES if "{" in route.path}
    assert with_ids == {
        "/messages/{id}",
        "/messages/{id}/resend",
        "/callbacks/{id}/replay",
        "/callbacks/{id}",
        "/callbacks/tried/{id}",
        "/callbacks/got/{id}",
        "/sandbox/calls/{id}",
        "/users/{id}/reset",
        "/users/{id}/role",
        "/users/{id}/switch",
        "/profile/sessions/{id}/revoke",
        "/profile/tokens/{id}/revoke",
    }, "a new route with an id: what of the victim's is that id? (Stage.ids)"
    assert [route.path for route in OPEN_ROUTES if "{" in route.path] == []


async def test_no_page_shows_a_stranger_the_victims_data(stage: Stage) -> None:
    queries = (
        "",
        f"?account={stage.victim.login}",
        f"?q={stage.message}&in=text",
        "?q=Vera&in=text",
        "?q=525512349999",
    )
    queries += ("?q=subid-of-v&in=subid", "?q=label-of-v&in=label", f"?before={stage.message}", "?piece=1")
    queries += ("?number=525512349999", "?number=525512349999&piece=phones", "?piece=calls", "?host=v.example")
    for login, browser in (await strangers(stage.house)).items():
        for route in ROUTES:
            if route.method != "GET" or route.path == "/sandbox/stream":  # it says nothing but that something changed
                continue
            path = f"/console{route.path}".replace("{id}", stage.ids.get(route.path, ""))
            for query in queries:
                for headers in ({}, {"hx_request": "true"}):
                    answer = await browser.get(path + query, **headers)
                    seen = without_what_was_asked(answer.text)
                    news = [secret for secret in SECRETS if secret in seen and f"number={secret}" not in query]
                    assert news == [], f"{login}: {path}{query}"
        assert (await browser.get(f"/console/messages/{stage.message}")).status == 404


async def test_no_form_of_a_stranger_changes_the_victims_data(stage: Stage) -> None:
    browsers = await strangers(stage.house)
    before = await state(stage.house)
    for login, browser in browsers.items():
        for route in ROUTES:
            if route.method == "POST" and route.path in stage.ids:
                path = f"/console{route.path}".replace("{id}", stage.ids[route.path])
                answer = await browser.post(
                    path, message=stage.message, role="owner", enabled="off", password="x", secret="x"
                )
                assert [secret for secret in SECRETS if secret in answer.text] == [], f"{login}: {path}"
        phone = recipient(9999).msisdn
        for path, form in (
            ("answer", {"number": phone, "to": NUMBER, "text": "a word of a stranger"}),
            ("number", {"number": phone, "how": "fail"}),
            ("key", {"account": stage.victim.login}),
            ("clock", {"span": "day"}),
            ("chaos", {"carrier": "c", "script": "lose-answers"}),
        ):
            answer = await browser.post(f"/console/sandbox/{path}", **form)
            seen = without_what_was_asked(answer.text)
            assert [s for s in SECRETS if s in seen and s != phone] == [], f"{login}: {path}"
        await browser.post("/console/callbacks/replay", account=stage.victim.login)
        await browser.post("/console/callbacks/replay")
        for account in (stage.victim.login, ""):
            await browser.post("/console/users", login=f"spy of {login}", role="owner", account=account)
            await browser.post("/console/users", login=f"spy-{login}", role="owner", account=account)
    assert await state(stage.house) == before


async def test_the_victim_sees_the_data_that_strangers_do_not(stage: Stage) -> None:
    """What is asserted above is there to be seen."""
    browser = stage.house.browser()
    await browser.log_in("victim")
    seen = (await browser.get("/console/messages")).text + (await browser.get("/console/messages.csv")).text
    seen += (await browser.get(f"/console/messages/{stage.message}")).text + (await browser.get("/console/users")).text
    for path in ("/sandbox", "/callbacks", "/sandbox?piece=calls", *("/callbacks/77", "/callbacks/tried/78")):
        page = (await browser.get(f"/console{path}")).text
        assert any(secret in page.replace("&#39;", "'") for secret in SECRETS[2:]), path
        seen += page
    for path in ("/callbacks/got/{id}", "/sandbox/calls/{id}"):
        answer = await browser.get(f"/console{path.replace('{id}', stage.ids[path])}")
        assert answer.status == 200
    assert [secret for secret in SECRETS if secret not in seen.replace("&#39;", "'")] == []


async def test_a_parent_sees_its_childs_data_and_not_the_other_way_around(place: Place) -> None:
    async with house_in(place) as house:
        parent = await house.account("parent")
        child = await house.account("child", parent=parent, credit=10_000_000)
        of_parent, of_child = await sent(house, parent), await sent(house, child)
        above, below = house.browser(), house.browser()
        await above.log_in("parent")
        await below.log_in("child")
        statuses = [
            (await browser.get(f"/console/messages/{public_id(message)}")).status
            for browser in (above, below)
            for message in (of_parent, of_child)
        ]
        assert statuses == [200, 200, 404, 200]


def without_what_was_asked(page: str) -> str:
    """A page repeats in its fields and links what its address says; that is no news. (Nor is the number of a phone
    that was asked for by its number: anybody may look at any phone, and sees his own messages on it.)"""
    return re.sub(r'(?:value|href|hx-get)="[^"]*"', "", page)
