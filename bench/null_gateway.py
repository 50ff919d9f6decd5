"""A gateway that only forwards: it shows what the load, the SMSC and the sink can do with hardly anything between them.

It takes FOXSYS sends, submits over SMPP, calls back, keeps everything in memory, checks nothing, bills nothing and
recovers from nothing. It is the bench's zero: run.py with ``--gateway null`` shows that the peers are no bottleneck.
"""

import argparse
import asyncio
import json
import sys
from collections import deque
from typing import Any
from urllib.parse import urlsplit

import peer
from smsc_wire import BIND_TRANSCEIVER, DELIVER_SM, HEADER, RESPONSE, SUBMIT_SM

LINKS, CALLBACK_CONNECTIONS = 2, 16


class Gateway:
    """The messages by what is known of them: sequence number, then SMSC id."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.callbacks: deque[bytes] = deque()
        self.free_connections: deque[CallbackConnection] = deque()
        self.links: list[Link] = []
        self.by_sequence: dict[int, bytes] = {}
        self.by_id: dict[bytes, bytes] = {}
        self.sequence = 0

    async def open(self) -> dict[str, Any]:
        loop, options = asyncio.get_running_loop(), self._options
        for _ in range(LINKS):
            await loop.create_connection(lambda: Link(self), "127.0.0.1", options.smsc_port)
        target = urlsplit(options.callback)
        for _ in range(CALLBACK_CONNECTIONS):
            await loop.create_connection(lambda: CallbackConnection(self), target.hostname, target.port)
        server = await loop.create_server(lambda: HttpConnection(self), "127.0.0.1", options.port)
        return {"port": server.sockets[0].getsockname()[1]}

    def go(self) -> None:
        return None

    def accept(self, number: str, url: str, subid: str) -> None:
        self.sequence += 1
        self.by_sequence[self.sequence] = f"{url}?msisdn={number}&subid={subid}&acklevel=".encode()
        body = b"\0\5\0FOXSYS\0\1\1%b\0\0\0\0\0\0\1\0\0\0\5hello" % number.encode()
        link = self.links[self.sequence % LINKS]
        link.write(HEADER.pack(HEADER.size + len(body), SUBMIT_SM, 0, self.sequence) + body)

    def call(self, target: bytes) -> None:
        if self.free_connections:
            self.free_connections.popleft().call(target)
        else:
            self.callbacks.append(target)

    def progress(self) -> dict[str, Any]:
        return {"accepted": self.sequence}

    def summary(self) -> dict[str, Any]:
        return self.progress()

    def records(self) -> dict[str, Any]:
        return {}


class HttpConnection(asyncio.Protocol):
    """An HTTP connection of a customer."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or -1)
        if length < 0 or len(body) < length:
            self._rest = data
            return
        self._rest = b""
        sent = json.loads(body)
        path = urlsplit(sent["ackurl"]).path
        for recipient in sent["recipient"]:
            self._gateway.accept(recipient["msisdn"], path, sent["subid"])
        answer = b'{"code": "0", "message": "", "subid": "%b"}' % sent["subid"].encode()
        self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))


class Link(asyncio.Protocol):
    """An SMPP transceiver."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._rest = b""

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.write = transport.write
        body = b"palomar\0secret\0\0\x34\0\0\0"
        transport.write(HEADER.pack(HEADER.size + len(body), BIND_TRANSCEIVER, 0, 0) + body)
        self._gateway.links.append(self)

    def data_received(self, data: bytes) -> None:
        data, place, out = self._rest + data, 0, []
        gateway = self._gateway
        while len(data) - place >= HEADER.size:
            length, command, _, sequence = HEADER.unpack_from(data, place)
            if len(data) - place < length:
                break
            if command == SUBMIT_SM | RESPONSE:
                callback = gateway.by_sequence.pop(sequence)
                gateway.by_id[data[place + HEADER.size : place + length - 1]] = callback
                gateway.call(callback + b"operator")
            elif command == DELIVER_SM:
                start = data.index(b"id:", place) + 3
                callback = gateway.by_id.pop(data[start : data.index(b" ", start)])
                gateway.call(callback + b"handset")
                out.append(HEADER.pack(HEADER.size + 1, DELIVER_SM | RESPONSE, 0, sequence) + b"\0")
            place += length
        self._rest = data[place:]
        if out:
            self._transport.write(b"".join(out))


class CallbackConnection(asyncio.Protocol):
    """A keep-alive connection to the customer's ackurl."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def connection_made(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._gateway.free_connections.append(self)

    def call(self, target: bytes) -> None:
        self._transport.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)

    def data_received(self, data: bytes) -> None:
        if self._gateway.callbacks:
            self.call(self._gateway.callbacks.popleft())
        else:
            self._gateway.free_connections.append(self)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--smsc-port", type=int, required=True)
    parser.add_argument("--callback", required=True, metavar="URL")
    peer.add_options(parser)
    options = parser.parse_args()
    return peer.run(Gateway(options), options)


if __name__ == "__main__":
    sys.exit(main())
