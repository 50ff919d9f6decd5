"""``POST /login``: find username and password where clients put them.

The page has them in the query of a POST without body; integrations were seen to send them as a form, of either kind,
and as a JSON object. Each is taken from the first place that has it, in that order.
"""

from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from palomar.dialects.sofmex.documents import NoJson, read_login
from palomar.net.multipart import read_fields

BODY_LIMIT: Final = 64 * 1024
"""The largest body, in octets: small, because its sender is not known yet."""


class Credentials(NamedTuple):
    """Username and password; None for one that was not given."""

    username: str | None
    password: str | None

    def or_else(self, other: "Credentials") -> "Credentials":
        """Return these, missing ones taken from ``other``."""
        return Credentials(
            other.username if self.username is None else self.username,
            other.password if self.password is None else self.password,
        )

    @property
    def complete(self) -> bool:
        return self.username is not None and self.password is not None


def in_query(query: bytes) -> Credentials:
    """Read a query string or an urlencoded body, in UTF-8 or else in Latin-1."""
    found: dict[bytes, bytes] = {}
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name in _NAMES:
            found.setdefault(name, unquote_to_bytes(value.replace(b"+", b" ")))
    return _credentials(found)


def in_body(body: bytes, content_type: bytes) -> Credentials:
    """Read a form or a JSON object, recognized by its beginning: clients' Content-Types are not reliable."""
    begin = body.lstrip(_JSON_MAY_BEGIN)[:1]
    if begin == b"{":
        try:
            return Credentials(*read_login(body))
        except NoJson:
            return _NOTHING
    if content_type.lower().startswith(b"multipart/form-data"):
        return _in_multipart(body, content_type)
    return in_query(body.strip())


_PARTS_AT_MOST: Final = 100
_NAMES: Final = (b"username", b"password")
_NOTHING: Final = Credentials(None, None)
_JSON_MAY_BEGIN: Final = b"\xef\xbb\xbf \t\r\n"


def _in_multipart(body: bytes, content_type: bytes) -> Credentials:
    """Read a multipart form (RFC 7578), as cURL's PHP binding sends an array of fields."""
    found: dict[bytes, bytes] = {}
    for field in read_fields(body, content_type.decode("latin-1"), limit=_PARTS_AT_MOST):
        name = field.name.encode("utf-8", "replace")
        if name in _NAMES:
            found.setdefault(name, field.value)
    return _credentials(found)


def _credentials(found: dict[bytes, bytes]) -> Credentials:
    username, password = (_text(found[name]) if name in found else None for name in _NAMES)
    return Credentials(username, password)


def _text(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")
