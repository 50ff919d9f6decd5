"""Telephone numbers: reading what customers write, the country a number belongs to, and hiding it in logs.

A number is E.164 without the plus (ITU-T E.164 section 6). Whether it exists or may be written to is not
judged here. The vendors' rules differ a little, so what differs is an argument: each dialect states its own.
"""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NewType

from palomar.domain.number_prefixes import PREFIXES_BY_COUNTRY

Msisdn = NewType("Msisdn", str)
"""An international number: 8 to 15 ASCII digits, country code first, no plus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeForm:
    """One way to dial a number inside its country: what `pattern` matches whole gets `calling_code`.

    The pattern's only group is the national number that is kept.
    """

    pattern: re.Pattern[str]
    calling_code: str


SEPARATORS: Final = " -./()"
"""What people write between digits (402T Labs' list; SOFMEX's lacks the slash)."""

HOME_FORMS: Final = MappingProxyType(
    {
        "ES": (HomeForm(pattern=re.compile("([67][0-9]{8})"), calling_code="34"),),
        "MX": (
            HomeForm(pattern=re.compile("([1-9][0-9]{9})"), calling_code="52"),
            HomeForm(pattern=re.compile("521([0-9]{10})"), calling_code="52"),
        ),
    }
)
"""By ISO code, as the sheets of 402T Labs and SOFMEX have them: Spanish mobiles; Mexico's ten digits, and the
`1` that Mexico put before mobiles until 2019."""


def parse_international(raw: str, *, separators: str = SEPARATORS) -> Msisdn | None:
    """Read a number that has its country code, with or without `+` or `00` before it; None if it is none."""
    match = _INTERNATIONAL(_without(separators, raw))
    return Msisdn(match[1]) if match else None


def to_international(raw: str, home_forms: tuple[HomeForm, ...], *, separators: str = SEPARATORS) -> Msisdn | None:
    """Read a number as somebody at home writes it; None if it is none.

    With `+` or `00` it is international. Else it is one of `home_forms` (of `HOME_FORMS`, usually), or, with
    11 to 15 digits and no leading 0, international already.
    """
    digits = _without(separators, raw)
    if match := _MARKED(digits):
        return Msisdn(match[1])
    for form in home_forms:
        if match := form.pattern.fullmatch(digits):
            return Msisdn(form.calling_code + match[1])
    return Msisdn(digits) if _LONG(digits) else None


def plain_address(raw: str) -> str:
    """An address as we keep it: no separators, and no `+` or `00` before an international number; short codes and
    names stay as they are."""
    digits = _without(SEPARATORS, raw).removeprefix("+")
    return digits.removeprefix("00") if digits.isascii() and digits.isdigit() else digits


def country_of(number: str) -> str | None:
    """Give the ISO 3166 code of the number's country by its longest known prefix.

    None for codes that no country has (satellite phones, +800 and such).
    """
    for length in _LENGTHS_BY_START.get(number[:2], _PREFIX_LENGTHS):
        country = _COUNTRY_BY_PREFIX.get(number[:length])
        if country is not None:
            return country
    return None


def masked(number: str) -> str:
    """Write a number, or whatever was given for one, as logs may have it: `3460*****62`."""
    shown_first, shown_last = (4, 2) if len(number) > 8 else (2, 0)
    hidden = len(number) - shown_first - shown_last
    if hidden <= 0:
        return "*" * len(number)
    return number[:shown_first] + "*" * hidden + number[len(number) - shown_last :]


_INTERNATIONAL: Final = re.compile("(?:[+]|00)?([1-9][0-9]{7,14})").fullmatch
_MARKED: Final = re.compile("(?:[+]|00)([1-9][0-9]{7,14})").fullmatch
_LONG: Final = re.compile("[1-9][0-9]{10,14}").fullmatch

_COUNTRY_BY_PREFIX: Final = {
    prefix: country for country, prefixes in PREFIXES_BY_COUNTRY.items() for prefix in prefixes.split()
}
_PREFIX_LENGTHS: Final = sorted({len(prefix) for prefix in _COUNTRY_BY_PREFIX}, reverse=True)


def _lengths_by_start() -> dict[str, list[int]]:
    """Of the prefixes that share their first two digits, the lengths they have, the longest first."""
    lengths: dict[str, set[int]] = {}
    for prefix in _COUNTRY_BY_PREFIX:
        starts = [prefix[:2]] if len(prefix) > 1 else [prefix + digit for digit in "0123456789"]
        for start in starts:
            lengths.setdefault(start, set()).add(len(prefix))
    return {start: sorted(some, reverse=True) for start, some in lengths.items()}


_LENGTHS_BY_START: Final = _lengths_by_start()


def _without(separators: str, raw: str) -> str:
    if raw.isalnum():
        return raw
    for separator in separators:
        raw = raw.replace(separator, "")
    return raw
