"""The faces of a server and the ports where they listen: dialects, console, short links, health, sandbox callbacks.

Not here: what they do with a request (``dialects``, ``console``), and how octets become one (``net``).
"""

import asyncio
from collections.abc import Callable

import structlog
from starlette.types import ASGIApp

from palomar.access.sign_in import SignIn
from palomar.apidocs.samples import Sampler
from palomar.app.config import CONVERGIA_PORT, Config
from palomar.app.front import Front, Readiness
from palomar.app.sandbox import SandboxParts
from palomar.console.app import Console
from palomar.console.viewer.viewer import Viewers
from palomar.dialects import DIALECTS, convergia
from palomar.gateway import Gateway
from palomar.net.capacity import Capacity
from palomar.net.descriptors import max_http_connections, raise_limit
from palomar.net.limited_protocol import HttpLimits
from palomar.net.networks import TrustedProxies
from palomar.net.server import HttpListener, ListenError, TlsFiles
from palomar.ports import Clock, Ids
from palomar.short_links.click_recorder import ClickRecorder
from palomar.short_links.redirect import Redirect

_log = structlog.get_logger(__name__)


class Listeners:
    """All HTTP listeners of a server, and the faces behind them."""

    def __init__(self, config: Config, *, sandbox: SandboxParts | None) -> None:
        self._config = config
        self._sandbox = sandbox
        self._listeners: list[HttpListener] = []
        descriptors = raise_limit()
        self._capacity = Capacity(
            connections=max_http_connections(descriptors), proxies=TrustedProxies(config.http.trusted_proxies)
        )
        _log.info("open files", limit=descriptors, http_connections=self._capacity.connections)

    @property
    def urls(self) -> list[str]:
        """Return the URLs that the server listens at."""
        return [listener.url for listener in self._listeners]

    @property
    def public_url(self) -> str:
        """Return the URL by which others reach the server, without a slash at its end."""
        return (self._config.http.public_url or self.urls[0]).rstrip("/")

    async def listen(
        self,
        gateway: Gateway,
        *,
        clicks: ClickRecorder,
        viewers: Viewers,
        sign_in: SignIn,
        health: Callable[[], Readiness],
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Build the faces and open the ports. Raises ListenError.

        Only if CONVERGIA's own port is in use and was not configured, the server goes on without it.
        """
        http, sandbox = self._config.http, self._sandbox
        proxies = TrustedProxies(http.trusted_proxies)
        faces = {
            dialect.name: dialect.face(gateway, proxies, http.body_limit, self._config.dialects[dialect.name])
            for dialect in DIALECTS
        }
        if sandbox is not None:
            faces = {name: sandbox.record(name, face) for name, face in faces.items()}
        samplers = [Sampler(name=dialect.name, title=dialect.title, make=dialect.sample) for dialect in DIALECTS]
        front = Front(
            dialects={prefix: faces[dialect.name] for dialect in DIALECTS for prefix in dialect.prefixes},
            links=Redirect(clicks, clock=clock, proxies=proxies),
            console=Console(viewers, sign_in, proxies=proxies, clock=clock, ids=ids, samplers=samplers),
            at_root=next(((faces[d.name], d.root_parameters) for d in DIALECTS if d.root_parameters), None),
            health=health,
            on_callback=sandbox.on_callback if sandbox is not None else None,
        )
        await self._listen_on(http.port, front)
        try:
            if http.convergia_port != 0:
                await self._listen_on(http.convergia_port or CONVERGIA_PORT, faces[convergia.NAME])
        except ListenError as error:
            if http.convergia_port is not None:
                raise
            _log.warning("CONVERGIA has no port of its own", reason=str(error))

    def reload_tls(self) -> None:
        """Read the certificates again, for connections from now on."""
        for listener in self._listeners:
            listener.reload_tls()
        _log.info("certificates read again")

    async def stop(self, deadline_seconds: float) -> None:
        """Accept no more connections, and let requests under way end within the deadline."""
        if self._sandbox is not None:
            self._sandbox.stop()
        await asyncio.gather(*(listener.stop(deadline_seconds) for listener in self._listeners))

    async def _listen_on(self, port: int, face: ASGIApp) -> None:
        http = self._config.http
        tls = None
        if http.tls_certificate and http.tls_key:
            tls = TlsFiles(certificate=http.tls_certificate, key=http.tls_key)
        listener = HttpListener(face, host=http.host, port=port, tls=tls, limits=HttpLimits(), capacity=self._capacity)
        await listener.start()
        self._listeners.append(listener)
