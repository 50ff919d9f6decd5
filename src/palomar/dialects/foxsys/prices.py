"""``/json/prices``: the price of a part by country, as JSON, XML or CSV.

Source: FOXSYS's page, "Consulta de precios". JSON is an object keyed by the country's code, also when it is empty; CSV
has no heading (RFC 4180).
"""

import csv
import io
from collections.abc import Iterable
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import msgspec

from palomar.billing.prices import PriceList
from palomar.dialects.foxsys.documents import PricesDocument
from palomar.numbers.countries import COUNTRIES
from palomar.vocabulary.credit import Microcredits, as_number, format_exact

JSON, XML, CSV = "JSON", "XML", "CSV"
CONTENT_TYPES: Final = {JSON: b"application/json", XML: b"application/xml", CSV: b"text/csv; charset=utf-8"}


class Price(NamedTuple):
    """The price of one country."""

    isocode: str
    prefix: str
    name: str
    microcredits: Microcredits


def prices_of(document: PricesDocument, prices: PriceList) -> list[Price]:
    """Return the prices of the countries asked for, in the order of their codes; all if none is named, unknown ones
    left out."""
    wanted = _country_codes(document.countries)
    return [
        Price(country.iso, country.calling_code, country.name, Microcredits(prices.rate(country.iso)))
        for country in COUNTRIES.values()
        if wanted is None or country.iso in wanted
    ]


def format_of(document: PricesDocument) -> str:
    """Read the format, JSON, XML or CSV in any letter case; JSON for anything else."""
    form = document.format.strip().upper() if isinstance(document.format, str) else JSON
    return form if form in CONTENT_TYPES else JSON


def encode(prices: Iterable[Price], form: str) -> bytes:
    """Write the body of the answer."""
    if form == XML:
        return _xml(prices)
    if form == CSV:
        return _csv(prices)
    return _encode(
        {
            price.isocode: {
                "isocode": price.isocode,
                "prefix": price.prefix,
                "name": price.name,
                "credits": as_number(price.microcredits),
            }
            for price in prices
        }
    )


_encode: Final = msgspec.json.Encoder().encode


def _country_codes(countries: object) -> frozenset[str] | None:
    """Read country codes, as capitals, from a list or a string with commas; None if there is none."""
    if isinstance(countries, str):
        countries = countries.split(",") if countries.strip() else None
    if not isinstance(countries, list) or not countries:
        return None
    return frozenset(country.strip().upper() for country in countries if isinstance(country, str))


def _xml(prices: Iterable[Price]) -> bytes:
    countries = "".join(
        f"<country><isocode>{price.isocode}</isocode><prefix>{price.prefix}</prefix><name>{escape(price.name)}</name>"
        f"<credits>{format_exact(price.microcredits)}</credits></country>"
        for price in prices
    )
    return f"<prices>{countries}</prices>".encode()


def _csv(prices: Iterable[Price]) -> bytes:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    for price in prices:
        writer.writerow((price.isocode, price.prefix, price.name, format_exact(price.microcredits)))
    return lines.getvalue().encode()
