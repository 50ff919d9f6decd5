"""Money: credits as integer microcredits, read and written exactly.

A credit is what customers buy; a millionth of it is the smallest amount. Not here: what a country costs
(``billing.prices``), and what an account has (``billing.ledger``).
"""

import re
from decimal import Decimal
from typing import Final, NewType

Microcredits = NewType("Microcredits", int)
"""A millionth of a credit, so that six decimals are exact; may be negative."""

MICROCREDITS_A_CREDIT: Final = 1_000_000

LARGEST: Final = Microcredits(10**12 * MICROCREDITS_A_CREDIT)
"""A million million credits: more is a mistake, and the databases' 64 bits hold sums of several."""


def parse_credits(raw: str | int | float, *, negative_allowed: bool = False) -> Microcredits | None:
    """Read an amount of credits such as ``"0.89"``, ``-3`` or ``0.606``; return None if it is not one.

    NaN, infinities, a bool, an exponent in a string, more than six decimals that count, and more than ``LARGEST`` are
    no amounts, nor is less than zero unless ``negative_allowed``. A float is read as its shortest decimal form, which
    is what its writer wrote.
    """
    amount = _microcredits(raw)
    if amount is None or abs(amount) > LARGEST or (amount < 0 and not negative_allowed):
        return None
    return Microcredits(amount)


def format_two_decimals(amount: Microcredits) -> str:
    """Write ``1023.10``, rounded down, so that no more is shown than there is: -0.001 is ``-0.01``."""
    hundredths = amount // 10_000
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def format_exact(amount: Microcredits) -> str:
    """Write the shortest exact decimal: ``11``, ``0.89``, ``-0.000001``; ``parse_credits`` reads it back."""
    sign = "-" if amount < 0 else ""
    whole, millionths = divmod(abs(amount), MICROCREDITS_A_CREDIT)
    decimals = f".{millionths:06d}".rstrip("0").rstrip(".")
    return f"{sign}{whole}{decimals}"


def as_number(amount: Microcredits) -> float:
    """Return the number for JSON: the float nearest to the amount, which prints the same up to 15 digits."""
    return amount / MICROCREDITS_A_CREDIT


_AMOUNT: Final = re.compile(r"([+-]?[0-9]{1,30})(?:\.([0-9]{1,400}))?").fullmatch
"""Bounded, so that long digits cost no time; a float has at most 324 decimals."""


def _microcredits(raw: str | int | float) -> int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw * MICROCREDITS_A_CREDIT
    match = _AMOUNT(format(Decimal(repr(raw)), "f") if isinstance(raw, float) else raw)
    if match is None:
        return None
    whole, decimals = match[1], (match[2] or "").rstrip("0")
    return int(whole + decimals.ljust(6, "0")) if len(decimals) <= 6 else None
