"""Serve an ASGI application over HTTP/1.1, in the loop that is already running.

Not here: one connection (:mod:`palomar.net.limited_protocol`), what a request means, and signals: ``app/server.py``
starts and stops listeners.
"""

import asyncio
import errno
import socket
import ssl
import time
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from starlette.types import ASGIApp

from palomar.net.capacity import Capacity
from palomar.net.limited_protocol import HttpLimits, LimitedHttpProtocol, ListenerState

__all__ = ["HttpLimits", "HttpListener", "ListenError", "TlsFiles"]

_BACKLOG = 1024
_SWEEP_SECONDS = 1.0


class ListenError(Exception):
    """The reason why a listener cannot start, in words for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """A certificate chain and its private key, PEM."""

    certificate: Path
    key: Path


class HttpListener:
    """A listener at one address and port, with or without TLS (1.2 or newer). A request on which the application fails
    is answered 500 and logged."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        tls: TlsFiles | None = None,
        limits: HttpLimits | None = None,
        capacity: Capacity | None = None,
    ) -> None:
        """Take as ``capacity`` the one that several listeners share; without it this listener has its own."""
        self.host = host
        self.port = port
        """The port asked for; once started, the port listened on."""
        self._tls_files = tls
        self._tls: ssl.SSLContext | None = None
        self._limits = limits or HttpLimits()
        capacity = capacity or Capacity(connections=self._limits.connections)
        self._shared = ListenerState(app=app, limits=self._limits, on_lost=self._on_lost, capacity=capacity)
        self._server: asyncio.AbstractServer | None = None
        self._sweeper: asyncio.TimerHandle | None = None
        self._empty = asyncio.Event()

    @property
    def url(self) -> str:
        """Return the listener's ``scheme://host:port``."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'http' if self._tls_files is None else 'https'}://{host}:{self.port}"

    async def start(self) -> None:
        """Listen; when this returns, connections are accepted. Raises :class:`ListenError`."""
        if self._tls_files is not None:
            self._tls = _server_context()
            _load(self._tls, self._tls_files)
        self._sweep()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._protocol,
                self.host,
                self.port,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else self._limits.head_seconds,
                backlog=_BACKLOG,
            )
        except OSError as error:
            self._stop_sweeping()
            raise ListenError(f"cannot listen on {self.host} port {self.port}: {_reason(error)}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, deadline_seconds: float) -> None:
        """Accept no more, close idle connections, let requests end within the deadline; then cancel and drop the
        rest."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._shared.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(deadline_seconds):
                while self._shared.tasks:
                    await asyncio.wait(self._shared.tasks)
                while self._shared.connections:
                    self._empty.clear()
                    await self._empty.wait()
        except TimeoutError:
            pass
        tasks = list(self._shared.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self._shared.connections):
            connection.abort()
        self._stop_sweeping()

    def reload_tls(self) -> None:
        """Read certificate and key again, for connections from now on. Raises :class:`ListenError` and keeps the old
        ones if the new ones cannot be used."""
        if self._tls is None or self._tls_files is None:
            return
        _load(_server_context(), self._tls_files)  # a trial: a failed load may leave the context half changed
        _load(self._tls, self._tls_files)

    # --- private ---

    def _protocol(self) -> LimitedHttpProtocol:
        return LimitedHttpProtocol(self._shared)

    def _on_lost(self) -> None:
        if not self._shared.connections:
            self._empty.set()

    def _sweep(self) -> None:
        """Drop connections past their deadline, and renew the Date header."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        for connection in list(self._shared.connections):
            if connection.deadline < now:
                connection.abort()
        self._shared.date_line = b"date: %b\r\n" % formatdate(time.time(), usegmt=True).encode()
        limits = self._limits
        shortest = min(limits.head_seconds, limits.body_seconds, limits.write_seconds, limits.keep_alive_seconds)
        self._sweeper = loop.call_later(min(_SWEEP_SECONDS, shortest / 2), self._sweep)

    def _stop_sweeping(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load(context: ssl.SSLContext, files: TlsFiles) -> None:
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise ListenError(f"cannot use certificate {files.certificate} with key {files.key}: {error}") from error


def _no_password() -> str:
    """Refuse an encrypted key; otherwise OpenSSL would ask for the password at the terminal."""
    raise ValueError("the key is encrypted")


def _reason(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "the port is in use"
    if error.errno == errno.EACCES:
        return "not permitted (ports below 1024 need a privilege)"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address"
    if isinstance(error, socket.gaierror):
        return "no such host name"
    return str(error)
