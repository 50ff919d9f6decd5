"""The countries that have telephone numbers: code, English name and calling code, as price lists show them.

Not here: which country a number belongs to (``phone.country_of``), and what a country costs (``billing.prices``).
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
