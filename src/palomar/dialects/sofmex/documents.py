"""Read bodies as JSON. A well-formed body of another shape than the page's is still read, as far as it goes.

Clients send nulls, numbers for texts, and half an emoji as a lone surrogate: RFC 8259 section 8.2 allows that and the
strict parser does not. A record that cannot be used is then refused by itself, with its own code.
"""

import re
from typing import Final, TypeVar

import msgspec
from msgspec import Raw, Struct

from palomar.dialects.sofmex.wire import RECORDS_MAX, Batch, MessageId, Query, Record

T = TypeVar("T")


class NoJson(Exception):
    """The body is no JSON object."""


def read_batch(body: bytes) -> list[Record]:
    """Read the records of an asignacion; empty if there are none. Raises NoJson."""
    body = _checked(body)
    try:
        return _batch(body).registros
    except (msgspec.DecodeError, RecursionError):
        loose = _object(_loose_batch, _without_lone_surrogates(body))
    entries = _entries(loose.registros)[: RECORDS_MAX + 1]  # more than allowed are refused as a whole
    records = (_entry(_loose_record, entry) or _LooseRecord() for entry in entries)
    return [Record(telefono=record.telefono, mensaje=text_of(record.mensaje)) for record in records]


def read_query(body: bytes) -> Query:
    """Read the query of a status; a bad id becomes the empty one. Raises NoJson."""
    body = _checked(body)
    try:
        return _query(body)
    except (msgspec.DecodeError, RecursionError):
        loose = _object(_loose_query, _without_lone_surrogates(body))
    records = (_entry(_loose_message_id, entry) or _LooseMessageId() for entry in _entries(loose.registros))
    return Query(
        id_batch=text_of(loose.id_batch),
        registros=[MessageId(id_message=text_of(record.id_message)) for record in records],
    )


def read_login(body: bytes) -> tuple[str | None, str | None]:
    """Read ``username`` and ``password``, each None if it is absent or no text. Raises NoJson."""
    login = _object(_loose_login, _without_lone_surrogates(_checked(body)))
    return text_of(login.username) or None, text_of(login.password) or None


def text_of(written: Raw) -> str:
    """Return a string, or a number as its digits; the empty string for every other value."""
    octets = bytes(written)
    if octets.startswith(b'"'):
        return _string(octets)
    return octets.decode("ascii") if octets[:1] in _NUMBERS_BEGIN else ""


_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_NULL: Final = Raw(b"null")
_NUMBERS_BEGIN: Final = frozenset(b"-0123456789"[place : place + 1] for place in range(11))


class _LooseBatch(Struct):
    registros: Raw = _NULL


class _LooseRecord(Struct):
    telefono: Raw = _NULL
    mensaje: Raw = _NULL


class _LooseQuery(Struct, rename="camel"):
    id_batch: Raw = _NULL
    registros: Raw = _NULL


class _LooseMessageId(Struct, rename="camel"):
    id_message: Raw = _NULL


class _LooseLogin(Struct):
    username: Raw = _NULL
    password: Raw = _NULL


_batch: Final = msgspec.json.Decoder(Batch).decode
_query: Final = msgspec.json.Decoder(Query).decode
_loose_batch: Final = msgspec.json.Decoder(_LooseBatch)
_loose_record: Final = msgspec.json.Decoder(_LooseRecord)
_loose_query: Final = msgspec.json.Decoder(_LooseQuery)
_loose_message_id: Final = msgspec.json.Decoder(_LooseMessageId)
_loose_login: Final = msgspec.json.Decoder(_LooseLogin)
_string: Final = msgspec.json.Decoder(str).decode
_list: Final = msgspec.json.Decoder(list[Raw]).decode


def _checked(body: bytes) -> bytes:
    """Check that a body is UTF-8, and remove a byte order mark. Raises NoJson. The parser does not check values that it
    skips, and some are echoed."""
    if body.isascii():
        return body
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise NoJson from None
    return body.removeprefix(_BYTE_ORDER_MARK)


def _without_lone_surrogates(body: bytes) -> bytes:
    """Replace lone surrogates by NULs: the parser accepts these, and both count as unusable characters."""
    if b"\\u" not in body:
        return body
    # after escaped backslashes are written as numbers, every backslash begins an escape
    return _LONE_SURROGATE.sub(rb"\\u0000", body.replace(rb"\\", rb"\u005c"))


_HIGH, _LOW = rb"\\u[dD][89abAB][0-9a-fA-F]{2}", rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE_SURROGATE: Final = re.compile(rb"%b(?!%b)|(?<!%b)%b" % (_HIGH, _LOW, _HIGH, _LOW))


def _object(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise NoJson from None


def _entries(written: Raw) -> list[Raw]:
    """Return the items of a list; none of any other value."""
    return _list(written) if bytes(written).startswith(b"[") else []


def _entry(decoder: msgspec.json.Decoder[T], written: Raw) -> T | None:
    """Decode an object; None for any other value."""
    try:
        return decoder.decode(written)
    except msgspec.ValidationError:
        return None
