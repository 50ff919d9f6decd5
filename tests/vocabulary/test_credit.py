"""Credits: read and written exactly."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.vocabulary.credit import LARGEST, Microcredits, as_number, format_exact, format_two_decimals, parse_credits

amounts = st.integers(-LARGEST, LARGEST).map(Microcredits)


@pytest.mark.parametrize(
    ("raw", "microcredits"),
    [
        ("0.89", 890_000),
        (0.89, 890_000),
        (0.606, 606_000),
        (1e-6, 1),
        (1e3, 1_000_000_000),
        (11, 11_000_000),
        ("11", 11_000_000),
        ("+1.5", 1_500_000),
        ("1023.10", 1_023_100_000),
        ("0.12345600", 123_456),
        ("-0", 0),
        (-0.0, 0),
        ("1000000000000", LARGEST),
    ],
)
def test_an_amount_is_read_exactly(raw: str | float, microcredits: int) -> None:
    assert parse_credits(raw) == microcredits


@pytest.mark.parametrize(
    "raw",
    [
        "",
        ".",
        "1.",
        ".5",
        "1,5",
        "1e3",
        "NaN",
        "inf",
        " 1",
        "1\n",
        "--1",
        "١",
        "0.1234567",
        "1000000000000.000001",
        "9" * 5000,
        True,
        float("nan"),
        float("inf"),
        0.1 + 0.2,
        1e-7,
        1e300,
        10**12 + 1,
    ],
)
def test_anything_else_is_not_an_amount(raw: str | float) -> None:
    assert parse_credits(raw) is None
    assert parse_credits(raw, negative_allowed=True) is None


@pytest.mark.parametrize("raw", ["-1", -1, -0.5, "-0.000001"])
def test_negative_amounts_are_read_only_if_allowed(raw: str | float) -> None:
    assert parse_credits(raw) is None
    assert parse_credits(raw, negative_allowed=True) == Decimal(str(raw)) * 1_000_000


@given(amounts)
def test_the_exact_form_is_the_shortest_and_is_read_back(amount: Microcredits) -> None:
    written = format_exact(amount)
    assert parse_credits(written, negative_allowed=True) == amount
    assert Decimal(written) * 1_000_000 == amount
    assert "." not in written or written[-1] != "0"


@given(amounts)
def test_two_decimals_are_the_exact_amount_rounded_down(amount: Microcredits) -> None:
    written = format_two_decimals(amount)
    assert Decimal(0) <= Decimal(amount) / 1_000_000 - Decimal(written) < Decimal("0.01")
    assert written[-3] == "."


@given(st.integers(-(10**14), 10**14).map(Microcredits))
def test_the_json_number_is_read_back(amount: Microcredits) -> None:
    assert parse_credits(as_number(amount), negative_allowed=True) == amount


@pytest.mark.parametrize(
    ("microcredits", "exact", "two_decimals"),
    [
        (0, "0", "0.00"),
        (1_023_100_000, "1023.1", "1023.10"),
        (999_999, "0.999999", "0.99"),
        (11_000_000, "11", "11.00"),
        (-1, "-0.000001", "-0.01"),
        (-1_000_000, "-1", "-1.00"),
    ],
)
def test_amounts_are_written_exactly_and_with_two_decimals(microcredits: int, exact: str, two_decimals: str) -> None:
    assert format_exact(Microcredits(microcredits)) == exact
    assert format_two_decimals(Microcredits(microcredits)) == two_decimals


@pytest.mark.parametrize("sign", [1, -1])
def test_a_very_long_number_is_refused_at_once(sign: int) -> None:
    assert parse_credits(sign * 10**5000, negative_allowed=True) is None
