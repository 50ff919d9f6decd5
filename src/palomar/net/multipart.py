"""Read ``multipart/form-data`` (RFC 7578), as far as programs post fields with it: names and values, up to a number.

Python's own parser makes an object of some kilobytes of each part, however many there are; this one looks at a limited
number of parts and at a limited head of each. Not here: what a field means, and its character set.
"""

import binascii
import email.message
import email.parser
import email.utils
import quopri
import re
from collections.abc import Iterator
from typing import Final, NamedTuple

HEAD_LONGEST: Final = 4_096
"""Octets of a part's head; a part with more is left out."""


class FormField(NamedTuple):
    """A field that is no file."""

    name: str
    value: bytes


def read_fields(body: bytes, content_type: str, *, limit: int) -> list[FormField]:
    """Read the fields among the first ``limit`` parts of a form, in order; none where there is no boundary."""
    boundary = _headers(b"Content-Type: " + content_type.encode("latin-1", "replace")).get_boundary()
    if not boundary:
        return []
    found = []
    for part in _parts(body, boundary.encode("utf-8", "surrogateescape"), limit):
        field = _field(part)
        if field is not None:
            found.append(field)
    return found


_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n").search


def _parts(body: bytes, boundary: bytes, limit: int) -> Iterator[bytes]:
    """Yield what stands between two lines of the boundary, or behind the last of them."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    begin = line.search(body)
    for _ in range(limit):
        if begin is None or begin[1]:
            return
        # the end of this boundary's line may be the beginning of the next boundary's
        end = line.search(body, max(begin.end() - 2, begin.start() + 1))
        yield body[begin.end() : len(body) if end is None else max(end.start(), begin.end())]
        begin = end


def _field(part: bytes) -> FormField | None:
    blank = _BLANK_LINE(part, 0, HEAD_LONGEST)
    if blank is None:
        return None
    head = _headers(part[: blank.start()])
    name = head.get_param("name", header="content-disposition")
    if name is None or head.get_filename() is not None:
        return None
    return FormField(email.utils.collapse_rfc2231_value(name), _decoded(part[blank.end() :], head))


def _headers(octets: bytes) -> email.message.Message:
    return email.parser.BytesHeaderParser().parsebytes(octets + b"\r\n\r\n")


def _decoded(value: bytes, head: email.message.Message) -> bytes:
    """Decode a field: RFC 7578 section 4.7 deprecates these codings, and some programs use them all the same."""
    coding = str(head.get("content-transfer-encoding", "")).strip().lower()
    if coding == "quoted-printable":
        return quopri.decodestring(value)
    if coding == "base64":
        try:
            return binascii.a2b_base64(value)
        except binascii.Error:
            return value
    return value
