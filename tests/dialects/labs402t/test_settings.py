import pytest

from palomar.dialects.labs402t.settings import Labs402tSettings


def test_the_defaults_are_the_sheets() -> None:
    settings = Labs402tSettings()

    assert (settings.http_status, settings.timezone, settings.currency) == ("rest", "Europe/Madrid", "EUR")
    assert str(settings.zone) == "Europe/Madrid"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "Europe/Nowhere"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("currency", "euro"),
        ("currency", "€"),
        ("country", "es"),
        ("country", "XX"),
        ("sender", "dos palabras"),
    ],
)
def test_a_bad_setting_is_refused_with_its_name(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        Labs402tSettings(**{name: value})  # type: ignore[arg-type]
