"""Read bodies: JSON objects, whatever their Content-Type says. What they ask for is judged elsewhere.

A field may be absent or null: a missing field has a code of its own, so every field here has a default. A value of any
other type makes the request a bad one. Unknown names are ignored.
"""

import json
from typing import Any, Final, TypeVar

import msgspec

from palomar.dialects.labs402t.errors import BAD_REQUEST, Problem


class MessageBody(msgspec.Struct, rename={"sender": "from"}):
    """``POST /sms/send``, and each message of a batch."""

    to: str | int | None = None
    text: str | None = None
    sender: str | None = None


class ScheduleBody(MessageBody, rename={"sender": "from"}):
    """``POST /sms/schedule``"""

    send_at: str | None = None


class BatchBody(msgspec.Struct):
    """``POST /sms/batch``: each message is read and judged alone."""

    messages: list[Any] | None = None


class UserBody(msgspec.Struct):
    """``POST /users``"""

    name: str | None = None
    surname: str | None = None
    login: str | None = None
    password: str | None = None
    contact_email: str | None = None


class PasswordBody(msgspec.Struct):
    """``POST /users/{login}/password``"""

    current_password: str | None = None
    new_password: str | None = None


B = TypeVar("B", MessageBody, ScheduleBody, BatchBody, UserBody, PasswordBody)


def read(body: bytes, kind: type[B]) -> B | Problem:
    """Parse a body as an object of that kind."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        if not body.isascii():
            body.decode("utf-8")  # the parser lets bad UTF-8 pass in what it ignores
        return _DECODERS[kind].decode(body)  # type: ignore[no-any-return]
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return BAD_REQUEST
    except msgspec.DecodeError:
        if b"\\u" not in body:
            return BAD_REQUEST
    parsed = parse(body)
    return convert(parsed, kind) if isinstance(parsed, dict) else BAD_REQUEST


def convert(parsed: object, kind: type[B]) -> B | Problem:
    """Convert a parsed value into an object of that kind."""
    try:
        return msgspec.convert(parsed, kind)
    except (msgspec.ValidationError, RecursionError):
        return BAD_REQUEST


def parse(body: bytes) -> object:
    """Parse any JSON into values of Python; None if it is no JSON.

    JavaScript escapes half an emoji as a lone surrogate, which RFC 8259 section 8.2 allows and our fast parser does
    not: such a text has a code of its own, -21.
    """
    try:
        return json.loads(body.removeprefix(_BYTE_ORDER_MARK).decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def canonical(body: bytes) -> bytes:
    """Return the same octets for the same JSON, however it is spaced and ordered; a body that is no JSON stays as it
    is."""
    parsed = parse(body)
    if parsed is None:
        return body
    try:
        return json.dumps(parsed, sort_keys=True, separators=(",", ":")).encode("ascii")
    except RecursionError:
        return body


_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_DECODERS: Final[dict[type, msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind) for kind in (MessageBody, ScheduleBody, BatchBody, UserBody, PasswordBody)
}


def _no_constant(name: str) -> object:
    """Refuse NaN and the infinities, which are no JSON."""
    raise ValueError(name)
