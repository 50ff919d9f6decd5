"""The peers of ``noisy_neighbor.py``: an SMSC that notes when each message came, and customers' servers of all kinds.

All of them run in the bench's own process, so that one clock times everything. Not here: the troubles (``troubles``).
"""

import argparse
import asyncio
import re
import time
from typing import Any

from smsc import Smsc
from smsc_wire import Link, parse_submit

HANDSET = re.compile(rb"GET /\S*acklevel=handset\S*msisdn=(\d+)")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SLOW_SECONDS = 3.0
OPTIONS = argparse.Namespace(
    host="127.0.0.1", port=0, system_id="palomar", password="secret", receipt_delay=0.0, receipt_window=500
)


class TimedSmsc(Smsc):
    """An :class:`Smsc` whose ``came`` notes when the message to a number came first."""

    def __init__(self) -> None:
        super().__init__(OPTIONS)
        self.came: dict[int, float] = {}

    def take(self, body: bytes, link: Link, now: float) -> bytes:
        _, number, _, _ = parse_submit(body)
        self.came.setdefault(int(number), time.monotonic())
        return super().take(body, link, now)


class SilentSmsc(Smsc):
    """An SMSC that accepts binds and never answers a ``submit_sm``."""

    def __init__(self) -> None:
        super().__init__(OPTIONS)

    async def open(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _SilentLink(self), "127.0.0.1", 0)
        return {"port": server.sockets[0].getsockname()[1]}


class _SilentLink(Link):
    def _submit(self, sequence: int, body: bytes, now: float) -> None:
        return


class Customers:
    """Servers of customers. ``told`` notes when the ``handset`` callback of a number came to the good one.

    ``port`` answers at once, except paths that begin with ``/slow`` (after three seconds) and ``/hangs`` (never);
    ``hanging_port`` accepts connections and sends nothing, ``dead_port`` accepts none.
    """

    def __init__(self) -> None:
        self.told: dict[int, float] = {}
        self.hangs = 0

    async def open(self) -> None:
        """Listen on every address of the loopback."""
        server = await asyncio.start_server(self._serve, "0.0.0.0", 0)
        hanging = await asyncio.start_server(self._hang, "0.0.0.0", 0)
        gone = await asyncio.start_server(self._hang, "127.0.0.1", 0)
        self.port, self.hanging_port, self.dead_port = (
            one.sockets[0].getsockname()[1] for one in (server, hanging, gone)
        )
        gone.close()
        self._servers = (server, hanging)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = HANDSET.match(head)
                if head.startswith(b"GET /good") and found:
                    self.told.setdefault(int(found[1]), time.monotonic())
                elif head.startswith(b"GET /slow"):
                    await asyncio.sleep(SLOW_SECONDS)
                elif head.startswith(b"GET /hangs"):
                    self.hangs += 1
                    await reader.read()
                writer.write(OK)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    async def _hang(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hangs += 1
        try:
            while await reader.read(65_536):
                pass
        except OSError:
            pass
        writer.close()
