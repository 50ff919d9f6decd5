"""The table of countries, against the packages that it was made from and the table of prefixes."""

import pytest

from palomar.numbers.countries import COUNTRIES, Country
from palomar.numbers.prefixes import PREFIXES_BY_COUNTRY


@pytest.mark.parametrize(
    ("iso", "name", "calling_code"),
    [
        ("FR", "France", "33"),
        ("ES", "Spain", "34"),
        ("CL", "Chile", "56"),
        ("MX", "Mexico", "52"),
        ("US", "United States", "1"),
        ("CA", "Canada", "1"),
        ("KZ", "Kazakhstan", "7"),
        ("CI", "Côte d’Ivoire", "225"),
    ],
)
def test_a_country_has_its_name_and_calling_code(iso: str, name: str, calling_code: str) -> None:
    assert COUNTRIES[iso] == Country(iso=iso, name=name, calling_code=calling_code)


def test_every_country_that_a_number_can_belong_to_is_listed_with_the_code_its_numbers_begin_with() -> None:
    assert set(PREFIXES_BY_COUNTRY) <= set(COUNTRIES)
    for iso, prefixes in PREFIXES_BY_COUNTRY.items():
        assert all(prefix.startswith(COUNTRIES[iso].calling_code) for prefix in prefixes.split())


def test_codes_are_in_order_and_no_field_is_empty() -> None:
    assert list(COUNTRIES) == sorted(COUNTRIES)
    assert all(country.name and country.calling_code.isdecimal() for country in COUNTRIES.values())
    assert all(iso == country.iso for iso, country in COUNTRIES.items())
