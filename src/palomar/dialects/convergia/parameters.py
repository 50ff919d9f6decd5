"""Queries and forms as PHP reads them, because CONVERGIA's clients were written against PHP.

Names are case-sensitive, of a name that stands twice the last counts, ``+`` is a space, a bad escape stands for itself.
Octets are UTF-8, else ISO-8859-1. What the parameters mean is ``requests``'.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from palomar.net.multipart import read_fields

Parameters = dict[str, str]

PARAMETERS_AT_MOST: Final = 1000
"""PHP's ``max_input_vars``; what comes after is left out."""


def of_query(query: bytes) -> Parameters:
    """Read ``a=1&b=2``, a query or a urlencoded form."""
    parameters = {}
    for piece in query.split(b"&", PARAMETERS_AT_MOST)[:PARAMETERS_AT_MOST]:
        name, _, value = piece.partition(b"=")
        parameters[_decoded(name)] = _decoded(value)
    return parameters


def of_form(body: bytes, content_type: str) -> Parameters:
    """Read a posted form: ``multipart/form-data`` (PHP's curl posts an array so), else urlencoded, whatever it is
    called."""
    if content_type.lower().startswith("multipart/form-data"):
        return _of_multipart(body, content_type)
    return of_query(body.strip())


def text_of(octets: bytes) -> str:
    """UTF-8, else ISO-8859-1, which every octet string is."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _decoded(octets: bytes) -> str:
    octets = octets.replace(b"+", b" ")
    return text_of(unquote_to_bytes(octets) if b"%" in octets else octets)


def _of_multipart(body: bytes, content_type: str) -> Parameters:
    """RFC 7578. Files are no parameters."""
    return {field.name: text_of(field.value) for field in read_fields(body, content_type, limit=PARAMETERS_AT_MOST)}
