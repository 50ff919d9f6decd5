"""A pair of asyncio transports joined in memory: what one side writes, the other reads in the next turn of the loop.

It takes the place of a TCP connection within one process. It is no socket: it has no address, no TLS and no half-open
state.
"""

import asyncio
from typing import Any

HIGH_WATER = 256 * 1024


class MemoryTransport(asyncio.Transport):
    """One end of the pair. Octets are handed over once a turn of the loop, however many writes there were."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("memory", 0)})
        self._loop = loop
        self._protocol = protocol
        self._peer: MemoryTransport | None = None
        self._inbox: list[bytes] = []
        self._inbox_size = 0
        self._eof = False
        self._closing = False
        self._lost = False
        self._reading = True
        self._scheduled = False
        self._writer_paused = False

    # --- asyncio.Transport

    def write(self, data: Any) -> None:
        peer = self._peer
        if self._closing or peer is None:
            return
        peer._receive(bytes(data))
        if peer._inbox_size > HIGH_WATER and not self._writer_paused:
            self._writer_paused = True
            self._protocol.pause_writing()

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            if self._peer is not None:
                self._peer._receive_eof()
            self._loop.call_soon(self._connection_lost, None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        self._schedule()

    def can_write_eof(self) -> bool:
        return False

    # --- between the two ends

    def _receive(self, data: bytes) -> None:
        self._inbox.append(data)
        self._inbox_size += len(data)
        self._schedule()

    def _receive_eof(self) -> None:
        self._eof = True
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled and self._reading and (self._inbox or self._eof):
            self._scheduled = True
            self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        if self._closing or not self._reading:
            return
        if self._inbox:
            data = self._inbox[0] if len(self._inbox) == 1 else b"".join(self._inbox)
            self._inbox.clear()
            self._inbox_size = 0
            peer = self._peer
            if peer is not None and peer._writer_paused:
                peer._writer_paused = False
                self._loop.call_soon(peer._resume_writer)
            self._protocol.data_received(data)
        if self._eof and not self._inbox:
            self.close()

    def _resume_writer(self) -> None:
        if not self._lost and not self._writer_paused:
            self._protocol.resume_writing()

    def _connection_lost(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self._inbox.clear()
            self._peer = None
            self._protocol.connection_lost(error)


def join(client: asyncio.Protocol, server: asyncio.Protocol) -> MemoryTransport:
    """Connect two protocols of the running loop and return the client's transport; ``connection_made`` is called on the
    server's side first."""
    loop = asyncio.get_running_loop()
    near, far = MemoryTransport(loop, client), MemoryTransport(loop, server)
    near._peer, far._peer = far, near
    server.connection_made(far)
    client.connection_made(near)
    return near
