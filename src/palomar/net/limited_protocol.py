"""uvicorn's HTTP/1.1 protocol with the limits and deadlines it lacks.

Theory of operation. A connection is in one of four waits, each with its deadline: for the rest of a head, for
the rest of a body, for a client that does not read its answer, for the next request of a kept-alive
connection. Only the time at which it ends is written down here; the listener sweeps all connections every so
often. While the application works on a whole request nothing is awaited and there is no deadline: that time
is the application's.

Not for limits on whole bodies: their refusal is written in a vendor's format
(:func:`palomar.net.asgi.read_body`).
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from palomar.net.response_transport import ResponseTransport

NEVER = math.inf
_LINGER_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one listener bears. The defaults suit a gateway that faces the Internet."""

    head_seconds: float = 10.0
    """From the first octet (or from connecting) to the end of a request's head."""
    body_seconds: float = 30.0
    """From the end of the head to the end of the body."""
    write_seconds: float = 30.0
    """For a client to make room for more of its answer."""
    keep_alive_seconds: float = 65.0
    """Idle between requests: longer than the 60 s for which usual proxies keep a connection."""
    head_octets: int = 32 * 1024
    headers: int = 100
    """Header lines a request."""
    drain_octets: int = 16 * 1024 * 1024
    """Of a body nobody wants, read and thrown away so that the client gets to its answer: twice what is wanted of
    anybody, in the time that a body has."""
    connections: int = 10_000
    pipelined: int = 32
    """Requests of one connection that wait for the one before them."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """One connection. ``gone`` is called when it is lost; ``deadline`` is on the loop's clock."""

    def __init__(self, config: Config, server_state: ServerState, *, limits: Limits, gone: Callable[[], None]) -> None:
        super().__init__(config, server_state, {}, asyncio.get_running_loop())
        self.deadline = NEVER
        self._limits = limits
        self._gone = gone
        self._socket: asyncio.Transport = cast("asyncio.Transport", None)
        self._answers: ResponseTransport = cast("ResponseTransport", None)
        self._in_body = False
        self._refused = False
        self._lingering = False
        self._upgrading = False
        self._overhead = 0  # octets received since the last that belonged to a body or ended a head
        self._drained = 0

    def abort(self) -> None:
        """Drop the connection and what was not yet written to it."""
        self._socket.abort()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._socket = transport
        self._answers = ResponseTransport(transport, linger=self._linger)
        super().connection_made(cast("asyncio.Transport", self._answers))
        self.deadline = self.loop.time() + self._limits.head_seconds
        excess = len(self.connections) - self._limits.connections
        if excess > self._limits.connections:
            self.abort()
        elif excess > 0:
            self._refuse(503, b"Too many connections.")

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._drain(len(data))
            return
        if not self._overhead and not self._in_body:
            self.deadline = self.loop.time() + self._limits.head_seconds
            if not data.isascii():
                data = _escaped_target(data)
        self._overhead += len(data)
        self._feed(data)
        if self._overhead > self._limits.head_octets and not self._refused:
            self._refuse(400 if self._in_body else 431, b"Too much around the body.")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._gone()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.deadline = self.loop.time() + self._limits.write_seconds

    def resume_writing(self) -> None:
        super().resume_writing()
        self._renew_deadline()

    # --- httptools ---

    def on_headers_complete(self) -> None:
        if self._refused:
            return
        limits = self._limits
        if len(self.headers) > limits.headers or self._head_is_too_large():
            self._refuse(431, b"Request header fields too large.")
            return
        if len(self.pipeline) >= limits.pipelined:
            self._refuse(400, b"Too many requests at once.")
            return
        super().on_headers_complete()
        self._overhead = self._drained = 0
        self._in_body = True
        self._renew_deadline()
        self._upgrading = self.parser.should_upgrade()
        self.headers = []  # a chunked body's trailers go here, not among the headers a proxy has checked

    def on_body(self, body: bytes) -> None:
        self._overhead = 0
        if self._refused:
            return
        if self.cycle.response_complete:
            self._drain(len(body))
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._refused or self._upgrading:
            return
        self._in_body = False
        self._overhead = 0
        if self._lingering:
            self._socket.close()
            return
        self._renew_deadline()
        super().on_message_complete()

    # --- uvicorn ---

    def on_response_complete(self) -> None:
        """As uvicorn's, but the deadline takes the place of a timer a request."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        self._renew_deadline()

    def _linger(self) -> bool:
        """Asked when the connection shall be closed: whether to read on first. To close over unread octets
        would reset the connection, and the client would never see the answer that says why."""
        if not self._in_body or self._refused:
            return False
        self._lingering = True
        self.flow.resume_reading()
        return True

    # --- private ---

    def _renew_deadline(self) -> None:
        """By what is awaited now; a head that has begun keeps the deadline it began with."""
        if self._in_body:
            self.deadline = self.loop.time() + self._limits.body_seconds
        elif not self.cycle.response_complete:
            self.deadline = NEVER
        elif not self._overhead:
            self.deadline = self.loop.time() + self._limits.keep_alive_seconds

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            if not self._refused:
                self._refuse(400, b"Invalid HTTP request.")

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """We upgrade to nothing (RFC 9110 section 7.8 lets a server ignore it), but httptools has stopped
        before the body. Java's client asks for h2c with its first request: a new parser is told the framing
        and gets the rest."""
        self._upgrading = False
        self.parser = httptools.HttpRequestParser(_AfterHead(self))
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        framing = (b"content-length", b"transfer-encoding")
        lines = [b"%b: %b\r\n" % header for header in self.scope["headers"] if header[0] in framing]
        self._feed(b"POST / HTTP/1.1\r\n%b\r\n%b" % (b"".join(lines), rest))

    def _head_is_too_large(self) -> bool:
        if self._overhead <= self._limits.head_octets:  # all that came since the last request: head and more
            return False
        octets = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        return octets > self._limits.head_octets

    def _refuse(self, status: int, text: bytes) -> None:
        """Answer what is not worth an application's time; then read on for a while, for the reason
        :meth:`_linger` gives, until the client closes."""
        self._refused = True
        self._answers.flush()
        if not self._may_answer():
            return
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(text)),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        self._socket.write(b"%b%b\r\n%b" % (STATUS_LINE[status], lines, text))
        self._drained = 0
        self.flow.resume_reading()
        self.deadline = self.loop.time() + _LINGER_SECONDS
        if self._socket.can_write_eof():
            self._socket.write_eof()

    def _drain(self, octets: int) -> None:
        self._drained += octets
        if self._drained > self._limits.drain_octets:
            self.abort()

    def _may_answer(self) -> bool:
        """Whether the refusal's answer is the next to write. Else see to it that the connection ends."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        if not self._in_body:  # bad is what follows a good request: that is answered, then comes the end
            cycle.keep_alive = False
            self.deadline = NEVER
            return False
        cycle.disconnected = True  # bad is the body that the application waits for
        cycle.message_event.set()
        if cycle.response_started or self.pipeline:
            self._socket.close()
            return False
        return True


class _AfterHead:
    """A parser's callbacks on their way to the protocol, but for the first head, which the protocol has
    had."""

    def __init__(self, protocol: LimitedHttpProtocol) -> None:
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


def _escaped_target(data: bytes) -> bytes:
    """The beginning of a request with the raw octets of its target escaped, as the parser insists (RFC 3986 section
    2.1): PHP's ``file_get_contents`` sends a URL as it stands in the program, Latin-1 letters and all."""
    line, end, rest = data.partition(b"\r\n")
    if line.isascii():
        return data
    return b"".join(b"%%%02X" % octet if octet >= 0x80 else bytes((octet,)) for octet in line) + end + rest
