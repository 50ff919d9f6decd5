"""Backoff: when something is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.dialects.foxsys.callbacks import FoxsysCallbacks
from palomar.vocabulary.backoff import jittered, next_attempt_ms, wait_after

NOW_MS = 1_772_107_200_000
SCHEDULE = FoxsysCallbacks().retry_seconds


@pytest.mark.parametrize(
    ("attempts_made", "wait_ms"),
    [(0, 0), (1, 30_000), (2, 300_000), (3, 1_800_000), (4, 21_600_000), (5, 86_400_000)],
)
def test_foxsys_callbacks_are_retried_as_its_page_says(attempts_made: int, wait_ms: int) -> None:
    assert next_attempt_ms(SCHEDULE, attempts_made=attempts_made, now_ms=NOW_MS) == NOW_MS + wait_ms


@pytest.mark.parametrize("attempts_made", [6, 7, 1000])
def test_after_the_last_wait_there_is_no_further_attempt(attempts_made: int) -> None:
    assert next_attempt_ms(SCHEDULE, attempts_made=attempts_made, now_ms=NOW_MS) is None


def test_an_empty_schedule_allows_one_attempt() -> None:
    assert next_attempt_ms((), attempts_made=0, now_ms=NOW_MS) == NOW_MS
    assert next_attempt_ms((), attempts_made=1, now_ms=NOW_MS) is None


@pytest.mark.parametrize(
    ("failures", "factor", "wait"),
    [(0, 2, 1), (1, 2, 1), (2, 2, 2), (3, 2, 4), (6, 2, 32), (7, 2, 60), (10**9, 2, 60), (3, 3, 9), (50, 1, 1)],
)
def test_a_wait_grows_by_its_factor_up_to_the_longest(failures: int, factor: float, wait: float) -> None:
    assert wait_after(failures, first=1, longest=60, factor=factor) == wait


@given(st.integers(0, 10**9), st.floats(0.001, 10**6), st.floats(0.001, 10**8), st.floats(0, 1, exclude_max=True))
def test_jitter_leaves_at_least_half_of_a_wait(failures: int, first: float, longest: float, fraction: float) -> None:
    wait = wait_after(failures, first=first, longest=longest)
    assert min(first, longest) <= wait <= longest
    assert wait <= wait_after(failures + 1, first=first, longest=longest)
    assert wait / 2 <= jittered(wait, fraction) <= wait
