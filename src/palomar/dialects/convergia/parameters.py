"""Read queries and forms as PHP does, because CONVERGIA's clients were written against PHP.

Names are case-sensitive, of a repeated name the last counts, ``+`` is a space, a bad escape stays as it is. Octets are
UTF-8, else ISO-8859-1. Not here: what the parameters mean (``requests``).
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
    """Read a posted form: ``multipart/form-data`` (as PHP's curl posts an array), else urlencoded whatever its
    Content-Type says."""
    if content_type.lower().startswith("multipart/form-data"):
        return _of_multipart(body, content_type)
    return of_query(body.strip())


def text_of(octets: bytes) -> str:
    """Decode octets as UTF-8, else as ISO-8859-1, which cannot fail."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _decoded(octets: bytes) -> str:
    octets = octets.replace(b"+", b" ")
    return text_of(unquote_to_bytes(octets) if b"%" in octets else octets)


def _of_multipart(body: bytes, content_type: str) -> Parameters:
    """Read the fields of a multipart form (RFC 7578) that are no files."""
    return {field.name: text_of(field.value) for field in read_fields(body, content_type, limit=PARAMETERS_AT_MOST)}
