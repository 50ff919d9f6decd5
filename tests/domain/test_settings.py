import pytest

from palomar.domain.account import AccountSettings
from palomar.domain.settings import SettingError, read_settings, setting_names, settings_text, value_text, with_setting


def test_a_list_of_senders_is_set_stored_and_read_again() -> None:
    changed = with_setting(AccountSettings(), "senders", "402TLabs, Tienda ,34600000000")

    assert changed.senders == ("402TLabs", "Tienda", "34600000000")
    assert read_settings(settings_text(changed)) == changed
    assert value_text(changed.senders) == "402TLabs,Tienda,34600000000"
    assert with_setting(changed, "senders", "").senders == ()


@pytest.mark.parametrize("senders", ["dos palabras", "Ñandú", "DoceLetrasNo", "12345678901234567"])
def test_what_is_no_sender_is_not_taken_into_the_list(senders: str) -> None:
    with pytest.raises(SettingError, match="senders: "):
        with_setting(AccountSettings(), "senders", f"Bien,{senders}")


def test_an_account_has_a_country_or_the_platforms() -> None:
    changed = with_setting(AccountSettings(), "country", "MX")

    assert read_settings(settings_text(changed)).country == "MX"
    assert with_setting(changed, "country", "").country == ""
    for unknown in ("mx", "XX", "Mexico"):
        with pytest.raises(SettingError, match="ISO 3166"):
            with_setting(changed, "country", unknown)


def test_an_account_is_reachable_through_every_dialect_until_it_is_limited_to_some() -> None:
    assert AccountSettings().speaks("convergia")
    limited = with_setting(AccountSettings(), "dialects", "foxsys, sofmex")

    assert [limited.speaks(dialect) for dialect in ("foxsys", "sofmex", "convergia")] == [True, True, False]
    assert read_settings(settings_text(limited)) == limited


def test_only_what_was_chosen_is_stored() -> None:
    assert settings_text(AccountSettings()) == "{}"
    assert settings_text(with_setting(AccountSettings(), "country", "ES")) == '{"country": "ES"}'


def test_what_a_newer_version_stored_is_left_out() -> None:
    assert read_settings('{"of_the_future": 1, "country": "ES"}') == AccountSettings(country="ES")


@pytest.mark.parametrize("name", [name for name, _, _ in setting_names()])
def test_every_setting_has_a_default_that_can_be_typed_and_says_what_it_does(name: str) -> None:
    ((_, default, words),) = [found for found in setting_names() if found[0] == name]

    assert with_setting(AccountSettings(), name, default) == AccountSettings()
    assert len(words) > 10
