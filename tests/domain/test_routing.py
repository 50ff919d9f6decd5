"""The router: live carriers in turn, and a place to wait where none lives."""

from palomar.domain.routing import CarrierState, choose_carrier


def carriers(**live: bool) -> list[CarrierState]:
    return [CarrierState(name=name, live=lives) for name, lives in live.items()]


def test_live_carriers_take_turns() -> None:
    both = carriers(a=True, b=True)
    assert [choose_carrier(both, turn=turn) for turn in range(4)] == ["a", "b", "a", "b"]


def test_a_carrier_without_a_link_is_passed_over() -> None:
    some = carriers(a=False, b=True, c=True)
    assert {choose_carrier(some, turn=turn) for turn in range(6)} == {"b", "c"}


def test_where_none_is_live_a_message_waits_for_one_of_them() -> None:
    none = carriers(a=False, b=False)
    assert {choose_carrier(none, turn=turn) for turn in range(4)} == {"a", "b"}


def test_without_carriers_there_is_no_route() -> None:
    assert choose_carrier([], turn=1) is None
