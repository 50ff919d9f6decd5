"""A chaos script in force: its rate, its memory of earlier messages, and the octets of its garbage."""

import pytest

from palomar.carriers.simulator.chaos.fault_injector import FaultInjector, RepeatCause, garbage_octets
from palomar.carriers.simulator.chaos.faults import AnswerFault, ChaosScript, Garbage, PlannedFaults
from palomar.smpp import (
    BindTransceiver,
    BindTransceiverResp,
    Closed,
    CloseReason,
    PduRefused,
    Session,
    SessionRole,
    SubmitSm,
    encode,
)


def message(number: int = 1) -> SubmitSm:
    return SubmitSm(destination_addr=f"34600{number:06}", short_message=b"hola")


def test_without_a_rate_nothing_is_throttled() -> None:
    calm = FaultInjector(ChaosScript())
    assert not any(calm.throttles(1.0) for _ in range(10_000))


def test_no_more_pass_within_any_second_than_the_rate_says() -> None:
    slow = FaultInjector(ChaosScript(throttle_per_second=20))
    passed = [at / 100 for at in range(500) if not slow.throttles(at / 100)]
    assert len(passed) == 100
    assert all(sum(start <= at < start + 1 for at in passed) <= 20 for start in passed)


def test_a_message_that_comes_again_is_recognized_and_gets_new_faults() -> None:
    script = ChaosScript(lose_answers=0.5)
    at_work = FaultInjector(script)
    met = [at_work.plan_faults(message()) for _ in range(10)]
    assert met == [script.plan_faults(message().destination_addr, b"hola", times=times) for times in range(10)]
    assert len({faults.answer for faults in met}) == 2


@pytest.mark.parametrize(
    ("faults", "cause"),
    [
        (PlannedFaults(answer=AnswerFault.LOST), RepeatCause.ANSWER_LOST),
        (PlannedFaults(answer=AnswerFault.MISNUMBERED), RepeatCause.ANSWER_LOST),
        (PlannedFaults(answer=AnswerFault.AFTER_THE_RECEIPT), RepeatCause.ANSWER_LATE),
        (PlannedFaults(answer_after_seconds=3), RepeatCause.ANSWER_LATE),
        (PlannedFaults(), RepeatCause.LINK_BROKEN),
    ],
)
def test_a_message_taken_twice_is_counted_by_the_fault_of_its_first_answer(
    faults: PlannedFaults, cause: RepeatCause
) -> None:
    at_work = FaultInjector(ChaosScript())
    assert at_work.note_accepted(message(), faults) is None
    assert at_work.note_accepted(message(2), PlannedFaults()) is None
    assert at_work.note_accepted(message(), PlannedFaults()) is cause
    assert at_work.note_accepted(message(), PlannedFaults()) is RepeatCause.LINK_BROKEN


def test_it_remembers_a_bounded_number_of_messages() -> None:
    at_work = FaultInjector(ChaosScript(), remembered=3)
    for number in range(5):
        at_work.plan_faults(message(number))
        at_work.note_accepted(message(number), PlannedFaults())
    assert at_work.note_accepted(message(0), PlannedFaults()) is None
    assert at_work.note_accepted(message(4), PlannedFaults()) is RepeatCause.LINK_BROKEN


@pytest.mark.parametrize("kind", [Garbage.UNKNOWN_COMMAND, Garbage.MALFORMED])
def test_a_client_refuses_garbage_that_is_a_frame_and_stays_bound(kind: Garbage) -> None:
    client = bound_client()
    (event,) = client.receive(garbage_octets(kind), 1.0)
    assert isinstance(event, PduRefused)
    assert client.is_bound
    assert client.take_outgoing() != b""


def test_noise_ends_the_session() -> None:
    client = bound_client()
    (event,) = client.receive(garbage_octets(Garbage.NOISE), 1.0)
    assert isinstance(event, Closed)
    assert event.reason is CloseReason.FRAMING_ERROR


def bound_client() -> Session:
    client = Session(SessionRole.ESME, 0.0)
    number = client.send(BindTransceiver(system_id="a", password="b"), 0.0)
    client.receive(encode(BindTransceiverResp(sequence_number=number)), 0.0)
    client.take_outgoing()
    return client
