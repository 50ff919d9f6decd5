"""SOFMEX makes no callbacks: its page defines none, customers ask ``POST /sms/v3/status``."""

from typing import assert_never

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.ports import CallbackRequest
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import BalanceFellLow, CarrierTook, Clicked, Delivered, Event, Failed, InboundReceived


class SofmexCallbacks:
    """A ``palomar.ports.CallbackRenderer`` that never has anything to say."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """Nothing is sent, so nothing is tried again."""
        return ()

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """None, for every event there is."""
        match event:
            case CarrierTook() | Delivered() | Failed() | Clicked() | InboundReceived():
                return None
            case BalanceFellLow():
                return render_low_balance(event, target=target)
            case _:
                assert_never(event)
