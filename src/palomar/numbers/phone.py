"""Telephone numbers: reading what customers write, finding a number's country, and hiding numbers in logs.

A number is E.164 without the plus (ITU-T E.164 section 6), and as long as numbers of its country can be. Whether it
exists is not checked: new ranges open every month. The vendors' rules differ a little; what differs is an argument, so
each dialect states its own.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final, NewType

from palomar.numbers.lengths import CODES_WITH_ZERO, LENGTHS_BY_BEGINNING, LENGTHS_BY_CODE, NATIONAL_NUMBERS
from palomar.numbers.prefixes import PREFIXES_BY_COUNTRY

Msisdn = NewType("Msisdn", str)
"""An international number: 8 to 15 ASCII digits, country code first, no plus."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalFormat:
    """One way to dial a number inside its country: a number that `pattern` matches whole gets `calling_code` before it.

    The pattern has one group: the national number that is kept.
    """

    pattern: re.Pattern[str]
    calling_code: str


SEPARATORS: Final = " -./()"
"""The separators that people write between digits, as the vendors list them (one list lacks the slash)."""

NATIONAL_FORMATS: Final = MappingProxyType(
    {
        "ES": (NationalFormat(pattern=re.compile("([67][0-9]{8})"), calling_code="34"),),
        "MX": (
            NationalFormat(pattern=re.compile("([1-9][0-9]{9})"), calling_code="52"),
            NationalFormat(pattern=re.compile("521([0-9]{10})"), calling_code="52"),
        ),
    }
)
"""By ISO code, as in the vendors' documents: Spanish mobiles; Mexico's ten digits, and the `1` that Mexico put
before mobiles until 2019."""


@cache
def national_formats(country: str) -> tuple[NationalFormat, ...]:
    """List the ways to dial a number inside a country, by its ISO code; none for an empty or unknown one.

    For countries that are not in `NATIONAL_FORMATS`: as many digits as a mobile has there, with or without the prefix
    that is dialed before it (mostly a 0), unless this is an international number of that country already.
    """
    if country in NATIONAL_FORMATS:
        return NATIONAL_FORMATS[country]
    if country not in NATIONAL_NUMBERS:
        return ()
    code, trunk, lengths = NATIONAL_NUMBERS[country]
    first = "[0-9]" if code in _ZERO_AFTER_CODE else "[1-9]"
    mobiles = "|".join(f"{first}[0-9]{{{int(length) - 1}}}" for length in lengths.split(","))
    already = "|".join(f"[0-9]{{{length}}}" for length in LENGTHS_BY_CODE[code].split(","))
    pattern = re.compile(f"(?!{code}(?:{already})$)(?:{trunk})?({mobiles})")
    return (NationalFormat(pattern=pattern, calling_code=code),)


def parse_international(raw: str) -> Msisdn | None:
    """Read a number with its country code, with or without `+` or `00` before it; None if it is not one."""
    if raw.isascii() and raw.isdecimal() and 8 <= len(raw) <= 15 and raw[0] != "0":
        return _possible(raw)  # as nearly all are written
    match = _INTERNATIONAL(_without(SEPARATORS, raw))
    return _possible(match[1]) if match else None


def to_international(
    raw: str, national_formats: tuple[NationalFormat, ...], *, separators: str = SEPARATORS
) -> Msisdn | None:
    """Read a number as somebody in its country writes it; None if it is not one.

    With `+` or `00` it is international. Otherwise it has one of `national_formats`, or it is international already if
    it has 11 to 15 digits and no leading 0.
    """
    digits = _without(separators, raw)
    if match := _MARKED(digits):
        return _possible(match[1])
    for form in national_formats:
        if match := form.pattern.fullmatch(digits):
            return _possible(form.calling_code + match[1])
    return _possible(digits) if _LONG(digits) else None


def strip_invisible(raw: str) -> str:
    """Remove the invisible characters of a pasted number: spaces of every kind, line ends, marks of direction and so
    on."""
    return raw if raw.isascii() and raw.isalnum() else raw.translate(_INVISIBLE)


