"""The connections of the callback client: a queue and slots for each host, one limit for all, and idle connections.

Not here: the time-outs and outcomes of requests (:mod:`palomar.net.client.client`).
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable

from palomar.net.client.connection import CallbackConnection, PendingExchange
from palomar.net.client.resolver import RefusedNetwork, Resolver
from palomar.net.urls import Origin

_ADDRESSES_TRIED = 3

Finished = Callable[[PendingExchange, float, int | None, str | None, bytes], None]
"""Called when an exchange has ended, with the loop's time, status or error word, and the start of the body."""


class Pool:
    """All hosts, one for each origin and owner. ``slots_a_host`` limits the connections of such a host, ``connections``
    all of them; a host that finds no room waits in line, and an idle connection of another host is closed for it."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        tls: ssl.SSLContext,
        slots_a_host: int,
        connections: int,
        connect_timeout_seconds: float,
        idle_seconds: float,
        finished: Finished,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.resolver = resolver
        self.tls = tls
        self.slots_a_host = slots_a_host
        self.connect_timeout_seconds = connect_timeout_seconds
        self.finished = finished
        self.hosts: dict[tuple[int, str], Host] = {}
        self.idle: dict[CallbackConnection, None] = {}  # longest idle first
        self._idle_seconds = idle_seconds
        self.idle_timer: asyncio.TimerHandle | None = None
        self._limit = connections
        self._taken = 0
        self.starved: dict[Host, None] = {}  # hosts that wait for room; no idle connection is kept meanwhile
        self._connecting: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def host(self, origin: Origin, owner: int) -> "Host":
        """Return the host of an origin for one owner; make it if there is none. It is dropped when nothing of it is
        left."""
        key = (owner, origin.name)
        host = self.hosts.get(key)
        if host is None:
            host = self.hosts[key] = Host(self, origin, key)
        return host

    async def close(self) -> None:
        """Drop every connection, made or being made."""
        connecting = list(self._connecting)
        for task in connecting:
            task.cancel()
        await asyncio.gather(*connecting, return_exceptions=True)
        await self.resolver.close()
        for host in list(self.hosts.values()):
            for connection in host.connections:
                connection.abort()
        if self.idle_timer is not None:
            self.idle_timer.cancel()
        await self._empty.wait()

    # --- for hosts ---

    def take_room(self, host: "Host") -> bool:
        """Take room for one more connection; return False if there is none: the host is called when there is some."""
        if self._taken < self._limit:
            self._taken += 1
            self._empty.clear()
            return True
        self.starved[host] = None
        longest_idle = next(iter(self.idle), None)
        if longest_idle is not None:
            longest_idle.abort_idle()
        return False

    def give_room(self) -> None:
        """Give back the room of a connection, and let hosts in line connect."""
        self._taken -= 1
        if not self._taken:
            self._empty.set()
        while self.starved and self._taken < self._limit:
            host = next(iter(self.starved))
            del self.starved[host]
            host.connect_as_needed()

    def connect(self, host: "Host") -> None:
        """Let a host make a connection in a task of its own."""
        task = self.loop.create_task(host.connect())
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def watch_idle(self, now: float) -> None:
        """Start the timer that closes idle connections; called when one gets idle and no timer runs."""
        self.idle_timer = self.loop.call_at(now + self._idle_seconds, self._close_idle)

    # --- private ---

    def _close_idle(self) -> None:
        self.idle_timer = None
        now = self.loop.time()
        for connection in list(self.idle):
            expires = connection.idle_since + self._idle_seconds
            if expires > now:
                self.idle_timer = self.loop.call_at(expires, self._close_idle)
                break
            connection.abort_idle()


class Host:
    """The queue and the connections of one origin for one owner; the
    :class:`~palomar.net.client.connection.ConnectionPool` of these connections."""

    __slots__ = ("_idle", "_key", "_opening", "_origin", "_pool", "_retries", "_waiting", "connections", "load")

    def __init__(self, pool: Pool, origin: Origin, key: tuple[int, str]) -> None:
        self._pool = pool
        self._key = key
        self._origin = origin
        self._waiting: deque[PendingExchange] = deque()
        self._retries: deque[PendingExchange] = deque()  # these go on fresh connections only
        self._idle: list[CallbackConnection] = []
        self._opening = 0
        self.connections: set[CallbackConnection] = set()
        self.load = 0
        """Number of exchanges that were submitted and have not ended."""

    def submit(self, exchange: PendingExchange) -> None:
        """Send the exchange on a free connection now, or as soon as there is one."""
        exchange.owner = self
        self.load += 1
        if self._idle:
            connection = self._idle.pop()  # the most recently used: the others may expire
            del self._pool.idle[connection]
            connection.send(exchange)
        else:
            self._waiting.append(exchange)
            self.connect_as_needed()

    def connect_as_needed(self) -> None:
        """Make a connection for each exchange that waits, as far as slots and room allow."""
        while (
            len(self._waiting) + len(self._retries) > self._opening
            and len(self.connections) + self._opening < self._pool.slots_a_host
        ):
            if not self._pool.take_room(self):
                return
            self._opening += 1
            self._pool.connect(self)

    async def connect(self) -> None:
        """Make one connection; if that fails, the exchange that has waited longest fails."""
        connection = CallbackConnection(self)
        error = "connect"
        try:
            async with asyncio.timeout(self._pool.connect_timeout_seconds):
                await self._connect(connection)
        except RefusedNetwork:
            error = "refused_network"
        except TimeoutError:
            error = "timeout"
        except ssl.SSLError:
            error = "tls"
        except (OSError, UnicodeError):
            error = "connect"
        finally:
            if not connection.made:
                self._not_made(error)

    async def _connect(self, connection: CallbackConnection) -> None:
        origin, pool = self._origin, self._pool
        addresses = (await pool.resolver.permitted(origin.host))[:_ADDRESSES_TRIED]
        tries_left = len(addresses)
        for address in addresses:
            tries_left -= 1
            try:
                async with asyncio.timeout(pool.connect_timeout_seconds / len(addresses)):
                    await pool.loop.create_connection(
                        lambda: connection,
                        address,
                        origin.port,
                        ssl=pool.tls if origin.tls else None,
                        server_hostname=origin.host if origin.tls else None,
                    )
                return
            except ssl.SSLError:
                raise
            except OSError:
                if connection.made or not tries_left:
                    raise

    def _not_made(self, error: str) -> None:
        self._opening -= 1
        waiting = self._retries or self._waiting
        if waiting:
            self.failed(waiting.popleft(), error)
        self._pool.give_room()
        self._settle()

    # --- palomar.net.client.connection.ConnectionPool ---

    def made(self, connection: CallbackConnection) -> None:
        self._opening -= 1
        self.connections.add(connection)
        if self._retries:
            connection.send(self._retries.popleft())
        else:
            self._free(connection, self._pool.loop.time())

    def answered(
        self, connection: CallbackConnection, exchange: PendingExchange, status: int, body_start: bytes
    ) -> None:
        pool = self._pool
        now = pool.loop.time()
        if connection.open:
            self._free(connection, now)
        self.load -= 1
        pool.finished(exchange, now, status, None, body_start)

    def failed(self, exchange: PendingExchange, error: str) -> None:
        self.load -= 1
        self._pool.finished(exchange, self._pool.loop.time(), None, error, b"")

    def stale(self, exchange: PendingExchange) -> None:
        exchange.connection = None
        exchange.retried = True
        self._retries.append(exchange)

    def lost(self, connection: CallbackConnection) -> None:
        self.leave_idle(connection)
        self.connections.remove(connection)
        self._pool.give_room()
        self._settle()

    def leave_idle(self, connection: CallbackConnection) -> None:
        if connection in self._pool.idle:
            del self._pool.idle[connection]
            self._idle.remove(connection)

    def forget(self, exchange: PendingExchange) -> None:
        if exchange.connection is not None:
            exchange.connection.abort()
        elif exchange in self._retries:
            self._retries.remove(exchange)
        else:
            self._waiting.remove(exchange)
        self.load -= 1
        self._settle()

    # --- private ---

    def _free(self, connection: CallbackConnection, now: float) -> None:
        pool = self._pool
        if self._waiting:
            connection.send(self._waiting.popleft())
        elif pool.starved:
            connection.abort()
        else:
            connection.idle_since = now
            self._idle.append(connection)
            pool.idle[connection] = None
            if pool.idle_timer is None:
                pool.watch_idle(now)

    def _settle(self) -> None:
        self.connect_as_needed()
        if not (self.load or self.connections or self._opening):
            self._pool.hosts.pop(self._key, None)
