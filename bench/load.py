"""The customers' side: sends single or batched requests over keep-alive connections and times each.

Closed loop by default: each connection sends its next request when it has its answer. With ``--rate`` requests have
fixed times and a latency counts from the time its request was *meant* to leave, so that a gateway which stalls cannot
hide it by stalling the load too. A connection that breaks is opened again, at the next target if there are several; a
request that was on it is never sent again: its outcome is unknown, and counted so.
"""

import argparse
import asyncio
import re
import sys
import time
from array import array
from collections import Counter, deque
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import numbering
import peer
import request_format

RECONNECT_SECONDS = 0.05
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
NEVER = -1.0


class Load:
    """The plan (how many requests, when) and their outcomes."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.requests = options.messages // options.batch
        self.targets = [urlsplit(url) for url in options.url]
        self._next = self._answered = self.accepted = 0
        self._began = array("d", [NEVER]) * self.requests
        self._ended = array("d", [NEVER]) * self.requests
        self._codes: Counter[str] = Counter()
        self._accepted = bytearray(self.requests)
        self.broken = self.reconnects = 0
        self.problem = ""
        self._idle: deque[Connection] = deque()
        self._late: deque[int] = deque()
        self._connecting: set[asyncio.Future[None]] = set()
        self._start = 0.0
        self.finished = asyncio.Event()

    async def open(self) -> dict[str, Any]:
        options = self._options
        first = self.targets[0]
        make = {"foxsys": request_format.foxsys, "kannel": request_format.kannel}[options.dialect]
        shape: dict[str, Any] = {"batch": options.batch} if options.dialect == "foxsys" else {}
        self.request_format = make(
            host=first.netloc,
            login=options.login,
            key=options.key,
            text=options.text,
            callback=options.callback,
            **shape,
        )
        return {"requests": self.requests}

    async def go(self) -> None:
        self._start = time.monotonic()
        for place in range(self._options.connections):
            self._open(place)
        if self._options.rate:
            self._send_due()
        await self.finished.wait()

    def _open(self, place: int) -> None:
        task = asyncio.ensure_future(self._connect(place))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, place: int) -> None:
        """Open a connection to one target after the other until one answers."""
        while not self.finished.is_set():
            target = self.targets[place % len(self.targets)]
            make = partial(Connection, self, place)
            try:
                await asyncio.get_running_loop().create_connection(make, target.hostname, target.port)
                return
            except OSError as error:
                self.problem = str(error)
                place += 1
                await asyncio.sleep(RECONNECT_SECONDS)

    def on_ready(self, connection: "Connection", now: float) -> None:
        """Give a free connection its next request, or keep it for later."""
        if self._options.rate:
            if self._late:
                connection.send(self._late.popleft())
            else:
                self._idle.append(connection)
        elif self._next < self.requests:
            self._began[self._next] = now
            connection.send(self._next)
            self._next += 1

    def on_connection_lost(self, connection: "Connection", request: int | None) -> None:
        if connection in self._idle:
            self._idle.remove(connection)
        if request is not None:
            self.broken += 1
            self._finish_request(request)
        if not self.finished.is_set():
            self.reconnects += 1
            self._open(connection.place + 1)

    def on_answer(self, request: int, status: int, body: bytes, now: float) -> None:
        code = self.request_format.code(status, body)
        self._ended[request] = now
        self._codes[code] += 1
        if code == request_format.ACCEPTED:
            self._accepted[request] = 1
            self.accepted += 1
        elif not self.problem:
            self.problem = body[:300].decode(errors="replace")
        self._finish_request(request)

    def _finish_request(self, request: int) -> None:
        self._answered += 1
        if self._answered == self.requests:
            self.finished.set()

    def _send_due(self) -> None:
        """Send what is due by now, in an open loop, while there are free connections."""
        rate, now = self._options.rate, time.monotonic()
        while self._next < self.requests:
            due = self._start + self._next / rate
            if due > now:
                asyncio.get_running_loop().call_at(due, self._send_due)
                return
            self._began[self._next] = due
            if self._idle:
                self._idle.popleft().send(self._next)
            else:
                self._late.append(self._next)
            self._next += 1

    def progress(self) -> dict[str, Any]:
        return {"answered": self._answered, "accepted": self.accepted, "finished": self.finished.is_set()}

    def summary(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "answered": self._answered - self.broken,
            "accepted": self.accepted,
            "codes": dict(self._codes),
            "broken": self.broken,
            "reconnects": self.reconnects,
            "problem": self.problem,
        }

    def records(self) -> dict[str, Any]:
        return {
            "began": self._began.tolist(),
            "ended": self._ended.tolist(),
            "accepted_requests": list(self._accepted),
        }


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on it."""

    def __init__(self, load: Load, place: int) -> None:
        self._load = load
        self.place = place
        self._request: int | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._load.on_ready(self, time.monotonic())

    def connection_lost(self, error: Exception | None) -> None:
        self._load.on_connection_lost(self, self._request)

    def send(self, request: int) -> None:
        self._request = request
        self._transport.write(self._load.request_format.render(request))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        head_end = data.find(b"\r\n\r\n")
        if head_end < 0:
            self._rest = data
            return
        length = CONTENT_LENGTH.search(data, 0, head_end)
        if length is None or self._request is None:
            self._load.problem = f"unreadable answer: {data[:200]!r}"
            self._transport.close()
            return
        body_start = head_end + 4
        if len(data) < body_start + int(length[1]):
            self._rest = data
            return
        self._rest = b""
        now, request, self._request = time.monotonic(), self._request, None
        self._load.on_answer(request, int(data[9:12]), data[body_start:], now)
        if CLOSES.search(data, 0, head_end):
            self._transport.close()
        else:
            self._load.on_ready(self, now)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", action="append", required=True, help="the gateway, http://host:port; may be repeated")
    parser.add_argument("--dialect", choices=["foxsys", "kannel"], default="foxsys")
    parser.add_argument("--login", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--callback", required=True, metavar="URL", help="where delivery callbacks shall go")
    parser.add_argument("--text", default="The code of your bench message is 402-402.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0.0, help="requests a second (open loop); 0: as fast as it goes")
    parser.add_argument("--batch", type=int, default=1, metavar="K", help="recipients a request")
    peer.add_options(parser)
    options = parser.parse_args()
    if options.messages % options.batch or not 0 < options.messages <= numbering.MESSAGES_MAX:
        parser.error(f"--messages must be a multiple of --batch, from 1 to {numbering.MESSAGES_MAX}")
    return peer.run(Load(options), options)


if __name__ == "__main__":
    sys.exit(main())
