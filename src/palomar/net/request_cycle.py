"""One request and its answer, between a connection and an ASGI application (ASGI 3.0, HTTP spec 2.3).

Theory of operation. The connection tells a cycle what comes: pieces of the body, its end, the client's leaving. The
application asks for that with :meth:`RequestCycle.receive` and answers with :meth:`RequestCycle.send`. A head is held
until its body follows, so that both leave in one system call, but no longer than to the loop's next turn. A fault of
the application is a 500 before anything has left, and afterwards the end of the connection.

Not here: parsing (:mod:`palomar.net.limited_protocol`), and deadlines (:mod:`palomar.net.http_connection`).
"""

import asyncio
import http
from typing import Final, Protocol

import structlog
from starlette.types import ASGIApp, Message, Scope

from palomar.net.asgi import BODY_FOLLOWS

__all__ = ["STATUS_LINES", "CycleConnection", "RequestCycle"]

STATUS_LINES: Final = {code: b"HTTP/1.1 %d \r\n" % code for code in range(200, 600)} | {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus
}

_log = structlog.get_logger(__name__)

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_BODY_WAITING = 64 * 1024  # octets the application has not asked for, from which on no more are read
_FAILURE = b"Internal Server Error"
_CONTROLS = bytes((*range(9), *range(10, 32), 127))  # what no header may hold (RFC 9110 section 5.5)
_LENGTH = b"content-length: "
_CODING = b"transfer-encoding: "
_CONNECTION = b"connection: "
_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")  # RFC 9110 section 5.6.2
_name_starts: dict[bytes, bytes] = {}  # a header's name as the application spells it -> how its line starts
_NAMES_KEPT = 256


