"""One connection of a client (an ESME) to the simulator: an asyncio protocol around an SMSC-side ``smpp.Session``.

It binds the client, sends it what waits in its mailbox, and passes its requests on. Not here: what happens to messages
(``smsc``).
"""

import asyncio
import hmac
from typing import Protocol, cast

from palomar.carriers.simulator.chaos.faults import ChaosScript
from palomar.carriers.simulator.mailbox import Mailbox
from palomar.carriers.simulator.receipts import Delivery
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.stats import Stats
from palomar.ports import Clock
from palomar.smpp import (
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    Closed,
    CommandStatus,
    DataSm,
    DeliverSm,
    Event,
    GenericNack,
    Outbind,
    Pdu,
    RequestReceived,
    RequestTimedOut,
    ResponseReceived,
    Session,
    SessionRole,
    SessionSettings,
    SubmitSm,
    encode,
    tlvs,
)

TICK_SECONDS = 1.0
TEMPORARY = frozenset(
    {
        CommandStatus.ESME_RX_T_APPN,
        CommandStatus.ESME_RMSGQFUL,
        CommandStatus.ESME_RTHROTTLED,
        CommandStatus.ESME_RSYSERR,
    }
)
"""Statuses after which a delivery is sent again."""
_ANOTHER_NUMBER = 0x40000000

_SC_INTERFACE_VERSION = (tlvs.SC_INTERFACE_VERSION.of(0x34),)
_BIND_RESPONSES: dict[type[Pdu], type[BindTransceiverResp | BindTransmitterResp | BindReceiverResp]] = {
    BindTransceiver: BindTransceiverResp,
    BindTransmitter: BindTransmitterResp,
    BindReceiver: BindReceiverResp,
}


class ConnectionHandler(Protocol):
    """The SMSC as its connections know it."""

    settings: SimulatorSettings
    clock: Clock
    stats: Stats

    @property
    def chaos(self) -> ChaosScript: ...

    def on_connected(self, connection: "ClientConnection") -> None: ...

    def on_disconnected(self, connection: "ClientConnection") -> None: ...

    def mailbox(self, system_id: str) -> Mailbox: ...

    def on_submit(self, connection: "ClientConnection", pdu: SubmitSm) -> None:
        """Answer a message and plan its delivery."""
        ...

    def on_request(self, connection: "ClientConnection", pdu: Pdu) -> None:
        """Answer a request that is no ``submit_sm``."""
        ...

    def on_delivery_answered(self, *, refused: bool) -> None:
        """Count a delivery that the client has answered for good."""
        ...

    def redeliver(self, system_id: str, pdu: Delivery, *, after_seconds: float) -> None:
        """Put a delivery that was not acknowledged back into the mailbox, after some seconds."""
        ...


