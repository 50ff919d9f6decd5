"""What every carrier promises: the contract suite of ``ports.Carrier``.

A carrier's own tests subclass :class:`CarrierContract` and say in ``set_up`` how to build one beside a peer whose
answers follow from the number (see ``Numbers``).
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from msgspec import structs
from tests.contracts.virtual_time import in_virtual_time

from palomar.ports import (
    Acknowledge,
    Carrier,
    CarrierInbound,
    CarrierReceipt,
    Deferred,
    Exchange,
    InDoubt,
    NotSent,
    OutgoingPart,
    Refused,
    SubmitOutcome,
    Submitted,
)
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.message import MessageId, State, part_id

WINDOW = 10


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """Numbers by what the peer does with a message to them."""

    ordinary: str
    refused: str
    throttled: str
    silent: str
    late: str
    undelivered: str
    replies: str


@dataclass(kw_only=True)
class RecordingSink:
    """A ``CarrierSink`` that keeps everything and acknowledges as it is told."""

    acknowledge_with: bool | None = True
    answers: list[tuple[OutgoingPart, SubmitOutcome]] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    receipts: list[CarrierReceipt] = field(default_factory=list)
    inbounds: list[CarrierInbound] = field(default_factory=list)
    acknowledges: list[Acknowledge] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    rooms: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        self.answers.append((part, outcome))
        self.exchanges.append(exchange)
        self._changed.set()

    def receipt(self, receipt: CarrierReceipt, acknowledge: Acknowledge) -> None:
        self.receipts.append(receipt)
        self._acknowledge(acknowledge)

    def inbound(self, inbound: CarrierInbound, acknowledge: Acknowledge) -> None:
        self.inbounds.append(inbound)
        self._acknowledge(acknowledge)

    def link_ended(self, link: str) -> None:
        self.ended.append(link)

    def slots_changed(self, carrier: str) -> None:
        self.rooms += 1
        self._changed.set()

    def outcomes(self) -> list[SubmitOutcome]:
        return [outcome for _, outcome in self.answers]

    async def until(self, holds: Callable[[], bool], *, seconds: float = 120) -> None:
        """Wait until something holds, looked at whenever the carrier says something."""
        async with asyncio.timeout(seconds):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    def _acknowledge(self, acknowledge: Acknowledge) -> None:
        if self.acknowledge_with is None:
            self.acknowledges.append(acknowledge)
        else:
            acknowledge(self.acknowledge_with)
        self._changed.set()


@dataclass(kw_only=True)
class Bench:
    """A carrier, what it told, and its peer's handles."""

    carrier: Carrier
    sink: RecordingSink
    numbers: Numbers
    break_links: Callable[[], None]
    """The peer closes every connection at once."""


def outgoing(msisdn: str, *, serial: int = 1, number: int = 1, parts: int = 1) -> OutgoingPart:
    """Make a part as the dispatcher submits it."""
    message_id = MessageId(serial << 8)
    return OutgoingPart(
        part_id=part_id(message_id, number),
        message_id=message_id,
        attempt=1,
        number=number,
        parts=parts,
        reference=serial & 0xFF,
        sender="PALOMAR",
        msisdn=msisdn,
        alphabet=Alphabet.GSM,
        payload=b"hola %d" % serial,
    )


