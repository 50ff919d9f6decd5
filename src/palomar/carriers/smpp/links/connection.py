"""One connection to an SMSC: an asyncio protocol that carries octets and time to a ``smpp.Session`` and back.

It knows nothing of parts and receipts (``bind``). Everything written within a turn of the loop leaves in one write.
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
"""The timer looks at the session at least so often: deadlines are kept to this, and no send has to set it anew."""


class BindFailed(Exception):
    """The SMSC did not let us in, or went away before it had."""


class ConnectionOwner(Protocol):
    """Who uses a connection."""

    def on_events(self, connection: "SmppConnection", events: Sequence[Event]) -> None:
        """What the SMSC said in one read, or what a deadline brought; binding itself excepted."""
        ...

    def on_writable(self, connection: "SmppConnection") -> None:
        """The transport was paused or resumed."""
        ...


def refusal(answer: Pdu) -> str:
    """Say in words how a bind was refused: by which status, and by what if not by its own response."""
    status = status_name(answer.command_status) if answer.command_status else ""
    if status and not isinstance(answer, GenericNack):
        return status
    return f"{answer.command_name} {status}".rstrip()


class SmppConnection(asyncio.Protocol):
    """A session and its transport."""

    def __init__(
        self, *, of: str, owner: ConnectionOwner, settings: SessionSettings, clock: Clock, flow: Flow | None = None
    ) -> None:
        """Make one that ``of`` names among those of its link; ``flow`` is where its octets are captured."""
        self._of = of
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
        """As no other connection of this process is called, once it is bound; and since when it is."""
        self.bound_ms = 0
        self.has_brought = False
        """Whether a phone's message came by it."""
        self.unflushed = 0
        """Requests queued since the last write: nobody has seen a byte of them."""
        self.close_reason: CloseReason | None = None
        self._transport: asyncio.Transport | None = None
        self._flush_scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._bound: asyncio.Future[None] = self._loop.create_future()
        self._called: asyncio.Future[Outbind] = self._loop.create_future()
        self.gone: asyncio.Future[None] = self._loop.create_future()
        """Done when the transport is closed."""

    async def bind(self, pdu: Pdu) -> None:
        """Bind and wait for the answer; raises BindFailed."""
        self.send(pdu)
        await self._bound

    async def called(self) -> Outbind:
        """Wait for an SMSC that has called to say who it is; raises BindFailed."""
        return await self._called

    def send(self, pdu: Pdu, *, context: object = None) -> None:
        """Queue a request; raises what ``Session.send`` raises."""
        self.session.send(pdu, self._now(), context=context)
        self.unflushed += 1
        if not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def answer(self, request: Pdu, response: Pdu | None = None, *, status: int = 0) -> None:
        """Queue the answer to a request of the SMSC; nothing happens where the session has ended."""
        if self.session.answer(request, response, status=status) and not self._flush_scheduled:
            self._flush_scheduled = True
            self._loop.call_soon(self._flush)

    def suspect(self) -> None:
        """A request got no answer: if nothing at all has come for as long, ask whether anybody is there. The connection
        is ``silent`` until something comes, or until that enquiry ends it."""
        if not self.silent and self.session.enquire(self._now()):
            self.silent = True

    def unbind(self) -> None:
        """Ask to end the session; one that is not bound ends at once."""
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
            self._ended()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of that class
        self._set_timer()

    def data_received(self, data: bytes) -> None:
        if self._flow is not None:
            self._flow.received(data)
        self._take(self.session.receive(data, self._now()))
        if self.silent:
            self.silent = False
            self._owner.on_writable(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._take(self.session.connection_lost())
        self._ended()

    def pause_writing(self) -> None:
        self.paused = True
        self._owner.on_writable(self)

    def resume_writing(self) -> None:
        self.paused = False
        self._owner.on_writable(self)

    # --- inside

    def _take(self, events: list[Event]) -> None:
        if not self._bound.done():
            self._take_binding(events)
        if events:
            self._owner.on_events(self, events)
        self._flush()
        if events and isinstance(closed := events[-1], Closed):
            self._finish(closed.reason)

    def _take_binding(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, RequestReceived) and isinstance(event.pdu, Outbind) and not self._called.done():
                self._called.set_result(event.pdu)
            if isinstance(event, Bound):
                self.bound_ms = self._wall_ms()
                self.name = f"{self._of}@{self.bound_ms}"
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
        if self.gone.done():
            return
        try:
            self._take(self.session.on_time(self._now()))
        finally:
            # Whatever goes wrong above, the deadlines of the session are kept.
            if self.close_reason is None and not self.gone.done():
                self._set_timer()

    def _ended(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._flow is not None:
            self._flow.ended()
        for waited_for in (self._bound, self._called):
            if not waited_for.done():
                waited_for.set_exception(BindFailed("no bind: the connection ended"))
            if not waited_for.cancelled():
                waited_for.exception()  # looked at: asyncio complains of errors that nobody awaits
        if not self.gone.done():
            self.gone.set_result(None)
