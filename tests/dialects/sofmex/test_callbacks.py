"""SOFMEX has no callbacks but that of a low balance."""

from typing import get_args

import pytest

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.dialects.sofmex.callbacks import SofmexCallbacks
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier
from palomar.vocabulary.message import MessageId, State

ID, SUBID, MSISDN = MessageId(256), "x", "525512345678"
EVENTS = [
    SentToCarrier(message_id=ID, request_ref=SUBID, msisdn=MSISDN, at_ms=0),
    Delivered(message_id=ID, request_ref=SUBID, msisdn=MSISDN, at_ms=0),
    Failed(message_id=ID, request_ref=SUBID, msisdn=MSISDN, at_ms=0, state=State.EXPIRED),
    Clicked(message_id=ID, request_ref=SUBID, msisdn=MSISDN, at_ms=0, address="192.0.2.1", agent="a browser"),
    InboundReceived(number="525500000000", msisdn=MSISDN, text="Hola", at_ms=0),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_no_event_of_a_message_makes_a_callback(event: Event) -> None:
    account = Account(id=AccountId(1), login="demo")
    assert SofmexCallbacks().render(event, target="https://customer.test/", account=account) is None
    assert SofmexCallbacks().retry_seconds == ()


def test_a_low_balance_makes_a_callback_in_palomars_own_form() -> None:
    event = BalanceFellLow(login="ana", available_microcredits=4_000_000, at_ms=0)
    request = SofmexCallbacks().render(
        event, target="https://customer.test/", account=Account(id=AccountId(1), login="ana")
    )
    assert request == render_low_balance(event, target="https://customer.test/")


def test_every_event_is_tested() -> None:
    assert {type(event) for event in EVENTS} | {BalanceFellLow} == set(get_args(Event))
