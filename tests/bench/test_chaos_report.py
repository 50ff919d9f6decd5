"""The report of the chaos bench, and its faults."""

from typing import Any

import pytest

from bench import chaos_report


def good(**changes: Any) -> dict[str, Any]:
    """The report of a run in which everything that went wrong was meant to."""
    report: dict[str, Any] = {
        "accepted": 100,
        "refused": 0,
        "lost": 0,
        "never_submitted": 0,
        "not_final": 0,
        "missing": 0,
        "doubled": 3,
        "doubled_by_cause": {"answer_lost": 2, "answer_late": 0, "link_broken": 1},
        "resent_by_policy": 5,
        "doubled_callbacks": 0,
        "stray_callbacks": 0,
        "ledger_off": 0.0,
        "reserved": 0.0,
        "orphans": 4,
        "states": {"delivered": 98, "expired": 2},
        "memory_mib": {"10": 100.0, "50": 110.0, "100": 115.0},
        "misdeeds": dict.fromkeys(chaos_report.INJECTED_FAULTS, 2),
        "problem": "",
        "seconds": 10.0,
    }
    return report | changes


def test_a_run_with_only_intended_faults_has_none_to_report() -> None:
    assert chaos_report.faults(good()) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"lost": 1}, "1 accepted messages without a final callback"),
        ({"not_final": 1}, "1 messages that are not final"),
        ({"never_submitted": -1}, "-1 messages that the simulator took more or less often than once, doubles apart"),
        ({"doubled": 6}, "6 doubled, but only 5 were sent again by policy"),
        ({"doubled_callbacks": 2}, "2 callbacks made more than once"),
        ({"states": {"delivered": 95, "expired": 5}}, "3 expired though their receipts came"),
        ({"ledger_off": -1.5}, "the ledger is off by -1.5 credits"),
        ({"reserved": 2.0}, "2.0 credits still reserved"),
        (
            {"memory_mib": {"10": 100.0, "50": 110.0, "100": 150.0}},
            "memory grew from 110 to 150 MiB in the second half",
        ),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], fault: str) -> None:
    assert chaos_report.faults(good(**changes)) == [fault]


def test_a_report_adds_up_what_was_seen() -> None:
    seen = chaos_report.report(
        load={"accepted": 10, "requests": 10, "problem": ""},
        sink={"finals": 10, "doubled": 0, "unknown": 0, "mismatched": 0},
        totals={"states": {"delivered": 9, "expired": 1}, "final": ["delivered", "expired"], "credits": 30}
        | {"balance": 20.0, "reserved": 0.0},
        counters={"taken": 13, "doubled_answer_lost": 2, "doubled_link_broken": 1}
        | dict.fromkeys(chaos_report.INJECTED_FAULTS, 1),
        stored={"resent": 4, "in_doubt": 4, "orphans": 2},
        memory={10: 100.04, 50: 101.0, 100: 102.0},
        seconds=3.0,
    )
    assert chaos_report.faults(seen) == []
    assert (seen["doubled"], seen["never_submitted"], seen["ledger_off"]) == (3, 0, 0)
    assert seen["memory_mib"] == {"10": 100.0, "50": 101.0, "100": 102.0}
    assert "| ... link broken" in chaos_report.table(seen)
