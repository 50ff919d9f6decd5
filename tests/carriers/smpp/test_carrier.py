"""Slots, pace, back-pressure and the end of a carrier, beside the contract."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from structlog.testing import capture_logs
from tests.carriers.smpp.scripted import Rig, ScriptedConnection, accept, stay_silent, throttle
from tests.contracts.carrier import RecordingSink, outgoing
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.smpp.links.link import NO_ANSWERS
from palomar.ports import Deferred, Exchange, NotSent, OutgoingPart, Refused, SubmitOutcome, Submitted
from palomar.smpp import CommandStatus, DataSm, DeliverSmResp, SubmitSm
from palomar.text.alphabets import Alphabet

WINDOW = 6


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.integers(1, 9)),
            st.tuples(st.just("release"), st.integers(1, 9)),
            st.tuples(st.just("half"), st.integers(2, 9)),
            st.tuples(st.sampled_from(["break", "wait", "silence", "speak", "throttle", "turn"]), st.just(0)),
        ),
        max_size=25,
    ),
    st.sampled_from([0, 50]),
)
def test_no_slot_is_ever_lost_and_every_submit_is_answered_once(steps: list[tuple[str, int]], pace: int) -> None:
    @in_virtual_time
    async def scenario() -> None:
        async with Rig(window=WINDOW // 2, links=2, parts_per_second=pace, response_timeout_seconds=5) as rig:
            await rig.live()
            submitted = 0
            for step, parts in steps:
                match step:
                    case "send" | "half" | "release":
                        if rig.carrier.reserve(parts):
                            keep = {"send": parts, "half": parts // 2, "release": 0}[step]
                            for number in range(1, keep + 1):
                                submitted += 1
                                rig.carrier.submit(
                                    outgoing("573001234567", serial=submitted, number=number, parts=max(keep, number))
                                )
                            if parts > keep:
                                rig.carrier.release(parts - keep)
                    case "break":
                        for connection in rig.smsc.connections:
                            if connection.transport is not None and not connection.lost:
                                connection.close()
                    case "wait":
                        await asyncio.sleep(2)
                    case "turn":
                        await asyncio.sleep(0)
                    case "silence":
                        rig.smsc.on_submit = stay_silent
                    case "speak":
                        rig.smsc.on_submit = accept
                    case _:
                        rig.smsc.on_submit = throttle
                assert all(link.outstanding <= WINDOW // 2 for link in rig.carrier.links())
            await asyncio.sleep(100)
            assert sorted(part.message_id for part, _ in rig.sink.answers) == [n << 8 for n in range(1, submitted + 1)]
            assert rig.carrier.live
            on_trial = [link for link in rig.carrier.links() if link.last_error == NO_ANSWERS]
            free = WINDOW // 2 * (2 - len(on_trial)) + bool(on_trial)  # of those on trial one tries, with one part
            assert rig.carrier.free_slots() == min(free, 5 if pace else free)

    scenario()


@in_virtual_time
async def test_parts_spread_over_the_links() -> None:
    async with Rig(links=3, window=4) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        for serial in range(9):
            assert rig.carrier.reserve(1)
            rig.carrier.submit(outgoing("573001234567", serial=serial))
        await asyncio.sleep(0.1)
        assert [link.outstanding for link in rig.carrier.links()] == [3, 3, 3]


@in_virtual_time
async def test_the_other_link_carries_on_when_one_dies() -> None:
    async with Rig(links=2, window=5) as rig:
        await rig.live()
        rig.smsc.connections[0].close()
        await rig.sink.until(lambda: not all(link.bound for link in rig.carrier.links()))
        assert rig.carrier.live
        assert rig.carrier.free_slots() == 5
        assert rig.carrier.reserve(1)
        rig.carrier.submit(outgoing("573001234567"))
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert isinstance(rig.sink.outcomes()[0], Submitted)


@in_virtual_time
async def test_the_rest_of_a_long_message_is_not_sent_when_all_links_die() -> None:
    async with Rig(window=2) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        assert rig.carrier.reserve(5)
        for number in range(1, 6):
            rig.carrier.submit(outgoing("573001234567", number=number, parts=5))
        await asyncio.sleep(0.1)
        rig.smsc.last.close()
        await rig.sink.until(lambda: len(rig.sink.answers) == 5)
        assert [part.number for part, outcome in rig.sink.answers if isinstance(outcome, NotSent)] == [3, 4, 5]


@in_virtual_time
async def test_a_part_that_smpp_cannot_encode_is_refused_and_costs_no_slot() -> None:
    async with Rig() as rig:
        await rig.live()
        bad = outgoing("5" * 40)
        assert rig.carrier.reserve(1)
        rig.carrier.submit(bad)
        await rig.sink.until(lambda: bool(rig.sink.answers))
        (outcome,) = rig.sink.outcomes()
        assert isinstance(outcome, Refused)
        assert "destination_addr" in outcome.reason
        assert "5555" not in outcome.reason
        assert rig.carrier.free_slots() == 10


@in_virtual_time
async def test_a_throttled_link_slows_down_and_finds_its_rate_again() -> None:
    """The SMSC takes 20 parts a second; we have a thousand to send."""
    allowed: list[float] = []

    def at_twenty_a_second(connection: ScriptedConnection, pdu: SubmitSm) -> None:
        now = connection.now()
        while allowed and allowed[0] <= now - 1:
            del allowed[0]
        if len(allowed) < 20:
            allowed.append(now)
            accept(connection, pdu)
        else:
            throttle(connection, pdu)

    async with Rig(window=50) as rig:
        rig.smsc.on_submit = at_twenty_a_second
        await rig.live()
        loop = asyncio.get_running_loop()
        end = loop.time() + 60
        serial = 0
        while loop.time() < end:
            while rig.carrier.reserve(1):
                serial += 1
                rig.carrier.submit(outgoing("573001234567", serial=serial))
            seen = rig.sink.rooms
            await rig.sink.until(lambda seen=seen: rig.sink.rooms > seen)  # type: ignore[misc]
        taken = sum(isinstance(outcome, Submitted) for outcome in rig.sink.outcomes())
        deferred = sum(isinstance(outcome, Deferred) for outcome in rig.sink.outcomes())
        assert taken > 0.6 * 20 * 60
        assert deferred < 0.3 * taken
        rig.smsc.on_submit = accept
        await asyncio.sleep(120)
        assert rig.carrier.free_slots() == 50


@in_virtual_time
async def test_a_throttled_part_frees_its_slot_at_once() -> None:
    async with Rig(window=40) as rig:
        rig.smsc.on_submit = throttle
        await rig.live()
        rig.send(40)
        assert rig.carrier.links()[0].outstanding == 40
        await rig.sink.until(lambda: len(rig.sink.answers) == 40)
        assert all(isinstance(outcome, Deferred) for outcome in rig.sink.outcomes())
        assert rig.carrier.links()[0].outstanding == 0
        (link,) = rig.carrier.links()
        assert link.parts_per_second == 1.0
        await asyncio.sleep(3)
        assert rig.carrier.free_slots() == 1


@in_virtual_time
async def test_a_throttled_link_does_not_slow_another_link() -> None:
    async with Rig(links=2, window=50) as rig:
        await rig.live()
        slow = rig.smsc.connections[0]

        def by_link(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
            (throttle if connection is slow else accept)(connection, pdu)

        rig.smsc.on_submit = by_link
        loop = asyncio.get_running_loop()
        begun, serial = loop.time(), 0
        while serial < 2_000:
            while serial < 2_000 and rig.carrier.reserve(1):
                serial += 1
                rig.carrier.submit(outgoing("573001234567", serial=serial))
            seen = rig.sink.rooms
            await rig.sink.until(lambda seen=seen: rig.sink.rooms > seen)  # type: ignore[misc]
        deferred = sum(isinstance(outcome, Deferred) for outcome in rig.sink.outcomes())
        paces = [link.parts_per_second for link in rig.carrier.links()]
        assert paces[0] >= 1
        assert paces[1] == 0
        # A burst of one window before it is known, then one or two a second.
        assert deferred < 50 + 3 * (loop.time() - begun) + 5
        assert len(slow.submits()) == deferred


@in_virtual_time
async def test_each_link_keeps_its_own_pace() -> None:
    async with Rig(links=2, window=50, link_parts_per_second=10) as rig:
        await rig.live()
        assert [link.parts_per_second for link in rig.carrier.links()] == [10, 10]
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        begun, serial = loop.time(), 0
        while serial < 100:
            if rig.carrier.reserve(1):
                serial += 1
                rig.carrier.submit(outgoing("573001234567", serial=serial))
            else:
                seen = rig.sink.rooms
                await rig.sink.until(lambda seen=seen: rig.sink.rooms > seen)  # type: ignore[misc]
        assert 4.5 < loop.time() - begun < 5.5
        await rig.sink.until(lambda: len(rig.sink.answers) == 100)
        assert [len(connection.submits()) for connection in rig.smsc.connections] == [50, 50]


@in_virtual_time
async def test_a_carriers_pace_holds_over_all_its_links() -> None:
    async with Rig(links=2, window=50, parts_per_second=5, link_parts_per_second=100) as rig:
        await rig.live()
        loop = asyncio.get_running_loop()
        await asyncio.sleep(1)
        begun, serial = loop.time(), 0
        while serial < 20:
            if rig.carrier.reserve(1):
                serial += 1
                rig.carrier.submit(outgoing("573001234567", serial=serial))
            else:
                seen = rig.sink.rooms
                await rig.sink.until(lambda seen=seen: rig.sink.rooms > seen)  # type: ignore[misc]
        assert 3.5 < loop.time() - begun < 4.5


@in_virtual_time
async def test_a_slow_link_has_room_for_one_part_at_a_time() -> None:
    async with Rig(window=10, link_parts_per_second=2) as rig:
        await rig.live()
        await asyncio.sleep(1)
        assert rig.carrier.free_slots() == 1
        assert not rig.carrier.reserve(5)
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert rig.carrier.free_slots() == 0


@in_virtual_time
async def test_beyond_the_backlog_deliveries_are_asked_to_come_again_at_once() -> None:
    async with Rig(deliver_backlog=3) as rig:
        await rig.live()
        rig.sink.acknowledge_with = None
        for serial in range(5):
            rig.smsc.last.deliver(esm_class=4, short_message=b"id:%d stat:DELIVRD" % serial)
        await asyncio.sleep(0.1)
        assert len(rig.sink.receipts) == 3
        assert [pdu.command_status for pdu in rig.smsc.last.responses] == [CommandStatus.ESME_RX_T_APPN] * 2
        rig.sink.acknowledges[0](True)
        rig.sink.acknowledges[1](False)
        await asyncio.sleep(0.1)
        assert [pdu.command_status for pdu in rig.smsc.last.responses[2:]] == [0, CommandStatus.ESME_RX_T_APPN]
        assert all(isinstance(pdu, DeliverSmResp) for pdu in rig.smsc.last.responses)
        rig.smsc.last.deliver(esm_class=4, short_message=b"id:9 stat:DELIVRD")
        await asyncio.sleep(0.1)
        assert rig.sink.receipts[-1].reference == "9"
        rig.sink.acknowledges[2](True)
        rig.sink.acknowledges[3](True)


@in_virtual_time
async def test_stopping_unbinds_and_then_takes_nothing() -> None:
    rig = Rig()
    await rig.carrier.start(rig.sink)
    await rig.live()
    await rig.carrier.stop(5)
    assert rig.smsc.last.session.is_closed
    assert rig.smsc.last.lost
    assert not rig.carrier.reserve(1)
    rig.carrier.submit(outgoing("573001234567"))
    await asyncio.sleep(0)
    assert isinstance(rig.sink.outcomes()[0], NotSent)
    await rig.carrier.stop(5)


@in_virtual_time
async def test_stopping_waits_for_acknowledgements_too() -> None:
    rig = Rig()
    await rig.carrier.start(rig.sink)
    await rig.live()
    rig.sink.acknowledge_with = None
    rig.smsc.last.deliver(esm_class=4, short_message=b"id:1 stat:DELIVRD")
    await rig.sink.until(lambda: bool(rig.sink.acknowledges))
    asyncio.get_running_loop().call_later(1, rig.sink.acknowledges[0], True)
    await rig.carrier.stop(5)
    assert [pdu.command_status for pdu in rig.smsc.last.responses] == [0]


@in_virtual_time
async def test_a_sink_that_fails_costs_no_link() -> None:
    """A bug behind the sink is logged; the link and the next part live."""

    class FailingSink(RecordingSink):
        def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
            super().answered(part, outcome, exchange)
            if part.message_id == 1 << 8:
                raise RuntimeError("a bug")

    with capture_logs() as logs:
        rig = Rig()
        rig.sink = FailingSink()
        async with rig:
            await rig.live()
            for serial in (1, 2):
                assert rig.carrier.reserve(1)
                rig.carrier.submit(outgoing("573001234567", serial=serial))
            await rig.sink.until(lambda: len(rig.sink.answers) == 2)
            assert rig.carrier.free_slots() == 10
            assert len(rig.smsc.connections) == 1
    assert [entry["event"] for entry in logs].count("carrier_pdu_failed") == 1


@in_virtual_time
async def test_ucs2_leaves_as_ucs2() -> None:
    async with Rig() as rig:
        await rig.live()
        part = structs.replace(outgoing("573001234567"), alphabet=Alphabet.UCS2, payload="ñ".encode("utf-16-be"))
        assert rig.carrier.reserve(1)
        rig.carrier.submit(part)
        await rig.sink.until(lambda: bool(rig.sink.answers))
        (submit,) = rig.smsc.last.submits()
        assert (submit.data_coding, submit.short_message) == (8, b"\x00\xf1")


@in_virtual_time
async def test_the_pdus_of_a_part_are_passed_on_unless_they_are_not_kept() -> None:
    told = []
    for keep in (True, False):
        async with Rig(keep_pdus=keep) as rig:
            await rig.live()
            assert rig.carrier.reserve(1)
            rig.carrier.submit(outgoing("34600000000"))
            await rig.sink.until(lambda rig=rig: bool(rig.sink.answers))
            (exchange,) = rig.sink.exchanges
            told.append((bool(exchange.request), bool(exchange.response)))
    assert told == [(True, True), (False, False)]
