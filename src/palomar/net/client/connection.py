"""One keep-alive HTTP/1.1 connection of the callback client: it writes a request and reads its answer, one at a time.

Not here: where to connect and which exchange is next. :mod:`palomar.net.client.pool` decides both, and is called when
an exchange has ended, when the connection is free and when it is lost.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools
from msgspec import Struct

from palomar.ports import HttpOutcome

HEAD_LIMIT = 64 * 1024
"""Octets of a response that may come before its head is whole."""
BODY_LIMIT = 64 * 1024
"""Octets of a body that are read; past them the status decides and the connection is closed."""
BODY_START = 200
"""Octets of a body that are kept for the record."""
_REPEATED = 2 * 1024
"""Octets of the longest answer that is remembered whole."""


class PendingExchange(Struct, kw_only=True, eq=False):
    """One request on its way and the function to call with its outcome. It is mutable and plain because one is made for
    every callback; two are never equal."""

    payload: bytes
    started: float
    deadline: float
    done: Callable[[HttpOutcome], None]
    owner: "ConnectionPool | None" = None
    connection: "CallbackConnection | None" = None
    retried: bool = False


class ConnectionPool(Protocol):
    """The pool's host that a connection belongs to, as the connection calls it."""

    def made(self, connection: "CallbackConnection") -> None:
        """Note that the connection is open, and give it its first exchange."""
        ...

    def answered(
        self, connection: "CallbackConnection", exchange: PendingExchange, status: int, body_start: bytes
    ) -> None:
        """Take the answer of an exchange; the connection is free if it is still open."""
        ...

    def failed(self, exchange: PendingExchange, error: str) -> None:
        """Take the end of an exchange that has no answer; its connection is closed."""
        ...

    def stale(self, exchange: PendingExchange) -> None:
        """Send the exchange again: the server had closed this used connection before it answered a single octet."""
        ...

    def leave_idle(self, connection: "CallbackConnection") -> None:
        """Stop using the connection, if it is idle."""
        ...

    def lost(self, connection: "CallbackConnection") -> None:
        """Note that the connection is closed. Called once for each connection that was made, after the end of its
        exchange."""
        ...

    def forget(self, exchange: PendingExchange) -> None:
        """Drop a withdrawn exchange, and the connection it is on."""
        ...


class CallbackConnection(asyncio.Protocol):
    """A connection: both the protocol of asyncio and the callbacks of httptools. The parser has no header callback:
    llhttp itself follows framing and keep-alive, and only the status and the start of the body are recorded.

    A server's answers to callbacks are alike, at least within a second of its Date. So an answer is remembered if it
    came in one piece, was all that came, and left the connection open. The same octets, again in one piece and where an
    answer begins, mean the same again, and the parser, which is between two messages, need not see them.
    """

    __slots__ = (
        "_body_length",
        "_body_start",
        "_complete",
        "_exchange",
        "_head_done",
        "_keep",
        "_owner",
        "_parser",
        "_received",
        "_repeated",
        "_served",
        "_status",
        "_transport",
        "idle_since",
        "made",
        "open",
    )

    def __init__(self, owner: ConnectionPool) -> None:
        self._owner = owner
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._exchange: PendingExchange | None = None
        self._served = 0
        self._received = 0
        self._status = 0
        self._head_done = False
        self._complete = False
        self._keep = False
        self._body_start = b""
        self._body_length = 0
        self._repeated = (b"", 0, b"")  # an answer, its status, the start of its body
        self.made = self.open = False
        self.idle_since = 0.0

    # --- for the pool ---

    def send(self, exchange: PendingExchange) -> None:
        """Write the request; the connection must be open and free."""
        self._exchange = exchange
        exchange.connection = self
        if self._received:  # 0 after a remembered answer, which was not parsed
            self._received = 0
            self._head_done = False
            self._complete = False
            self._body_start = b""
            self._body_length = 0
        self._transport.write(exchange.payload)

    def abort(self) -> None:
        """Drop the connection; the exchange on it gets no outcome."""
        self._exchange = None
        self.open = False
        self._transport.abort()

    def abort_idle(self) -> None:
        """Drop the connection while it is idle."""
        self._owner.leave_idle(self)
        self.abort()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.made = self.open = True
        self._owner.made(self)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:  # an answer without a request: no later request may get it
            self.abort_idle()
            return
        if not self._received and data == self._repeated[0]:
            self._exchange = None
            _, status, body_start = self._repeated
            self._owner.answered(self, exchange, status, body_start)
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._keep = False
            if not self._complete:
                self._fail(exchange, "protocol")
                return
        if self._complete:
            if self._keep and len(data) == self._received <= _REPEATED:
                self._repeated = (data, self._status, self._body_start)
            self._end(exchange, keep=self._keep)
        elif self._body_length > BODY_LIMIT:
            self._end(exchange, keep=False)
        elif not self._head_done and self._received > HEAD_LIMIT:
            self._fail(exchange, "too_large")

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            if self._head_done:  # a body that ends with the connection, or is cut: the status has been given
                self._owner.answered(self, exchange, self._status, self._body_start)
            elif self._served and not self._received and not exchange.retried:
                self._owner.stale(exchange)
            else:
                self._owner.failed(exchange, "closed")
        self._owner.lost(self)

    # --- httptools ---

    def on_message_begin(self) -> None:
        if self._complete:  # a second answer to one request
            self._keep = False

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200 and not self._complete:
            self._status = status
            self._head_done = True

    def on_body(self, body: bytes) -> None:
        if self._complete:
            return
        self._body_length += len(body)
        if len(self._body_start) < BODY_START:
            self._body_start += body[: BODY_START - len(self._body_start)]

    def on_message_complete(self) -> None:
        if self._head_done and not self._complete:  # else it was an interim answer, 1xx
            self._complete = True
            self._keep = self._parser.should_keep_alive()

    # --- private ---

    def _end(self, exchange: PendingExchange, *, keep: bool) -> None:
        self._exchange = None
        self._served += 1
        if not keep:
            self.open = False
            self._transport.abort()
        self._owner.answered(self, exchange, self._status, self._body_start)

    def _fail(self, exchange: PendingExchange, error: str) -> None:
        self.abort()
        self._owner.failed(exchange, error)
