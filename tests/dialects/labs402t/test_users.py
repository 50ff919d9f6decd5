"""Hierarchies of accounts: inherited prices, settings that a child cannot escape, credit from the parent."""

from typing import Any

import pytest
from tests.dialects.labs402t.application import Labs402t

from palomar.accounts.subaccount_limits import DEEPEST

USER = {
    "name": "Ana",
    "surname": "Ruiz",
    "login": "hija",
    "password": "la de Ana!",
    "contact_email": "ana@example.com",
}


async def costs(labs: Labs402t, login: str, *, account: str = "demo") -> dict[str, float]:
    reply = await labs.get(f"/users/{login}/costs", account=account)
    assert reply.code == 0
    return {cost["country"]: cost["cost"] for cost in reply.data["costs"]}


async def test_costs_are_the_accounts_own_else_its_parents_else_everybodys(labs: Labs402t) -> None:
    child = await labs.add("hija", parent="demo", credit=0)
    for owner, country, rate in ((0, "ES", 70_000), (0, "FR", 60_000), (child.parent_id, "FR", 50_000)):
        await labs.execute("INSERT INTO rates VALUES (?, ?, ?)", owner, country, rate)
    await labs.execute("INSERT INTO rates VALUES (?, 'PT', 12345)", child.id)

    assert [(await costs(labs, "hija"))[country] for country in ("ES", "FR", "PT", "IT")] == [0.07, 0.05, 0.012345, 1.0]
    assert (await costs(labs, "demo"))["PT"] == 1.0


async def test_costs_name_their_currency_and_every_countrys_prefix(labs: Labs402t) -> None:
    data = (await labs.get("/users/demo/costs")).data

    assert (data["login"], data["currency"]) == ("demo", "EUR")
    assert {"prefix": "34", "country": "ES", "cost": 1.0} in data["costs"]
    assert len(data["costs"]) > 200


async def test_a_message_costs_what_the_list_says(labs: Labs402t) -> None:
    child = await labs.add("hija", parent="demo", credit=1)
    await labs.execute("INSERT INTO rates VALUES (?, 'ES', 75000)", child.parent_id)

    await labs.post("/sms/send", {"to": "34600000000", "text": "a"}, account="hija")

    assert (await labs.gateway.balance(child.id)).available == 925_000
    assert (await labs.get("/accounts/hija/balance")).data["balance"] == 0.92


async def test_a_sub_account_has_the_password_it_was_given(labs: Labs402t) -> None:
    await labs.post("/users", USER)

    assert await labs.knows("hija", "la de Ana!")
    assert not await labs.knows("hija", "new_pass")
    ((stored,),) = await labs.select("SELECT password_hash FROM accounts WHERE login = 'hija'")
    assert stored.startswith("$argon2id$")


async def test_a_sub_account_begins_with_its_parents_limits_but_not_with_its_addresses(labs: Labs402t) -> None:
    await labs.change(
        "demo", senders=("Tienda",), country="MX", allowed_addresses=("192.0.2.0/24",), status_url="http://192.0.2.1/"
    )
    await labs.post("/users", USER)

    child = labs.directory.by_login("hija")
    assert child is not None
    assert (child.settings.senders, child.settings.country) == (("Tienda",), "MX")
    assert (child.settings.allowed_addresses, child.settings.status_url) == ((), "")


async def test_a_child_can_spend_the_credit_that_its_parent_gave(labs: Labs402t) -> None:
    made = (await labs.post("/users", USER)).data
    headers = {"authorization": f"Bearer {made['api_key']}"}
    child, parent = labs.directory.by_login("hija"), labs.directory.by_login("demo")
    assert child is not None
    assert parent is not None
    await labs.gateway.transfer(parent.id, child.id, 1_000_000)

    body = {"to": "34600000000", "text": "a"}
    assert [(await labs.post("/sms/send", body, headers=headers)).code for _ in range(2)] == [0, -12]
    assert (await labs.get("/accounts/demo/balance")).data["balance"] == 999.0
    legs = await labs.select(
        "SELECT account_id, microcredits FROM ledger WHERE reason = 'transfer' ORDER BY microcredits"
    )
    assert legs == [(parent.id, -1_000_000), (child.id, 1_000_000)]