class ClientConnection(asyncio.Protocol):
    """A client's connection, from the first octet to the last."""

    def __init__(self, smsc: ConnectionHandler, *, outbind: Outbind | None = None) -> None:
        """Take as ``outbind`` the PDU that asks the other side to bind, where the simulator has connected to it."""
        settings = smsc.settings
        self._smsc = smsc
        self._outbind = outbind
        self._now = smsc.clock.monotonic
        self._loop = asyncio.get_running_loop()
        self._session = Session(
            SessionRole.SMSC,
            self._now(),
            settings=SessionSettings(
                window=settings.window,
                response_seconds=settings.deliver_timeout_seconds,
                enquire_link_seconds=settings.enquire_link_seconds,
                session_init_seconds=settings.bind_timeout_seconds,
            ),
        )
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._flush_scheduled = False
        self._pdus = 0
        self._silent = False
        self.receives = False
        """True while it is bound as a receiver or transceiver."""
        self.system_id = ""
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the connection has ended."""
        self.unanswered = 0
        """Submits whose answer a chaos script delays."""

    # --- what the SMSC asks

    def answer(self, request: Pdu, response: Pdu | None = None, *, status: int = 0) -> None:
        """Answer a request now; do nothing if the session has ended."""
        self._session.answer(request, response, status=status)
        self._schedule_flush()

    def answer_misnumbered(self, request: Pdu, response: Pdu) -> None:
        """Answer with a sequence number that no request had."""
        response.sequence_number = request.sequence_number ^ _ANOTHER_NUMBER
        self.write(encode(response))

    def write(self, octets: bytes) -> None:
        """Send octets behind those that are queued, even if they are no PDU."""
        if self._transport is not None and not (self._session.is_closed or self._transport.is_closing()):
            self._transport.write(self._session.take_outgoing() + octets)

    def free_slots(self) -> int:
        """Count the ``deliver_sm`` that may be sent now."""
        return 0 if self._paused else self._session.window_free

    def deliver(self, pdu: Delivery) -> None:
        """Send a delivery; the caller has seen a free slot. An alert_notification needs none and gets no answer."""
        self._session.send(pdu, self._now(), context=pdu)
        self._schedule_flush()

    def drop(self) -> None:
        """Close the connection at once, without an unbind."""
        if self._transport is not None:
            self._transport.abort()

    def go_silent(self) -> None:
        """Read and send nothing from now on, and leave the connection open: the client must find out by itself."""
        self._silent = True
        for event in self._session.connection_lost():
            if isinstance(event, Closed):
                self._return_unacknowledged(event)

    def unbind(self) -> None:
        """Ask the client to end the session; drop a connection that is not bound."""
        if self._session.is_bound:
            self._session.unbind(self._now())
            self._flush()
        else:
            self.drop()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are not of that class
        self._smsc.on_connected(self)
        if self._outbind is not None:
            self._session.send(self._outbind, self._now())
            self._flush()
        self._set_timer()

    def data_received(self, data: bytes) -> None:
        events = self._session.receive(data, self._now())
        if (drop_at := self._smsc.chaos.drop_at_pdu) and self._pdus + len(events) >= drop_at:
            self._drop_at(events[: drop_at - self._pdus - 1])
            return
        self._pdus += len(events)
        self._handle_events(events)
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._handle_events(self._session.connection_lost())
        if self._timer is not None:
            self._timer.cancel()
        self._smsc.on_disconnected(self)
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self._paused = True
        if self._transport is not None:
            # A client that does not read its answers is not read either, so that no buffer grows without bound.
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._paused = False
        if self._transport is not None:
            self._transport.resume_reading()
        if self.receives:
            self._smsc.mailbox(self.system_id).deliver_waiting()

    # --- inside

    def _handle_events(self, events: list[Event]) -> None:
        acknowledged = False
        for event in events:
            match event:
                case RequestReceived(pdu=pdu):
                    self._on_request(pdu)
                case ResponseReceived(context=delivery, pdu=pdu):
                    acknowledged = True
                    self._on_response(delivery, pdu)
                case RequestTimedOut(context=delivery):
                    acknowledged = True
                    if isinstance(delivery, DeliverSm | DataSm):
                        self._smsc.redeliver(self.system_id, delivery, after_seconds=0)
                case Closed():
                    self._on_closed(event)
                    return
                case _:
                    pass
        if acknowledged and self.receives:
            self._smsc.mailbox(self.system_id).deliver_waiting()

    def _on_request(self, pdu: Pdu) -> None:
        if self._silent:
            return  # it came in the same read as the PDU that silenced us
        if isinstance(pdu, SubmitSm):
            self._smsc.on_submit(self, pdu)
        elif isinstance(pdu, BindTransceiver | BindTransmitter | BindReceiver):
            self._on_bind(pdu)
        else:
            self._smsc.on_request(self, pdu)

    def _on_bind(self, pdu: BindTransceiver | BindTransmitter | BindReceiver) -> None:
        passwords = self._smsc.settings.passwords
        if passwords is not None:
            password = passwords.get(pdu.system_id)
            if password is None:
                self.answer(pdu, status=CommandStatus.ESME_RINVSYSID)
                return
            if not hmac.compare_digest(password.encode(), pdu.password.encode()):
                self.answer(pdu, status=CommandStatus.ESME_RINVPASWD)
                return
        self.system_id = pdu.system_id
        self.answer(
            pdu,
            _BIND_RESPONSES[type(pdu)](system_id=self._smsc.settings.system_id, tlvs=_SC_INTERFACE_VERSION),
        )
        if not isinstance(pdu, BindTransmitter):
            self.receives = True
            self._smsc.mailbox(self.system_id).add_receiver(self)
            self._smsc.mailbox(self.system_id).deliver_waiting()

    def _on_response(self, delivery: object, pdu: Pdu) -> None:
        if not isinstance(delivery, DeliverSm | DataSm):
            return
        if pdu.command_status in TEMPORARY:
            seconds = self._smsc.settings.deliver_retry_seconds
            self._smsc.redeliver(self.system_id, delivery, after_seconds=seconds)
        else:
            self._smsc.on_delivery_answered(refused=pdu.command_status != 0 or isinstance(pdu, GenericNack))

    def _on_closed(self, closed: Closed) -> None:
        self._return_unacknowledged(closed)
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _return_unacknowledged(self, closed: Closed) -> None:
        """Put what was sent and not acknowledged back into the mailbox, for another bind."""
        if self.receives:
            self.receives = False
            mailbox = self._smsc.mailbox(self.system_id)
            mailbox.remove_receiver(self)
            mailbox.put_back([pdu for pdu in closed.unanswered if isinstance(pdu, DeliverSm | DataSm)])
            mailbox.deliver_waiting()

    def _drop_at(self, events: list[Event]) -> None:
        """Handle these events, then drop the connection."""
        self._smsc.stats.dropped += 1
        self._handle_events(events)
        self._flush()
        self.drop()

    def _schedule_flush(self) -> None:
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_scheduled = False
        if self._transport is not None and not self._transport.is_closing():
            data = self._session.take_outgoing()
            if data:
                self._transport.write(data)

    def _set_timer(self) -> None:
        deadline = self._session.next_deadline()
        delay = TICK_SECONDS if deadline is None else min(max(deadline - self._now(), 0.001), TICK_SECONDS)
        self._timer = self._loop.call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        try:
            self._handle_events(self._session.on_time(self._now()))
            self._flush()
        finally:
            if not self._session.is_closed:
                self._set_timer()
