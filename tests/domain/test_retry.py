"""When to try again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.domain.retry import FOXSYS_CALLBACKS, backoff_ms, next_attempt_ms

NOW_MS = 1_772_107_200_000


@pytest.mark.parametrize(
    ("attempts_made", "wait_ms"),
    [(0, 0), (1, 30_000), (2, 300_000), (3, 1_800_000), (4, 21_600_000), (5, 86_400_000)],
)
def test_foxsys_callbacks_are_tried_again_as_its_page_says(attempts_made: int, wait_ms: int) -> None:
    assert next_attempt_ms(FOXSYS_CALLBACKS, attempts_made=attempts_made, now_ms=NOW_MS) == NOW_MS + wait_ms


@pytest.mark.parametrize("attempts_made", [6, 7, 1000])
def test_after_the_last_wait_there_is_no_further_attempt(attempts_made: int) -> None:
    assert next_attempt_ms(FOXSYS_CALLBACKS, attempts_made=attempts_made, now_ms=NOW_MS) is None


def test_an_empty_schedule_allows_one_attempt() -> None:
    assert next_attempt_ms((), attempts_made=0, now_ms=NOW_MS) == NOW_MS
    assert next_attempt_ms((), attempts_made=1, now_ms=NOW_MS) is None


@pytest.mark.parametrize(
    ("failures", "fraction", "wait_ms"),
    [
        (0, 0.0, 500),
        (1, 0.0, 500),
        (1, 0.5, 750),
        (2, 0.0, 1000),
        (3, 0.0, 2000),
        (7, 0.0, 30_000),
        (7, 0.9, 57_000),
    ],
)
def test_back_off_doubles_up_to_its_cap(failures: int, fraction: float, wait_ms: int) -> None:
    assert backoff_ms(failures, base_ms=1000, cap_ms=60_000, fraction=fraction) == wait_ms


@given(st.integers(0, 10**9), st.integers(1, 10**6), st.integers(1, 10**8), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_between_half_of_the_longest_and_the_longest(
    failures: int, base_ms: int, cap_ms: int, fraction: float
) -> None:
    wait_ms = backoff_ms(failures, base_ms=base_ms, cap_ms=cap_ms, fraction=fraction)
    assert min(base_ms, cap_ms) // 2 <= wait_ms <= cap_ms
    assert wait_ms <= backoff_ms(failures + 1, base_ms=base_ms, cap_ms=cap_ms, fraction=fraction)