class CarrierContract(ABC):
    """The suite. Every bench has a window of ``WINDOW`` in all, unless a test asks for another."""

    @abstractmethod
    def set_up(self, *, window: int = WINDOW, parts_per_second: float = 0) -> AbstractAsyncContextManager[Bench]:
        """Start a carrier beside its peer, and stop it at the end."""

    async def _live(self, bench: Bench) -> None:
        carrier = bench.carrier
        await bench.sink.until(lambda: carrier.live and all(link.bound for link in carrier.links()))

    @in_virtual_time
    async def test_it_tells_when_it_becomes_live(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.free_slots() == WINDOW
            assert bench.sink.rooms >= 1
            assert all(link.bound for link in bench.carrier.links())

    @in_virtual_time
    async def test_a_part_is_taken_with_a_reference_and_its_receipt_names_it(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            part = outgoing(bench.numbers.ordinary)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(part)
            await bench.sink.until(lambda: bool(bench.sink.receipts))
            ((answered, outcome),) = bench.sink.answers
            assert answered is part
            assert isinstance(outcome, Submitted)
            (receipt,) = bench.sink.receipts
            assert receipt.reference == outcome.reference
            assert receipt.state is State.DELIVERED
            assert receipt.carrier == bench.carrier.name
            assert receipt.msisdn in ("", bench.numbers.ordinary)
            assert receipt.sender in ("", "PALOMAR")

    @in_virtual_time
    async def test_an_exchange_has_the_octets_that_went_over_the_link_and_came_back(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            for number in (bench.numbers.ordinary, bench.numbers.refused, bench.numbers.throttled):
                assert bench.carrier.reserve(1)
                bench.carrier.submit(outgoing(number))
            await bench.sink.until(lambda: len(bench.sink.answers) == 3)
            links = {link.name for link in bench.carrier.links()}
            assert all(exchange.link in links for exchange in bench.sink.exchanges)
            assert all(exchange.request and exchange.response for exchange in bench.sink.exchanges)

    @in_virtual_time
    async def test_what_is_in_doubt_has_the_octets_that_left(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.silent))
            await bench.sink.until(lambda: bool(bench.sink.answers))
            (exchange,) = bench.sink.exchanges
            assert exchange.request
            assert exchange.response == b""

    @in_virtual_time
    async def test_submit_answers_later_never_within_the_call(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.ordinary))
            assert bench.sink.answers == []

    @in_virtual_time
    async def test_a_refusal_says_why(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.refused))
            await bench.sink.until(lambda: bool(bench.sink.answers))
            (outcome,) = bench.sink.outcomes()
            assert isinstance(outcome, Refused)
            assert outcome.reason

    @in_virtual_time
    async def test_a_throttled_part_may_come_again(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.throttled))
            await bench.sink.until(lambda: bool(bench.sink.answers))
            (outcome,) = bench.sink.outcomes()
            assert isinstance(outcome, Deferred)
            assert outcome.retry_after_seconds > 0

    @in_virtual_time
    async def test_no_answer_in_time_is_in_doubt_and_frees_the_slot(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.silent))
            await bench.sink.until(lambda: bool(bench.sink.answers))
            (outcome,) = bench.sink.outcomes()
            assert isinstance(outcome, InDoubt)
            await bench.sink.until(lambda: bench.carrier.free_slots() == WINDOW)  # once it has seen that the peer lives

    @in_virtual_time
    async def test_an_answer_after_its_time_is_still_told(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            part = outgoing(bench.numbers.late)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(part)
            await bench.sink.until(lambda: len(bench.sink.answers) == 2)
            assert [answered is part for answered, _ in bench.sink.answers] == [True, True]
            first, second = bench.sink.outcomes()
            assert isinstance(first, InDoubt)
            assert isinstance(second, Submitted)
            assert bench.carrier.free_slots() == WINDOW

    @in_virtual_time
    async def test_what_is_reserved_is_no_longer_room(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(7)
            assert bench.carrier.free_slots() == WINDOW - 7
            assert not bench.carrier.reserve(4)
            assert bench.carrier.free_slots() == WINDOW - 7
            bench.carrier.release(7)
            assert bench.carrier.free_slots() == WINDOW

    @in_virtual_time
    async def test_never_more_parts_outstanding_than_the_window(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            for serial in range(WINDOW):
                assert bench.carrier.reserve(1)
                bench.carrier.submit(outgoing(bench.numbers.silent, serial=serial + 1))
            assert bench.carrier.free_slots() == 0
            assert not bench.carrier.reserve(1)
            await bench.sink.until(lambda: len(bench.sink.answers) == WINDOW)
            await bench.sink.until(lambda: bench.carrier.free_slots() == 1)  # it is tried with one part
            assert bench.carrier.on_trial
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.ordinary))
            await bench.sink.until(lambda: not bench.carrier.on_trial)
            assert bench.carrier.free_slots() > 1

    @in_virtual_time
    async def test_a_message_longer_than_the_window_is_sent_all_the_same(self) -> None:
        async with self.set_up(window=2) as bench:
            await self._live(bench)
            assert bench.carrier.reserve(5)
            for number in range(1, 6):
                bench.carrier.submit(outgoing(bench.numbers.ordinary, number=number, parts=5))
            assert bench.carrier.free_slots() == 0
            await bench.sink.until(lambda: len(bench.sink.answers) == 5)
            assert all(isinstance(outcome, Submitted) for outcome in bench.sink.outcomes())
            assert bench.carrier.free_slots() == 2

    @in_virtual_time
    async def test_a_broken_link_leaves_what_was_outstanding_in_doubt_and_comes_back(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            for serial in range(4):
                assert bench.carrier.reserve(1)
                bench.carrier.submit(outgoing(bench.numbers.silent, serial=serial + 1))
            await asyncio.sleep(0.1)
            bench.break_links()
            await bench.sink.until(lambda: len(bench.sink.answers) == 4)
            assert all(isinstance(outcome, InDoubt) for outcome in bench.sink.outcomes())
            assert bench.carrier.free_slots() == 0
            assert not bench.carrier.reserve(1)
            await self._live(bench)
            assert bench.carrier.free_slots() == WINDOW

    @in_virtual_time
    async def test_a_reserved_part_whose_links_died_was_not_sent(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(2)
            bench.break_links()
            await bench.sink.until(lambda: not bench.carrier.live)
            bench.carrier.submit(outgoing(bench.numbers.ordinary))
            bench.carrier.release(1)
            await bench.sink.until(lambda: bool(bench.sink.answers))
            (outcome,) = bench.sink.outcomes()
            assert isinstance(outcome, NotSent)
            await self._live(bench)
            assert bench.carrier.free_slots() == WINDOW

    @in_virtual_time
    async def test_parts_leave_no_faster_than_the_pace(self) -> None:
        async with self.set_up(parts_per_second=20) as bench:
            await self._live(bench)
            loop = asyncio.get_running_loop()
            await asyncio.sleep(1)
            begun, sent = loop.time(), 0
            while sent < 60:
                if bench.carrier.reserve(1):
                    sent += 1
                    bench.carrier.submit(outgoing(bench.numbers.ordinary, serial=sent))
                else:
                    seen = bench.sink.rooms
                    await bench.sink.until(lambda seen=seen: bench.sink.rooms > seen)  # type: ignore[misc]
            assert 2.8 < loop.time() - begun < 3.5

    @in_virtual_time
    async def test_released_slots_give_their_pace_back(self) -> None:
        async with self.set_up(parts_per_second=100) as bench:
            await self._live(bench)
            await asyncio.sleep(1)
            for _ in range(50):
                assert bench.carrier.reserve(WINDOW)
                bench.carrier.release(WINDOW)
            assert bench.carrier.free_slots() == WINDOW

    @in_virtual_time
    async def test_a_receipt_not_acknowledged_comes_again(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            bench.sink.acknowledge_with = False
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.undelivered))
            await bench.sink.until(lambda: bool(bench.sink.receipts))
            bench.sink.acknowledge_with = True
            await bench.sink.until(lambda: len(bench.sink.receipts) == 2)
            first, second = bench.sink.receipts
            assert structs.replace(first, octets=b"") == structs.replace(second, octets=b"")
            assert first.state is State.UNDELIVERED

    @in_virtual_time
    async def test_an_acknowledgement_after_the_link_died_is_harmless(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            bench.sink.acknowledge_with = None
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.ordinary))
            await bench.sink.until(lambda: bool(bench.sink.acknowledges))
            bench.break_links()
            await bench.sink.until(lambda: not bench.carrier.live)
            for acknowledge in bench.sink.acknowledges:
                acknowledge(True)
            bench.sink.acknowledge_with = True
            await self._live(bench)
            await bench.sink.until(lambda: len(bench.sink.receipts) == 2)

    @in_virtual_time
    async def test_an_inbound_message_reaches_the_sink(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.replies))
            await bench.sink.until(lambda: bool(bench.sink.inbounds))
            (inbound,) = bench.sink.inbounds
            assert inbound.source == bench.numbers.replies
            assert inbound.destination == "PALOMAR"
            assert inbound.text

    @in_virtual_time
    async def test_stopping_waits_for_the_answers_outstanding(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            for serial in range(WINDOW):
                assert bench.carrier.reserve(1)
                bench.carrier.submit(outgoing(bench.numbers.ordinary, serial=serial + 1))
            await bench.carrier.stop(5)
            assert len(bench.sink.answers) == WINDOW
            assert all(isinstance(outcome, Submitted) for outcome in bench.sink.outcomes())
            assert not bench.carrier.live
            assert bench.carrier.free_slots() == 0

    @in_virtual_time
    async def test_stopping_keeps_its_deadline_and_leaves_nothing_unanswered(self) -> None:
        async with self.set_up() as bench:
            await self._live(bench)
            assert bench.carrier.reserve(1)
            bench.carrier.submit(outgoing(bench.numbers.silent))
            begun = asyncio.get_running_loop().time()
            await bench.carrier.stop(3)
            assert asyncio.get_running_loop().time() - begun <= 3.01
            await asyncio.sleep(0)
            (outcome,) = bench.sink.outcomes()
            assert isinstance(outcome, InDoubt)
