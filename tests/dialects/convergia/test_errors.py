"""``errors.py`` against the tables of the dialect's page."""

import pytest

from palomar.dialects.convergia.errors import code_of, code_of_discarded, status_of
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

CODES = {
    Refusal.BAD_CREDENTIALS: "201",
    Refusal.ADDRESS_NOT_ALLOWED: "202",
    Refusal.ACCOUNT_DISABLED: "205",
    Refusal.MAY_NOT_SEND: "205",
    Refusal.TOO_MANY_REQUESTS: "204",
    Refusal.DAILY_LIMIT: "204",
    Refusal.NO_CREDIT: "204",
    Refusal.NO_RECIPIENT: "307",
    Refusal.TOO_MANY_RECIPIENTS: "204",
    Refusal.EMPTY_TEXT: "103",
    Refusal.TEXT_TOO_LONG: "105",
    Refusal.CHARACTERS: "105",
    Refusal.SENDER: "205",
    Refusal.UNAVAILABLE: "200",
}
PENDING, FAILED, DELIVERED = "0", "2", "3"
STATES = {
    State.SCHEDULED: PENDING,
    State.QUEUED: PENDING,
    State.SUBMITTING: PENDING,
    State.SENT: PENDING,
    State.HELD: PENDING,
    State.UNKNOWN: PENDING,
    State.DELIVERED: DELIVERED,
    State.DUPLICATED: DELIVERED,
    State.TEST: DELIVERED,
    State.UNDELIVERED: FAILED,
    State.EXPIRED: FAILED,
    State.REJECTED: FAILED,
    State.BLOCKED: FAILED,
    State.CANCELLED: FAILED,
    State.NOFORMAT: FAILED,
}


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_code(refusal: Refusal) -> None:
    assert code_of(refusal) == CODES[refusal]


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_digit(state: State) -> None:
    assert status_of(state) == STATES[state]


@pytest.mark.parametrize("state", State)
def test_only_messages_stopped_by_our_filters_are_refused_at_once(state: State) -> None:
    assert code_of_discarded(state) == {State.BLOCKED: "205", State.NOFORMAT: "307"}.get(state)
