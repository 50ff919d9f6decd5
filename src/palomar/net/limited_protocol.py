"""HTTP/1.1 on one connection, with limits: httptools parses, and one cycle answers each request.

Not here: deadlines, pipelined requests and the connection's end (:mod:`palomar.net.http_connection`), and limits on
whole bodies, because their refusal is written in a vendor's format (:func:`palomar.net.asgi.read_body`).
"""

from http import HTTPStatus
from typing import cast

import httptools

from palomar.net.asgi import FAULT
from palomar.net.http_connection import NEVER, HttpConnection, ListenerState
from palomar.net.limits import HttpLimits
from palomar.net.request_cycle import RequestCycle
from palomar.net.request_head import (
    METHODS_KNOWN,
    NO_TARGET,
    AfterHead,
    escaped_target,
    known_method,
    new_parser,
    read_target,
)

__all__ = ["HttpLimits", "LimitedHttpProtocol", "ListenerState"]

_WITHOUT_CHUNKS = _WITHOUT_HOST = ("0.9", "1.0")
_SPECIAL = frozenset({b"host", b"expect", b"transfer-encoding"})


class LimitedHttpProtocol(HttpConnection):
    """The reader of the requests of a connection; it refuses those that exceed a limit or are no HTTP."""

    def __init__(self, shared: ListenerState) -> None:
        super().__init__(shared)
        self._parser = new_parser(self)
        self._url = b""
        self._target = NO_TARGET  # of the last request: mostly the next one has the same
        self._headers: list[tuple[bytes, bytes]] = []
        self._expects_continue = False
        self._hosts = 0  # Host headers of the head that comes
        self._method = ""  # of the request that comes, where the parser does not know it
        self._is_coded = False  # True if the body has a coding that we do not read
        self._upgrading = False

    # --- asyncio.Protocol ---

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._drain(len(data))
            return
        if not self._overhead and not self._in_body:
            self.deadline = self._loop.time() + self._limits.head_seconds
            if not data.isascii():
                data = escaped_target(data)
            if not data.startswith(METHODS_KNOWN):
                self._method, data = known_method(data)
        self._overhead += len(data)
        self._feed(data)
        if self._overhead > self._limits.head_octets and not self._refused:
            self._refuse(400 if self._in_body else 431, b"Too much around the body.")
        unfinished = self._overhead + self._body_octets
        if unfinished != self._counted and not self._refused:
            self._count_unfinished(unfinished)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._parser = cast("httptools.HttpRequestParser", None)  # breaks the reference cycle

    # --- httptools ---

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = []
        self._expects_continue = False
        self._hosts = 0
        self._is_coded = False

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in _SPECIAL:
            if name == b"host":
                self._hosts += 1
            elif name == b"expect":
                self._expects_continue = value.lower() == b"100-continue"
            elif value.strip().lower() != b"chunked":
                self._is_coded = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        limits = self._limits
        if len(self._headers) > limits.headers or self._head_is_too_large():
            self._refuse(431, b"Request header fields too large.")
            return
        if len(self._pipelined) >= limits.pipelined:
            self._refuse(400, b"Too many requests at once.")
            return
        self._begin_request()
        self._overhead = self._drained = 0
        self._in_body = True
        self.deadline = self._loop.time() + limits.body_seconds
        self._upgrading = self._parser.should_upgrade()
        self._headers = []  # a chunked body's trailers go here, not among the headers a proxy has checked

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        cycle = self._cycle
        if self._refused or cycle is None:
            return
        if cycle.response_complete:
            self._body_octets = 0
            self._drain(len(body))
        else:
            self._body_octets += len(body)
            cycle.body_came(body)

    def on_message_complete(self) -> None:
        if self._refused or self._upgrading:
            return
        self._in_body = False
        self._overhead = self._body_octets = 0
        if self._lingering:
            self._socket.close()
            return
        cycle = self._cycle
        if cycle is not None and not cycle.response_complete:
            self.deadline = NEVER  # the application's time
            cycle.body_ended()
        else:
            self._renew_deadline()

    # --- private ---

    def _begin_request(self, fault: HTTPStatus | None = None) -> None:
        """Start the request whose head is complete, or put it in line. With ``fault`` its head is bad after the first
        line, and the face that answers the path refuses it."""
        parser = self._parser
        version = parser.get_http_version()
        scope = self._origin.copy()
        scope["method"] = self._method or parser.get_method().decode("ascii")
        self._method = ""
        if version != "1.1":
            scope["http_version"] = version
        if self._url != self._target.url:
            self._target = read_target(self._url)
        _, scope["raw_path"], scope["path"], scope["query_string"] = self._target
        if fault is not None:
            scope[FAULT] = fault
        elif self._hosts != 1 and (self._hosts or version not in _WITHOUT_HOST):
            scope[FAULT] = HTTPStatus.BAD_REQUEST  # RFC 9112 section 3.2
        elif self._is_coded:
            scope[FAULT] = HTTPStatus.NOT_IMPLEMENTED  # RFC 9112 section 6.1
        scope["headers"] = self._headers
        chunks_understood = version not in _WITHOUT_CHUNKS
        self._cycle = cycle = RequestCycle(
            scope,
            self,
            keep_alive=version != "1.0" and FAULT not in scope and parser.should_keep_alive(),
            chunks_understood=chunks_understood,
            expects_continue=self._expects_continue and chunks_understood,
        )
        if self._running is None:
            self._start(cycle)
        else:
            self.pause_reading()
            self._pipelined.append(cycle)

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._refused and not self._delegate_bad_head():
                self._refuse(400, b"Invalid HTTP request.")

    def _delegate_bad_head(self) -> bool:
        """Let the face that answers the path refuse a head that the parser gave up (two lengths, a coding without end):
        dialects have forms of their own for that. Return False if no path is known, or another request is being
        answered."""
        cycle = self._cycle
        if self._in_body:  # the request had begun before its coding was found to be bad
            if cycle is None or FAULT not in cycle.scope or cycle.response_started:
                return False
            cycle.scope[FAULT] = HTTPStatus.BAD_REQUEST
        else:
            if not self._url or not (cycle is None or cycle.response_complete) or self.is_closing():
                return False
            try:
                self._begin_request(HTTPStatus.BAD_REQUEST)
            except (ValueError, httptools.HttpParserError):  # no path either
                return False
            cycle = self._cycle
            assert cycle is not None
        self._refused = True  # what still comes is not parsed
        self._in_body = False
        self._drained = 0
        self._count_unfinished(0)
        cycle.body_ended()
        return True

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Ignore an offer to upgrade, as RFC 9110 section 7.8 lets a server do: httptools has stopped before the body,
        so a new parser gets the framing and the rest. Java's client offers h2c with its first request."""
        self._upgrading = False
        if self._refused or self._cycle is None:
            return
        self._parser = new_parser(AfterHead(self))
        framing = (b"content-length", b"transfer-encoding")
        lines = [b"%b: %b\r\n" % header for header in self._cycle.scope["headers"] if header[0] in framing]
        self._feed(b"POST / HTTP/1.1\r\n%b\r\n%b" % (b"".join(lines), rest))

    def _head_is_too_large(self) -> bool:
        if self._overhead <= self._limits.head_octets:  # all that came since the last request: head and more
            return False
        octets = len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)
        return octets > self._limits.head_octets
