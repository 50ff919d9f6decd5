"""The status query's words: those of the callbacks where there is one, the state's own where there is none."""

import pytest

from palomar.dialects.foxsys.ack import status_of
from palomar.dialects.foxsys.callbacks import desc_of
from palomar.vocabulary.message import State


@pytest.mark.parametrize("state", State)
def test_a_failure_has_the_desc_of_its_callback(state: State) -> None:
    status, desc = status_of(state)
    told = desc_of(state)
    if told is not None:
        assert desc == told
        assert status in ("error", "blocked", "noformat")
    else:
        assert status not in ("error", "blocked")


def test_a_success_has_the_words_of_its_callback() -> None:
    assert status_of(State.SENT) == ("operator", "ACCEPTD")
    assert status_of(State.DELIVERED) == ("handset", "DELIVRD")
