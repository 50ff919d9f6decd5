"""The real ids: tokens are long enough, of letters and digits, all alike."""

import string
from collections import Counter

from palomar.clock import RealIds


def test_tokens_are_32_letters_and_digits_and_never_the_same() -> None:
    ids = RealIds(0)
    tokens = {ids.token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert {len(token) for token in tokens} == {32}


def test_no_letter_is_likelier_than_another() -> None:
    ids = RealIds(0)
    counted = Counter("".join(ids.token() for _ in range(5_000)))
    assert set(counted) == set(string.ascii_letters + string.digits)
    expected = 5_000 * 32 / 62
    assert max(abs(count - expected) for count in counted.values()) < expected * 0.15  # seven standard deviations
