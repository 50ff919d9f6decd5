"""The router gives turns where there are no rules, and choices with reasons where there are."""

from tests.contracts.virtual_time import LoopClock, in_virtual_time
from tests.support.carriers import CountingCarrier

from palomar.ports import Deferred
from palomar.routing.router import Router
from palomar.routing.rules import Route, RoutingPlan, RoutingRequest
from palomar.routing.sender_rules import SenderAction, SenderRule
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

ASKED = RoutingRequest(
    msisdn="34600000000", country="ES", sender="ACME", lineage=(AccountId(1),), label="", dialect="foxsys", at_ms=0
)


def carriers(*names: str, down: str = "") -> dict[str, CountingCarrier]:
    return {name: CountingCarrier(name=name, live=name not in down) for name in names}


@in_virtual_time
async def test_without_rules_and_trouble_the_carriers_take_turns_and_nothing_is_explained() -> None:
    snapshot = Router(carriers("a", "b"), LoopClock()).snapshot()
    choices = [snapshot.choose(ASKED) for _ in range(4)]
    assert sorted(choice.carrier for choice in choices) == ["a", "a", "b", "b"]
    assert all(choice.usable and choice.sender == "ACME" and not choice.candidates for choice in choices)


@in_virtual_time
async def test_a_carrier_in_trouble_is_explained() -> None:
    snapshot = Router(carriers("a", "b", down="a"), LoopClock()).snapshot()
    assert {snapshot.choose(ASKED).carrier for _ in range(4)} == {"b"}
    assert snapshot.choose(ASKED).explain().splitlines() == ["a: no link is bound", "b: chosen"]


@in_virtual_time
async def test_each_snapshot_uses_the_rules_of_its_moment() -> None:
    plan = RoutingPlan()
    router = Router(carriers("a", "b"), LoopClock(), plan=lambda: plan)
    plan = RoutingPlan(routes=(Route(id=1, carrier="b"),))
    assert {router.snapshot().choose(ASKED).carrier for _ in range(3)} == {"b"}
    plan = RoutingPlan(sender_rules=(SenderRule(id=1, action=SenderAction.REPLACE, replacement="34911"),))
    assert router.snapshot().choose(ASKED).sender == "34911"
    assert router.plan is plan


@in_virtual_time
async def test_the_outcomes_of_submits_count_for_the_health_of_a_carrier() -> None:
    clock = LoopClock()
    router = Router(carriers("a", "b"), clock, failover_seconds=0.0)
    for number in range(3):
        later = Deferred(status=88, reason="ESME_RTHROTTLED", retry_after_seconds=1)
        router.record_outcome("a", later, MessageId(number))
    assert router.has_failed("a")
    assert not router.has_failed("b")
    assert (router.has_other("a"), router.has_other("b")) == (True, False)


@in_virtual_time
async def test_without_carriers_none_is_chosen() -> None:
    choice = Router({}, LoopClock()).snapshot().choose(ASKED)
    assert (choice.carrier, choice.usable, choice.candidates) == ("", False, ())
