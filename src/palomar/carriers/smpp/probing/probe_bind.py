"""The first step of a probe: connection, certificate, and a bind that works.

Not here: what is sent after that (``probe``).
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from palomar.carriers.smpp.links import certificate
from palomar.carriers.smpp.links.connection import refusal
from palomar.carriers.smpp.links.tls import client_context
from palomar.carriers.smpp.probing.diagnosis import Finding, FindingLevel
from palomar.carriers.smpp.probing.probe_link import Delivery, ProbeLink
from palomar.carriers.smpp.settings import BindMode, SmppCarrierSettings
from palomar.ports import Clock
from palomar.smpp import Bind, BindReceiver, BindTransceiver, BindTransmitter, CommandStatus, Pdu, tlvs

Connector = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Makes a connection and gives it the protocol that the factory makes."""

GOODBYE_SECONDS = 2.0
_KINDS: Final[Mapping[str, type[Bind]]] = {
    "transceiver": BindTransceiver,
    "transmitter": BindTransmitter,
    "receiver": BindReceiver,
}
_BIND_KINDS: Final[Mapping[BindMode, tuple[str, ...]]] = {
    "transceiver": ("transceiver",),
    "transmitter+receiver": ("transmitter", "receiver"),
}
_BAD_CREDENTIALS = (CommandStatus.ESME_RINVPASWD, CommandStatus.ESME_RINVSYSID)


