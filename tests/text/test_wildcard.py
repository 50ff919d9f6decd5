"""Patterns of rules."""

import pytest

from palomar.text.wildcard import matches


@pytest.mark.parametrize(
    ("pattern", "value", "fit"),
    [
        ("", "anything", True),
        ("acme", "ACME", True),
        ("acme", "acme2", False),
        ("acme*", "ACME2", True),
        ("acme*", "acm", False),
        ("*", "", True),
        ("a*b", "a*b", True),
    ],
)
def test_a_pattern_fits_a_word_or_its_beginning(pattern: str, value: str, fit: bool) -> None:
    assert matches(pattern, value) is fit
