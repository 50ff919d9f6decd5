from dataclasses import dataclass
from typing import Literal

import pytest

from palomar.accounts.settings import (
    Catalog,
    SettingError,
    read_dialect_settings,
    read_settings,
    settings_text,
    value_text,
)
from palomar.vocabulary.account import AccountSettings, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Fifth:
    """The settings of an account in a dialect that does not exist."""

    fifth_flag: bool = setting(False, "does something")
    fifth_most: int = setting(3, "so many at most", limits=(0, 10))
    words: tuple[str, ...] = setting((), "some words of it", name="fifth_words")
    mode: Literal["loud", "quiet"] = setting("loud", "how it does so")


CATALOG = Catalog((Fifth,))


def test_a_list_of_senders_is_set_stored_and_read_again() -> None:
    changed = CATALOG.changed(AccountSettings(), "senders", "402TLabs, Tienda ,34600000000")

    assert changed.senders == ("402TLabs", "Tienda", "34600000000")
    assert read_settings(settings_text(changed)) == changed
    assert value_text(changed.senders) == "402TLabs,Tienda,34600000000"
    assert CATALOG.changed(changed, "senders", "").senders == ()


@pytest.mark.parametrize("senders", ["dos palabras", "Ñandú", "DoceLetrasNo", "12345678901234567"])
def test_a_list_of_senders_takes_only_valid_senders(senders: str) -> None:
    with pytest.raises(SettingError, match="senders: "):
        CATALOG.changed(AccountSettings(), "senders", f"Bien,{senders}")


def test_an_account_without_a_country_has_the_platforms() -> None:
    changed = CATALOG.changed(AccountSettings(), "country", "MX")

    assert read_settings(settings_text(changed)).country == "MX"
    assert CATALOG.changed(changed, "country", "").country == ""
    for unknown in ("mx", "XX", "Mexico"):
        with pytest.raises(SettingError, match="ISO 3166"):
            CATALOG.changed(changed, "country", unknown)


def test_an_account_is_reachable_through_every_dialect_until_it_is_limited_to_some() -> None:
    assert AccountSettings().allows_dialect("convergia")
    limited = CATALOG.changed(AccountSettings(), "dialects", "foxsys, sofmex")

    assert [limited.allows_dialect(dialect) for dialect in ("foxsys", "sofmex", "convergia")] == [True, True, False]
    assert read_settings(settings_text(limited)) == limited


def test_only_values_that_differ_from_the_default_are_stored() -> None:
    assert settings_text(AccountSettings()) == "{}"
    assert settings_text(CATALOG.changed(AccountSettings(), "country", "ES")) == '{"country": "ES"}'


def test_a_change_keeps_settings_that_a_newer_version_or_a_dialect_stored() -> None:
    read = read_settings('{"of_the_future": 1, "country": "ES"}')

    assert CATALOG.values(read) == CATALOG.values(AccountSettings(country="ES"))
    assert settings_text(CATALOG.changed(read, "country", "MX")) == '{"country": "MX", "of_the_future": 1}'


def test_a_dialect_declares_settings_of_its_own() -> None:
    assert read_dialect_settings(AccountSettings(), Fifth) == Fifth()
    changed = CATALOG.changed(CATALOG.changed(AccountSettings(), "fifth_flag", "on"), "fifth_words", "a, b")
    changed = CATALOG.changed(changed, "mode", "quiet")

    assert read_dialect_settings(changed, Fifth) == Fifth(fifth_flag=True, words=("a", "b"), mode="quiet")
    read = read_settings(settings_text(changed))
    assert read_dialect_settings(read, Fifth) == read_dialect_settings(changed, Fifth)
    assert CATALOG.values(read)["fifth_words"] == ("a", "b")
    assert settings_text(CATALOG.changed(CATALOG.changed(read, "fifth_flag", "off"), "mode", "loud")) == (
        '{"fifth_words": ["a", "b"]}'
    )
    for text, words in (("fifth_most=11", "is from 0 to 10"), ("mode=odd", "is loud or quiet"), ("fifth_flag=5", "on")):
        name, _, value = text.partition("=")
        with pytest.raises(SettingError, match=words):
            CATALOG.changed(read, name, value)


def test_no_two_settings_have_the_same_name() -> None:
    with pytest.raises(ValueError, match="fifth_flag"):
        Catalog((Fifth, Fifth))


def test_a_setting_can_be_named_as_customers_know_it_or_as_the_core_does() -> None:
    typed = CATALOG.changed(AccountSettings(), "ackurl", "http://x.example/")

    assert typed == CATALOG.changed(AccountSettings(), "status_url", "http://x.example/")
    assert typed.status_url == "http://x.example/"
    assert settings_text(typed) == '{"ackurl": "http://x.example/"}'


@pytest.mark.parametrize("name", [name for name, _, _ in CATALOG.rows()])
def test_every_setting_has_a_default_that_can_be_typed_and_says_what_it_does(name: str) -> None:
    ((_, default, words),) = [found for found in CATALOG.rows() if found[0] == name]

    assert CATALOG.changed(AccountSettings(), name, default) == AccountSettings()
    assert len(words) > 10
