"""A carrier over SMPP 3.4: slots, pace and several links behind ``ports.Carrier``.

A reservation counts slots and belongs to no link; a submitted part goes to the link with the most room. A message of
more parts than all windows together is let in when something is free, and what does not fit waits here, in order, for
answers: this is the only queue of the package, and one message long.

Not here: which link takes a part (``carriers.smpp.links.pool``), and when whoever got no slot is called again
(``waker``).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from msgspec import structs

from palomar.carriers.smpp import submit_answers
from palomar.carriers.smpp.answer_watch import AnswerWatch
from palomar.carriers.smpp.deliveries import delivery_reader, with_oddity
from palomar.carriers.smpp.links.bind import Connector, Dialer
from palomar.carriers.smpp.links.capture import Capture
from palomar.carriers.smpp.links.connection import SmppConnection
from palomar.carriers.smpp.links.link import SmppLink, StateQuery
from palomar.carriers.smpp.links.outbind import Listen, OutbindListener
from palomar.carriers.smpp.links.pool import LinkPool
from palomar.carriers.smpp.links.sockets import tcp_connector, tcp_listen
from palomar.carriers.smpp.pacing import ThrottledParts, parts_bucket
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.state_queries import StateQueries
from palomar.carriers.smpp.submitting import submit_maker
from palomar.carriers.smpp.waker import Waker
from palomar.ports import (
    DRAINED,
    SWITCHED_OFF,
    CarrierReceipt,
    CarrierSink,
    Clock,
    Exchange,
    InDoubt,
    LinkStatus,
    NotSent,
    OutgoingPart,
    Refused,
    SubmitOutcome,
)
from palomar.smpp import CommandStatus, DataSm, DeliverSm, Pdu, UnencodablePdu

ADJUSTABLE: Final = ("parts_per_second", "link_parts_per_second", "window", "enabled", "drain")
"""Settings that a running carrier takes over."""

UNBIND_SECONDS = 5.0

log = structlog.get_logger(__name__)


class SmppCarrier:
    """``ports.Carrier`` over one or more SMPP links."""

    def __init__(
        self,
        settings: SmppCarrierSettings,
        *,
        clock: Clock,
        chance: Callable[[], float],
        connect: Connector | None = None,
        listen: Listen | None = None,
    ) -> None:
        self._settings = settings
        self.off_reason = _off_reason(settings)
        self._clock = clock
        self._chance = chance
        self._connect = connect or tcp_connector(settings)
        self._listen = (listen or tcp_listen(settings)) if settings.outbind_port else None
        self._make_submit = submit_maker(settings, wall_ms=clock.wall_ms)
        self._queries = StateQueries(settings)
        self._read_outcome = submit_answers.outcome_reader(settings)
        self._read_delivery = delivery_reader(settings)
        self._capture: Capture | None = None
        if settings.capture is not None:
            self._capture = Capture(settings.capture, octets_max=settings.capture_octets, wall_ms=clock.wall_ms)
        self._keeps_pdus = settings.keep_pdus
        self._bucket = parts_bucket(settings.parts_per_second)
        self._links = LinkPool()
        self._outbind_answer_watch = AnswerWatch(max_unanswered=settings.unanswered_max)
        self._tasks: list[asyncio.Task[None]] = []
        self._sink: CarrierSink | None = None
        self._reserved = 0
        self._waiting: deque[OutgoingPart] = deque()
        self._throttled_parts = ThrottledParts()
        self._unacknowledged = 0
        self._waker = Waker(self.on_slots_changed)
        self._stopping = False
        self._allowed = asyncio.Event()
        if settings.enabled:
            self._allowed.set()
        self._changed = asyncio.Event()

    # --- ports.Carrier

    @property
    def name(self) -> str:
        return self._settings.name

    @property
    def settings(self) -> SmppCarrierSettings:
        """Return the settings in force."""
        return self._settings

    @property
    def live(self) -> bool:
        return not self.off_reason and self._links.is_live

    def adjust(self, settings: SmppCarrierSettings) -> None:
        """Take over the pace, the window, ``enabled`` and ``drain`` of other settings; the rest needs a restart."""
        now = self._clock.monotonic()
        changed = {name: getattr(settings, name) for name in ADJUSTABLE}
        self._settings = replace(self._settings, **changed)
        self.off_reason = _off_reason(self._settings)
        self._bucket.set_rate(self._settings.parts_per_second, now)
        for link in self._links:
            link.adjust(self._settings, now)
        if self._settings.enabled:
            self._allowed.set()
        elif self._allowed.is_set():
            self._allowed.clear()
            self._tasks.append(asyncio.create_task(self._switch_off(), name=f"carrier off {self.name}"))
        self.on_slots_changed()

    @property
    def on_trial(self) -> bool:
        return self._links.on_trial

    def free_slots(self) -> int:
        now = self._clock.monotonic()
        free = min(self._free_slots(now), self._bucket.available(now))
        if free <= 0:
            self._wake_when_free(now)
            return 0
        return free

    def reserve(self, parts: int) -> bool:
        now = self._clock.monotonic()
        free = self._free_slots(now)
        fits = parts <= free or (free > 0 and not self._waiting and parts > self._links.capacity())
        if not fits or not self._bucket.take(parts, now):
            self._wake_when_free(now)
            return False
        self._reserved += parts
        return True

    def release(self, parts: int) -> None:
        self._reserved -= parts
        self._bucket.give_back(parts)
        self._waker.wake_waiting()

    def submit(self, part: OutgoingPart) -> None:
        self._reserved -= 1
        if self._waiting or not self._send(part):
            if self._links.is_live and not self._links.takes_nothing:
                self._waiting.append(part)
            else:
                self._bucket.give_back(1)
                reason = "the carrier does not answer" if self._links.is_live else "no link is bound"
                self._answer_soon(part, NotSent(reason=reason))

    def links(self) -> list[LinkStatus]:
        return [link.status() for link in self._links]

    def query(self, reference: str, *, sender: str) -> bool:
        now = self._clock.monotonic()
        if not self._queries.are_known or self.on_trial or self._free_slots(now) <= 0:
            return False
        link = max(self._links, key=lambda link: link.free_slots(now))
        return self._queries.ask(link, reference, sender=sender)

    async def start(self, sink: CarrierSink) -> None:
        self._sink = sink
        settings = self._settings
        for number in range(1, settings.links + 1):
            link = self._new_link(f"{self.name}/{number}")
            dialler = Dialer(
                link,
                settings=settings,
                connect=self._connect,
                clock=self._clock,
                chance=self._chance,
                allowed=self._allowed,
            )
            self._tasks.append(asyncio.create_task(dialler.run(), name=f"carrier link {link.name}"))
        if self._listen is not None:
            listener = OutbindListener(
                settings=settings,
                listen=self._listen,
                new_link=self._new_called_link,
                on_call_ended=self._links.remove,
                allowed=self._allowed,
            )
            self._tasks.append(asyncio.create_task(listener.run(), name=f"carrier calls {self.name}"))

    async def stop(self, deadline_seconds: float) -> None:
        if self._stopping:
            return
        self._stopping = True
        try:
            async with asyncio.timeout(deadline_seconds):
                while self._waiting and self._links.is_live:
                    await self._change()
                self._links.stop_submitting()
                while self._unacknowledged or self._links.awaits_answers:
                    await self._change()
                await self._links.unbind()
        except TimeoutError:
            log.warning("carrier_stopped_late", carrier=self.name)
        self._links.stop_submitting()
        self._links.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._capture is not None:
            self._capture.close()
        self._waker.stop()
        self._give_up_waiting("the carrier was stopped")

    # --- what its links tell

    def on_answer(self, link: SmppLink, part: OutgoingPart, answer: Pdu, exchange: Exchange) -> None:
        now = self._clock.monotonic()
        if answer.command_status == 0:
            link.rate.note_accepted(now)
            self._throttled_parts.note_accepted(part.part_id)
        elif answer.command_status in submit_answers.THROTTLED_STATUSES and link.rate.note_throttled(
            now, is_repeated=self._throttled_parts.note_throttled(part.part_id)
        ):
            log.info("carrier_link_slowed", link=link.name, parts_per_second=round(link.rate.bucket.rate, 1))
        self._answered(part, self._read_outcome(answer), exchange)

    def on_late_answer(self, part: OutgoingPart, answer: Pdu, exchange: Exchange) -> None:
        self._answered(part, self._read_outcome(answer), exchange)

    def on_no_answer(self, part: OutgoingPart, reason: str, exchange: Exchange) -> None:
        self._answered(part, InDoubt(reason=reason), exchange)

    def on_not_sent(self, part: OutgoingPart, reason: str, exchange: Exchange) -> None:
        self._answered(part, NotSent(reason=reason), exchange)

    def on_query_answer(self, query: StateQuery, answer: Pdu, octets: bytes) -> None:
        receipt = self._queries.receipt(query, answer, octets)
        if receipt is not None and self._sink is not None:
            self._sink.receipt(receipt, _ignore_commit)

    def on_delivery(self, connection: SmppConnection, pdu: DeliverSm | DataSm, octets: bytes, oddity: str = "") -> None:
        sink = self._sink
        if sink is None or self._stopping or self._unacknowledged >= self._settings.deliver_backlog:
            connection.answer(pdu, status=CommandStatus.ESME_RX_T_APPN)
            return
        delivery = self._read_delivery(pdu, octets if self._keeps_pdus else b"")
        if delivery is None:
            connection.answer(pdu)
            return
        if oddity:
            delivery = with_oddity(delivery, oddity)
        self._unacknowledged += 1
        acknowledge = partial(self._acknowledge, connection, pdu)
        if isinstance(delivery, CarrierReceipt):
            sink.receipt(delivery, acknowledge)
        else:
            connection.has_delivered = True
            came_ms = self._clock.wall_ms()
            inbound = structs.replace(delivery, came_ms=came_ms, link=connection.name, bound_ms=connection.bound_ms)
            sink.inbound(inbound, acknowledge)

    def on_link_ended(self, connection: SmppConnection) -> None:
        if self._sink is not None:
            self._sink.link_ended(connection.name)

    def on_slots_changed(self) -> None:
        if self._waiting:
            self._send_waiting()
        self._changed.set()
        self._waker.note_woken()
        if self._sink is not None and not self._stopping:
            try:
                self._sink.slots_changed(self.name)
            except Exception:
                # A bug behind the sink costs neither a link nor a timer; waiting senders are called again later.
                log.exception("carrier_room_failed", carrier=self.name)
                self._waker.note_waiting()

    def may_try(self, link: SmppLink) -> bool:
        return self._links.may_try(link)

    # --- inside

    async def _switch_off(self) -> None:
        """Wait for the answers that are due, then unbind every link; stop if the carrier is enabled again."""
        try:
            async with asyncio.timeout(self._settings.response_timeout_seconds):
                while self._waiting or self._reserved or self._links.awaits_answers:
                    await self._change()
            async with asyncio.timeout(UNBIND_SECONDS):
                if not self._allowed.is_set():
                    await self._links.unbind()
        except TimeoutError:
            log.warning("carrier_switched_off_late", carrier=self.name)
        if not self._allowed.is_set():
            self._links.abort()

    def _free_slots(self, now: float) -> int:
        if self._stopping or self.off_reason:
            return 0
        return self._links.free_slots(now) - self._reserved - len(self._waiting)

    def _new_link(self, name: str, answer_watch: AnswerWatch | None = None) -> SmppLink:
        link = SmppLink(
            name=name,
            settings=self._settings,
            owner=self,
            clock=self._clock,
            chance=self._chance,
            answer_watch=answer_watch,
            capture=self._capture,
        )
        self._links.add(link)
        return link

    def _new_called_link(self, name: str) -> SmppLink:
        """Make a link on which the SMSC calls us: it lives for one call; the watch on its answers is kept for the
        next."""
        return self._new_link(name, self._outbind_answer_watch)

    def _send(self, part: OutgoingPart) -> bool:
        """Give a part to the link with the most room; return False if no link has a free slot."""
        best = self._links.roomiest(self._clock.monotonic())
        if best is None:
            return False
        made = self._make_submit(part)
        if isinstance(made, Refused):
            self._answer_soon(part, made)
            return True
        try:
            best.submit(made, part)
        except UnencodablePdu as error:
            self._answer_soon(part, Refused(status=0, reason=f"not to be written in SMPP: {error.field}"))
        return True

    def _send_waiting(self) -> None:
        while self._waiting and self._send(self._waiting[0]):
            self._waiting.popleft()
        if self._waiting and not self._links.is_live:
            self._give_up_waiting("no link is bound")
        elif self._waiting and self._links.takes_nothing:
            self._give_up_waiting("the carrier does not answer")

    def _give_up_waiting(self, reason: str) -> None:
        while self._waiting:
            self._answered(self._waiting.popleft(), NotSent(reason=reason), Exchange())

    def _answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        if self._sink is not None:
            self._sink.answered(part, outcome, exchange if self._keeps_pdus else Exchange())

    def _answer_soon(self, part: OutgoingPart, outcome: SubmitOutcome) -> None:
        """Answer in the next turn of the loop: a submit never calls back before it has returned. Its slot is free."""
        asyncio.get_running_loop().call_soon(self._answered, part, outcome, Exchange())
        self._waker.wake_waiting()

    def _acknowledge(self, connection: SmppConnection, pdu: Pdu, taken: bool) -> None:
        self._unacknowledged -= 1
        connection.answer(pdu, status=0 if taken else CommandStatus.ESME_RX_T_APPN)
        if self._stopping:
            self._changed.set()

    def _wake_when_free(self, now: float) -> None:
        """Promise a call of ``on_slots_changed`` to whoever just got no slots at ``now``.

        Without a pace the call comes with an answer, a time-out, a link, or a released reservation. With a pace a timer
        is armed too, whatever the reason was: refusal and timer use the same reading of the clock, so they need not
        agree with each other.
        """
        self._waker.note_waiting()
        paces = [link.rate for link in self._links if link.live]
        has_pace = self._bucket.rate or any(pace.bucket.rate for pace in paces)
        if has_pace and not self._stopping and not self.off_reason:
            self._waker.arm_timer(self._bucket, paces, now)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _off_reason(settings: SmppCarrierSettings) -> str:
    """Return why the operator lets nothing be submitted; empty if something may be."""
    if not settings.enabled:
        return SWITCHED_OFF
    return DRAINED if settings.drain else ""


def _ignore_commit(taken: bool) -> None:
    """Do nothing: an answer to our own query needs no acknowledgement."""
