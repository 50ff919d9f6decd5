"""A first request as CONVERGIA's customers send it."""

from typing import Final
from urllib.parse import urlencode

from palomar.apidocs.samples import PASSWORD, Sample, SampleValues, curl

MEXICAN: Final = "525512345678"
"""The number of the sample if the wanted one is not Mexican: CONVERGIA's numbers are."""


def sample(values: SampleValues) -> Sample:
    """Write a send by URL, with login and password."""
    from palomar.dialects.convergia.requests import read_number  # imported here: it imports the whole face

    number = values.number if read_number(values.number, national=False) else MEXICAN
    fields = {
        "username": values.login,
        "password": values.password or PASSWORD,
        "number": number,
        "message": values.text,
        "extra": "42",
    }
    return Sample(curl=curl(f"{values.url}/?{urlencode(fields)}"), python=_python(values.url, fields))


def _python(url: str, fields: dict[str, str]) -> str:
    inner = ",\n    ".join(f'"{name}": {value!r}' for name, value in fields.items())
    return f"""\
import urllib.parse
import urllib.request

fields = {{
    {inner},
}}
url = {url!r} + "/?" + urllib.parse.urlencode(fields)
print(urllib.request.urlopen(url).read().decode())
"""
