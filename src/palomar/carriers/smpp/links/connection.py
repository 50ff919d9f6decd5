"""One connection to an SMSC: an asyncio protocol that carries octets and time to a ``smpp.Session`` and back.

Everything written within a turn of the loop leaves in one write. Not here: parts and receipts (``link``).
"""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol, cast

from palomar.carriers.smpp.links.capture import Flow
from palomar.ports import Clock
from palomar.smpp import (
    BindRefused,
    Bound,
    Closed,
    CloseReason,
    Event,
    GenericNack,
    Outbind,
    Pdu,
    RequestReceived,
    Session,
    SessionRole,
    SessionSettings,
    status_name,
)

TICK_SECONDS: Final = 1.0
"""The timer looks at the session at least so often: deadlines are kept to this, and no send has to set the timer
anew."""


class BindFailed(Exception):
    """The SMSC refused the bind, or closed the connection before it was answered."""


class ConnectionOwner(Protocol):
    """The user of a connection."""

    def on_events(self, connection: "SmppConnection", events: Sequence[Event]) -> None:
        """Handle what the SMSC sent in one read, or what a deadline caused; binding itself excepted."""
        ...

    def on_writable(self, connection: "SmppConnection") -> None:
        """Note that the transport was paused or resumed."""
        ...


def refusal(answer: Pdu) -> str:
    """Return in words how a bind was refused: the status, and the PDU if that was not the bind's own response."""
    status = status_name(answer.command_status) if answer.command_status else ""
    if status and not isinstance(answer, GenericNack):
        return status
    return f"{answer.command_name} {status}".rstrip()


class SmppConnection(asyncio.Protocol):
    """A session and its transport."""

    def __init__(
        self,
        *,
        base_name: str,
        owner: ConnectionOwner,
        settings: SessionSettings,
        clock: Clock,
        flow: Flow | None = None,
    ) -> None:
        """Take as ``base_name`` its name among the connections of its link, as ``flow`` where its octets are
        captured."""
        self._base_name = base_name
        self._wall_ms = clock.wall_ms
        self._owner = owner
        self._flow = flow
        self._now = clock.monotonic
        self._loop = asyncio.get_running_loop()
        self._tick = min(TICK_SECONDS, settings.response_seconds / 4)
        self.session = Session(SessionRole.ESME, self._now(), settings=settings)
        self.paused = False
        self.silent = False
        self.name = ""
        """A name that no other connection of this process has, once it is bound, and the time of the bind."""
        self.bound_ms = 0
        self.has_delivered = False
        """True if an inbound message came by it."""
        self.unflushed = 0
        """Requests queued since the last write: the SMSC has not seen an octet of them."""
        self.close_reason: CloseReason | None = None
        self._transport: asyncio.Transport | None = None
        self._flush_scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._bound: asyncio.Future[None] = self._loop.create_future()
        self._outbind: asyncio.Future[Outbind] = self._loop.create_future()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        """Done when the transport is closed."""

    async def bind(self, pdu: Pdu) -> None:
        """Bind and wait for the answer; raises BindFailed."""
        self.send(pdu)
        await self._bound

    async def wait_for_outbind(self) -> Outbind:
        """Wait for the outbind of an SMSC that has called; raises BindFailed."""
        return await self._outbind

    def send(self, pdu: Pdu, *, context: object = None) -> None:
        """Queue a request; raises what ``Session.send`` raises."""
        self.session.send(pdu, self._now(), context=context)
        self.unflushed += 1
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def answer(self, request: Pdu, response: Pdu | None = None, *, status: int = 0) -> None:
        """Queue the answer to a request of the SMSC; do nothing if the session has ended."""
        if self.session.answer(request, response, status=status) and not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def check_alive(self) -> None:
        """Send enquire_link if nothing came for as long as a request waited in vain. The connection is ``silent`` until
        something comes, or until that enquiry times out and ends it."""
        if not self.silent and self.session.enquire(self._now()):
            self.silent = True

    def unbind(self) -> None:
        """Ask to end the session; close at once if it is not bound."""
        if self.session.is_bound:
            self.session.unbind(self._now())
            self._flush()
        else:
            self.abort()

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()
        else:
            self._on_transport_closed()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transports are not of that class
        self._set_timer()

    def data_received(self, data: bytes) -> None:
        if self._flow is not None:
            self._flow.received(data)
        self._handle_events(self.session.receive(data, self._now()))
        if self.silent:
            self.silent = False
            self._owner.on_writable(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._handle_events(self.session.connection_lost())
        self._on_transport_closed()

    def pause_writing(self) -> None:
        self.paused = True
        self._owner.on_writable(self)

    def resume_writing(self) -> None:
        self.paused = False
        self._owner.on_writable(self)

    # --- inside

    def _handle_events(self, events: list[Event]) -> None:
        if not self._bound.done():
            self._handle_bind_events(events)
        if events:
            self._owner.on_events(self, events)
        self._flush()
        if events and isinstance(closed := events[-1], Closed):
            self._finish(closed.reason)

    def _handle_bind_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, RequestReceived) and isinstance(event.pdu, Outbind) and not self._outbind.done():
                self._outbind.set_result(event.pdu)
            if isinstance(event, Bound):
                self.bound_ms = self._wall_ms()
                self.name = f"{self._base_name}@{self.bound_ms}"
                self._bound.set_result(None)
                return
            if isinstance(event, BindRefused):
                self._bound.set_exception(BindFailed(f"bind refused: {refusal(event.pdu)}"))
                return
            if isinstance(event, Closed):
                self._bound.set_exception(BindFailed(f"no bind: {event.reason.value}"))
                return

    def _flush(self) -> None:
        self._flush_scheduled = False
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if data := self.session.take_outgoing():
            self.unflushed = 0
            if self._flow is not None:
                self._flow.sent(data)
            transport.write(data)

    def _finish(self, reason: CloseReason) -> None:
        self.close_reason = reason
        if self._transport is None:
            return
        if reason is CloseReason.LINK_DEAD or self.paused:
            self._transport.abort()
        else:
            self._transport.close()

    def _set_timer(self) -> None:
        deadline = self.session.next_deadline()
        if deadline is None:
            delay = self._tick
        else:
            delay = min(max(deadline - self._now(), 0.001), self._tick)
        self._timer = self._loop.call_later(delay, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self.closed.done():
            return
        try:
            self._handle_events(self.session.on_time(self._now()))
        finally:
            # The deadlines of the session are kept after any error above.
            if self.close_reason is None and not self.closed.done():
                self._set_timer()

    def _on_transport_closed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._flow is not None:
            self._flow.ended()
        for waited_for in (self._bound, self._outbind):
            if not waited_for.done():
                waited_for.set_exception(BindFailed("no bind: the connection ended"))
            if not waited_for.cancelled():
                waited_for.exception()  # retrieved, because asyncio logs exceptions that were never retrieved
        if not self.closed.done():
            self.closed.set_result(None)
