"""Links that an SMSC asks for: it connects to us and sends ``outbind``, and we bind on that connection (SMPP 3.4
sections 2.2.1 and 4.1.7).

The caller must show the system_id and the password of the settings; any other connection is closed, as outbind has no
answer. Not here: what happens on such a link (``link``), and links that we make ourselves (``bind``).
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from palomar.carriers.smpp.links.bind import bind_pdu
from palomar.carriers.smpp.links.connection import BindFailed, SmppConnection
from palomar.carriers.smpp.links.link import SmppLink
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.smpp import BindReceiver, BindTransceiver, Outbind
from palomar.vocabulary.backoff import wait_after

MAX_CALLS = 16
"""Calls at a time; further ones are closed."""

RETRY_SECONDS = 5.0
RETRY_MAX_SECONDS = 60.0
"""Where the address cannot be listened on, it is tried again after so long, then twice as long, up to a minute."""

log = structlog.get_logger(__name__)


class ClosableListener(Protocol):
    """A listening socket that can be closed."""

    def close(self) -> None: ...


Listen = Callable[[Callable[[], asyncio.Protocol]], Awaitable[ClosableListener]]
"""Listens for an SMSC's connections and gives each the protocol that the factory makes."""


class OutbindListener:
    """Takes the calls of an SMSC; the carrier runs :meth:`run` as a task."""

    def __init__(
        self,
        *,
        settings: SmppCarrierSettings,
        listen: Listen,
        new_link: Callable[[str], SmppLink],
        on_call_ended: Callable[[SmppLink], None],
        allowed: asyncio.Event,
    ) -> None:
        """Take as ``new_link`` what makes a link of a name for a call, as ``on_call_ended`` what is called when the
        call has ended. While ``allowed`` is not set every call is closed."""
        self._allowed = allowed
        self._settings = settings
        self._listen = listen
        self._new_link = new_link
        self._on_call_ended = on_call_ended
        self._calls: set[asyncio.Task[None]] = set()
        self._count = 0

    async def run(self) -> None:
        """Listen until cancelled; then close every call."""
        failures = 0
        try:
            while True:
                try:
                    listener = await self._listen(self._answer_call)
                except OSError as error:
                    reason = error.strerror or str(error)
                    log.warning("carrier_cannot_listen", carrier=self._settings.name, reason=reason)
                    failures += 1
                    await asyncio.sleep(wait_after(failures, first=RETRY_SECONDS, longest=RETRY_MAX_SECONDS))
                else:
                    break
            try:
                await asyncio.Event().wait()
            finally:
                listener.close()
        finally:
            calls = list(self._calls)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    def _answer_call(self) -> asyncio.Protocol:
        """Make the protocol of a connection that the listener has accepted."""
        if not self._allowed.is_set():
            return _HangUp()
        if len(self._calls) >= MAX_CALLS:
            log.warning("carrier_too_many_calls", carrier=self._settings.name)
            return _HangUp()
        self._count += 1
        link = self._new_link(f"{self._settings.name}/called-{self._count}")
        connection = link.open()
        call = asyncio.create_task(self._serve(link, connection), name=f"carrier call {link.name}")
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return connection

    async def _serve(self, link: SmppLink, connection: SmppConnection) -> None:
        try:
            await self._bind(link, connection)
            await link.failed.wait()
        except TimeoutError:
            link.note_error("no outbind or no answer to our bind in time")
        except (OSError, BindFailed) as error:
            link.note_error(str(error))
        except Exception as error:
            # A bug in handling one call must not end the listener.
            log.exception("carrier_call_failed", link=link.name)
            link.note_error(type(error).__name__)
        finally:
            await link.close()
            self._on_call_ended(link)

    async def _bind(self, link: SmppLink, connection: SmppConnection) -> None:
        settings = self._settings
        async with asyncio.timeout(settings.bind_timeout_seconds):
            outbind = await connection.wait_for_outbind()
            if not _is_expected(outbind, settings):
                raise BindFailed("outbind of a stranger, or with a wrong password")
            receives = settings.outbind_bind == "receiver"
            await connection.bind(bind_pdu(BindReceiver if receives else BindTransceiver, settings))
        if not link.failed.is_set():
            link.mark_bound(submits=not receives)


class _HangUp(asyncio.Protocol):
    """A protocol that closes its connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _is_expected(outbind: Outbind, settings: SmppCarrierSettings) -> bool:
    shown = f"{outbind.system_id}\0{outbind.password}"
    expected = f"{settings.outbind_system_id}\0{settings.outbind_password}"
    return hmac.compare_digest(shown.encode(), expected.encode())
