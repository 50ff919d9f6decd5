"""Read bodies as JSON, with the loose types that FOXSYS's clients use. What they ask for is read in ``requests``.

Null counts as absent, and so does an empty or blank string where a value is optional.
"""

import json
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from palomar.dialects.foxsys.errors import Code, Problem


class SendDocument(msgspec.Struct):
    """The body of a send: any JSON under the known names; of a repeated name the last counts."""

    message: Any = None
    recipient: Any = None
    subid: Any = None
    tpoa: Any = None
    label: Any = None
    test: Any = None
    ackurl: Any = None
    clickurl: Any = None
    long: Any = None
    ucs2: Any = None
    scheduled: Any = None
    shortlink: Any = None
    nofilter: Any = None
    crt: Any = None
    parameters: Any = None


class ScheduledDocument(msgspec.Struct):
    """The body of ``/json/scheduled``."""

    subid: Any = None
    cmd: Any = None


class PricesDocument(msgspec.Struct):
    """The body of ``/json/prices``."""

    countries: Any = None
    format: Any = None


class AckDocument(msgspec.Struct):
    """The body of ``/json/ack``."""

    subid: Any = None
    msisdn: Any = None


D = TypeVar("D", SendDocument, ScheduledDocument, PricesDocument, AckDocument)


def read_document(body: bytes, shape: type[D]) -> D | Problem:
    """Parse a body, an object or a list of one; return codes 10 and 11 if it is none."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        parsed: D | list[D] = _decoder(shape).decode(body)
    except (ValueError, RecursionError):
        if not body.strip():
            return Problem(Code.NO_JSON)
        return _read_tolerantly(body, shape) if b"\\u" in body else Problem(Code.BAD_JSON)
    return _single(parsed, shape) if isinstance(parsed, list) else parsed


def is_on(value: object) -> bool:
    """Return True if a flag is set: 1, "1", true and any other text or value; not 0, "0", false, null, ""."""
    if value is None:
        return False
    if isinstance(value, str):
        return value.strip().lower() not in _OFF
    return bool(value)


def is_given(value: object) -> bool:
    """Return False for an optional value that counts as absent: null, ``[]``, and a text of nothing but blanks."""
    if value is None:
        return False  # the usual case
    if isinstance(value, str):
        return value != "" and not value.isspace()
    return value != []


def text_of(value: object) -> str | None:
    """Return a string, or a number as its digits; None for every other value."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_OFF: Final = frozenset({"", "0", "false", "no", "off"})


@cache
def _decoder(shape: type[D]) -> "msgspec.json.Decoder[D | list[D]]":
    return msgspec.json.Decoder(shape | list[shape])  # type: ignore[valid-type]  # a type made at run time


def _single(documents: list[D], shape: type[D]) -> D | Problem:
    """Return the one document of a list; an empty list is an empty object, as PHP writes it."""
    if not documents:
        return shape()
    return documents[0] if len(documents) == 1 else Problem(Code.BAD_JSON)


def _read_tolerantly(body: bytes, shape: type[D]) -> D | Problem:
    """Parse a body with a lone surrogate: half an emoji as JavaScript escapes it, which RFC 8259 section 8.2 allows and
    our fast parser does not. Such a text has a code of its own, 27."""
    try:
        parsed = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return Problem(Code.BAD_JSON)
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict):
        return Problem(Code.BAD_JSON)
    return shape(**{name: parsed[name] for name in shape.__struct_fields__ if name in parsed})


def _no_constant(name: str) -> object:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(name)
