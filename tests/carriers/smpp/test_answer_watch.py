"""An SMSC that does not answer its submits: its links get nothing new, end when nothing waits, and come back with one
part at a time."""

import asyncio

import pytest
from tests.carriers.smpp.scripted import Rig, ScriptedConnection, accept, stay_silent
from tests.contracts.carrier import outgoing
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.smpp.answer_watch import TRIAL_PAUSE_MAX_SECONDS, AnswerWatch
from palomar.ports import InDoubt, NotSent, Submitted
from palomar.smpp import DataSm, Pdu, SubmitSm

TIMEOUT = 5.0


def rig(**settings: object) -> Rig:
    return Rig(response_timeout_seconds=TIMEOUT, enquire_link_seconds=1, **settings)


def count(rig: Rig) -> int:
    """Count the submits that came, over all connections."""
    return sum(len(connection.submits()) for connection in rig.smsc.connections)


async def feed(rig: Rig, seconds: float) -> list[int]:
    """Submit as much as there are slots for, for so long; return how many at each moment that had any."""
    fed = []
    for _ in range(round(seconds / 0.1)):
        room = rig.carrier.free_slots()
        if room:
            rig.send(room)
            fed.append(room)
        await asyncio.sleep(0.1)
    return fed


def test_a_trial_begins_after_max_unanswered_in_a_row_and_ends_with_an_answer() -> None:
    answer_watch = AnswerWatch(max_unanswered=3)
    assert [answer_watch.note_unanswered() for _ in range(2)] == [False, False]
    assert not answer_watch.note_answered()
    assert [answer_watch.note_unanswered() for _ in range(4)] == [False, False, True, False]
    assert answer_watch.on_trial
    assert answer_watch.note_answered()
    assert not answer_watch.on_trial


def test_each_failed_trial_waits_longer_up_to_a_minute() -> None:
    answer_watch = AnswerWatch(max_unanswered=1)
    answer_watch.note_unanswered()
    pauses = []
    for _ in range(8):
        pauses.append(answer_watch.pause_seconds(0.5))
        answer_watch.note_sent()
        answer_watch.note_unanswered()
    assert pauses[0] == 0
    assert pauses[1:] == sorted(pauses[1:])
    assert TRIAL_PAUSE_MAX_SECONDS / 2 <= pauses[-1] <= TRIAL_PAUSE_MAX_SECONDS


@pytest.mark.parametrize("unanswered_max", [2, 5])
@in_virtual_time
async def test_after_max_unanswered_in_a_row_the_link_gets_nothing_new_though_it_answers_enquire_link(
    unanswered_max: int,
) -> None:
    async with rig(unanswered_max=unanswered_max) as bench:
        bench.smsc.on_submit = stay_silent
        await bench.live()
        for _ in range(10):  # the window, one each half second: each has a time-out of its own
            bench.send()
            await asyncio.sleep(0.5)
        while not bench.carrier.on_trial:
            await asyncio.sleep(0.1)
        sent, answered = count(bench), len(bench.sink.answers)
        assert answered >= unanswered_max
        assert bench.carrier.free_slots() == 0
        assert not bench.carrier.reserve(1)
        await asyncio.sleep(1)
        assert len(bench.sink.answers) > answered, "what was outstanding keeps its own time-out"
        assert bench.smsc.last.lost is False, "and its link"
        assert count(bench) == sent


@in_virtual_time
async def test_an_answer_in_time_to_what_was_outstanding_ends_the_trial() -> None:
    async with rig() as bench:
        waiting: list[tuple[ScriptedConnection, Pdu]] = []
        bench.smsc.on_submit = lambda connection, pdu: waiting.append((connection, pdu))
        await bench.live()
        bench.send(5)
        await asyncio.sleep(1)
        bench.send(2)
        while not bench.carrier.on_trial:
            await asyncio.sleep(0.1)
        connection, pdu = waiting[-1]
        assert isinstance(pdu, SubmitSm | DataSm)
        accept(connection, pdu)
        connection.flush()
        await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        assert not bench.carrier.on_trial
        assert bench.carrier.free_slots() == 9


@in_virtual_time
async def test_it_comes_back_with_one_part_at_a_time_until_one_is_answered() -> None:
    async with rig() as bench:
        bench.smsc.on_submit = stay_silent
        await bench.live()
        bench.send(10)
        fed = await feed(bench, 120)
        assert fed[0] == 1
        assert set(fed) == {1}, "never more than one"
        assert 2 <= len(fed) <= 8, "and later each time"
        assert len(bench.smsc.binds) > 1
        bench.smsc.on_submit = accept
        await feed(bench, 60)
        assert not bench.carrier.on_trial
        assert bench.carrier.free_slots() == 10
        assert isinstance(bench.sink.outcomes()[-1], Submitted)


