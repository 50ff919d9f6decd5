"""Sub-accounts as an operator makes them, pays them and looks at them."""

import pytest
from tests.support.server import Palomar


@pytest.fixture
def family(acme: Palomar) -> Palomar:
    """Make ``acme`` with a sub-account ``shop`` that has 30 of its 100 credits, a sub-account ``till`` of that, and an
    unrelated account."""
    acme.command("account", "add", "shop", "--parent", "ACME", "--credits", "30")
    acme.command("account", "add", "till", "--parent", "shop")
    acme.command("account", "add", "stranger")
    return acme


def credits_of(palomar: Palomar) -> dict[str, float]:
    return {view["login"]: view["credits"] for view in palomar.json("account", "list")}


def test_a_sub_accounts_first_credit_comes_from_its_parent(family: Palomar) -> None:
    assert credits_of(family) == {"acme": 70, "shop": 30, "till": 0, "stranger": 0}
    family.audit()


def test_a_parent_cannot_give_more_credit_than_it_has(family: Palomar) -> None:
    refused = family.command("account", "add", "kiosk", "--parent", "till", "--credits", "1", code=1)

    assert "till has less than 1 credits" in refused.stderr
    assert "kiosk" not in credits_of(family)


def test_credit_moves_between_accounts_and_none_is_made(family: Palomar) -> None:
    assert family.json("account", "transfer", "shop", "till", "10.5") == {"login": "shop", "credits": 19.5}
    assert "shop has less than that" in family.command("account", "transfer", "shop", "till", "20", code=1).stderr
    assert credits_of(family) == {"acme": 70, "shop": 19.5, "till": 10.5, "stranger": 0}
    family.audit()


@pytest.mark.parametrize("amount", ["0", "-1", "ten"])
def test_a_transfer_of_nothing_is_refused(family: Palomar, amount: str) -> None:
    family.command("account", "transfer", "shop", "till", "--", amount, code=2)


def test_the_list_shows_each_parent_and_can_be_limited_to_one_family(family: Palomar) -> None:
    views = family.json("account", "list", "--below", "Shop")

    assert [(view["login"], view["parent"]) for view in views] == [("shop", "acme"), ("till", "shop")]
    assert family.json("account", "show", "till")["parent"] == "shop"
    heading, first, *_ = family.command("account", "list").stdout.splitlines()
    assert heading.split() == ["login", "parent", "credits", "reserved", "enabled", "name"]
    assert first.split()[0] == "acme"


def test_a_list_below_an_unknown_account_is_refused(family: Palomar) -> None:
    assert "there is no account 'nobody'" in family.command("account", "list", "--below", "nobody", code=1).stderr


def test_a_password_is_changed_and_shown_once(acme: Palomar) -> None:
    changed = acme.json("account", "password", "acme", "--password", "new_pass")
    assert (changed["login"], changed["password"]) == ("acme", "new_pass")
    made = acme.json("account", "password", "acme")["password"]
    assert len(made) == 20
    assert made not in acme.command("account", "show", "acme").stdout


def test_a_password_change_lists_the_tokens_made_by_name_and_offers_to_revoke_them(acme: Palomar) -> None:
    acme.command("token", "add", "acme", "--name", "Mi Token")
    output = acme.command("account", "password", "acme").stdout
    assert "Mi Token" in output
    assert "palomar token revoke acme ID" in output
    (view,) = acme.json("account", "password", "acme")["tokens"]
    assert (view["name"], view["revoked"]) == ("Mi Token", "")
    assert "have ended" in acme.command("account", "password", "acme", "--end-tokens").stdout
    assert acme.json("account", "password", "acme")["tokens"] == []
    assert [one["revoked"] != "" for one in acme.json("token", "list", "acme")] == [True]
