"""The renderer of vendors that define no callbacks: it tells of a low balance, and of nothing else."""

from typing import get_args

import pytest

from palomar.callbacks.account_callbacks import AccountOnlyRenderer, render_low_balance
from palomar.dialects import renderers
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.backoff import CALLBACK_WAITS
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier
from palomar.vocabulary.message import MessageId, State

ID, REF, MSISDN = MessageId(256), "x", "525512345678"
ACCOUNT = Account(id=AccountId(1), login="ana")
OF_MESSAGES = [
    SentToCarrier(message_id=ID, request_ref=REF, msisdn=MSISDN, at_ms=0),
    Delivered(message_id=ID, request_ref=REF, msisdn=MSISDN, at_ms=0),
    Failed(message_id=ID, request_ref=REF, msisdn=MSISDN, at_ms=0, state=State.EXPIRED),
    Clicked(message_id=ID, request_ref=REF, msisdn=MSISDN, at_ms=0, address="192.0.2.1", agent="a browser"),
    InboundReceived(number="525500000000", msisdn=MSISDN, text="Hola", at_ms=0),
]


@pytest.mark.parametrize("event", OF_MESSAGES, ids=lambda event: type(event).__name__)
def test_no_event_of_a_message_makes_a_callback(event: Event) -> None:
    assert AccountOnlyRenderer().render(event, target="https://customer.test/", account=ACCOUNT) is None


def test_every_event_is_tested() -> None:
    assert {type(event) for event in OF_MESSAGES} | {BalanceFellLow} == set(get_args(Event))


def test_a_low_balance_makes_a_callback_that_is_tried_again() -> None:
    event = BalanceFellLow(login="ana", available_microcredits=4_000_000, at_ms=0)
    request = AccountOnlyRenderer().render(event, target="https://customer.test/", account=ACCOUNT)
    assert request == render_low_balance(event, target="https://customer.test/")
    assert AccountOnlyRenderer().retry_seconds == CALLBACK_WAITS != ()


def test_three_vendors_define_no_callbacks() -> None:
    without = {name for name, renderer in renderers().items() if isinstance(renderer, AccountOnlyRenderer)}
    assert without == {"sofmex", "convergia", "labs402t"}
