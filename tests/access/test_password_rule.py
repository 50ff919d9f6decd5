"""One rule holds for all passwords that people choose."""

import re
from pathlib import Path

import pytest

from palomar.access.common_passwords import COMMON
from palomar.access.password_rule import (
    GENERATED_CHARACTERS,
    PASSWORD_LONGEST,
    PASSWORD_SHORTEST,
    PasswordFault,
    check_password,
    generate_password,
)

SOURCE = Path(__file__).parents[2] / "src" / "palomar"


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", PasswordFault.TOO_SHORT),
        ("1", PasswordFault.TOO_SHORT),
        ("x7!kq9w", PasswordFault.TOO_SHORT),
        ("ñ7!kq9w", PasswordFault.TOO_SHORT),
        ("x" * (PASSWORD_LONGEST + 1), PasswordFault.TOO_LONG),
        ("acme@example.com", PasswordFault.LOGIN),
        (" ACME@Example.com ", PasswordFault.LOGIN),
        ("password", PasswordFault.COMMON),
        ("Password1", PasswordFault.COMMON),
        ("12345678", PasswordFault.COMMON),
        ("QWERTYUIOP", PasswordFault.COMMON),
        ("iloveyou", PasswordFault.COMMON),
    ],
)
def test_the_rule_refuses_short_long_and_common_passwords_and_the_login(password: str, fault: PasswordFault) -> None:
    assert check_password(password, login="acme@example.com") is fault


@pytest.mark.parametrize(
    "password", ["new_pass", "old_pass", "x7!kq9wz", "contraseña", "x" * PASSWORD_LONGEST, "acme@example.com!"]
)
def test_the_rule_allows_other_passwords(password: str) -> None:
    assert check_password(password, login="acme@example.com") == password


def test_the_list_of_common_passwords_has_only_those_that_are_long_enough() -> None:
    assert 400 < len(COMMON) < 2_000
    assert all(len(word) >= PASSWORD_SHORTEST and word == word.casefold() for word in COMMON)


def test_a_generated_password_passes_the_rule() -> None:
    password = generate_password("a1B2" * 10)
    assert len(password) == GENERATED_CHARACTERS
    assert check_password(password, login="x") == password


def test_only_checked_passwords_are_hashed_to_be_stored() -> None:
    """Only the rule makes a GoodPassword, and only one module hashes."""
    for file in SOURCE.rglob("*.py"):
        code = file.read_text(encoding="utf-8")
        if file.name not in ("passwords.py", "password_rule.py"):
            assert not re.search(r"PasswordHasher|GoodPassword\(", code), file
