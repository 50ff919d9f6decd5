"""Templates: ``{name}`` in a text."""

from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.template import expand, is_name

TEMPLATES = {"bye": "See you, {name}", "shop": "Acme", "a-b_1": "x"}


def test_known_names_are_replaced_and_unknown_ones_stay() -> None:
    assert expand("{shop}: hello {you}. {a-b_1}", TEMPLATES) == "Acme: hello {you}. x"
    assert expand("{ shop} {shop {} {{shop}}", TEMPLATES) == "{ shop} {shop {} {Acme}"


def test_braces_within_a_template_are_not_replaced() -> None:
    assert expand("{bye}", {**TEMPLATES, "name": "Ana"}) == "See you, {name}"


def test_a_short_text_never_becomes_a_huge_one() -> None:
    assert len(expand("{bye}" * 1_000_000, {"bye": "x" * 2_000})) < 6_000_000


def test_an_account_without_templates_sends_its_text_unchanged() -> None:
    account = Account(id=AccountId(1), login="a")
    assert account.expand_templates("{shop}") == "{shop}"
    assert len({account}) == 1, "accounts are told apart by what is hashable of them"


def test_valid_names_of_templates() -> None:
    assert is_name("a-b_1")
    assert not is_name("")
    assert not is_name("a b")
    assert not is_name("x" * 41)
