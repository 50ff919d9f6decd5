"""One link to a carrier: a connection, or a transmitter and a receiver that are bound and closed together.

It sends parts and queries, and passes what the SMSC sends to its carrier, with the octets. Not here: binding it
(``bind`` where we call, ``outbind`` where we are called), which link a part takes (``carrier``), what a PDU means
(``deliveries``, ``submit_answers``).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, assert_never

import structlog

from palomar.carriers.smpp.answer_watch import AnswerWatch
from palomar.carriers.smpp.links.capture import Capture
from palomar.carriers.smpp.links.connection import SmppConnection
from palomar.carriers.smpp.links.stray_pdus import StrayPdus
from palomar.carriers.smpp.pacing import LinkRate
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Clock, Exchange, LinkStatus, OutgoingPart
from palomar.smpp import (
    AlertNotification,
    BindRefused,
    Bound,
    Closed,
    CommandStatus,
    DataSm,
    DeliverSm,
    Event,
    LateResponse,
    Pdu,
    PduRefused,
    QuerySm,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    SessionSettings,
    SubmitSm,
    UnexpectedResponse,
)

NO_ANSWERS = "it answers nothing that it is given: one part at a time, until one is answered"
"""Why a link on trial is down, or carries next to nothing."""
NOT_IN_TIME = "no answer in time"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateQuery:
    """A ``query_sm`` under way."""

    reference: str
    sender: str


class LinkOwner(Protocol):
    """The carrier, as its links see it."""

    def on_answer(self, link: "SmppLink", part: OutgoingPart, answer: Pdu, exchange: Exchange) -> None: ...

    def on_late_answer(self, part: OutgoingPart, answer: Pdu, exchange: Exchange) -> None: ...

    def on_no_answer(self, part: OutgoingPart, reason: str, exchange: Exchange) -> None: ...

    def on_not_sent(self, part: OutgoingPart, reason: str, exchange: Exchange) -> None: ...

    def on_query_answer(self, query: StateQuery, answer: Pdu, octets: bytes) -> None: ...

    def on_delivery(self, connection: SmppConnection, pdu: DeliverSm | DataSm, octets: bytes, oddity: str) -> None: ...

    def may_try(self, link: "SmppLink") -> bool:
        """Return True if this link is the next of those on trial to get a part."""
        ...

    def on_link_ended(self, connection: SmppConnection) -> None: ...

    def on_slots_changed(self) -> None:
        """Use the slots that became free, or note that the link was bound or closed."""
        ...


class SmppLink:
    """One link, bound or not."""

    def __init__(
        self,
        *,
        name: str,
        settings: SmppCarrierSettings,
        owner: LinkOwner,
        clock: Clock,
        chance: Callable[[], float],
        answer_watch: AnswerWatch | None = None,
        capture: Capture | None = None,
    ) -> None:
        """Take as ``answer_watch`` what is already known of its SMSC's answers."""
        self.name = name
        self.answer_watch = answer_watch or AnswerWatch(max_unanswered=settings.unanswered_max)
        self.rate = LinkRate.with_limit(settings.link_parts_per_second)
        self.last_error = ""
        self.stray_pdus = StrayPdus(name)
        self.failed = asyncio.Event()
        """Set when one of its connections has ended."""
        self.stopping = False
        self._settings = settings
        self._session_settings = SessionSettings(
            window=settings.window,
            response_seconds=settings.response_timeout_seconds,
            enquire_link_seconds=settings.enquire_link_seconds or None,
            session_init_seconds=None,
        )
        self._owner = owner
        self._clock = clock
        self._chance = chance
        self._may_try = False
        """On trial: True when the pause before the next part is over."""
        self._has_unanswered = False
        """True if a part got no answer since the link was bound."""
        self._last_answered = 0
        """The highest sequence number, on this connection, of a submit that was answered in time."""
        self._trial_timer: asyncio.TimerHandle | None = None
        self._capture = capture
        self._connections: list[SmppConnection] = []
        self._up = False
        self._transmitter: SmppConnection | None = None

    # --- what the carrier asks

    @property
    def bound(self) -> bool:
        """Return True if all its connections are bound."""
        return self._up

    @property
    def live(self) -> bool:
        """Return True if submits may be given to it: not while the SMSC may be gone."""
        transmitter = self._transmitter
        return transmitter is not None and not transmitter.silent and not self.stopping

    @property
    def outstanding(self) -> int:
        """Count the requests without an answer."""
        return self._transmitter.session.outstanding if self._transmitter is not None else 0

    def free_slots(self, now: float) -> int:
        """Count the parts that it would take at ``now`` (monotonic), its own rate included; 0 while its transport is
        paused."""
        transmitter = self._transmitter
        if transmitter is None or transmitter.paused or not self.live:
            return 0
        if self.answer_watch.on_trial:
            free = 1 if self.may_try and self._owner.may_try(self) else 0
        else:
            free = transmitter.session.window_free
        if self.rate.bucket.rate:
            return min(free, self.rate.available(now))
        return free

    @property
    def may_try(self) -> bool:
        """Return True if the link, on trial, could take a part now."""
        return self._may_try and self.live and not self.outstanding

    def window_free(self) -> int:
        """Count the free window slots, whatever its rate and its transport allow."""
        if self._transmitter is None or not self.live:
            return 0
        free = self._transmitter.session.window_free
        return min(free, self.capacity() - self.outstanding) if self.answer_watch.on_trial else free

    def capacity(self) -> int:
        """Count the parts that it takes at a time when nothing is under way."""
        if not self.live:
            return 0
        return 1 if self.answer_watch.on_trial else self._settings.window

    def adjust(self, settings: SmppCarrierSettings, now: float) -> None:
        """Use another window and another pace from ``now`` (monotonic) on."""
        self._settings = settings
        self._session_settings = replace(self._session_settings, window=settings.window)
        self.rate.set_limit(settings.link_parts_per_second, now)
        for connection in self._connections:
            connection.session.set_window(settings.window)

    def submit(self, pdu: SubmitSm | DataSm, part: OutgoingPart) -> None:
        """Send one part over a live link; raises ``UnencodablePdu``."""
        assert self._transmitter is not None
        self._transmitter.send(pdu, context=part)
        self.rate.note_sent()
        if self.answer_watch.on_trial:
            self.answer_watch.note_sent()

    def query(self, pdu: QuerySm, query: StateQuery) -> None:
        """Ask over a live link for the state of a part; raises ``UnencodablePdu``."""
        assert self._transmitter is not None
        self._transmitter.send(pdu, context=query)

    def status(self) -> LinkStatus:
        """Return its status, for the console and ``/health``."""
        return LinkStatus(
            name=self.name,
            bound=self._up,
            outstanding=self.outstanding,
            window=self._settings.window,
            last_error=self.last_error or (NO_ANSWERS if self.answer_watch.on_trial else ""),
            parts_per_second=self.rate.bucket.rate,
        )

    # --- its life, led by ``bind`` or ``outbind``

    def open(self) -> SmppConnection:
        """Make a new connection of this link, for a transport."""
        flow = self._capture.flow() if self._capture is not None else None
        base_name = f"{self.name}.{len(self._connections)}"
        connection = SmppConnection(
            base_name=base_name, owner=self, settings=self._session_settings, clock=self._clock, flow=flow
        )
        self._connections.append(connection)
        return connection

    def mark_bound(self, *, submits: bool) -> None:
        """Note that all its connections are bound, the first one for submitting if ``submits``."""
        self._up = True
        self._transmitter = self._connections[0] if submits else None
        self.last_error = ""
        log.info("carrier_link_bound", link=self.name)
        pause = self.answer_watch.pause_seconds(self._chance()) if self.answer_watch.on_trial else 0.0
        self._may_try, self._has_unanswered, self._last_answered = not pause, False, 0
        if pause:
            self._trial_timer = asyncio.get_running_loop().call_later(pause, self._try_again)
        self._owner.on_slots_changed()

    def note_error(self, error: str) -> None:
        """Keep why the link is down, and log it if the reason is a new one."""
        if error != self.last_error:
            log.warning("carrier_link_down", link=self.name, reason=error)
        self.last_error = error

    def stop_submitting(self) -> None:
        """Take no more parts."""
        self.stopping = True

    async def unbind(self) -> None:
        """Unbind and close; the carrier watches the deadline."""
        connections = list(self._connections)
        for connection in connections:
            connection.unbind()
        for connection in connections:
            await asyncio.shield(connection.closed)

    def abort(self) -> None:
        """Close at once; parts without an answer are in doubt."""
        for connection in list(self._connections):
            connection.abort()

    async def close(self) -> None:
        """Close all its connections and forget them."""
        self._mark_unbound()
        connections, self._connections = self._connections, []
        for connection in connections:
            connection.abort()
            await connection.closed

    # --- what its connections tell (ConnectionOwner)

    def on_events(self, connection: SmppConnection, events: Sequence[Event]) -> None:
        owner, name = self._owner, self.name
        answered = False
        for event in events:
            try:
                match event:
                    case ResponseReceived(context=OutgoingPart() as part, pdu=pdu):
                        answered = True
                        self._note_answer(pdu.sequence_number)
                        exchange = Exchange(link=name, request=event.request, response=event.frame)
                        owner.on_answer(self, part, pdu, exchange)
                    case RequestReceived(pdu=pdu):
                        self._on_request(connection, pdu, event.frame, event.oddity)
                    case ResponseReceived(context=StateQuery() as query, pdu=pdu):
                        answered = True
                        owner.on_query_answer(query, pdu, event.frame)
                    case RequestTimedOut(context=OutgoingPart() as part):
                        answered = True
                        connection.check_alive()
                        self._count_timed_out(event.sequence_number)
                        owner.on_no_answer(part, NOT_IN_TIME, Exchange(link=name, request=event.request))
                    case LateResponse(context=OutgoingPart() as part, pdu=pdu):
                        exchange = Exchange(link=name, request=event.request, response=event.frame)
                        owner.on_late_answer(part, pdu, exchange)
                    case LateResponse(context=StateQuery() as query, pdu=pdu):
                        owner.on_query_answer(query, pdu, event.frame)
                    case ResponseReceived() | RequestTimedOut() | LateResponse():
                        answered = True  # a query without an answer
                    case Closed():
                        self._on_closed(connection, event)
                    case PduRefused() | UnexpectedResponse():
                        self.stray_pdus.note_ignored(event)
                    case Bound() | BindRefused():
                        pass  # handled by the connection
                    case _:
                        assert_never(event)
            except Exception:
                # A bug in handling one PDU must not cost the link.
                log.exception("carrier_pdu_failed", link=name)
        if answered:
            self._close_if_silent()
            owner.on_slots_changed()

    def on_writable(self, connection: SmppConnection) -> None:
        if not connection.paused:
            self._owner.on_slots_changed()

    # --- inside

    def _on_request(self, connection: SmppConnection, pdu: Pdu, octets: bytes, oddity: str) -> None:
        if oddity:
            self.stray_pdus.note_salvaged(pdu, oddity)
        if isinstance(pdu, (DeliverSm, DataSm)):
            self._owner.on_delivery(connection, pdu, octets, oddity)
        elif isinstance(pdu, AlertNotification):
            self.stray_pdus.note_alert(pdu)
        else:
            connection.answer(pdu, status=CommandStatus.ESME_RINVCMDID)

    def _on_closed(self, connection: SmppConnection, closed: Closed) -> None:
        self._mark_unbound()
        self.failed.set()
        reason = closed.reason.value
        if connection.has_delivered:
            self._owner.on_link_ended(connection)
        if not self.stopping and connection in self._connections:
            self.note_error(NO_ANSWERS if self.answer_watch.on_trial and self._has_unanswered else reason)
        unanswered = list(zip(closed.unanswered, closed.requests, strict=True))
        written = len(unanswered) - min(connection.unflushed, len(unanswered))
        for count, (part, request) in enumerate(unanswered):
            if not isinstance(part, OutgoingPart):
                continue
            if count < written:
                if count == 0:
                    self._note_unanswered()  # once a connection: the link broke, and will be bound again
                self._owner.on_no_answer(part, reason, Exchange(link=self.name, request=request))
            else:
                self._owner.on_not_sent(part, reason, Exchange(link=self.name))
        self._owner.on_slots_changed()

    def _note_answer(self, sequence_number: int) -> None:
        if sequence_number > self._last_answered:
            self._last_answered = sequence_number
        if self.answer_watch.unanswered and self.answer_watch.note_answered():
            log.info("carrier_link_answers_again", link=self.name)

    def _count_timed_out(self, sequence_number: int) -> None:
        """Count a submit as unanswered if none sent after it was answered: the order of sending counts, as the time of
        many ends at one moment."""
        if sequence_number > self._last_answered:
            self._note_unanswered()

    def _note_unanswered(self) -> None:
        if self.answer_watch.note_unanswered():
            log.warning("carrier_link_on_trial", link=self.name, unanswered=self.answer_watch.unanswered)
        self._may_try, self._has_unanswered = False, True

    def _close_if_silent(self) -> None:
        """Unbind a link on trial when the last part on it got no answer; the next trial begins on a new connection."""
        if (
            self.answer_watch.on_trial
            and self._has_unanswered
            and not self.outstanding
            and self._transmitter is not None
        ):
            self._mark_unbound()
            self.note_error(NO_ANSWERS)
            for connection in list(self._connections):
                connection.unbind()

    def _try_again(self) -> None:
        self._may_try = True
        self._owner.on_slots_changed()

    def _mark_unbound(self) -> None:
        self._up = False
        self._transmitter = None
        if self._trial_timer is not None:
            self._trial_timer.cancel()
            self._trial_timer = None
