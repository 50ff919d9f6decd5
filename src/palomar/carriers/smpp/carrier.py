"""A carrier over SMPP 3.4: slots, pace and several links behind ``ports.Carrier``.

Slots are counted, not tied: what is reserved belongs to no link until it is submitted, then it takes the link with
the most room. A message of more parts than all windows together is let in when something is free, and what does not
fit waits here, in order, for answers: it is the only queue of this package, and one message long.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import structlog
from msgspec import structs

from palomar.carriers.smpp import verdicts
from palomar.carriers.smpp.answering import Answering
from palomar.carriers.smpp.bind import Connector, Dialler
from palomar.carriers.smpp.capture import Capture
from palomar.carriers.smpp.connection import Connection
from palomar.carriers.smpp.link import Link, Query
from palomar.carriers.smpp.outbind import Listen, OutbindListener
from palomar.carriers.smpp.pacing import HOLD_SECONDS, TokenBucket
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.sockets import tcp_connector, tcp_listen
from palomar.carriers.smpp.submitting import query_maker, submit_maker
from palomar.carriers.smpp.translate import answered_query, delivery_reader, with_oddity
from palomar.domain.message import PartId
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
from palomar.smpp import CommandStatus, DataSm, DeliverSm, Pdu, QuerySmResp, UnencodablePdu, status_name

PACE_WAKE_SECONDS = 0.005
"""Tokens are waited for at least so long, so that a fast pace does not cost a timer a part."""

ADJUSTABLE: Final = ("parts_per_second", "link_parts_per_second", "window", "enabled", "drain")
"""Settings that a running carrier takes over."""

UNBIND_SECONDS = 5.0

PUT_OFF_REMEMBERED = 10_000

TIMER_GRAIN_SECONDS = 0.001
"""Loops round their timers to milliseconds: one that rings early would find no token yet."""

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
        self._clock = clock
        self._chance = chance
        self._connect = connect or tcp_connector(settings)
        self._listen = (listen or tcp_listen(settings)) if settings.outbind_port else None
        self._make = submit_maker(settings, wall_ms=clock.wall_ms)
        self._make_query = query_maker(settings)
        self._judge = verdicts.judge(settings)
        self._read_delivery = delivery_reader(settings)
        self._capture: Capture | None = None
        if settings.capture is not None:
            self._capture = Capture(settings.capture, octets_max=settings.capture_octets, wall_ms=clock.wall_ms)
        self._may_query = True
        self._keeps_pdus = settings.keep_pdus
        self._bucket = TokenBucket(rate=settings.parts_per_second)
        self._links: list[Link] = []
        self._called_answering = Answering(most=settings.unanswered_max)
        self._tasks: list[asyncio.Task[None]] = []
        self._sink: CarrierSink | None = None
        self._reserved = 0
        self._waiting: deque[OutgoingPart] = deque()
        self._put_off: dict[PartId, None] = {}
        """Parts that were throttled and not taken since; of so many that it forgets some, the oldest."""
        self._unacknowledged = 0
        self._pace_timer: asyncio.TimerHandle | None = None
        self._pace_at = 0.0
        self._said_no = False
        """Somebody asked for slots and got none since room was last told of: it waits to be told."""
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
        """Those in force."""
        return self._settings

    @property
    def live(self) -> bool:
        return not self.off and self._has_link

    @property
    def off(self) -> str:
        if not self._settings.enabled:
            return SWITCHED_OFF
        return DRAINED if self._settings.drain else ""

    def adjust(self, settings: SmppCarrierSettings) -> None:
        """Take over the pace, the window, ``enabled`` and ``drain`` of other settings; the rest needs a start."""
        now = self._clock.monotonic()
        changed = {name: getattr(settings, name) for name in ADJUSTABLE}
        self._settings = replace(self._settings, **changed)
        self._bucket.set_rate(self._settings.parts_per_second, now)
        for link in self._links:
            link.adjust(self._settings, now)
        if self._settings.enabled:
            self._allowed.set()
        elif self._allowed.is_set():
            self._allowed.clear()
            self._tasks.append(asyncio.create_task(self._switch_off(), name=f"carrier off {self.name}"))
        self.on_room()

    @property
    def on_trial(self) -> bool:
        live = [link for link in self._links if link.live]
        return bool(live) and all(link.answering.on_trial for link in live)

    def room(self) -> int:
        now = self._clock.monotonic()
        free = min(self._free_slots(now), self._bucket.available(now))
        if free <= 0:
            self._say_no(now)
            return 0
        return free

    def reserve(self, parts: int) -> bool:
        now = self._clock.monotonic()
        free = self._free_slots(now)
        fits = parts <= free or (free > 0 and not self._waiting and parts > self._capacity())
        if not fits or not self._bucket.take(parts, now):
            self._say_no(now)
            return False
        self._reserved += parts
        return True

    def release(self, parts: int) -> None:
        self._reserved -= parts
        self._bucket.give_back(parts)
        self._freed()

    def submit(self, part: OutgoingPart) -> None:
        self._reserved -= 1
        if self._waiting or not self._send(part):
            if self._has_link and not self._takes_nothing:
                self._waiting.append(part)
            else:
                self._bucket.give_back(1)
                reason = "the carrier does not answer" if self._has_link else "no link is bound"
                self._later(part, NotSent(reason=reason))

    def links(self) -> list[LinkStatus]:
        return [link.status() for link in self._links]

    def query(self, reference: str, *, sender: str) -> bool:
        now = self._clock.monotonic()
        if not self._may_query or self.on_trial or self._free_slots(now) <= 0:
            return False
        link = max(self._links, key=lambda link: link.free_slots(now))
        try:
            link.query(self._make_query(reference, sender), Query(reference=reference, sender=sender))
        except UnencodablePdu:
            return False
        return True

    async def start(self, sink: CarrierSink) -> None:
        self._sink = sink
        settings = self._settings
        for number in range(1, settings.links + 1):
            link = self._new_link(f"{self.name}/{number}")
            dialler = Dialler(
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
                gone=self._links.remove,
                allowed=self._allowed,
            )
            self._tasks.append(asyncio.create_task(listener.run(), name=f"carrier calls {self.name}"))

    async def stop(self, deadline_seconds: float) -> None:
        if self._stopping:
            return
        self._stopping = True
        try:
            async with asyncio.timeout(deadline_seconds):
                while self._waiting and self._has_link:
                    await self._change()
                for link in self._links:
                    link.stop_submitting()
                while self._unacknowledged or any(link.outstanding for link in self._links):
                    await self._change()
                await asyncio.gather(*(link.unbind() for link in self._links))
        except TimeoutError:
            log.warning("carrier_stopped_late", carrier=self.name)
        for link in self._links:
            link.stop_submitting()
            link.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._capture is not None:
            self._capture.close()
        if self._pace_timer is not None:
            self._pace_timer.cancel()
        self._give_up_waiting("the carrier was stopped")

    # --- what its links tell

    def on_answer(self, link: Link, part: OutgoingPart, answer: Pdu, exchange: Exchange) -> None:
        now = self._clock.monotonic()
        if answer.command_status == 0:
            link.rate.taken(now)
            if self._put_off:
                self._put_off.pop(part.part_id, None)
        elif answer.command_status in verdicts.SLOW_DOWN and link.rate.throttled(now, again=self._was_put_off(part)):
            log.info("carrier_link_slowed", link=link.name, parts_per_second=round(link.rate.bucket.rate, 1))
        self._answered(part, self._judge(answer), exchange)

    def on_late_answer(self, part: OutgoingPart, answer: Pdu, exchange: Exchange) -> None:
        self._answered(part, self._judge(answer), exchange)

    def on_no_answer(self, part: OutgoingPart, reason: str, exchange: Exchange) -> None:
        self._answered(part, InDoubt(reason=reason), exchange)

    def on_not_sent(self, part: OutgoingPart, reason: str, exchange: Exchange) -> None:
        self._answered(part, NotSent(reason=reason), exchange)

    def on_query_answer(self, query: Query, answer: Pdu, octets: bytes) -> None:
        status = answer.command_status
        if status == 0 and isinstance(answer, QuerySmResp):
            receipt = answered_query(
                answer, carrier=self.name, reference=query.reference, sender=query.sender, octets=octets
            )
            if self._sink is not None:
                self._sink.receipt(receipt, _nobody_waits)
        elif status == CommandStatus.ESME_RINVCMDID:
            self._may_query = False
            log.warning("carrier_takes_no_queries", carrier=self.name)
        else:
            log.info("carrier_query_refused", carrier=self.name, status=status_name(status))

    def on_delivery(self, connection: Connection, pdu: DeliverSm | DataSm, octets: bytes, oddity: str = "") -> None:
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
            connection.has_brought = True
            came_ms = self._clock.wall_ms()
            came = structs.replace(delivery, came_ms=came_ms, link=connection.name, bound_ms=connection.bound_ms)
            sink.inbound(came, acknowledge)

    def on_link_ended(self, connection: Connection) -> None:
        if self._sink is not None:
            self._sink.link_ended(connection.name)

    def on_room(self) -> None:
        if self._waiting:
            self._send_waiting()
        self._changed.set()
        self._said_no = False
        if self._sink is not None and not self._stopping:
            try:
                self._sink.room_changed(self.name)
            except Exception:
                # A bug behind the sink costs neither a link nor a timer; whoever waits is told again the next time.
                log.exception("carrier_room_failed", carrier=self.name)
                self._said_no = True

    def may_try(self, link: Link) -> bool:
        tried = [one for one in self._links if one.answering.on_trial]
        if any(one.answering.is_trying for one in tried):
            return False
        return next((one for one in tried if one.may_try), None) is link

    # --- inside

    @property
    def _has_link(self) -> bool:
        return any(link.live for link in self._links)

    async def _switch_off(self) -> None:
        """Wait for the answers that are due, then unbind every link; nothing is left of it if we are wanted again."""
        try:
            async with asyncio.timeout(self._settings.response_timeout_seconds):
                while self._waiting or self._reserved or any(link.outstanding for link in self._links):
                    await self._change()
            async with asyncio.timeout(UNBIND_SECONDS):
                if not self._allowed.is_set():
                    await asyncio.gather(*(link.unbind() for link in self._links))
        except TimeoutError:
            log.warning("carrier_switched_off_late", carrier=self.name)
        if not self._allowed.is_set():
            for link in list(self._links):
                link.abort()

    def _free_slots(self, now: float) -> int:
        free = -self._reserved - len(self._waiting)
        for link in self._links:
            free += link.free_slots(now)
        return 0 if self._stopping or self.off else free

    def _capacity(self) -> int:
        return sum(link.capacity() for link in self._links)

    def _new_link(self, name: str, answering: Answering | None = None) -> Link:
        link = Link(
            name=name,
            settings=self._settings,
            owner=self,
            clock=self._clock,
            chance=self._chance,
            answering=answering,
            capture=self._capture,
        )
        self._links.append(link)
        return link

    def _new_called_link(self, name: str) -> Link:
        """A link on which the SMSC calls us lives for one call, but what is known of its answers outlives it."""
        return self._new_link(name, self._called_answering)

    @property
    def _takes_nothing(self) -> bool:
        """Whether no link takes a part before others have got their answers, or waited for them in vain."""
        return all(link.answering.on_trial and not link.answering.is_trying for link in self._links if link.live)

    def _send(self, part: OutgoingPart) -> bool:
        """Give a part to the link with the most room; False when no link has a free slot."""
        best: Link | None = None
        most, now = 0, self._clock.monotonic()
        for link in self._links:
            free = link.free_slots(now)
            if free > most:
                best, most = link, free
        if best is None:
            # What is reserved has a slot: a pace that is used up, or a paused transport, is waited for afterwards.
            best = max(self._links, key=Link.window_free, default=None)
            if best is None or best.window_free() <= 0:
                return False
        made = self._make(part)
        if isinstance(made, Refused):
            self._later(part, made)
            return True
        try:
            best.submit(made, part)
        except UnencodablePdu as error:
            self._later(part, Refused(status=0, reason=f"not to be written in SMPP: {error.field}"))
        return True

    def _send_waiting(self) -> None:
        while self._waiting and self._send(self._waiting[0]):
            self._waiting.popleft()
        if self._waiting and not self._has_link:
            self._give_up_waiting("no link is bound")
        elif self._waiting and self._takes_nothing:
            self._give_up_waiting("the carrier does not answer")

    def _give_up_waiting(self, reason: str) -> None:
        while self._waiting:
            self._answered(self._waiting.popleft(), NotSent(reason=reason), Exchange())

    def _answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        if self._sink is not None:
            self._sink.answered(part, outcome, exchange if self._keeps_pdus else Exchange())

    def _later(self, part: OutgoingPart, outcome: SubmitOutcome) -> None:
        """Answer in the next turn of the loop: a submit never calls back before it has returned. Its slot is free."""
        asyncio.get_running_loop().call_soon(self._answered, part, outcome, Exchange())
        self._freed()

    def _was_put_off(self, part: OutgoingPart) -> bool:
        """Note that a part was throttled; says whether it had been before."""
        before = part.part_id in self._put_off
        if not before:
            self._put_off[part.part_id] = None
            if len(self._put_off) > PUT_OFF_REMEMBERED:
                del self._put_off[next(iter(self._put_off))]
        return before

    def _acknowledge(self, connection: Connection, pdu: Pdu, taken: bool) -> None:
        self._unacknowledged -= 1
        connection.answer(pdu, status=0 if taken else CommandStatus.ESME_RX_T_APPN)
        if self._stopping:
            self._changed.set()

    def _say_no(self, now: float) -> None:
        """Owe a call of ``on_room`` to whoever just got no slots at ``now``. Where no pace is set that comes with an
        answer, a time-out, a link, or what is given back. Where one is set a timer is armed too, whatever the reason
        was: what refused and what arms go by the same reading of the clock, and neither must agree with the other."""
        self._said_no = True
        paces = [link.rate for link in self._links if link.live]
        if self._stopping or self.off or not (self._bucket.rate or any(pace.bucket.rate for pace in paces)):
            return
        waits = [self._bucket.seconds_until(1, now)]
        for pace in paces:
            pace.bucket.await_from(now)  # what is reserved has not been charged to it yet
            waits.append(pace.seconds_until_room(now))
        # The first of them to have a token. Where none lacks one it is a window that is full, and this a second net; a
        # link that was slowed grows meanwhile.
        wait = min((wait for wait in waits if wait > 0), default=HOLD_SECONDS)
        delay = min(max(wait + TIMER_GRAIN_SECONDS, PACE_WAKE_SECONDS), HOLD_SECONDS)
        if self._pace_timer is not None:
            if self._pace_at <= now + delay:
                return
            self._pace_timer.cancel()
        self._pace_at = now + delay
        self._pace_timer = asyncio.get_running_loop().call_later(delay, self._on_pace)

    def _on_pace(self) -> None:
        self._pace_timer = None
        self.on_room()

    def _freed(self) -> None:
        """A slot is free again without an answer of the carrier: whoever got none is told in the next turn."""
        if self._said_no:
            self._said_no = False
            asyncio.get_running_loop().call_soon(self.on_room)

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _nobody_waits(taken: bool) -> None:
    """What we asked for needs no acknowledgement."""
