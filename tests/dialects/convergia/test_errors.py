"""``errors.py`` against the tables of the dialect's page."""

import pytest
from tests.dialects.convergia.contract import CONTRACT

from palomar.dialects.convergia.errors import code_of, code_of_discarded, status_of
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

CODES = {Refusal.BAD_CREDENTIALS: "201", Refusal.ADDRESS_NOT_ALLOWED: "202"} | dict(CONTRACT.refusals)


@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_has_its_code(refusal: Refusal) -> None:
    assert code_of(refusal) == CODES[refusal]


@pytest.mark.parametrize("state", State)
def test_every_state_has_its_digit(state: State) -> None:
    assert status_of(state) == CONTRACT.words[state]


@pytest.mark.parametrize("state", State)
def test_only_messages_stopped_by_our_filters_are_refused_at_once(state: State) -> None:
    assert code_of_discarded(state) == {State.BLOCKED: "205", State.NOFORMAT: "307"}.get(state)
