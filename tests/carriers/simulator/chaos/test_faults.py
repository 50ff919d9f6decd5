"""The decisions of a script: the same again with the same seed, and as many as its shares say."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.simulator.chaos.faults import CALM, EVERYTHING, AnswerFault, ChaosScript, Garbage, PlannedFaults

MESSAGES = [(f"346{number:08}", b"hola %d" % number) for number in range(4_000)]
ALWAYS = 1.0


def planned_faults(script: ChaosScript, *, times: int = 0) -> list[PlannedFaults]:
    return [script.plan_faults(number, text, times=times) for number, text in MESSAGES]


def share(script: ChaosScript, met: str) -> float:
    """Return the share of messages with a fault in this field."""
    usual = getattr(PlannedFaults(), met)
    return sum(getattr(faults, met) != usual for faults in planned_faults(script)) / len(MESSAGES)


def test_a_calm_script_causes_no_fault() -> None:
    assert set(planned_faults(CALM)) == {PlannedFaults()}


def test_the_same_script_decides_the_same_again_and_another_seed_does_not() -> None:
    assert planned_faults(EVERYTHING) == planned_faults(replace(EVERYTHING))
    assert planned_faults(EVERYTHING) != planned_faults(replace(EVERYTHING, seed=1))


def test_a_message_that_comes_again_gets_other_faults() -> None:
    script = ChaosScript(lose_answers=0.5)
    first, second = planned_faults(script), planned_faults(script, times=1)
    lost_twice = sum(a.answer is b.answer is AnswerFault.LOST for a, b in zip(first, second, strict=True))
    assert 0.2 < lost_twice / len(MESSAGES) < 0.3


@pytest.mark.parametrize(
    ("field", "met"),
    [
        ("lose_answers", "answer"),
        ("wrong_sequences", "answer"),
        ("receipts_first", "answer"),
        ("delay_answers", "answer_after_seconds"),
        ("reorder_answers", "answer_after_seconds"),
        ("double_answers", "answers"),
        ("lose_receipts", "loses_receipts"),
        ("delay_receipts", "receipt_after_seconds"),
        ("reorder_receipts", "receipt_after_seconds"),
        ("double_receipts", "receipts"),
        ("garbage", "garbage"),
        ("half_open", "goes_silent"),
    ],
)
def test_the_scripts_share_of_messages_gets_the_fault(field: str, met: str) -> None:
    assert share(ChaosScript(**{field: 0.2}), met) == pytest.approx(0.2, abs=0.03)
    assert share(ChaosScript(**{field: ALWAYS}), met) == 1


def test_every_share_of_a_script_is_in_the_table_above() -> None:
    (rows,) = (
        mark.args[1]
        for mark in test_the_scripts_share_of_messages_gets_the_fault.pytestmark  # type: ignore[attr-defined]
    )
    others = {"answer_delay_seconds", "receipt_delay_seconds", "throttle_per_second"}
    shares = {field.name for field in fields(ChaosScript) if isinstance(field.default, float)} - others
    assert {row[0] for row in rows} == shares


def test_one_more_fault_does_not_change_the_others() -> None:
    alone, beside = ChaosScript(double_receipts=0.1), ChaosScript(double_receipts=0.1, garbage=0.5)
    assert [faults.receipts for faults in planned_faults(alone)] == [
        faults.receipts for faults in planned_faults(beside)
    ]


def test_a_delay_is_between_half_of_the_scripts_delay_and_all_of_it() -> None:
    script = ChaosScript(delay_answers=0.5, answer_delay_seconds=4, delay_receipts=ALWAYS, receipt_delay_seconds=10)
    late = [faults.answer_after_seconds for faults in planned_faults(script) if faults.answer_after_seconds]
    assert 2 <= min(late) < 2.1
    assert 3.9 < max(late) <= 4
    receipts = [faults.receipt_after_seconds for faults in planned_faults(script)]
    assert min(receipts) >= 5
    assert max(receipts) <= 10


def test_garbage_is_of_every_kind() -> None:
    assert {faults.garbage for faults in planned_faults(ChaosScript(garbage=ALWAYS))} == set(Garbage)


def test_an_answer_cannot_come_after_a_receipt_that_never_comes() -> None:
    faults = ChaosScript(receipts_first=ALWAYS, lose_receipts=ALWAYS).plan_faults("1", b"", times=0)
    assert faults == PlannedFaults(answer=AnswerFault.GIVEN, loses_receipts=True)


@given(st.text(max_size=20), st.binary(max_size=160), st.integers(0, 9), st.integers(0, 1 << 30))
def test_faults_can_be_planned_for_any_message(number: str, text: bytes, times: int, seed: int) -> None:
    script = replace(EVERYTHING, seed=seed)
    try:
        number.encode()
    except UnicodeEncodeError:
        return
    assert script.plan_faults(number, text, times=times) == script.plan_faults(number, text, times=times)
