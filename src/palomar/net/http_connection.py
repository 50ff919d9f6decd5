"""One connection of the listener: the order of its requests, its deadlines, and its end.

Theory of operation. A connection is in one of four waits, each with its deadline: for the rest of a head, for the rest
of a body, for a client that does not read its answer, for the next request of a kept-alive connection. Only the time at
which it ends is written down here; the listener sweeps all connections every so often. While the application works on a
whole request nothing is awaited and there is no deadline: that time is the application's.

Requests that come before the one in front of them is answered wait in line, and nothing more is read.

A client may end its side of the connection once it has asked (``nc -N``): all complete requests are answered, then the
connection is closed. Over TLS it is closed at once: RFC 8446 section 6.1 allows a half-closed connection, the event
loops do not.

Not here: parsing (:mod:`palomar.net.limited_protocol`), and the form of an answer (:mod:`palomar.net.request_cycle`).
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from starlette.types import ASGIApp

from palomar.net.capacity import Capacity
from palomar.net.limits import HttpLimits
from palomar.net.request_cycle import STATUS_LINES, RequestCycle

__all__ = ["NEVER", "HttpConnection", "ListenerState"]

NEVER: Final = math.inf
_LINGER_SECONDS: Final = 2.0
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


@dataclass(slots=True, kw_only=True)
class ListenerState:
    """What the connections of one listener share; it changes while they are open."""

    app: ASGIApp
    limits: HttpLimits
    capacity: Capacity
    on_lost: Callable[[], None]
    """Called when a connection is lost."""
    connections: "set[HttpConnection]" = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    """The tasks of requests that are being answered."""
    date_line: bytes = b""


class HttpConnection(asyncio.Protocol):
    """One connection; the parsing is a subclass's. ``deadline`` is on the loop's clock."""

    def __init__(self, shared: ListenerState) -> None:
        self.deadline = NEVER
        self.writable: asyncio.Event | None = None
        self._shared = shared
        self._limits = shared.limits
        self._loop = asyncio.get_running_loop()
        self._socket = cast("asyncio.Transport", None)
        self._reading = True
        self._origin: dict[str, Any] = {}  # what all its scopes have in common
        self._cycle: RequestCycle | None = None  # of the request that came last
        self._running: RequestCycle | None = None  # the request that is being answered
        self._pipelined: deque[RequestCycle] = deque()
        self._closing = False
        self._in_body = False
        self._refused = False
        self._lingering = False
        self._overhead = 0  # octets received since the last that belonged to a body or ended a head
        self._drained = 0
        self._body_octets = 0  # of the body that comes, as far as it is kept
        self._counted = 0  # octets of a request that has not come whole, as the capacity knows them
        self._client_done = False
        self._is_tls = False

    # --- capacity.CountedConnection

    @property
    def address(self) -> str:
        client = self._origin.get("client")
        return client[0] if client else ""

    @property
    def idle_since(self) -> float | None:
        if self._overhead or self._in_body or self._refused or self.is_closing():
            return None
        if self._cycle is None:
            return self.deadline - self._limits.head_seconds
        return self.deadline - self._limits.keep_alive_seconds if self._cycle.response_complete else None

    @property
    def unfinished_octets(self) -> int:
        return self._counted

    @property
    def is_known(self) -> bool:
        return self._in_body and self._cycle is not None and "user" in self._cycle.scope

    def give_way(self) -> None:
        self.close()

    def end_unfinished(self) -> None:
        self._refuse(503, b"Too much at once.")

    # --- the listener

    def abort(self) -> None:
        """Drop the connection and what was not yet written to it."""
        self._socket.abort()

    def shutdown(self) -> None:
        """Close as soon as nothing is left to answer."""
        if self._refused and self._running is None:
            self._socket.close()
        elif self._cycle is None or self._cycle.response_complete:
            self.close()
        else:
            self._cycle.keep_alive = False

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._socket = transport
        self._is_tls = transport.get_extra_info("sslcontext") is not None
        self._shared.connections.add(self)
        self._origin = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": "1.1",
            "server": _address(transport.get_extra_info("sockname")),
            "client": _address(transport.get_extra_info("peername")),
            "scheme": "https" if self._is_tls else "http",
            "root_path": "",
        }
        self.deadline = self._loop.time() + self._limits.head_seconds
        capacity = self._shared.capacity
        if not capacity.admit(self):
            if capacity.may_explain(self):
                self._refuse(503, b"Too many connections.")
            else:
                self.abort()

    def eof_received(self) -> bool:
        """Note that the client sends no more. Requests that came whole are answered all the same; returning True keeps
        our side open."""
        cycle = self._cycle
        is_whole = not self._in_body and not self._overhead
        if self._refused or cycle is None or cycle.response_complete or not is_whole or self._is_tls:
            return False
        cycle.keep_alive = False  # no request follows
        self._client_done = True
        for waiting in (self._running, *self._pipelined):
            if waiting is not None:
                waiting.client_is_done()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.capacity.release(self)
        self._count_unfinished(0)
        self._shared.connections.discard(self)
        for cycle in {self._running, self._cycle}:
            if cycle is not None and not cycle.response_complete:
                cycle.disconnect()
        self._pipelined.clear()
        self._resume_writers()
        self._shared.on_lost()

    def pause_writing(self) -> None:
        self.writable = asyncio.Event()
        self.deadline = self._loop.time() + self._limits.write_seconds

    def resume_writing(self) -> None:
        self._resume_writers()
        self._renew_deadline()

    # --- request_cycle.CycleConnection ---

    @property
    def date_line(self) -> bytes:
        return self._shared.date_line

    def write(self, data: bytes) -> None:
        self._socket.write(data)

    def is_closing(self) -> bool:
        return self._closing or self._socket.is_closing()

    def close(self) -> None:
        """Close, but first read on while a body is still coming: closing over unread octets would reset the connection,
        and the client would never see the answer."""
        if self._closing:
            return
        self._closing = True
        if self._running is not None:
            self._running.flush()
        if self._refused:
            self._linger()
        elif self._in_body:
            self._lingering = True
            self.resume_reading()
        else:
            self._socket.close()

    def pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self._socket.pause_reading()

    def resume_reading(self) -> None:
        if not self._reading and not self._client_done and not self._socket.is_closing():
            self._reading = True
            self._socket.resume_reading()

    def response_ended(self) -> None:
        self._running = None
        if self._closing or self._socket.is_closing():
            return
        if not self._reading:
            self.resume_reading()
        if self._pipelined:
            self._start(self._pipelined.popleft())
        self._renew_deadline()

    # --- for the subclass that parses

    def _start(self, cycle: RequestCycle) -> None:
        self._running = cycle
        cycle.task = self._loop.create_task(self._answer(cycle))
        self._shared.tasks.add(cycle.task)

    async def _answer(self, cycle: RequestCycle) -> None:
        """Run the application on the request. The task removes itself from the set: a callback would cost another
        turn."""
        try:
            await cycle.run(self._shared.app)
        finally:
            if cycle.task is not None:
                self._shared.tasks.discard(cycle.task)
                cycle.task = None  # breaks the reference cycle

    def _count_unfinished(self, octets: int) -> None:
        """Report how many octets of an unfinished request are kept now."""
        if octets != self._counted:
            more, self._counted = octets - self._counted, octets
            self._shared.capacity.add_unfinished(more)

    def _resume_writers(self) -> None:
        if self.writable is not None:
            self.writable.set()
            self.writable = None

    def _renew_deadline(self) -> None:
        """Set the deadline of the present wait; a head that has begun keeps its deadline."""
        if self._in_body:
            self.deadline = self._loop.time() + self._limits.body_seconds
        elif self._cycle is not None and not self._cycle.response_complete:
            self.deadline = NEVER
        elif not self._overhead:
            self.deadline = self._loop.time() + self._limits.keep_alive_seconds

    def _refuse(self, status: int, text: bytes) -> None:
        """Answer without calling the application; then read on for a while, for the reason that :meth:`close` gives,
        until the client closes."""
        self._refused = True
        self._count_unfinished(0)
        if self._running is not None:
            self._running.flush()
        if not self._may_answer():
            return
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n" % len(text)
        self._socket.write(b"%b%b%b\r\n%b" % (STATUS_LINES[status], self.date_line, head, text))
        self._linger()

    def _linger(self) -> None:
        """Say that no more is coming, and read on for a while and drop what comes."""
        self._drained = 0
        self.resume_reading()
        self.deadline = self._loop.time() + _LINGER_SECONDS
        if self._socket.can_write_eof():
            self._socket.write_eof()

    def _drain(self, octets: int) -> None:
        self._drained += octets
        if self._drained > self._limits.drain_octets:
            self.abort()

    def _may_answer(self) -> bool:
        """Return True if the refusal may be written now; else make sure that the connection ends."""
        cycle = self._cycle
        if cycle is None or cycle.response_complete:
            return True
        if not self._in_body:  # the bad request follows a good one, which is answered first
            cycle.keep_alive = False
            self.deadline = NEVER
            return False
        cycle.disconnect()  # the bad part is the body that the application waits for
        if cycle.response_started or self._pipelined:
            self._socket.close()
            return False
        return True


def _address(name: tuple[str, int] | None) -> tuple[str, int] | None:
    """Return host and port without the flow and scope of an IPv6 address."""
    return (name[0], name[1]) if isinstance(name, tuple) else None