def plain_address(raw: str) -> str:
    """Write an address as it is stored: without separators, and without `+` or `00` before an international number.

    Short codes and names are kept.
    """
    digits = _without(SEPARATORS, raw).removeprefix("+")
    return digits.removeprefix("00") if digits.isascii() and digits.isdigit() else digits


def country_of(number: str) -> str | None:
    """Find the ISO 3166 code of a number's country by the longest known prefix.

    None for codes that belong to no country (satellite phones, +800 and such).
    """
    for length in _LENGTHS_BY_START.get(number[:2], _PREFIX_LENGTHS):
        country = _COUNTRY_BY_PREFIX.get(number[:length])
        if country is not None:
            return country
    return None


def mask_number(number: str) -> str:
    """Write a number, or whatever was given for one, as logs may show it: `3460*****62`."""
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
    """Map the first two digits of prefixes to the lengths that these prefixes have, the longest first."""
    lengths: dict[str, set[int]] = {}
    for prefix in _COUNTRY_BY_PREFIX:
        starts = [prefix[:2]] if len(prefix) > 1 else [prefix + digit for digit in "0123456789"]
        for start in starts:
            lengths.setdefault(start, set()).add(len(prefix))
    return {start: sorted(some, reverse=True) for start, some in lengths.items()}


_LENGTHS_BY_START: Final = _lengths_by_start()

_INVISIBLE: Final = dict.fromkeys(
    code
    for first, last in (
        *((0x09, 0x0D), (0x20, 0x20), (0x85, 0x85), (0xA0, 0xA0), (0xAD, 0xAD), (0x034F, 0x034F), (0x061C, 0x061C)),
        *((0x115F, 0x1160), (0x1680, 0x1680), (0x17B4, 0x17B5), (0x180B, 0x180E), (0x2000, 0x200F), (0x2028, 0x202F)),
        *((0x205F, 0x206F), (0x2800, 0x2800), (0x3000, 0x3000), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
        *((0xFFA0, 0xFFA0), (0xFFF9, 0xFFFB), (0x1D173, 0x1D17A), (0xE0001, 0xE007F), (0xE0100, 0xE01EF)),
    )
    for code in range(first, last + 1)
)
"""Unicode's spaces, line ends, format characters, and letters and marks that are not drawn."""
_DASHES: Final = dict.fromkeys(range(0x2010, 0x2016), "-") | {0x2212: "-", 0xFE63: "-", 0xFF0D: "-"}


def _without(separators: str, raw: str) -> str:
    if raw.isalnum() and raw.isascii():
        return raw
    if not raw.isascii():
        raw = raw.translate(_DASHES)
    for separator in separators:
        raw = raw.replace(separator, "")
    return strip_invisible(raw)


_ZERO_AFTER_CODE: Final = frozenset(CODES_WITH_ZERO.split())


def _mask(lengths: Iterable[str], *, code_digits: int) -> int:
    """Set a bit for each number of digits that a whole number may have, including its calling code of `code_digits`
    digits."""
    return sum(1 << code_digits + int(length) for length in lengths)


_LENGTHS: Final = {code: _mask(lengths.split(","), code_digits=len(code)) for code, lengths in LENGTHS_BY_CODE.items()}


def _possible(number: str) -> Msisdn | None:
    """Return the number if numbers of its country can have this length and beginning; else None."""
    return Msisdn(number) if _lengths(number[:5]) >> len(number) & 1 else None


@lru_cache(maxsize=4096)
def _lengths(beginning: str) -> int:
    """Look up which lengths a number with these first five digits may have, a bit for each; 0 if no country has
    them."""
    code = next((beginning[:digits] for digits in (1, 2, 3) if beginning[:digits] in _LENGTHS), "")
    if not code or (beginning[len(code)] == "0" and code not in _ZERO_AFTER_CODE):
        return 0
    more = (
        _mask(lengths.split(","), code_digits=len(code))
        for start, lengths in LENGTHS_BY_BEGINNING.items()
        if beginning.startswith(start)
    )
    return sum(more, _LENGTHS[code])