class BindStep:
    """The connections of a probe. Whatever was opened, :meth:`close` closes."""

    def __init__(
        self,
        settings: SmppCarrierSettings,
        *,
        clock: Clock,
        is_ours: Callable[[Delivery], bool],
        on_finding: Callable[[Finding], None],
        on_progress: Callable[[str], None],
        connect: Connector | None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._is_ours = is_ours
        self._on_finding = on_finding
        self._on_progress = on_progress
        self._connect = connect
        self._opened: list[ProbeLink] = []
        self._connected_before = False

    async def open(self) -> list[ProbeLink]:
        """Return the link to send by (the first) and to receive by (the last): bound as configured, else in a way that
        works; empty if none does."""
        wanted = self._settings.bind
        links, tried = await self._bind_all(_BIND_KINDS[wanted])
        if len(links) == len(_BIND_KINDS[wanted]):
            return list(links.values())
        if any(status is None or status in _BAD_CREDENTIALS for status in tried.values()):
            return []  # further attempts with a wrong name or password may lock us out
        more, _ = await self._bind_all([kind for kind in _KINDS if kind not in tried])
        works = links | more
        for way, kinds in _BIND_KINDS.items():
            if all(kind in works for kind in kinds):
                self._note("bind", "warning", f"not as {wanted}, but as {way}", bind=way)
                return [works[kind] for kind in kinds]
        return []

    async def close(self) -> None:
        """Unbind everything."""
        for link in self._opened:
            await link.unbind(GOODBYE_SECONDS)

    @property
    def sent_back(self) -> int:
        """Count the deliveries that were not ours."""
        return sum(link.sent_back for link in self._opened)

    async def _bind_all(
        self, kinds: "tuple[str, ...] | list[str]"
    ) -> tuple[dict[str, ProbeLink], dict[str, int | None]]:
        """Bind one link of each kind, up to one without an answer; return those that were bound, and the status of each
        try."""
        links: dict[str, ProbeLink] = {}
        tried: dict[str, int | None] = {}
        for kind in kinds:
            link = await self._connect_link()
            tried[kind] = await self._bind(link, kind) if link is not None else None
            if link is not None and tried[kind] == 0:
                links[kind] = link
            if tried[kind] is None or tried[kind] in _BAD_CREDENTIALS:
                break
        return links, tried

    async def _bind(self, link: ProbeLink, kind: str) -> int | None:
        """Bind a link; return the status of the answer, None if there was none in time."""
        settings = self._settings
        self._on_progress(f"binding as {kind}")
        link.bind(
            _KINDS[kind](system_id=settings.system_id, password=settings.password, system_type=settings.system_type)
        )
        await link.until(lambda: link.answered, settings.bind_timeout_seconds)
        answer = link.answered
        if answer is None:
            self._note("bind", "fault", f"{kind}: no answer ({link.closed or 'not in time'})")
            return None
        if link.is_bound:
            self._note("bind", "ok", f"{kind}: {_describe_answer(answer)}")
            return 0
        self._note("bind", "fault", f"{kind}: {refusal(answer)}")
        return answer.command_status or CommandStatus.ESME_RBINDFAIL

    async def _connect_link(self) -> ProbeLink | None:
        """Open a connection; report on it the first time."""
        settings = self._settings
        link = ProbeLink(clock=self._clock, is_ours=self._is_ours)
        where, begun = f"{settings.host} port {settings.port}", self._clock.monotonic()
        self._on_progress("connecting")
        try:
            async with asyncio.timeout(settings.connect_timeout_seconds):
                await (self._connect or self._over_tcp)(partial(_itself, link))
        except ssl.SSLCertVerificationError as error:
            self._note("TLS", "fault", f"{error.verify_message}; {await self._describe_untrusted()}")
            return None
        except TimeoutError:
            self._note("connection", "fault", f"{where}: no answer")
            return None
        except OSError as error:
            self._note("connection", "fault", f"{where}: {_error_text(error)}")
            return None
        self._opened.append(link)
        if not self._connected_before:
            self._connected_before = True
            milliseconds = (self._clock.monotonic() - begun) * 1_000
            self._note("connection", "ok", f"{where if self._connect is None else 'in memory'}, {milliseconds:.0f} ms")
            self._note_tls(link)
        return link

    def _note_tls(self, link: ProbeLink) -> None:
        secured = link.transport.get_extra_info("ssl_object") if link.transport is not None else None
        if secured is not None:
            trusted = "" if self._settings.tls_verify else "; nobody has checked it (tls_verify)"
            verdict: FindingLevel = "warning" if trusted else "ok"
            self._note("TLS", verdict, certificate.describe_connection(secured, now=self._wall()) + trusted)

    async def _over_tcp(self, factory: Callable[[], asyncio.Protocol]) -> object:
        settings = self._settings
        context = client_context(settings)
        name = (settings.tls_server_name or settings.host) if context is not None else None
        loop = asyncio.get_running_loop()
        return await loop.create_connection(factory, settings.host, settings.port, ssl=context, server_hostname=name)

    async def _describe_untrusted(self) -> str:
        """Describe the certificate that was not trusted: connect once more without verification, and say nothing on
        that connection."""
        settings = self._settings
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            async with asyncio.timeout(settings.connect_timeout_seconds):
                _, writer = await asyncio.open_connection(settings.host, settings.port, ssl=context)
        except (OSError, TimeoutError):
            return "nor could it be looked at"
        secured = writer.get_extra_info("ssl_object")
        writer.transport.abort()
        return certificate.describe_connection(secured, now=self._wall())

    def _note(self, subject: str, verdict: FindingLevel, text: str, **settings: object) -> None:
        self._on_finding(Finding(subject=subject, verdict=verdict, text=text, settings=settings))

    def _wall(self) -> datetime:
        return datetime.fromtimestamp(self._clock.wall_ms() / 1_000, UTC)


def _error_text(error: OSError) -> str:
    """Return the system's words for an error; asyncio's own text names only the call that failed."""
    if error.errno is None or isinstance(error, ssl.SSLError | socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _describe_answer(answer: Pdu) -> str:
    version = tlvs.SC_INTERFACE_VERSION.find(answer.tlvs)
    speaks = f", version {version >> 4}.{version & 0xF}" if version is not None else ""
    return f"{getattr(answer, 'system_id', '') or 'no name'}{speaks}"


def _itself(link: ProbeLink) -> ProbeLink:
    return link
