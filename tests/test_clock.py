"""The real clock, which can jump, and the real ids, which have its time, rise and never repeat."""

import string
import time
from collections import Counter

from palomar.clock import RealClock, RealIds
from palomar.vocabulary.message import accepted_ms

DAY_MS = 86_400_000


def test_a_jump_moves_the_wall_time_but_not_the_monotonic_time() -> None:
    clock = RealClock()
    before, monotonic = time.time_ns() // 1_000_000, time.monotonic()
    clock.jump(DAY_MS)
    assert clock.ahead_ms == DAY_MS
    assert DAY_MS <= clock.wall_ms() - before < DAY_MS + 60_000
    assert 0 <= clock.monotonic() - monotonic < 60


def test_ids_have_the_clock_s_time_and_rise_over_its_jumps() -> None:
    clock = RealClock()
    ids = RealIds(3, clock=clock)
    first, first_serial = ids.message_id(), ids.serial()
    clock.jump(DAY_MS)
    second, second_serial = ids.message_id(), ids.serial()
    assert abs(accepted_ms(second) - clock.wall_ms()) < 60_000
    assert accepted_ms(second) - accepted_ms(first) >= DAY_MS
    assert second_serial - first_serial >= DAY_MS * 1_000 << 6


def test_serials_continue_after_those_of_a_sandbox_whose_clock_was_ahead() -> None:
    sandbox = RealClock()
    sandbox.jump(DAY_MS)
    made_there = RealIds(3, clock=sandbox).serial()
    real = RealIds(3, serials_after_ms=sandbox.wall_ms() + 1_000)
    assert real.serial() > made_there
    assert abs(accepted_ms(real.message_id()) - time.time_ns() // 1_000_000) < 60_000


def test_ids_continue_after_the_youngest_known_one() -> None:
    youngest_ms = time.time_ns() // 1_000_000 + DAY_MS
    ids = RealIds(3, after_ms=youngest_ms)
    made = [ids.message_id() for _ in range(1_000)]
    assert made == sorted(set(made))
    assert accepted_ms(made[0]) > youngest_ms


def test_tokens_are_32_letters_and_digits_and_never_repeat() -> None:
    ids = RealIds(0)
    tokens = {ids.token() for _ in range(1_000)}
    assert len(tokens) == 1_000
    assert {len(token) for token in tokens} == {32}


def test_all_letters_of_tokens_are_equally_likely() -> None:
    ids = RealIds(0)
    counted = Counter("".join(ids.token() for _ in range(5_000)))
    assert set(counted) == set(string.ascii_letters + string.digits)
    expected = 5_000 * 32 / 62
    assert max(abs(count - expected) for count in counted.values()) < expected * 0.15  # seven standard deviations
