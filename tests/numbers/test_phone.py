"""Numbers as customers write them, and the country table against the package it was made from."""

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from palomar.numbers.phone import country_of, mask_number, national_formats, parse_international, to_international
from palomar.numbers.prefixes import PREFIXES_BY_COUNTRY

KINDS = ["fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number", "uan"]


@pytest.mark.parametrize(
    ("raw", "msisdn"),
    [
        ("34600000062", "34600000062"),
        ("+34600000062", "34600000062"),
        ("0034600000062", "34600000062"),
        ("+34 600 00-00.62", "34600000062"),
        (" (34) 600/000/062 ", "34600000062"),
        ("49 30 12345678901", "493012345678901"),
        ("5212221234567", "5212221234567"),
        ("+39 (0)6 1234 5678", "390612345678"),
        ("+225 07 12 34 56 78", "2250712345678"),
        ("\u202a+34\u00a0600\u202f000\u2007062\u202c", "34600000062"),
        ("\u200e+34\u2066600\u2069\u200b0\u200c0\u200d0\u00ad062\ufeff", "34600000062"),
        ("\t34600000062\r\n", "34600000062"),
        ("+34\u2013600\u2010000\u2212062", "34600000062"),
    ],
)
def test_an_international_number_is_read_in_any_usual_writing(raw: str, msisdn: str) -> None:
    assert parse_international(raw) == msisdn


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "+",
        "1234567",
        "1234567890123456",
        "034600000062",
        "+034600000062",
        "000346000000",
        "++34600000062",
        "34+600000062",
        "34600000062\0",
        "3460000x062",
        "٣٤٦٠٠٠٠٠٠٦٢",
        "\uff13\uff1460000006",
        "34600000²62",
        "34_600000062",
        "34600000062,34600000063",
        "tel:+34600000062",
        "+34600000062 ext. 5",
        "+34600000062x5",
        "+34 +34600000062",
        "01134600000062",
        "++ 34600000062",
        "\uff0b34600000062",
    ],
)
def test_anything_else_is_not_an_international_number(raw: str) -> None:
    assert parse_international(raw) is None
    assert to_international(raw, ()) is None


@given(st.text() | st.from_regex("[+0]{0,3}[ ()0-9./-]{0,20}"), st.sampled_from(["ES", "MX", "FR"]))
def test_the_result_is_8_to_15_digits_or_none(raw: str, country: str) -> None:
    for number in (parse_international(raw), to_international(raw, national_formats(country))):
        assert number is None or (number.isascii() and number.isdecimal() and 8 <= len(number) <= 15)
        assert number is None or parse_international(number) == number


@pytest.mark.parametrize(
    ("raw", "home", "msisdn"),
    [
        ("600000062", "ES", "34600000062"),
        ("700 000 062", "ES", "34700000062"),
        ("910000062", "ES", None),  # a landline receives no SMS
        ("34600000062", "ES", "34600000062"),
        ("+34910000062", "ES", "34910000062"),
        ("5512345678", "MX", "525512345678"),
        ("(55) 1234-5678", "MX", "525512345678"),
        ("0512345678", "MX", None),
        ("525512345678", "MX", "525512345678"),
        ("5215512345678", "MX", "525512345678"),
        ("+5215512345678", "MX", "5215512345678"),
        ("005215512345678", "MX", "5215512345678"),
        ("5215512345678", "ES", "5215512345678"),
        ("5512345678", "ES", None),
        ("34600000062", "MX", "34600000062"),
        ("+12015550123", "MX", "12015550123"),
        ("0012015550123", "ES", "12015550123"),
        ("1201555012", "FR", None),
        ("0612345678", "FR", "33612345678"),
        ("6 12 34 56 78", "FR", "33612345678"),
        ("33612345678", "FR", "33612345678"),
        ("89161234567", "RU", "79161234567"),
        ("79161234567", "RU", "79161234567"),
        ("11987654321", "BR", "5511987654321"),
        ("5511987654321", "BR", "5511987654321"),
        ("3001234567", "CO", "573001234567"),
        ("3331234567", "IT", "393331234567"),
        ("0712345678", "CI", "2250712345678"),
        ("07911123456", "", None),
        ("07911123456", "XX", None),
        ("12015550123", "FR", "12015550123"),
        ("1234567890123456", "MX", None),
    ],
)
def test_a_number_in_its_national_format_becomes_international(raw: str, home: str, msisdn: str | None) -> None:
    assert to_international(raw, national_formats(home)) == msisdn


@pytest.mark.parametrize(
    "raw",
    [
        "612345678",  # a Spanish mobile without its country: +61 is Australia
        "5512345678",  # a Mexican one: +55 is Brazil
        "600000062",
        "3460000006",
        "346000000620",
        "12345678",
        "123456789012345",
        "2101234567",
        "89161234567",
        "99912345678",
        "+34(0)600000062",
        "+34 0 600 000 062",
        "0034 0600000062",
        "340600000062",
        "+44(0)7911123456",
        "+81(0)312345678",
        "+52 0 55 1234 5678",
        "+7 8 916 123 45 67",
        "+52155123456",
        "520123456789",
    ],
)
def test_a_length_or_beginning_that_no_country_has_is_not_a_number(raw: str) -> None:
    assert parse_international(raw) is None


