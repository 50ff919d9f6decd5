"""``callbacks.py``: only a low balance makes a callback."""

from typing import get_args

import pytest

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.dialects.convergia.callbacks import ConvergiaCallbacks
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier
from palomar.vocabulary.message import MessageId, State

MESSAGE = {"message_id": MessageId(1), "request_ref": "s", "msisdn": "525512345678", "at_ms": 1}
EVENTS: list[Event] = [
    SentToCarrier(**MESSAGE),
    Delivered(**MESSAGE),
    Failed(**MESSAGE, state=State.EXPIRED),
    Clicked(**MESSAGE, address="192.0.2.1", agent=""),
    InboundReceived(number="52555", msisdn="525512345678", text="BAJA", at_ms=1),
]


@pytest.mark.parametrize("event", EVENTS, ids=[type(event).__name__ for event in EVENTS])
def test_no_event_of_a_message_makes_a_callback(event: Event) -> None:
    account = Account(id=AccountId(1), login="ana")
    assert ConvergiaCallbacks().render(event, target="http://customer.example/", account=account) is None
    assert ConvergiaCallbacks().retry_seconds == ()


def test_a_low_balance_makes_a_callback_in_palomars_own_form() -> None:
    event = BalanceFellLow(login="ana", available_microcredits=4_000_000, at_ms=0)
    request = ConvergiaCallbacks().render(
        event, target="https://customer.test/", account=Account(id=AccountId(1), login="ana")
    )
    assert request == render_low_balance(event, target="https://customer.test/")


def test_every_event_is_tested() -> None:
    assert {type(event) for event in EVENTS} | {BalanceFellLow} == set(get_args(Event))
