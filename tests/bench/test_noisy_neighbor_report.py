"""The faults that the bench of noisy neighbors reports."""

from bench.noisy_neighbor_report import faults_of, table


def spread(acceptance: float, sending: float, callback: float) -> dict[str, float]:
    return {"acceptance": acceptance, "sending": sending, "callback": callback}


def test_up_to_a_second_or_twice_the_quiet_run_is_no_fault() -> None:
    found = {"quiet": spread(10, 20, 700), "dead": spread(100, 1_000, 1_400)}
    assert faults_of(found) == []


def test_a_slower_step_is_a_fault_that_names_trouble_and_step() -> None:
    found = {"quiet": spread(10, 20, 700), "dead": spread(101, 20, 1_401), "slow": spread(10, 1_001, 20)}
    assert faults_of(found) == [
        "dead: acceptance took 101 ms, 10 ms when it is quiet",
        "dead: callback took 1,401 ms, 700 ms when it is quiet",
        "slow: sending took 1,001 ms, 20 ms when it is quiet",
    ]


def test_the_table_has_one_column_for_each_trouble() -> None:
    lines = table({"quiet": spread(1, 2, 3), "dead": spread(4, 5, 6)}).splitlines()
    assert lines[0] == "| p99, ms | quiet | dead |"
    assert lines[2:] == ["| acceptance | 1.0 | 4.0 |", "| sending | 2.0 | 5.0 |", "| callback | 3.0 | 6.0 |"]