@pytest.mark.parametrize(
    "raw",
    [
        "34609033162",
        "12015550123",
        "5212221234567",
        "13098212823",
        "447400826129",
        "34600000000",
        "34600000001",
        "34600000002",
    ],
)
def test_every_number_that_the_vendors_pages_print_is_read(raw: str) -> None:
    """FOXSYS's and 402T Labs' own; CONVERGIA's (`520123456789`) is its dialect's, and SOFMEX prints none."""
    assert parse_international(raw) == raw


@pytest.mark.parametrize("kind", ["mobile", "fixed_line", "voip", "personal_number"])
def test_the_packages_own_example_of_every_country_is_read(kind: str) -> None:
    numbers = [number for number in example_numbers([kind], list(COUNTRY_CODE_TO_REGION_CODE)) if len(number) >= 8]
    assert len(numbers) > 20
    assert [number for number in numbers if parse_international(number) is None] == []


@pytest.mark.parametrize("number", ["34699999999", "34799999999", "529999999999", "5599999999999", "573999999999"])
def test_numbers_of_ranges_that_are_not_in_use_yet_are_read(number: str) -> None:
    assert parse_international(number) == number


@pytest.mark.parametrize("raw", ["345901234567890", "337001234567890", "47591234567890", "45371234567890"])
def test_numbers_of_machines_may_be_longer_than_those_of_telephones(raw: str) -> None:
    assert parse_international(raw) == raw
    assert parse_international(raw[:2] + "8" + raw[3:]) is None


def test_the_separators_are_an_argument() -> None:
    assert to_international("55/1234/5678", national_formats("MX"), separators=" -.()") is None
    assert to_international("55.1234-5678", national_formats("MX"), separators=" -.()") == "525512345678"


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("34600000062", "ES"),
        ("525512345678", "MX"),
        ("12015550123", "US"),
        ("14165550123", "CA"),
        ("18095550123", "DO"),
        ("17875550123", "PR"),
        ("447911123456", "GG"),
        ("447400123456", "GB"),
        ("77012345678", "KZ"),
        ("79012345678", "RU"),
        ("390669812345", "VA"),
        ("393123456789", "IT"),
        ("870773111632", None),
        ("80012345678", None),
        ("99912345678", None),
        ("1", "US"),
        ("1?", "US"),
        ("3", None),
        ("", None),
    ],
)
def test_a_number_belongs_to_the_country_of_its_longest_prefix(number: str, country: str | None) -> None:
    assert country_of(number) == country


def country_by_the_package(number: str) -> str | None:
    return phonenumbers.region_code_for_number(phonenumbers.parse(f"+{number}"))


def example_numbers(kinds: list[str], codes: list[int]) -> list[str]:
    """Take the package's own example of each kind of number of each country below the calling codes."""
    numbers = []
    for code in codes:
        for region in COUNTRY_CODE_TO_REGION_CODE[code]:
            metadata = PhoneMetadata.metadata_for_region(region)
            descriptions = [getattr(metadata, kind) for kind in kinds] if metadata else []
            numbers += [f"{code}{kind.example_number}" for kind in descriptions if kind and kind.example_number]
    return numbers


def random_neighbours(numbers: list[str], *, count: int) -> list[str]:
    """Draw numbers that begin as one of `numbers` does and go on otherwise."""
    chance = random.Random(20260101)
    drawn = []
    for number in chance.choices(numbers, k=count):
        kept = chance.randrange(4, len(number))
        drawn.append(number[:kept] + "".join(chance.choices("0123456789", k=len(number) - kept)))
    return drawn


SHARED_CODES = [code for code, regions in COUNTRY_CODE_TO_REGION_CODE.items() if len(regions) > 1]
EXAMPLES = example_numbers(KINDS, list(COUNTRY_CODE_TO_REGION_CODE))
NEIGHBOURS = random_neighbours(example_numbers(["mobile", "fixed_line"], SHARED_CODES), count=2000)


@pytest.mark.parametrize("numbers", [EXAMPLES, NEIGHBOURS], ids=["examples", "neighbours of shared codes"])
def test_the_table_agrees_with_the_package_on_at_least_998_of_1000(numbers: list[str]) -> None:
    judged = [(number, country) for number in numbers if (country := country_by_the_package(number))]
    assert len(judged) > 500
    different = [(number, country) for number, country in judged if country_of(number) != country]
    assert len(different) <= 0.002 * len(judged), different


def test_every_country_of_the_package_but_western_sahara_has_a_prefix() -> None:
    # The package answers Morocco for every number of +212.
    assert set(phonenumbers.SUPPORTED_REGIONS) - set(PREFIXES_BY_COUNTRY) == {"EH"}


def test_no_prefix_belongs_to_two_countries() -> None:
    prefixes = [prefix for prefixes in PREFIXES_BY_COUNTRY.values() for prefix in prefixes.split()]
    assert len(prefixes) == len(set(prefixes))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("34600000062", "3460*****62"),
        ("525512345678", "5255******78"),
        ("12345678", "12******"),
        ("123", "12*"),
        ("12", "**"),
        ("", ""),
    ],
)
def test_logs_never_show_a_whole_number(number: str, shown: str) -> None:
    assert mask_number(number) == shown
