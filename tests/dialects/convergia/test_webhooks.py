"""``webhooks.py``: nobody is called."""

import pytest

from palomar.dialects.convergia.webhooks import ConvergiaWebhooks
from palomar.domain.account import Account, AccountId
from palomar.domain.events import CarrierTook, Delivered, Event, Failed
from palomar.domain.message import MessageId, State

FACTS = {"message_id": MessageId(1), "subid": "s", "msisdn": "525512345678", "at_ms": 1}
EVENTS = [CarrierTook(**FACTS), Delivered(**FACTS), Failed(**FACTS, state=State.EXPIRED)]


@pytest.mark.parametrize("event", EVENTS)
def test_no_event_is_told(event: Event) -> None:
    account = Account(id=AccountId(1), login="ana")
    assert ConvergiaWebhooks().render(event, target="http://customer.example/", account=account) is None
    assert ConvergiaWebhooks().retry_seconds == ()
