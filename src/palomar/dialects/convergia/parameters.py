"""Queries and forms as PHP reads them, because CONVERGIA's clients were written against PHP.

Names are case-sensitive, of a name that stands twice the last counts, ``+`` is a space, a bad escape stands for itself.
Octets are UTF-8, else ISO-8859-1. What the parameters mean is ``requests``'.
"""

import email.message
import email.parser
import email.utils
from typing import Final
from urllib.parse import unquote_to_bytes

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
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    form = email.parser.BytesParser().parsebytes(head + body)
    parts = form.get_payload()
    parameters: Parameters = {}
    for part in parts[:PARAMETERS_AT_MOST] if isinstance(parts, list) else []:
        if not isinstance(part, email.message.Message) or part.get_filename() is not None:
            continue
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if name is not None and isinstance(value, bytes):
            parameters[email.utils.collapse_rfc2231_value(name)] = text_of(value)
    return parameters
