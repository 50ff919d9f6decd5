"""The events of a session."""

from typing import get_args

from palomar.smpp import CloseReason, Event, events


def test_the_union_of_events_is_all_of_them():
    defined = {
        value
        for value in vars(events).values()
        if isinstance(value, type) and value.__module__ == events.__name__ and value is not CloseReason
    }
    assert set(get_args(Event)) == defined
