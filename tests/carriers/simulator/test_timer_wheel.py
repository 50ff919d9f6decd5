"""The timer wheel: nothing early, nothing lost, in order of the buckets."""

from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.simulator.timer_wheel import TimerWheel


def test_items_of_one_bucket_are_due_together_and_in_order() -> None:
    wheel: TimerWheel[str] = TimerWheel(bucket_seconds=0.02)
    assert wheel.add("a", 1.001)
    assert not wheel.add("b", 1.002)
    assert wheel.take_due(1.0) == []
    assert wheel.take_due(1.02) == ["a", "b"]
    assert wheel.next_due() is None


def test_only_an_earlier_item_moves_the_next_due_time() -> None:
    wheel: TimerWheel[str] = TimerWheel(bucket_seconds=0.02)
    assert wheel.add("late", 5.0)
    assert not wheel.add("later", 9.0)
    assert wheel.add("early", 1.0)


@given(st.lists(st.floats(0, 100), max_size=50), st.floats(0, 100))
def test_nothing_is_early_and_nothing_is_lost(times: list[float], now: float) -> None:
    wheel: TimerWheel[float] = TimerWheel(bucket_seconds=0.02)
    for at in times:
        wheel.add(at, at)
    due = wheel.take_due(now)
    assert all(at <= now + 1e-4 for at in due)
    assert len(wheel) == len(times) - len(due)
    assert sorted(due + wheel.take_due(200)) == sorted(times)


def test_at_its_next_due_time_something_is_due() -> None:
    wheel: TimerWheel[int] = TimerWheel(bucket_seconds=0.02)
    for number in range(1000):
        at = number * 0.0137
        wheel.add(number, at)
        due_at = wheel.next_due()
        assert due_at is not None
        assert wheel.take_due(due_at) == [number]
