"""Routes win by conditions, priority, cost and weight; usable ones first; and each loser has its reason."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.routing.hours import parse_hours
from palomar.routing.rules import REASONS, CarrierState, Choice, Route, RouteLoss, RoutingPlan, RoutingRequest, choose
from palomar.routing.sender_rules import SenderAction, SenderForm, SenderRule
from palomar.vocabulary.account import AccountId

MONDAY_NOON_MS = 1_760_356_800_000  # 2025-10-13T12:00:00Z
TROUBLE = "no link is bound"


def asked(**more: Any) -> RoutingRequest:
    given = {"msisdn": "34600000000", "country": "ES", "sender": "ACME", "lineage": (AccountId(7), AccountId(3))}
    return RoutingRequest(**({**given, "label": "otp-1", "dialect": "foxsys", "at_ms": MONDAY_NOON_MS} | more))


def carriers(*names: str, down: str = "") -> dict[str, CarrierState]:
    return {name: CarrierState(name=name, trouble=TROUBLE if name in down else "") for name in names}


def route(carrier: str = "a", **more: Any) -> Route:
    return Route(id=1, carrier=carrier, **more)


def chosen(*routes: Route, down: str = "", turn: int = 1, **more: Any) -> Choice:
    return choose(RoutingPlan(routes=routes), asked(**more), carriers("a", "b", "c", down=down), turn=turn)


def reasons(choice: Choice) -> list[RouteLoss | None]:
    return [candidate.lost for candidate in choice.candidates]


def test_without_routes_the_carriers_take_turns() -> None:
    both = carriers("a", "b")
    assert [choose(RoutingPlan(), asked(), both, turn=turn).carrier for turn in range(4)] == ["a", "b", "a", "b"]


def test_a_carrier_in_trouble_is_passed_over_and_its_trouble_is_explained() -> None:
    choices = [choose(RoutingPlan(), asked(), carriers("a", "b", "c", down="a"), turn=turn) for turn in range(6)]
    assert {choice.carrier for choice in choices} == {"b", "c"}
    assert choices[0].explain().splitlines()[0] == f"a: {TROUBLE}"


def test_if_no_carrier_can_be_used_a_message_waits_for_one_of_them() -> None:
    choices = [choose(RoutingPlan(), asked(), carriers("a", "b", down="ab"), turn=turn) for turn in range(4)]
    assert {choice.carrier for choice in choices} == {"a", "b"}
    assert not any(choice.usable for choice in choices)
    assert "chosen, and waits for it" in choices[0].explain()


def test_without_carriers_there_are_no_candidates() -> None:
    assert choose(RoutingPlan(), asked(), {}, turn=1) == Choice()


@pytest.mark.parametrize(
    ("condition", "other", "lost"),
    [
        ({"prefix": "346"}, {"msisdn": "521234567890"}, RouteLoss.NUMBER),
        ({"country": "ES"}, {"country": "MX"}, RouteLoss.COUNTRY),
        ({"sender": "ACM*"}, {"sender": "OTHER"}, RouteLoss.SENDER),
        ({"account_id": AccountId(7)}, {"lineage": (AccountId(8),)}, RouteLoss.ACCOUNT),
        ({"account_id": AccountId(3)}, {"lineage": (AccountId(8), AccountId(1))}, RouteLoss.ACCOUNT),
        ({"label": "OTP-*"}, {"label": "news"}, RouteLoss.LABEL),
        ({"dialect": "foxsys"}, {"dialect": "sofmex"}, RouteLoss.DIALECT),
        ({"hours": parse_hours("mon-fri 08:00-20:00")}, {"at_ms": MONDAY_NOON_MS + 12 * 3_600_000}, RouteLoss.HOURS),
    ],
)
def test_a_condition_that_is_not_met_is_the_reason(
    condition: dict[str, Any], other: dict[str, Any], lost: RouteLoss
) -> None:
    assert chosen(route(**condition)).carrier == "a"
    without = chosen(route(**condition), **other)
    assert (without.carrier, reasons(without)) == ("", [lost])
    assert without.candidates[0].why == REASONS[lost].format(without.candidates[0].detail)


def test_a_route_that_is_off_or_whose_carrier_is_not_configured_takes_nothing() -> None:
    assert reasons(chosen(route(enabled=False), route("nobody"))) == [RouteLoss.OFF, RouteLoss.NO_CARRIER]


def test_the_lowest_priority_wins_then_the_lowest_cost() -> None:
    choice = chosen(
        route("a", priority=20),
        route("b", priority=10, cost_microcredits=30_000),
        route("c", priority=10, cost_microcredits=20_000),
    )
    assert (choice.carrier, reasons(choice)) == ("c", [RouteLoss.PRIORITY, RouteLoss.COST, None])
    assert [candidate.why for candidate in choice.candidates] == [
        "its priority is behind 10",
        "it costs more than 0.02",
        "",
    ]


def test_a_carrier_in_trouble_leaves_its_message_to_the_next_priority() -> None:
    choice = chosen(route("a", priority=1), route("b", priority=2), down="a")
    assert (choice.carrier, choice.usable, reasons(choice)) == ("b", True, [RouteLoss.UNUSABLE, None])


def test_an_excluded_carrier_does_not_get_the_message_and_the_message_does_not_wait_for_it() -> None:
    plan, both = RoutingPlan(routes=(route("a", priority=1), route("b", priority=2))), carriers("a", "b")
    choice = choose(plan, asked(), both, turn=1, exclude=frozenset({"a"}))
    assert (choice.carrier, reasons(choice)) == ("b", [RouteLoss.EXCLUDED, None])
    assert choose(plan, asked(), both, turn=1, exclude=frozenset({"a", "b"})).carrier == ""


@given(st.lists(st.integers(1, 50), min_size=2, max_size=5))
def test_equal_routes_share_exactly_by_weight_and_none_waits_long_for_its_turn(weights: list[int]) -> None:
    names = [f"c{number}" for number in range(len(weights))]
    routes = tuple(Route(id=1, carrier=name, weight=weight) for name, weight in zip(names, weights, strict=True))
    total = sum(weights)
    turns = [choose(RoutingPlan(routes=routes), asked(), carriers(*names), turn=turn).carrier for turn in range(total)]
    assert Counter(turns) == dict(zip(names, weights, strict=True))


def test_a_route_whose_turn_it_was_not_shows_its_share() -> None:
    choice = chosen(route("a", weight=3), route("b", weight=1), turn=0)
    assert [candidate.why for candidate in choice.candidates] == ["", "it was another's turn: its share is 1 in 4"]


def test_a_carrier_that_refuses_the_sender_is_not_chosen_and_a_replaced_sender_is_returned() -> None:
    rules = (
        SenderRule(id=1, carrier="a", country="ES", form=SenderForm.NAME, action=SenderAction.REFUSE),
        SenderRule(id=2, carrier="b", action=SenderAction.REPLACE, replacement="34911"),
    )
    plan = RoutingPlan(routes=(route("a", priority=1), route("b", priority=2)), sender_rules=rules)
    choice = choose(plan, asked(), carriers("a", "b"), turn=1)
    assert (choice.carrier, choice.sender, reasons(choice)) == ("b", "34911", [RouteLoss.SENDER_REFUSED, None])
    assert choose(plan, asked(sender="34600"), carriers("a", "b"), turn=1).sender == "34600"
    assert choose(plan, asked(), carriers("a"), turn=1).carrier == ""


def test_every_reason_has_its_words() -> None:
    assert set(REASONS) == set(RouteLoss)


CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.integers(1, 3),
        "weight": st.integers(1, 4),
        "cost_microcredits": st.integers(0, 2),
        "prefix": st.sampled_from(["", "34", "52"]),
        "country": st.sampled_from(["", "ES", "MX"]),
        "label": st.sampled_from(["", "otp*", "news"]),
        "enabled": st.booleans(),
    },
)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), CONDITIONS), max_size=8),
    st.sets(st.sampled_from("abc")),
    st.sets(st.sampled_from("abc")),
    st.integers(0, 1_000),
)
def test_only_the_winner_has_no_reason_and_no_better_route_was_passed_over(
    wanted: list[tuple[str, dict[str, Any]]], down: set[str], exclude: set[str], turn: int
) -> None:
    routes = tuple(Route(id=number, carrier=carrier, **more) for number, (carrier, more) in enumerate(wanted))
    states = carriers("a", "b", "c", down="".join(down))
    choice = choose(RoutingPlan(routes=routes), asked(), states, turn=turn, exclude=frozenset(exclude))
    winners = [candidate.route for candidate in choice.candidates if candidate.lost is None]
    if not choice.carrier:
        assert winners == []
        return
    (winner,) = winners
    assert winner.carrier == choice.carrier
    assert choice.usable == (winner.carrier not in down)
    for candidate in choice.candidates:
        if candidate.lost in (RouteLoss.PRIORITY, RouteLoss.COST, RouteLoss.TURN):
            assert (candidate.route.carrier in down) == (not choice.usable)
            one, other = candidate.route, winner
            assert (one.priority, one.cost_microcredits) >= (other.priority, other.cost_microcredits)
