"""The plans of the simulator: they follow from number and text."""

import pytest

from palomar.carriers.simulator import delivery_plan


@pytest.mark.parametrize("number", ["573001234567", "34600000001", "573001299899", "573001200000", "5730012999"])
def test_an_ordinary_number_is_delivered(number: str) -> None:
    plan = delivery_plan.plan_for(number)
    assert plan.status == 0
    assert [receipt.stat for receipt in plan.receipts] == ["DELIVRD"]


def test_every_magic_ending_is_between_99900_and_99999() -> None:
    assert all(99_900 <= int(digits) <= 99_999 and len(digits) == 5 for digits in delivery_plan.MAGIC)


def test_the_table_names_every_ending_and_says_what_it_does() -> None:
    table = dict(delivery_plan.table())
    assert set(table) == set(delivery_plan.MAGIC)
    assert len(set(table.values())) == len(table)


@pytest.mark.parametrize(
    ("digits", "words"),
    [("99901", ["UNDELIV"]), ("99902", ["EXPIRED"]), ("99903", ["REJECTD"]), ("99906", []), ("99912", ["UNKNOWN"])],
)
def test_each_failing_number_has_its_plan(digits: str, words: list[str]) -> None:
    assert [receipt.stat for receipt in delivery_plan.plan_for("5730012" + digits).receipts] == words


def test_the_delay_is_within_a_second_and_always_the_same_for_a_message() -> None:
    delays = [delivery_plan.receipt_delay_seconds(f"57300123{n:04}", b"hola") for n in range(500)]
    assert delays == [delivery_plan.receipt_delay_seconds(f"57300123{n:04}", b"hola") for n in range(500)]
    assert min(delays) >= 0.3
    assert max(delays) < 1
    assert max(delays) - min(delays) > 0.4


def test_a_fixed_delay_does_not_change_receipts_with_a_delay_of_their_own() -> None:
    plan = delivery_plan.with_delay(delivery_plan.plan_for("57300199911"), 0.0)
    assert plan.receipts[0].after_seconds == delivery_plan.SLOW_RECEIPT_SECONDS
    assert delivery_plan.with_delay(delivery_plan.ORDINARY, 0.0).receipts[0].after_seconds == 0.0
