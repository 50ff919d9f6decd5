"""Whoever got no slot of a carrier is woken when there is one: whatever the clock does between two readings, and
however the slot became free."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from structlog.testing import capture_logs
from tests.carriers.smpp.scripted import Rig, ScriptedConnection, accept, stay_silent, throttle
from tests.contracts.carrier import RecordingSink, outgoing
from tests.contracts.virtual_time import LoopClock, in_virtual_time

from palomar.ports import Deferred, InDoubt, Submitted
from palomar.smpp import DataSm, SubmitSm


class UnevenClock(LoopClock):
    """A clock whose offset from the loop's time differs at every reading, and which never goes back: no two readings
    are equal, and timers fire early or late."""

    def __init__(self, offsets: list[float]) -> None:
        super().__init__()
        self._offsets = offsets
        self._looks = 0
        self._last = 0.0

    def monotonic(self) -> float:
        self._last = max(self._last, super().monotonic() + self._offsets[self._looks % len(self._offsets)])
        self._looks += 1
        return self._last


async def send_when_free(rig: Rig, count: int, *, first: int = 1, number: str = "573001234567") -> float:
    """Reserve and submit only when the carrier reports free slots; return how long it took.

    A sleep of the loop that nothing ends fails in virtual time.
    """
    loop = asyncio.get_running_loop()
    begun, serial = loop.time(), first
    while serial < first + count:
        while serial < first + count and rig.carrier.reserve(1):
            rig.carrier.submit(outgoing(number, serial=serial))
            serial += 1
        if serial < first + count:
            seen = rig.sink.rooms
            await rig.sink.until(lambda seen=seen: rig.sink.rooms > seen, seconds=60)  # type: ignore[misc]
    return loop.time() - begun


@settings(max_examples=200, deadline=None)
@given(
    offsets=st.lists(
        st.sampled_from([-0.004, -0.0005, -1e-6, 0.0, 1e-6, 0.0005, 0.004, 0.02, 0.11]), min_size=2, max_size=7
    ),
    pace=st.sampled_from([0, 1, 7, 10, 30, 300]),
    link_pace=st.sampled_from([0, 0, 0, 1, 10, 45]),
    links=st.sampled_from([1, 1, 2, 4]),
    window=st.sampled_from([1, 4, 50]),
)
@example(offsets=[-0.0005, 0.0005], pace=10, link_pace=0, links=1, window=50)
@example(offsets=[0.0, 0.0], pace=7, link_pace=1, links=4, window=1)
def test_it_never_waits_forever_whatever_the_clock_does(
    offsets: list[float], pace: int, link_pace: int, links: int, window: int
) -> None:
    @in_virtual_time
    async def scenario() -> None:
        clock = UnevenClock(offsets)
        async with Rig(
            clock=clock, parts_per_second=pace, link_parts_per_second=link_pace, links=links, window=window
        ) as rig:
            await rig.live()
            allowed = min((rate for rate in (pace, link_pace * links) if rate), default=0)
            took = await send_when_free(rig, 40)
            assert took <= 1.1 * (40 / allowed if allowed else 0) + 1.0
            await rig.sink.until(lambda: len(rig.sink.answers) == 40)

    scenario()


@pytest.mark.parametrize("pace", [1, 7, 10, 30, 45, 100, 300])
@pytest.mark.parametrize("links", [1, 3])
@in_virtual_time
async def test_a_pace_is_kept_to_the_part_with_a_carrier_that_answers_at_once(pace: int, links: int) -> None:
    async with Rig(parts_per_second=pace, links=links, window=50) as rig:
        await rig.live()
        took = await send_when_free(rig, 5 * pace)
        burst_seconds = max(1, pace / 5) / pace
        assert 4.99 - burst_seconds <= took < 5.5


@pytest.mark.parametrize("late", [0.0, 0.004, 0.03])
@in_virtual_time
async def test_a_pace_is_kept_by_links_though_a_part_is_submitted_some_time_after_it_was_reserved(late: float) -> None:
    """The database is asked in between."""
    async with Rig(link_parts_per_second=10, links=2, window=50) as rig:
        await rig.live()
        loop = asyncio.get_running_loop()
        begun, serial = loop.time(), 0
        while serial < 100:
            if rig.carrier.reserve(1):
                serial += 1
                loop.call_later(late, rig.carrier.submit, outgoing("573001234567", serial=serial))
            else:
                seen = rig.sink.rooms
                await rig.sink.until(lambda seen=seen: rig.sink.rooms > seen, seconds=60)  # type: ignore[misc]
        assert 4.5 < loop.time() - begun < 5.5
        await rig.sink.until(lambda: len(rig.sink.answers) == 100)


@in_virtual_time
async def test_a_long_timer_does_not_hide_a_shorter_wait() -> None:
    """The window is full for long; when it is free again, the pace is what is waited for."""
    async with Rig(parts_per_second=20, window=1) as rig:
        rig.smsc.on_submit = answer_after(0.9)
        await rig.live()
        rig.send()
        assert not rig.carrier.reserve(1)
        await rig.sink.until(lambda: len(rig.sink.answers) == 1)
        rig.smsc.on_submit = accept
        assert await send_when_free(rig, 20, first=2) < 1.2


@in_virtual_time
async def test_returned_slots_wake_waiting_senders() -> None:
    async with Rig(window=2) as rig:
        await rig.live()
        assert rig.carrier.reserve(2)
        assert not rig.carrier.reserve(1)
        rooms = rig.sink.rooms
        rig.carrier.release(2)
        assert rig.sink.rooms == rooms  # never within the call
        await rig.sink.until(lambda: rig.sink.rooms > rooms, seconds=1)
        assert rig.carrier.free_slots() == 2


@in_virtual_time
async def test_the_slot_of_an_unencodable_part_wakes_waiting_senders() -> None:
    async with Rig(window=1) as rig:
        await rig.live()
        assert rig.carrier.reserve(1)
        assert not rig.carrier.reserve(1)
        rooms = rig.sink.rooms
        rig.carrier.submit(outgoing("5" * 40))
        await rig.sink.until(lambda: rig.sink.rooms > rooms, seconds=1)
        assert len(rig.sink.answers) == 1
        assert rig.carrier.free_slots() == 1


@in_virtual_time
async def test_a_silent_link_that_answers_again_wakes_waiting_senders() -> None:
    async with Rig(window=3, response_timeout_seconds=5, enquire_link_seconds=60) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        rig.send()
        await rig.sink.until(lambda: len(rig.sink.answers) == 1)
        rig.smsc.on_submit = accept
        await send_when_free(rig, 6, first=2)
        await rig.sink.until(lambda: sum(isinstance(outcome, Submitted) for outcome in rig.sink.outcomes()) == 6)


@in_virtual_time
async def test_after_a_storm_of_throttling_without_any_pace_of_ours_everything_leaves() -> None:
    throttled: list[int] = []

    def storm(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
        throttled.append(pdu.sequence_number)
        (throttle if len(throttled) <= 30 else accept)(connection, pdu)

    async with Rig(clock=UnevenClock([0.0, 0.0003, 0.02]), window=10) as rig:
        rig.smsc.on_submit = storm
        await rig.live()
        waits, serial = list(range(1, 201)), 0
        while waits or len(rig.sink.answers) < serial:
            while waits and rig.carrier.reserve(1):
                serial += 1
                rig.carrier.submit(structs.replace(outgoing("573001234567", serial=waits.pop()), attempt=serial))
            seen, answers = rig.sink.rooms, len(rig.sink.answers)
            await rig.sink.until(
                lambda seen=seen, answers=answers: rig.sink.rooms > seen or len(rig.sink.answers) > answers,  # type: ignore[misc]
                seconds=60,
            )
            waits += [part.message_id >> 8 for part, out in rig.sink.answers[answers:] if isinstance(out, Deferred)]
        assert sum(isinstance(outcome, Submitted) for outcome in rig.sink.outcomes()) == 200


def answer_after(seconds: float) -> Callable[[ScriptedConnection, SubmitSm | DataSm], None]:
    """Make a script for the SMSC that takes every submit after a delay."""

    def answer(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
        def later() -> None:
            accept(connection, pdu)
            connection.flush()

        asyncio.get_running_loop().call_later(seconds, later)

    return answer


@in_virtual_time
async def test_a_failure_behind_the_sink_costs_no_wake_up_and_no_deadline() -> None:
    class FailingSink(RecordingSink):
        fails = True

        def slots_changed(self, carrier: str) -> None:
            super().slots_changed(carrier)
            if self.fails:
                raise RuntimeError("a bug")

    rig = Rig(parts_per_second=5, response_timeout_seconds=4, enquire_link_seconds=60)
    rig.sink = sink = FailingSink()
    with capture_logs() as logs:
        async with rig:
            await rig.live()
            rig.smsc.on_submit = stay_silent
            rig.send()
            assert not rig.carrier.reserve(1)
            await asyncio.sleep(1)
            sink.fails = False
            rig.smsc.on_submit = accept
            assert await send_when_free(rig, 20, first=2) < 5
            await rig.sink.until(lambda: any(isinstance(outcome, InDoubt) for outcome in rig.sink.outcomes()))
            assert len(rig.smsc.connections) == 1
    assert "carrier_room_failed" in {entry["event"] for entry in logs}
