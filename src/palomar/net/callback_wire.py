"""A callback request as bytes (RFC 9112 section 3), so written that nothing in it can end a line early.

Not for sending: :mod:`palomar.net.callback_client`.
"""

import re

from palomar.net.urls import Origin
from palomar.ports import HttpRequest

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_NONE: frozenset[str] = frozenset()
# Framing and the connection are ours alone.
_RESERVED = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "upgrade",
        "te",
        "trailer",
        "expect",
    }
)


class BadHeader(ValueError):
    """The request has a method, a header name or a header value that must not be written."""


def request_bytes(request: HttpRequest, origin: Origin, target: str) -> bytes:
    """The whole request; ``target`` must come from :meth:`palomar.net.urls.Urls.split`. A User-Agent or
    Authorization of the request's own replaces ours."""
    method = request.method
    if method not in _METHODS:
        raise BadHeader(method)
    lines = f"{method} {target} HTTP/1.1\r\nHost: {origin.host_header}\r\n"
    own, named = _header_lines(request.headers) if request.headers else ("", _NONE)
    if "user-agent" not in named:
        lines += "User-Agent: Palomar\r\n"
    if origin.authorization is not None and "authorization" not in named:
        lines += f"Authorization: {origin.authorization}\r\n"
    body = request.body
    if body is None and method not in _WITH_BODY:
        return f"{lines}{own}\r\n".encode("latin-1")
    body = body or b""
    return f"{lines}{own}Content-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


def _header_lines(headers: tuple[tuple[str, str], ...]) -> tuple[str, frozenset[str]]:
    """The lines, and the names in them in lower case."""
    lines = ""
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadHeader(name)
        lines += f"{name}: {value}\r\n"
    named = frozenset(name.lower() for name, _ in headers)
    if named & _RESERVED:
        raise BadHeader("reserved")
    return lines, named
