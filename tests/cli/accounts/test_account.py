import pytest
from tests.support.server import Palomar

from palomar.dialects import ACCOUNT_SETTINGS


def test_an_account_is_made_with_a_password_a_key_and_its_credit(palomar: Palomar) -> None:
    made = palomar.json("account", "add", "acme", "--credits", "12.5", "--name", "Acme S.L.")

    assert made["login"] == "acme"
    assert made["credits"] == 12.5
    assert len(made["password"]) == 20
    assert len(made["api_key"]) == 32
    (listed,) = palomar.json("account", "list")
    assert (listed["login"], listed["credits"], listed["reserved"], listed["name"]) == ("acme", 12.5, 0, "Acme S.L.")
    assert listed["enabled"] is True


def test_a_given_password_is_used(palomar: Palomar) -> None:
    assert palomar.json("account", "add", "acme", "--password", "hunter2!")["password"] == "hunter2!"


def test_a_forbidden_password_is_refused_by_every_command_that_sets_one(acme: Palomar) -> None:
    acme.command("user", "add", "marta")
    for password, complaint in (("1", "at least 8"), ("Password1", "one of the commonest"), ("x" * 201, "at most 200")):
        for command in (("account", "add", "beta"), ("account", "add", "beta", "--parent", "acme")):
            assert complaint in acme.command(*command, "--password", password, code=2).stderr
        for command in (("account", "password", "acme"), ("user", "add", "juan"), ("user", "reset", "marta")):
            assert complaint in acme.command(*command, "--password", password, code=2).stderr
    for command in (("account", "add", "betabetabeta"), ("user", "add", "betabetabeta")):
        assert "not the login" in acme.command(*command, "--password", "BetaBetaBeta", code=2).stderr
    assert [one["login"] for one in acme.json("account", "list")] == ["acme"]


def test_an_account_cannot_have_the_login_of_a_user(palomar: Palomar) -> None:
    palomar.command("user", "add", "marta")
    assert "already an account or a user" in palomar.command("account", "add", "Marta", code=1).stderr
    assert palomar.json("account", "list") == []


def test_secrets_are_shown_once_only(palomar: Palomar) -> None:
    made = palomar.json("account", "add", "acme")

    shown = palomar.command("account", "show", "acme", "--json").stdout + palomar.command("key", "list", "acme").stdout

    assert made["api_key"] not in shown
    assert made["password"] not in shown
    assert made["api_key"][:6] in shown


def test_a_login_that_is_taken_in_any_case_is_refused(acme: Palomar) -> None:
    refused = acme.command("account", "add", "ACME", code=1)
    assert refused.stderr == "palomar: there is already an account or a user 'ACME'\n"


@pytest.mark.parametrize("login", ["", " ", "two words", "colon:ed"])
def test_a_login_with_a_colon_or_a_space_is_refused(palomar: Palomar, login: str) -> None:
    refused = palomar.command("account", "add", login, code=2)
    assert "a login has no spaces, no colon and is not empty" in refused.stderr


@pytest.mark.parametrize("amount", ["ten", "1.0000001", "NaN", "1e3", ""])
def test_credit_that_is_not_a_number_is_refused(acme: Palomar, amount: str) -> None:
    assert "credits are a decimal number" in acme.command("account", "credit", "acme", amount, code=2).stderr


def test_credit_is_added_and_taken_out_but_never_below_zero(acme: Palomar) -> None:
    assert acme.json("account", "credit", "acme", "0.25") == {"login": "acme", "credits": 100.25}
    assert acme.command("account", "credit", "acme", "--", "-100").stdout == "acme has 0.25 credits now.\n"
    assert "has less than that" in acme.command("account", "credit", "acme", "--", "-1", code=1).stderr
    acme.audit()


def test_settings_are_shown_as_they_were_set(acme: Palomar) -> None:
    acme.command("account", "set", "acme", "requests_per_second=50", "fold_accents=on", "allowed_addresses=10.0.0.0/8")

    settings = acme.json("account", "show", "acme")["settings"]

    assert settings["requests_per_second"] == 50
    assert settings["fold_accents"] is True
    assert settings["allowed_addresses"] == ["10.0.0.0/8"]
    assert set(settings) == {name for name, _, _ in ACCOUNT_SETTINGS.rows()}


def test_an_account_is_switched_off_and_renamed(acme: Palomar) -> None:
    acme.command("account", "set", "acme", "enabled=off", "may_send=no", "name=Late payer")

    shown = acme.json("account", "show", "acme")

    assert (shown["enabled"], shown["may_send"], shown["name"]) == (False, False, "Late payer")


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("colour=red", "there is no setting 'colour'"),
        ("dialects=foxsys,telegraph", "dialects are some of foxsys, convergia, sofmex, labs402t, not"),
        ("requests_per_second=many", "requests_per_second is a whole number"),
        ("requests_per_second=-1", "requests_per_second is from 0"),
        ("fold_accents=perhaps", "fold_accents is on or off"),
        ("unknown_outcome=forget", "unknown_outcome is one of resend, hold"),
        ("business_error_status=500", "business_error_status is 200 or 400"),
        ("allowed_addresses=here", "allowed_addresses: 'here'"),
        ("ackurl=ftp://example.com", "ackurl is an http or https URL"),
        ("enabled=maybe", "enabled is on or off"),
        ("no-equals-sign", "NAME=VALUE is expected"),
    ],
)
def test_a_bad_setting_is_refused_and_changes_nothing(acme: Palomar, assignment: str, expected: str) -> None:
    before = acme.json("account", "show", "acme")

    refused = acme.command("account", "set", "acme", "max_parts=3", assignment, code=2)

    assert expected in refused.stderr
    assert acme.json("account", "show", "acme") == before


def test_a_key_is_added_and_revoked_once(acme: Palomar) -> None:
    added = acme.json("key", "add", "acme", "--name", "second")

    assert [key["name"] for key in acme.json("key", "list", "acme")] == ["first", "second"]
    acme.command("key", "revoke", "acme", str(added["id"]))
    assert [bool(key["revoked"]) for key in acme.json("key", "list", "acme")] == [False, True]
    assert "has no live key" in acme.command("key", "revoke", "acme", str(added["id"]), code=1).stderr


@pytest.mark.parametrize(
    "command",
    [
        ("account", "show", "nobody"),
        ("account", "credit", "nobody", "1"),
        ("account", "set", "nobody", "enabled=on"),
        ("key", "add", "nobody"),
        ("key", "list", "nobody"),
        ("key", "revoke", "nobody", "1"),
        ("message", "send", "--account", "nobody", "--to", "34600000000", "--text", "hi"),
        ("message", "list", "--account", "nobody"),
    ],
    ids=" ".join,
)
def test_an_unknown_account_is_named_in_the_error(acme: Palomar, command: tuple[str, ...]) -> None:
    refused = acme.command(*command, code=1)
    assert refused.stderr == "palomar: there is no account 'nobody' (palomar account list)\n"
