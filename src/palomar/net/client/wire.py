"""Write a callback request as bytes (RFC 9112 section 3), so that nothing in it can end a line early.

Not here: sending it (:mod:`palomar.net.client.client`).
"""

import re

from palomar.net.urls import Origin, header_lines
from palomar.ports import HttpRequest

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# Headers of framing and of the connection, which only we write.
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
    """Write the whole request. ``target`` must come from :meth:`palomar.net.urls.Urls.split`. A User-Agent or
    Authorization among the request's headers replaces ours. Raises :class:`BadHeader`."""
    method = request.method
    if method not in _METHODS:
        raise BadHeader(method)
    headers = _with_own(request.headers, origin) if request.headers else origin.header_lines
    body = request.body
    if body is None and method not in _WITH_BODY:
        return f"{method} {target} HTTP/1.1\r\n{headers}\r\n".encode("latin-1")
    body = body or b""
    length = len(body)
    return f"{method} {target} HTTP/1.1\r\n{headers}Content-Length: {length}\r\n\r\n".encode("latin-1") + body


def _with_own(headers: tuple[tuple[str, str], ...], origin: Origin) -> str:
    """Return the origin's header lines and the request's own. Raises :class:`BadHeader`."""
    lines = ""
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadHeader(name)
        lines += f"{name}: {value}\r\n"
    named = frozenset(name.lower() for name, _ in headers)
    if named & _RESERVED:
        raise BadHeader("reserved")
    if "user-agent" in named or "authorization" in named:
        return header_lines(origin.host_header, origin.authorization, without=named) + lines
    return origin.header_lines + lines
