"""A carrier without a link, or that takes nothing for some seconds, is in trouble; after a rest it may be used
again."""

import pytest
from tests.support.carriers import CountingCarrier

from palomar.ports import Deferred, InDoubt, NotSent, Refused, SubmitOutcome, Submitted
from palomar.routing.carrier_health import FAILURES_AT_LEAST, REST_SECONDS, CarrierHealth
from palomar.vocabulary.message import MessageId

LATER = Deferred(status=88, reason="ESME_RTHROTTLED", retry_after_seconds=1)
FAILURES = [LATER, InDoubt(reason="no answer in time"), NotSent(reason="the link broke")]
SECONDS = 5.0


def health(**carrier: bool) -> CarrierHealth:
    return CarrierHealth(carrier=CountingCarrier(**carrier), failover_seconds=SECONDS)


def fail(
    one: CarrierHealth, *, begin: float = 0.0, outcome: SubmitOutcome = LATER, times: int = FAILURES_AT_LEAST
) -> None:
    for number in range(times):
        one.record_outcome(outcome, begin + number / 10, MessageId(number))


def test_a_carrier_without_a_link_is_in_trouble_at_once_and_has_failed_after_a_while() -> None:
    one = health(live=False)
    assert one.trouble(0.0) == "no link is bound"
    assert [one.has_failed(now) for now in (0.0, SECONDS - 0.1, SECONDS)] == [False, False, True]
    one.carrier.live = True  # type: ignore[misc]  # a test's own carrier
    assert (one.trouble(9.0), one.has_failed(9.0)) == ("", False)
    one.carrier.live = False  # type: ignore[misc]
    assert not one.has_failed(10.0)


@pytest.mark.parametrize("outcome", FAILURES, ids=lambda outcome: type(outcome).__name__)
def test_a_carrier_that_only_fails_is_in_trouble_after_a_while_and_gives_its_reason(outcome: SubmitOutcome) -> None:
    one = health()
    fail(one, outcome=outcome)
    assert one.trouble(SECONDS - 0.1) == ""
    assert one.trouble(SECONDS).endswith(str(getattr(outcome, "reason", "")))
    assert one.has_failed(SECONDS)


@pytest.mark.parametrize("outcome", [Submitted(reference="r"), Refused(status=11, reason="no such number")])
def test_a_carrier_that_answers_is_not_in_trouble(outcome: SubmitOutcome) -> None:
    one = health()
    fail(one)
    one.record_outcome(outcome, 1.0, MessageId(9))
    fail(one, begin=2.0, times=FAILURES_AT_LEAST - 1)
    assert one.trouble(60.0) == ""


def test_few_failures_are_no_trouble() -> None:
    one = health()
    fail(one, times=FAILURES_AT_LEAST - 1)
    assert one.trouble(SECONDS + 1) == ""


def test_after_its_rest_a_carrier_may_be_used_and_failures_count_anew() -> None:
    one = health()
    fail(one)
    rested = SECONDS + REST_SECONDS + 1
    assert one.trouble(rested) == ""
    fail(one, begin=rested)
    assert one.trouble(rested + 1) == ""
    assert one.trouble(rested + SECONDS) != ""


def test_one_message_that_fails_again_and_again_is_no_trouble() -> None:
    one = health()
    for second in range(60):
        one.record_outcome(LATER, float(second), MessageId(1))
        assert one.trouble(float(second)) == ""
        assert not one.has_failed(float(second))
    assert one.failures == 1
