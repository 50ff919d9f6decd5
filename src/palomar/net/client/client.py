"""The HTTP client for callbacks: keep-alive, guarded, and cheap, because every message makes two of them.

Theory of operation. :meth:`CallbackClient.start` writes the request into one block of bytes and gives it to a free
connection of its host at once, or puts it in the host's queue. A queue makes connections as long as the host has slots
and the pool has room; a connection that gets free takes the next of its queue. There is no task and no timer a request:
all have the same time-out, so those under way are in the order in which they expire, and one timer watches the first.

It never follows a redirect, reads no proxy from the environment, and keeps no cookie. Not here: retries, fair turns
between hosts, and what an answer means (``callbacks``).
"""

import asyncio
import ssl
from collections.abc import Callable

from palomar.net.client.connection import PendingExchange
from palomar.net.client.pool import Pool
from palomar.net.client.resolver import Resolve, Resolver
from palomar.net.client.wire import BadHeader, request_bytes
from palomar.net.networks import AddressGuard
from palomar.net.urls import BadUrl, Urls
from palomar.ports import HttpOutcome, HttpRequest


class CallbackClient:
    """A :class:`palomar.ports.HttpSender`. Belongs to the loop it is made in; :meth:`close` ends it.

    ``error`` of an outcome: ``bad_url`` (URL or header that cannot be written), ``refused_network``,
    ``connect``, ``tls``, ``timeout`` (connecting or in all), ``closed`` (before a status came), ``protocol``
    (no HTTP), ``too_large`` (a head over 64 KiB). A body that is cut or too long leaves its status standing.
    """

    def __init__(
        self,
        *,
        guard: AddressGuard,
        slots_a_host: int = 8,
        connections: int = 512,
        timeout_seconds: float = 10.0,
        connect_timeout_seconds: float = 5.0,
        idle_seconds: float = 30.0,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout_seconds
        self._urls = Urls()
        self._pool = Pool(
            resolver=Resolver(guard=guard, resolve=resolve),
            tls=tls or ssl.create_default_context(),
            slots_a_host=slots_a_host,
            connections=connections,
            connect_timeout_seconds=connect_timeout_seconds,
            idle_seconds=idle_seconds,
            finished=self._finished,
        )
        self._pending: dict[PendingExchange, None] = {}  # in the order of their deadlines
        self._deadline_timer: asyncio.TimerHandle | None = None
        self._closing = False
        self._drained = asyncio.Event()

    # --- palomar.ports.HttpSender ---

    def start(self, request: HttpRequest, done: Callable[[HttpOutcome], None]) -> None:
        """Send a request; ``done`` is called once, never from within this call."""
        try:
            origin, target = self._urls.split(request.url)
            payload = request_bytes(request, origin, target)
        except (BadUrl, BadHeader):
            self._loop.call_soon(done, HttpOutcome(status=None, error="bad_url", elapsed_ms=0))
            return
        if self._closing:
            self._loop.call_soon(done, HttpOutcome(status=None, error="closed", elapsed_ms=0))
            return
        now = self._loop.time()
        deadline = now + self._timeout
        exchange = PendingExchange(payload=payload, started=now, deadline=deadline, done=done)
        self._pending[exchange] = None
        if self._deadline_timer is None:
            self._deadline_timer = self._loop.call_at(deadline, self._expire)
        self._pool.host(origin, request.owner).submit(exchange)

    def origin_of(self, url: str) -> str:
        """Return ``scheme://host:port`` of a URL in canonical spelling; empty if the URL cannot be requested."""
        try:
            return self._urls.origin(url).name
        except BadUrl:
            return ""

    # --- and beyond the port ---

    async def send(self, request: HttpRequest) -> HttpOutcome:
        """Send a request and wait for the outcome. Cancelling drops the request and its connection."""
        future: asyncio.Future[HttpOutcome] = self._loop.create_future()

        def done(outcome: HttpOutcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self.start(request, done)
        try:
            return await future
        finally:
            for exchange in [pending for pending in self._pending if pending.done is done]:
                self._withdraw(exchange, "closed")

    async def close(self, *, deadline_seconds: float = 0.0) -> None:
        """Take no more requests, let those under way end within the deadline, then close everything (``closed``)."""
        self._closing = True
        if self._pending and deadline_seconds > 0:
            try:
                async with asyncio.timeout(deadline_seconds):
                    await self._drained.wait()
            except TimeoutError:
                pass
        for exchange in list(self._pending):
            self._withdraw(exchange, "closed")
        if self._deadline_timer is not None:
            self._deadline_timer.cancel()
        await self._pool.close()

    # --- private ---

    def _finished(
        self, exchange: PendingExchange, ended: float, status: int | None, error: str | None, body_start: bytes
    ) -> None:
        del self._pending[exchange]
        if self._closing and not self._pending:
            self._drained.set()
        elapsed_ms = int((ended - exchange.started) * 1000)
        exchange.done(HttpOutcome(status=status, error=error, elapsed_ms=elapsed_ms, body_start=body_start))

    def _withdraw(self, exchange: PendingExchange, error: str) -> None:
        if exchange.owner is not None:
            exchange.owner.forget(exchange)
        self._finished(exchange, self._loop.time(), None, error, b"")

    def _expire(self) -> None:
        self._deadline_timer = None
        now = self._loop.time()
        for exchange in list(self._pending):
            if exchange.deadline > now:
                self._deadline_timer = self._loop.call_at(exchange.deadline, self._expire)
                return
            if exchange in self._pending:
                self._withdraw(exchange, "timeout")