class CycleConnection(Protocol):
    """The connection of a cycle, as the cycle uses it."""

    @property
    def date_line(self) -> bytes: ...

    writable: asyncio.Event | None
    """Set once the client has made room for more; None while there is room."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def response_ended(self) -> None: ...


class RequestCycle:
    """A request whose head is complete, and its answer. ``keep_alive`` may be cleared until the answer's head is
    sent."""

    __slots__ = (
        "_chunked",
        "_chunks_understood",
        "_client_is_done",
        "_connection",
        "_event",
        "_expects_continue",
        "_has_message",
        "_held",
        "_more_body",
        "_octets_due",
        "_pieces",
        "_waiting",
        "disconnected",
        "keep_alive",
        "response_complete",
        "response_started",
        "scope",
        "task",
    )

    def __init__(
        self,
        scope: Scope,
        connection: CycleConnection,
        *,
        keep_alive: bool,
        chunks_understood: bool,
        expects_continue: bool,
    ) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.disconnected = False
        self.response_started = False
        self.response_complete = False
        self.task: asyncio.Task[None] | None = None
        """The task that answers it; set by the connection."""
        self._connection = connection
        self._expects_continue = expects_continue
        self._pieces: list[bytes] = []
        self._waiting = 0  # octets of the pieces
        self._more_body = True
        self._client_is_done = False
        self._has_message = False  # whether there is something to receive
        self._event: asyncio.Event | None = None  # set when an application that receives can go on
        self._held = b""
        self._chunks_understood = chunks_understood
        self._chunked = False
        self._octets_due: int | None = 0  # of the answer's body; None if its length is unknown

    # --- the connection's side ---

    def body_came(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting > _BODY_WAITING:
            self._connection.pause_reading()
        self._has_message = True
        if self._event is not None:
            self._event.set()

    def body_ended(self) -> None:
        self._more_body = False
        self._has_message = True
        if self._event is not None:
            self._event.set()

    def client_is_done(self) -> None:
        """Note that the client has ended its side, and still reads. An application that has begun to answer and waits
        for the client to leave (a stream without end) is told that it has left: nothing else would end the stream."""
        self._client_is_done = True
        if self.response_started and self._event is not None:
            self._event.set()

    def disconnect(self) -> None:
        """Note that the client has left: the application is told so when it receives, and what it sends is dropped."""
        self.disconnected = True
        self._wake()

    def flush(self) -> None:
        """Write the head that is held."""
        held = self._held
        if held and not self.disconnected:
            self._held = b""
            self._connection.write(held)

    async def run(self, app: ASGIApp) -> None:
        """Run the application on the request. An exception is logged and answered; only a cancellation is raised
        again."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception:
            _log.exception("application failed", path=self.scope["path"])
            self._fail()
        except asyncio.CancelledError:  # the listener stops
            self._fail()
            raise
        else:
            if not self.response_complete and not self.disconnected:
                _log.error("application returned without an answer", path=self.scope["path"])
                self._fail()

    # --- the application's side ---

    async def receive(self) -> Message:
        """Return the next message for the application, as ASGI's ``receive``."""
        connection = self._connection
        if self._expects_continue and not connection.is_closing():
            self._expects_continue = False
            connection.write(_CONTINUE)
        if not (self._has_message or self._is_over()):
            connection.resume_reading()
            if self._event is None:
                self._event = asyncio.Event()
            await self._event.wait()
        if self.disconnected or self.response_complete or not self._has_message:
            return {"type": "http.disconnect"}
        self._has_message = False
        if self._event is not None:
            self._event.clear()
        pieces = self._pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._waiting = 0
        return {"type": "http.request", "body": body, "more_body": self._more_body}

    async def send(self, message: Message) -> None:
        """Take a message of the application, as ASGI's ``send``. Raises :class:`RuntimeError` for a message out of
        order."""
        if not self.disconnected and (writable := self._connection.writable) is not None:
            await writable.wait()
        if self.disconnected:
            return
        kind = message["type"]
        if self.response_complete:
            raise RuntimeError(f"{kind} after the end of the answer")
        if kind != ("http.response.body" if self.response_started else "http.response.start"):
            raise RuntimeError(f"{kind} out of turn")
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._held = self._head(message)
            self.response_started = True
            self._expects_continue = False
            if self._client_is_done and self._event is not None:
                self._event.set()
            if BODY_FOLLOWS not in message:
                asyncio.get_running_loop().call_soon(self.flush)  # if the body takes longer

    # --- private ---

    def _is_over(self) -> bool:
        """Return True if nothing more comes but the end."""
        return self.disconnected or self.response_complete or (self._client_is_done and self.response_started)

    def _wake(self) -> None:
        self._has_message = True
        if self._event is not None:
            self._event.set()

    def _head(self, message: Message) -> bytes:
        """Write the answer's head as octets, and decide how its body is framed (RFC 9112 section 6.3)."""
        status: int = message["status"]
        lines = [STATUS_LINES[status], self._connection.date_line]
        count = 2
        length: int | None = None
        chunked = says_close = False
        for name, value in message.get("headers", ()):
            start = _name_starts.get(name) or _start_of_line(name)
            lines += (start, value, b"\r\n")
            count += 1
            if start == _LENGTH:
                length = int(value)
            elif start == _CODING:
                chunked = value.lower() == b"chunked"
            elif start == _CONNECTION and b"close" in value.lower():
                says_close = True
        if says_close:
            self.keep_alive = False
        bodiless = self.scope["method"] == "HEAD" or status in (204, 304)
        if length is None and not chunked and not bodiless:
            chunked = self._chunks_understood
            if chunked:
                lines.append(b"transfer-encoding: chunked\r\n")
                count += 1
        if not self.keep_alive and not says_close:
            lines.append(b"connection: close\r\n")
            count += 1
        head = b"".join(lines)
        if len(head.translate(None, _CONTROLS)) != len(head) - 2 * count:
            raise RuntimeError("a control character in a header")
        self._chunked = chunked
        self._octets_due = length if length is not None else (0 if bodiless else None)
        return head + b"\r\n"

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body, self._octets_due = b"", 0
        elif self._chunked:
            if body:
                body = b"%x\r\n%b\r\n" % (len(body), body)
            if not more:
                body += b"0\r\n\r\n"
        elif self._octets_due is not None:
            self._octets_due -= len(body)
            if self._octets_due < 0 or (self._octets_due and not more):
                raise RuntimeError("the body is not as long as its Content-Length")
        if self._held:
            body, self._held = self._held + body, b""
        if body:
            self._connection.write(body)
        if not more:
            self._end()

    def _end(self) -> None:
        self.response_complete = True
        self._wake()
        if not self.keep_alive:
            self._connection.close()
        self._connection.response_ended()

    def _fail(self) -> None:
        """Answer 500 if nothing of an answer has left, else close the connection."""
        if self.response_complete or self.disconnected:
            return
        if self.response_started and not self._held:
            self._connection.close()
            return
        self._held = b""
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(_FAILURE)),
            (b"connection", b"close"),
        ]
        self._held = self._head({"status": 500, "headers": headers})
        self.response_started = True
        self._send_body(_FAILURE, more=False)


def _start_of_line(name: bytes) -> bytes:
    lower = name.lower()
    if not lower or not _TOKEN.issuperset(lower):
        raise RuntimeError("not a header name")
    start = lower + b": "
    if len(_name_starts) < _NAMES_KEPT:
        _name_starts[name] = start
    return start
