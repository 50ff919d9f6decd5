"""SOFMEX makes no callbacks: its page defines none, customers ask ``POST /sms/v3/status``."""

from typing import assert_never

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.ports import WebhookRequest
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import BalanceFellLow, CarrierTook, Clicked, Delivered, Event, Failed, InboundReceived


class SofmexWebhooks:
    """A ``palomar.ports.WebhookRenderer`` that never has anything to say."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """Nothing is sent, so nothing is tried again."""
        return ()

    def render(self, event: Event, *, target: str, account: Account) -> WebhookRequest | None:
        """None, for every event there is."""
        match event:
            case CarrierTook() | Delivered() | Failed() | Clicked() | InboundReceived():
                return None
            case BalanceFellLow():
                return render_low_balance(event, target=target)
            case _:
                assert_never(event)
