"""Keeps a link of ours bound: it connects, binds, and comes back after a loss (exponential back-off with jitter).

Not here: what happens on the link (``link``), and links that an SMSC asks for (``outbind``).
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from palomar.carriers.smpp.links.connection import BindFailed
from palomar.carriers.smpp.links.link import SmppLink
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import SWITCHED_OFF, Clock
from palomar.smpp import Bind, BindReceiver, BindTransceiver, BindTransmitter
from palomar.vocabulary.backoff import jittered, wait_after

Connector = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Makes a connection to the SMSC and gives it the protocol that the factory makes."""


STEADY_SECONDS = 30.0
"""A link that stayed bound so long starts its back-off anew."""

BINDS: dict[str, tuple[type[Bind], ...]] = {
    "transceiver": (BindTransceiver,),
    "transmitter+receiver": (BindTransmitter, BindReceiver),
    "transmitter": (BindTransmitter,),
    "receiver": (BindReceiver,),
}

log = structlog.get_logger(__name__)


class Dialer:
    """Keeps one link bound; the carrier runs :meth:`run` as a task."""

    def __init__(
        self,
        link: SmppLink,
        *,
        settings: SmppCarrierSettings,
        connect: Connector,
        clock: Clock,
        chance: Callable[[], float],
        allowed: asyncio.Event,
    ) -> None:
        """Take the link to keep bound. While ``allowed`` is not set it is not bound anew."""
        self._allowed = allowed
        self._link = link
        self._settings = settings
        self._connect = connect
        self._clock = clock
        self._chance = chance

    async def run(self) -> None:
        """Connect, bind and stay bound, until the carrier cancels it."""
        link, failures = self._link, 0
        while not link.stopping:
            if not self._allowed.is_set():
                link.note_error(SWITCHED_OFF)
                await self._allowed.wait()
                failures = 0
            bound_at = await self._try_to_bind()
            if bound_at is not None:
                await link.failed.wait()
                if self._clock.monotonic() - bound_at >= STEADY_SECONDS:
                    failures = 0
            await link.close()
            failures += 1
            first, longest = self._settings.reconnect_min_seconds, self._settings.reconnect_max_seconds
            await asyncio.sleep(jittered(wait_after(failures, first=first, longest=longest), self._chance()))

    async def _try_to_bind(self) -> float | None:
        """Bind all connections; return when they were bound (monotonic), or None."""
        link = self._link
        link.failed.clear()
        binds = BINDS[self._settings.bind]
        try:
            for pdu_type in binds:
                await self._connect_one(pdu_type)
        except TimeoutError:
            link.note_error("no connection or bind in time")
        except (OSError, BindFailed) as error:
            link.note_error(str(error) or type(error).__name__)
        except Exception as error:
            # An attempt that fails by a bug of ours is repeated as any other.
            log.exception("carrier_link_failed", link=link.name)
            link.note_error(type(error).__name__)
        else:
            if not link.failed.is_set() and not link.stopping:
                link.mark_bound(submits=binds[0] is not BindReceiver)
                return self._clock.monotonic()
        return None

    async def _connect_one(self, pdu_type: type[Bind]) -> None:
        settings = self._settings
        connection = self._link.open()
        async with asyncio.timeout(settings.connect_timeout_seconds):
            await self._connect(lambda: connection)
        async with asyncio.timeout(settings.bind_timeout_seconds):
            await connection.bind(bind_pdu(pdu_type, settings))


def bind_pdu(pdu_type: type[Bind], settings: SmppCarrierSettings) -> Bind:
    """Make our bind (SMPP 3.4 sections 4.1.1, 4.1.3 and 4.1.5)."""
    return pdu_type(
        system_id=settings.system_id,
        password=settings.password,
        system_type=settings.system_type,
        addr_ton=settings.address_ton,
        addr_npi=settings.address_npi,
        address_range=settings.address_range,
    )