@in_virtual_time
async def test_a_slow_carrier_that_answers_in_time_is_never_on_trial() -> None:
    async with rig() as bench:

        def answer_late(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
            def answer() -> None:
                accept(connection, pdu)
                connection.flush()

            asyncio.get_running_loop().call_later(TIMEOUT - 0.5, answer)

        bench.smsc.on_submit = answer_late
        await bench.live()
        fed = await feed(bench, 100)
        assert sum(fed) >= 200
        assert all(isinstance(outcome, Submitted) for outcome in bench.sink.outcomes())
        assert len(bench.smsc.binds) == 1


@in_virtual_time
async def test_unanswered_submits_among_answered_ones_start_no_trial() -> None:
    async with rig(window=50) as bench:
        count = 0

        def lose_every_third(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
            nonlocal count
            count += 1
            if count % 3:
                accept(connection, pdu)

        bench.smsc.on_submit = lose_every_third
        await bench.live()
        bench.send(50)  # all of them time out at one moment, without an answer between
        await bench.sink.until(lambda: len(bench.sink.answers) == 50)
        await asyncio.sleep(1)
        assert not bench.carrier.on_trial
        assert len(bench.smsc.binds) == 1
        assert bench.carrier.free_slots() == 50


@in_virtual_time
async def test_answers_after_their_time_do_not_count() -> None:
    async with rig() as bench:

        def answer_too_late(connection: ScriptedConnection, pdu: SubmitSm | DataSm) -> None:
            def answer() -> None:
                accept(connection, pdu)
                connection.flush()

            asyncio.get_running_loop().call_later(TIMEOUT + 2, answer)

        bench.smsc.on_submit = answer_too_late
        await bench.live()
        bench.send(5)
        while not bench.carrier.on_trial:
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)
        assert bench.carrier.on_trial


@in_virtual_time
async def test_a_long_message_is_tried_part_by_part_and_its_rest_comes_back_when_the_first_is_not_answered() -> None:
    async with rig() as bench:
        bench.smsc.on_submit = stay_silent
        await bench.live()
        bench.send(5)
        while not (bench.carrier.on_trial and bench.carrier.free_slots()):
            await asyncio.sleep(0.1)
        before = count(bench)
        assert bench.carrier.reserve(3)
        for number in (1, 2, 3):
            bench.carrier.submit(outgoing("34600000001", serial=9, number=number, parts=3))
        await asyncio.sleep(TIMEOUT - 1)
        assert count(bench) - before == 1
        await asyncio.sleep(3)
        outcomes = bench.sink.outcomes()[-3:]
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["InDoubt", "NotSent", "NotSent"]


@in_virtual_time
async def test_parts_with_a_slot_when_the_trial_begins_are_returned_unsent() -> None:
    async with rig() as bench:
        bench.smsc.on_submit = stay_silent
        await bench.live()
        bench.send(5)
        await asyncio.sleep(1)
        bench.send(3)
        assert bench.carrier.reserve(2)
        while not bench.carrier.on_trial:
            await asyncio.sleep(0.1)
        bench.send_one(serial=90)
        bench.carrier.release(1)
        await asyncio.sleep(0.1)
        assert isinstance(bench.sink.outcomes()[-1], NotSent)


@in_virtual_time
async def test_an_smsc_that_hangs_up_on_every_submit_gets_one_at_a_time_after_some_connections() -> None:
    async with rig() as bench:
        bench.smsc.on_submit = lambda connection, pdu: connection.close()
        await bench.live()
        fed = await feed(bench, 300)
        assert fed[:5] == [10] * 5
        assert set(fed[5:]) == {1}
        assert all(isinstance(outcome, InDoubt) for outcome in bench.sink.outcomes())


@in_virtual_time
async def test_several_links_are_tried_one_after_the_other() -> None:
    async with rig(links=3) as bench:
        bench.smsc.on_submit = stay_silent
        await bench.live()
        bench.send(30)
        await asyncio.sleep(TIMEOUT + 3)
        await bench.live()
        assert bench.carrier.on_trial
        assert bench.carrier.free_slots() == 1
        bench.smsc.on_submit = accept
        await feed(bench, 5)
        assert bench.carrier.free_slots() == 30
