"""Masks the secrets in a recorded call before people see it.

Secrets are looked for where programs put them: in the Authorization header and cookies, and in fields of a query, a
form, a JSON object or an XML element whose name says so. What was found is then masked wherever else it occurs, in the
answer too, and so is the caller's password in every spelling. A signed token (JWT) is masked everywhere.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus

from palomar.vocabulary.http_record import HeaderLines, HttpRecord

MASK: Final = "•••"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCall:
    """A request and its answer as text, heads and bodies apart."""

    target: str
    request_head: str
    request_body: str
    answer_head: str
    answer_body: str


def redacted(record: HttpRecord) -> ShownCall:
    """Return the call with a mask in place of each secret."""
    found: set[str] = set()
    target = _masked_fields(_text(record.target), found)
    request_head = "\n".join((f"{record.method} {target} HTTP/{record.version}", *_header_lines(record.headers, found)))
    request_body = _masked_fields(_text(record.body), found)
    answer_head = "\n".join((str(record.status), *_header_lines(record.answer_headers, found)))
    answer_body = _masked_fields(_text(record.answer), found)
    secret = _secrets_pattern(found, record.password)
    return ShownCall(
        target=secret.sub(MASK, target),
        request_head=secret.sub(MASK, request_head),
        request_body=secret.sub(MASK, request_body),
        answer_head=secret.sub(MASK, answer_head),
        answer_body=secret.sub(MASK, answer_body),
    )


_SECRET_WORD: Final = (
    r"(?:password|passwd|pwd|token|secret|api[_-]?key|clave|contrase"  # noqa: S105  # words, not a secret
    r"|(?<![a-z])pass(?![a-z]))"  # not as in passenger
)
_FIELDS: Final = (
    # JSON and the like; a string may be cut off
    rf"""((["'])[^"'\\]{{0,40}}?{_SECRET_WORD}[^"'\\]{{0,40}}\2\s{{0,9}}:\s{{0,9}})"""
    r"""("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,}\]"']+)""",
    # a query or a form
    rf"""((?:^|[?&\s])([^=&\s"'<>]{{0,40}}?){_SECRET_WORD}[^=&\s"'<>]{{0,40}}=)([^&\s"'<>]*)""",
    # an XML element
    rf"""(<(?:[\w.-]{{1,40}}:)?([\w.-]{{0,40}}?){_SECRET_WORD}[\w.-]{{0,40}}(?:\s[^<>]{{0,400}})?>)([^<]*)""",
    # a field of a multipart form
    rf"""(name="([^"]{{0,40}}?){_SECRET_WORD}[^"]{{0,40}}"[^\n]{{0,200}}\r?\n(?:[^\r\n]{{1,200}}\r?\n){{0,4}}\r?\n)([^\r\n]*)""",
)
"""Patterns with three groups: 1 is kept, 2 serves the pattern only, 3 is the secret. Names and spaces have bounded
lengths, so that no text can make the search slow."""
_IN_FIELDS: Final = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _FIELDS)
_SECRET_NAME: Final = re.compile(_SECRET_WORD, re.IGNORECASE)
_USER_IN_URL: Final = re.compile(
    r"""(https?(?::|%3a)(?:(?:\\?/|%2f){2}))[^\s/@"'<>&?#\\]{1,300}?(@|%40)(?=[^\s"'<>&@]*)""", re.IGNORECASE
)
"""User and password in a URL, also with slashes escaped as in JSON, or all of it escaped as in a query."""
_JWT: Final = r"eyJ(?:(?!eyJ)[\w-]){8,}\.[\w-]{8,}\.[\w-]{8,}"
_SHORTEST, _SHORTEST_NAMED = 6, 3
"""The fewest characters of a secret that is masked everywhere, and of the known password; a shorter one would mask
ordinary text."""
_LONGEST_NAMED: Final = 1_000
"""The most characters of the known password: a longer one is nobody's, and its pattern would be slow to make."""


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _masked_fields(text: str, found: set[str]) -> str:
    """Mask users and passwords in URLs, and the values of fields with a secret name; add those values to ``found``."""
    text = _USER_IN_URL.sub(rf"\1{MASK}\2", text)

    def masked(match: "re.Match[str]") -> str:
        value = match[3]
        mark = value[:1] if value[:1] in ("'", '"') else ""
        found.add(value.strip("\"'"))
        return f"{match[1]}{mark}{MASK}{mark}" if value else match[0]

    for pattern in _IN_FIELDS:
        text = pattern.sub(masked, text)
    return text


def _header_lines(headers: HeaderLines, found: set[str]) -> Iterable[str]:
    for name, value in headers:
        yield f"{_text(name)}: {_header_value(name.lower(), value.decode('latin-1'), found)}"


def _header_value(name: bytes, value: str, found: set[str]) -> str:
    if name == b"authorization":
        scheme, space, credential = value.strip().partition(" ")
        if not space:  # some programs leave the scheme out
            scheme, credential = "", scheme
        found.update((credential, _basic_password(credential)))
        return f"{scheme}{space}{MASK}"
    if name in (b"cookie", b"set-cookie") or _SECRET_NAME.search(_text(name)):
        found.add(value)
        return MASK
    return value


def _basic_password(credential: str) -> str:
    """Return the password in an HTTP Basic credential (RFC 7617); empty if it is not one."""
    try:
        return base64.b64decode(credential, validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


def _secrets_pattern(found: set[str], password: str) -> "re.Pattern[str]":
    """Compile a pattern of the secrets that were found, also in their unescaped form, and of every signed token."""
    spellings = found | {unquote_plus(value) for value in found}
    values = {value for value in spellings if len(value) >= _SHORTEST and value != MASK}
    longest_first = [re.escape(value) for value in sorted(values, key=len, reverse=True)]
    if _SHORTEST_NAMED <= len(password) <= _LONGEST_NAMED:
        longest_first[:0] = map(_any_case, sorted(_spellings(password), key=len, reverse=True))
    return re.compile("|".join((_JWT, *longest_first)))


def _spellings(password: str) -> set[str]:
    """Return the password as it stands in text, in a URL or a form, in XML and in JSON."""
    return {
        password,
        quote(password, errors="replace"),
        quote(password, safe="", errors="replace"),
        quote_plus(password, errors="replace"),
        escape(password),
        escape(password, quote=False),
        json.dumps(password)[1:-1],
        json.dumps(password, ensure_ascii=False)[1:-1],
    }


def _any_case(spelling: str) -> str:
    """Write a pattern that ignores case: ``%C3`` may be written ``%c3``."""
    return f"(?i:{re.escape(spelling)})"
