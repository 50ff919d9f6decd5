"""The customer's side: answers delivery callbacks with 200 at once and remembers when each came.

HTTP/1.1 with keep-alive and pipelining, GET only, written by hand because it must cost a few microseconds a callback.
It reads FOXSYS's ``acklevel`` (operator, handset, error) and, for Kannel, the ``dlr-mask`` values put in its place.
"""

import argparse
import asyncio
import sys
import time
from array import array
from typing import Any

import numbering
import peer

OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
NO = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HEAD_MAX = 65_536

OPERATOR, HANDSET, ERROR = range(3)
LEVELS = {
    b"operator": OPERATOR,
    b"handset": HANDSET,
    b"error": ERROR,
    b"8": OPERATOR,  # Kannel: the SMSC took it
    b"1": HANDSET,  # delivered to the phone
    b"2": ERROR,  # not delivered to the phone
    b"16": ERROR,  # the SMSC refused it
}


class Sink:
    """The callbacks that came, by message: how often and when first, for each level."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._batch = options.batch
        self._counts: tuple[bytearray, ...] = (bytearray(), bytearray(), bytearray())
        self._first: tuple[array[float], ...] = (array("d"), array("d"), array("d"))
        self._final = bytearray()
        self.callbacks = self.finals = self.operators = self.doubled = 0
        self.unknown = self.mismatched = self.connections = 0
        self.last = 0.0
        self._grow(10_000)

    async def open(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self), self._options.host, self._options.port, backlog=1024
        )
        return {"port": server.sockets[0].getsockname()[1]}

    def go(self) -> None:
        return None

    def count_callback(self, target: bytes, now: float) -> None:
        """Count the callback with this request target."""
        self.callbacks += 1
        self.last = now
        try:
            level = LEVELS[_parameter(target, b"acklevel=")]
            index = numbering.index_of(int(_parameter(target, b"msisdn=")))
            request = int(_parameter(target, b"subid=")[len(numbering.SUBID_PREFIX) :])
        except (KeyError, ValueError):
            self.unknown += 1
            return
        if request != index // self._batch:
            self.mismatched += 1
        if index >= len(self._final):
            self._grow(index + 1)
        self._count(level, index, now)

    def _count(self, level: int, index: int, now: float) -> None:
        counts = self._counts[level]
        if counts[index]:
            self.doubled += 1
            counts[index] = min(counts[index] + 1, 255)
            return
        counts[index] = 1
        self._first[level][index] = now
        if level == OPERATOR:
            self.operators += 1
        elif not self._final[index]:
            self._final[index] = 1
            self.finals += 1

    def _grow(self, least: int) -> None:
        more = max(least, 2 * len(self._final)) - len(self._final)
        for counts in self._counts:
            counts.extend(bytes(more))
        for times in self._first:
            times.frombytes(bytes(8 * more))
        self._final.extend(bytes(more))

    def progress(self) -> dict[str, Any]:
        return {
            "callbacks": self.callbacks,
            "finals": self.finals,
            "operators": self.operators,
            "last": self.last,
        }

    def summary(self) -> dict[str, Any]:
        return {
            **self.progress(),
            "doubled": self.doubled,
            "unknown": self.unknown,
            "mismatched": self.mismatched,
            "connections": self.connections,
        }

    def records(self) -> dict[str, Any]:
        names = ("operator", "handset", "error")
        return {name: self._first[level].tolist() for level, name in enumerate(names)}


class Connection(asyncio.Protocol):
    """One caller; requests may be pipelined and may come in pieces."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._sink.connections += 1

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1:
            heads = [data]
            self._rest = b""
        else:
            *heads, self._rest = data.split(b"\r\n\r\n")
        now = time.monotonic()
        for head in heads:
            self._answer(head, now)
        if len(self._rest) > HEAD_MAX:
            self._transport.close()

    def _answer(self, head: bytes, now: float) -> None:
        transport = self._transport
        if not head.startswith(b"GET "):
            transport.write(NO)
            transport.close()
            return
        self._sink.count_callback(head[4 : head.index(b" ", 4)], now)
        transport.write(OK)
        if b"onnection: close" in head or b"onnection: Close" in head:
            transport.close()


def _parameter(target: bytes, name: bytes) -> bytes:
    """Return the value of the query parameter ``name`` (with its equals sign); raises ValueError if it is missing."""
    start = target.index(name) + len(name)
    end = target.find(b"&", start)
    return target[start:] if end < 0 else target[start:end]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--batch", type=int, default=1, help="recipients a request of the load, to check subids")
    peer.add_options(parser)
    options = parser.parse_args()
    return peer.run(Sink(options), options)


if __name__ == "__main__":
    sys.exit(main())
