"""The counters."""

from palomar.carriers.simulator.chaos.fault_injector import RepeatCause
from palomar.carriers.simulator.stats import Stats


def test_every_cause_of_a_repeat_has_its_own_counter() -> None:
    stats = Stats()
    for times, cause in enumerate(RepeatCause, 1):
        for _ in range(times):
            stats.note_repeat(cause)
    assert (stats.doubled_answer_lost, stats.doubled_answer_late, stats.doubled_link_broken) == (1, 2, 3)
