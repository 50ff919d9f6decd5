"""One link to a carrier: a transceiver connection, or a transmitter and a receiver that live and die together.

It connects, binds, comes back after a loss (exponential back-off with jitter), submits parts and tells its carrier
what the SMSC said. Not here: which link a part takes and how fast (``carrier``), what a PDU means (``translate``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, assert_never, cast

import structlog

from palomar.carriers.smpp.connection import BindFailed, Connection
from palomar.carriers.smpp.pacing import LinkRate
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.domain.retry import backoff_ms
from palomar.ports import Clock, LinkStatus, OutgoingPart
from palomar.smpp import (
    BindReceiver,
    BindRefused,
    BindTransceiver,
    BindTransmitter,
    Bound,
    Closed,
    CommandStatus,
    DataSm,
    DeliverSm,
    Event,
    LateResponse,
    Pdu,
    PduRefused,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    SessionSettings,
    SubmitSm,
    UnexpectedResponse,
    command_name,
    status_name,
)

Connector = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
"""Makes a connection to the SMSC and gives it the protocol that the factory makes."""

STEADY_SECONDS = 30.0
"""A link that stayed bound so long starts its back-off anew."""

ODD_KINDS_MAX = 100

log = structlog.get_logger(__name__)


class LinkOwner(Protocol):
    """The carrier, as its links see it."""

    def on_answer(self, link: "Link", part: OutgoingPart, answer: Pdu) -> None: ...

    def on_late_answer(self, part: OutgoingPart, answer: Pdu) -> None: ...

    def on_no_answer(self, part: OutgoingPart, reason: str) -> None: ...

    def on_not_sent(self, part: OutgoingPart, reason: str) -> None: ...

    def on_delivery(self, connection: Connection, pdu: DeliverSm | DataSm) -> None: ...

    def on_room(self) -> None:
        """Slots became free, or the link came or went."""
        ...


class Link:
    """One link; the carrier runs :meth:`run` as a task."""

    def __init__(
        self,
        *,
        number: int,
        settings: SmppCarrierSettings,
        owner: LinkOwner,
        connect: Connector,
        clock: Clock,
        chance: Callable[[], float],
    ) -> None:
        self.name = f"{settings.name}/{number}"
        self.rate = LinkRate.free()
        self.last_error = ""
        self.odd_pdus = 0
        """PDUs that had no effect: malformed, unknown, or answers to nothing."""
        self._settings = settings
        self._session_settings = SessionSettings(
            window=settings.window,
            response_seconds=settings.response_timeout_seconds,
            enquire_link_seconds=settings.enquire_link_seconds or None,
            session_init_seconds=None,
        )
        self._owner = owner
        self._connect = connect
        self._clock = clock
        self._chance = chance
        self._connections: list[Connection] = []
        self._up = False
        self._stopping = False
        self._failed = asyncio.Event()
        self._odd_kinds: set[tuple[int, int]] = set()

    # --- what the carrier asks

    @property
    def live(self) -> bool:
        """Whether submits may be given to it."""
        return self._up and not self._stopping

    @property
    def outstanding(self) -> int:
        """Parts without an answer."""
        return self._connections[0].session.outstanding if self._connections else 0

    def free_slots(self) -> int:
        """How many parts it would take at this moment, its own rate included; 0 while its transport is paused."""
        if not self._up or self._stopping:
            return 0
        transmitter = self._connections[0]
        if transmitter.paused:
            return 0
        free = transmitter.session.window_free
        if self.rate.bucket.rate:
            return min(free, self.rate.available(self._clock.monotonic()))
        return free

    def window_free(self) -> int:
        """Free window slots, whatever its rate and its transport say."""
        return self._connections[0].session.window_free if self._up and not self._stopping else 0

    def submit(self, pdu: SubmitSm, part: OutgoingPart) -> None:
        """Send one part; raises ``UnencodablePdu``."""
        self._connections[0].send(pdu, context=part)
        self.rate.sent()

    def status(self) -> LinkStatus:
        """For the console and ``/health``."""
        return LinkStatus(
            name=self.name,
            bound=self._up,
            outstanding=self.outstanding,
            window=self._settings.window,
            last_error=self.last_error,
        )

    # --- its life

    async def run(self) -> None:
        """Connect, bind and stay bound, for ever; cancelled by the carrier."""
        failures = 0
        while not self._stopping:
            bound_at = await self._try_to_bind()
            if bound_at is not None:
                await self._failed.wait()
                if self._clock.monotonic() - bound_at >= STEADY_SECONDS:
                    failures = 0
            await self._close()
            failures += 1
            wait_ms = backoff_ms(
                failures,
                base_ms=round(self._settings.reconnect_min_seconds * 1_000),
                cap_ms=round(self._settings.reconnect_max_seconds * 1_000),
                fraction=self._chance(),
            )
            await asyncio.sleep(wait_ms / 1_000)

    def stop_submitting(self) -> None:
        """Take no more parts."""
        self._stopping = True

    async def unbind(self) -> None:
        """Unbind and close; the carrier holds the deadline."""
        connections = list(self._connections)
        for connection in connections:
            connection.unbind()
        for connection in connections:
            await asyncio.shield(connection.gone)

    def abort(self) -> None:
        """Close at once; what has no answer is in doubt."""
        for connection in list(self._connections):
            connection.abort()

    # --- what its connections tell

    def on_events(self, connection: Connection, events: Sequence[Event]) -> None:
        owner = self._owner
        answered = False
        for event in events:
            try:
                match event:
                    case ResponseReceived(context=part, pdu=pdu):
                        answered = True
                        owner.on_answer(self, cast(OutgoingPart, part), pdu)
                    case RequestReceived(pdu=pdu):
                        self._on_request(connection, pdu)
                    case RequestTimedOut(context=part):
                        answered = True
                        owner.on_no_answer(cast(OutgoingPart, part), "no answer in time")
                    case LateResponse(context=part, pdu=pdu):
                        owner.on_late_answer(cast(OutgoingPart, part), pdu)
                    case Closed():
                        self._on_closed(connection, event)
                    case PduRefused() | UnexpectedResponse():
                        self._note_odd(event)
                    case Bound() | BindRefused():
                        pass  # the connection's own
                    case _:
                        assert_never(event)
            except Exception:
                # The edge of one PDU: a bug of ours must not cost the link.
                log.exception("carrier_pdu_failed", link=self.name)
        if answered:
            owner.on_room()

    def on_writable(self, connection: Connection) -> None:
        if not connection.paused:
            self._owner.on_room()

    # --- inside

    def _on_request(self, connection: Connection, pdu: Pdu) -> None:
        if isinstance(pdu, DeliverSm | DataSm):
            self._owner.on_delivery(connection, pdu)
        else:
            connection.answer(pdu, status=CommandStatus.ESME_RINVCMDID)

    def _on_closed(self, connection: Connection, closed: Closed) -> None:
        self._up = False
        self._failed.set()
        if not self._stopping and connection in self._connections:
            self._note(closed.reason.value)
        unanswered = [cast(OutgoingPart, part) for part in closed.unanswered]
        written = len(unanswered) - min(connection.unflushed, len(unanswered))
        for part in unanswered[:written]:
            self._owner.on_no_answer(part, closed.reason.value)
        for part in unanswered[written:]:
            self._owner.on_not_sent(part, closed.reason.value)
        self._owner.on_room()

    async def _try_to_bind(self) -> float | None:
        """Bring all connections up; says when they were, or None."""
        self._failed.clear()
        try:
            for pdu_type in self._binds():
                await self._connect_one(pdu_type)
        except TimeoutError:
            self._note("no connection or bind in time")
        except (OSError, BindFailed) as error:
            self._note(str(error) or type(error).__name__)
        except Exception as error:
            # A turn of the loop that failed by a bug of ours is tried again, as any other.
            log.exception("carrier_link_failed", link=self.name)
            self._note(type(error).__name__)
        else:
            if not self._failed.is_set() and not self._stopping:
                self._up = True
                self.rate = LinkRate.free()
                self.last_error = ""
                log.info("carrier_link_bound", link=self.name)
                self._owner.on_room()
                return self._clock.monotonic()
        return None

    async def _connect_one(self, pdu_type: type[BindTransceiver | BindTransmitter | BindReceiver]) -> None:
        settings = self._settings
        connection = Connection(owner=self, settings=self._session_settings, clock=self._clock)
        self._connections.append(connection)
        async with asyncio.timeout(settings.connect_timeout_seconds):
            await self._connect(lambda: connection)
        async with asyncio.timeout(settings.bind_timeout_seconds):
            await connection.bind(
                pdu_type(system_id=settings.system_id, password=settings.password, system_type=settings.system_type)
            )

    def _binds(self) -> tuple[type[BindTransceiver | BindTransmitter | BindReceiver], ...]:
        if self._settings.bind == "transceiver":
            return (BindTransceiver,)
        return (BindTransmitter, BindReceiver)

    async def _close(self) -> None:
        """Leave nothing of this attempt behind."""
        self._up = False
        connections, self._connections = self._connections, []
        for connection in connections:
            connection.abort()
            await connection.gone

    def _note_odd(self, event: PduRefused | UnexpectedResponse) -> None:
        """A PDU without effect, answered where it can be; each kind is logged once a link."""
        if isinstance(event, PduRefused):
            command, status = event.command_id, event.status
        else:
            command, status = event.pdu.command_id, event.pdu.command_status
        self.odd_pdus += 1
        if (command, status) not in self._odd_kinds and len(self._odd_kinds) < ODD_KINDS_MAX:
            self._odd_kinds.add((command, status))
            log.warning("carrier_odd_pdu", link=self.name, command=command_name(command), status=status_name(status))

    def _note(self, error: str) -> None:
        """Keep why the link is down; logged when it is another reason than before."""
        if error != self.last_error:
            log.warning("carrier_link_down", link=self.name, reason=error)
        self.last_error = error
