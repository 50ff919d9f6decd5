"""One connection of a probe to a carrier: it sends and waits, and takes no delivery that is not its own.

A bind brings whatever waits for its system_id, also what belongs to a running server: a delivery that is not ours is
answered ESME_RX_T_APPN, so that the carrier keeps it. Not here: what is sent, and why (``probe``).
"""

import asyncio
from collections.abc import Callable
from typing import cast

from palomar.carriers.smpp.probing.diagnosis import ProbeSubmit
from palomar.ports import Clock
from palomar.smpp import (
    BindRefused,
    Bound,
    Closed,
    CommandStatus,
    DataSm,
    DeliverSm,
    EnquireLink,
    EnquireLinkResp,
    Event,
    LateResponse,
    Pdu,
    RequestReceived,
    ResponseReceived,
    Session,
    SessionRole,
    SessionSettings,
    SubmitSm,
    UnexpectedResponse,
    encode,
)

Delivery = DeliverSm | DataSm
_WINDOW = 10_000
_ENQUIRY_NUMBER = 0x7FFFFFFF


class ProbeLink(asyncio.Protocol):
    """A bind of a probe. ``is_ours`` says of each delivery whether it belongs to the probe."""

    def __init__(self, *, clock: Clock, is_ours: Callable[[Delivery], bool]) -> None:
        self.now = clock.monotonic
        self.session = Session(
            SessionRole.ESME,
            self.now(),
            settings=SessionSettings(
                window=_WINDOW, response_seconds=3_600, enquire_link_seconds=None, session_init_seconds=None
            ),
        )
        self.transport: asyncio.Transport | None = None
        self.answered: Pdu | None = None
        """The answer to the bind."""
        self.is_bound = False
        self.closed = ""
        """Why the session ended."""
        self.answers: list[tuple[ProbeSubmit, Pdu]] = []
        self.deliveries: list[Delivery] = []
        self.sent_back = 0
        """Deliveries that were not ours."""
        self._is_ours = is_ours
        self._enquiry_answered = False
        self._changed = asyncio.Event()
        self._out: list[ProbeSubmit] = []

    # --- asking

    def bind(self, pdu: Pdu) -> None:
        self.session.send(pdu, self.now())
        self._flush()

    def submit(self, pdus: list[SubmitSm]) -> list[ProbeSubmit]:
        """Send these PDUs in one write."""
        sent = []
        for pdu in pdus:
            one = ProbeSubmit(at=self.now())
            self.session.send(pdu, self.now(), context=one)
            self._out.append(one)
            sent.append(one)
        self._flush()
        return sent

    async def enquire(self, seconds: float) -> float | None:
        """Return how long an enquire_link takes, in seconds; None if it was not answered in time."""
        begun, self._enquiry_answered = self.now(), False
        if self.transport is not None:
            self.transport.write(encode(EnquireLink(sequence_number=_ENQUIRY_NUMBER)))
        answered = await self.until(lambda: self._enquiry_answered, seconds)
        return self.now() - begun if answered else None

    async def until(self, holds: Callable[[], object], seconds: float) -> bool:
        """Wait until a condition holds, the session ends, or the time is over; return whether it holds."""
        try:
            async with asyncio.timeout(seconds):
                while not (holds() or self.closed):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return bool(holds())

    async def unbind(self, seconds: float) -> None:
        """Unbind, then close the connection with or without an answer."""
        if self.session.is_bound:
            self.session.unbind(self.now())
            self._flush()
            await self.until(lambda: False, seconds)
        if self.transport is not None:
            self.transport.abort()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for event in self.session.receive(data, self.now()):
            self._handle_event(event)
        self._flush()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        for event in self.session.connection_lost():
            self._handle_event(event)
        self._changed.set()

    # --- inside

    def _handle_event(self, event: Event) -> None:
        match event:
            case Bound(pdu=pdu):
                self.answered, self.is_bound = pdu, True
            case BindRefused(pdu=pdu):
                self.answered = pdu
            case (
                ResponseReceived(context=ProbeSubmit() as sent, pdu=pdu)
                | LateResponse(context=ProbeSubmit() as sent, pdu=pdu)
            ):
                self._on_answer(sent, pdu)
            case RequestReceived(pdu=pdu):
                self._on_request(pdu)
            case UnexpectedResponse(pdu=EnquireLinkResp()):
                self._enquiry_answered = True
            case Closed(reason=reason):
                self.closed = reason.value
            case _:
                pass  # other events do not concern a probe

    def _on_answer(self, sent: ProbeSubmit, pdu: Pdu) -> None:
        sent.answered_at, sent.status = self.now(), pdu.command_status
        place = self._out.index(sent)
        sent.unanswered_before = sum(other.status is None for other in self._out[:place])
        self.answers.append((sent, pdu))

    def _on_request(self, pdu: Pdu) -> None:
        if not isinstance(pdu, DeliverSm | DataSm):
            self.session.answer(pdu, status=CommandStatus.ESME_RINVCMDID)
        elif self._is_ours(pdu):
            self.deliveries.append(pdu)
            self.session.answer(pdu)
        else:
            self.sent_back += 1
            self.session.answer(pdu, status=CommandStatus.ESME_RX_T_APPN)

    def _flush(self) -> None:
        data = self.session.take_outgoing()
        if data and self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)