async def test_a_parent_changes_its_childs_password_if_it_knows_it(labs: Labs402t) -> None:
    await labs.post("/users", USER)

    change = {"current_password": "la de Ana!", "new_password": "new_pass"}
    assert (await labs.post("/users/HIJA/password", change)).code == 0
    assert await labs.knows("hija", "new_pass")
    ((stored,),) = await labs.select("SELECT password_hash FROM accounts WHERE login = 'hija'")
    assert stored.startswith("$argon2id$")


@pytest.mark.parametrize(
    "wrong",
    [
        {"login": "con espacio"},
        {"login": "dos:puntos"},
        {"login": "ñandú"},
        {"login": "x" * 65},
        {"contact_email": "ana"},
        {"contact_email": "a b@example.com"},
        {"name": "Ana\0"},
        {"password": "\ud83d"},
        {"surname": 5},
    ],
)
async def test_a_malformed_user_is_a_bad_request(labs: Labs402t, wrong: dict[str, Any]) -> None:
    assert (await labs.post("/users", USER | wrong)).code == -30
    assert labs.directory.by_login("hija") is None


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("1", "a password has at least 8 characters"),
        ("x" * 201, "a password has at most 200 characters"),
        ("UnaHijaDeDemo", "a password is not the login"),
        ("Password1", "a password is not one of the commonest"),
    ],
)
async def test_a_forbidden_password_is_refused_with_the_reason(labs: Labs402t, password: str, reason: str) -> None:
    user = USER | {"login": "unahijadedemo"}
    reply = await labs.post("/users", user | {"password": password})
    assert (reply.status, reply.code, reply.data) == (400, -30, {"reason": reason})
    assert labs.directory.by_login("unahijadedemo") is None
    await labs.post("/users", user)
    change = {"current_password": USER["password"], "new_password": password}
    reply = await labs.post("/users/unahijadedemo/password", change)
    assert (reply.status, reply.code, reply.data) == (400, -30, {"reason": reason})
    assert await labs.knows("unahijadedemo", USER["password"])


async def test_the_login_of_a_console_user_is_taken(labs: Labs402t) -> None:
    await labs.execute(
        "INSERT INTO users (id, login, login_key, name, password_hash, role, enabled, totp_step, created_ms)"
        " VALUES (1, 'Admin', 'admin', '', '', 'owner', 1, 0, 0)"
    )
    reply = await labs.post("/users", USER | {"login": "ADMIN"})
    assert (reply.status, reply.code) == (409, -26)
    assert labs.directory.by_login("admin") is None


async def test_a_chain_of_sub_accounts_has_a_maximum_depth(labs: Labs402t) -> None:
    parent = "demo"
    for level in range(DEEPEST):
        await labs.add(f"level{level}", parent=parent)
        parent = f"level{level}"
    reply = await labs.post("/users", USER, account=parent)
    assert (reply.status, reply.code, reply.data) == (400, -30, {"reason": "sub-accounts stand at most 5 levels deep"})
    assert await labs.select("SELECT 1 FROM accounts WHERE login = 'hija'") == []


async def test_sub_accounts_made_too_fast_are_answered_429(labs: Labs402t) -> None:
    caller = labs.directory.by_login("demo")
    assert caller is not None
    while labs.gateway.count_subaccount(caller) is None:
        pass
    reply = await labs.post("/users", USER)
    assert (reply.status, reply.code, reply.headers["retry-after"]) == (429, -30, "1")
    labs.clock.ahead_seconds += 1.0
    assert (await labs.post("/users", USER)).code == 0
