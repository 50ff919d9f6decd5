"""The countries that have telephone numbers: code, English name, calling code, as price lists show them.

Which of them a number belongs to is `phone.country_of`'s; what they cost is `pricing`'s.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from palomar.numbers.country_table import ROWS


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """One country or territory with an ISO 3166 code."""

    iso: str
    """Two capital letters, such as FR."""
    name: str
    """In English, by Unicode CLDR: France."""
    calling_code: str
    """ITU-T E.164 country code without a plus: 33. Some are shared: 1 is the United States' and Canada's."""


COUNTRIES: Final = MappingProxyType(
    {iso: Country(iso=iso, name=name, calling_code=calling_code) for iso, name, calling_code in ROWS}
)
"""Every country by its ISO code, in the order of the codes."""
