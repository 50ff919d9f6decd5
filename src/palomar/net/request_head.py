"""Help the parser with requests that it refuses: raw octets in a target, unknown methods, heads that offer an upgrade.

Not here: the parser (httptools), and what follows from a head (:mod:`palomar.net.limited_protocol`).
"""

import re
from typing import Final, NamedTuple, Protocol
from urllib.parse import unquote

import httptools

METHODS_KNOWN: Final = tuple(
    f"{method} ".encode("ascii")
    for method in ("POST", "GET", "HEAD", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH")
)
"""Beginnings of requests whose method the parser knows."""


class ParserCallbacks(Protocol):
    """The methods that httptools calls."""

    def on_message_begin(self) -> None: ...
    def on_url(self, url: bytes) -> None: ...
    def on_header(self, name: bytes, value: bytes) -> None: ...
    def on_headers_complete(self) -> None: ...
    def on_body(self, body: bytes) -> None: ...
    def on_message_complete(self) -> None: ...


def new_parser(callbacks: "ParserCallbacks") -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(callbacks)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)  # what follows a last request is not looked at
    return parser


class RequestTarget(NamedTuple):
    """A request's target as it came (``url``), its path as it came and decoded, and its query."""

    url: bytes
    raw_path: bytes
    path: str
    query: bytes


NO_TARGET: Final = RequestTarget(b"", b"", "", b"")


def read_target(url: bytes) -> RequestTarget:
    """Split a target. Raises ValueError or a parser's error if it has no path."""
    raw_path, query = _path_and_query(url)
    path = raw_path.decode("ascii")
    if "%" in path:
        path = unquote(path)
    return RequestTarget(url, raw_path, path if "//" not in path else _one_slash(path), query)


def _path_and_query(target: bytes) -> tuple[bytes, bytes]:
    """Split a request's target, cheaply in origin form, else in absolute form (RFC 9112 section 3.2)."""
    if target.startswith(b"/") and b"#" not in target:
        path, _, query = target.partition(b"?")
        return path, query
    parsed = httptools.parse_url(target)
    if parsed.path is None:
        raise ValueError("a target without a path")  # inside the parser, and so a parser's error
    return parsed.path, parsed.query or b""


def _one_slash(path: str) -> str:
    """Replace several slashes by one: programs join ``https://host/`` and ``/json/send``."""
    return _SLASHES("/", path)


_SLASHES: Final = re.compile("//+").sub


def escaped_target(data: bytes) -> bytes:
    """Escape the raw octets of the target in the beginning of a request, as the parser insists (RFC 3986 section
    2.1): PHP's ``file_get_contents`` sends a URL as it stands in the program, Latin-1 letters and all."""
    line, end, rest = data.partition(b"\r\n")
    if line.isascii():
        return data
    return b"".join(b"%%%02X" % octet if octet >= 0x80 else bytes((octet,)) for octet in line) + end + rest


def known_method(data: bytes) -> tuple[str, bytes]:
    """Return an unknown method, and the beginning of the request with a method that the parser knows.

    Methods are case-sensitive (RFC 9110 section 9.1): ``post`` is another one, which no path has, and the face that
    answers the path refuses it.
    """
    method = data[: max(data.find(b" ", 0, _METHOD_LONGEST), 0)]
    if _TOKEN(method) is None:
        return "", data
    return method.decode("ascii"), b"POST" + data[len(method) :]


_METHOD_LONGEST: Final = 32
_TOKEN: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch


class AfterHead:
    """Callbacks of a new parser that pass everything on to the protocol but the first head, which the protocol has
    had."""

    def __init__(self, protocol: "ParserCallbacks") -> None:
        self._protocol = protocol
        self._head_done = False
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete

    def on_message_begin(self) -> None:
        if self._head_done:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if self._head_done:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._head_done:
            self._protocol.on_headers_complete()
        self._head_done = True
