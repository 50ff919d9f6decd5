"""Every value of a closed list has a label."""

from palomar.access.password_rule import PasswordFault
from palomar.console.labels import BOOKS, DETAILS, MOMENTS, PASSWORD_FAULTS, REASONS, ROLES, STATES
from palomar.reports.story import Book, Reason
from palomar.vocabulary.access import Role
from palomar.vocabulary.message import FINAL, State
from palomar.vocabulary.timeline import MomentKind


def test_every_value_of_a_list_has_a_label() -> None:
    assert set(STATES) == set(State)
    assert set(MOMENTS) == set(MomentKind)
    assert set(ROLES) == set(Role)
    assert set(BOOKS) == set(Book)
    assert set(REASONS) == set(Reason)
    assert set(PASSWORD_FAULTS) == set(PasswordFault)


def test_no_final_state_has_the_tone_of_one_under_way() -> None:
    assert [state for state in FINAL if STATES[state].tone == "busy"] == []
    assert [state for state, words in STATES.items() if words.tone == "good"] == [State.DELIVERED]


def test_details_are_listed_once_by_their_names() -> None:
    assert all(name.islower() for name in DETAILS)
