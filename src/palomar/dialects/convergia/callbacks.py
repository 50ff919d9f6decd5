"""CONVERGIA has no callbacks: its customers query the status. Only a low balance is reported."""

from typing import assert_never

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.ports import CallbackRequest
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier


class ConvergiaCallbacks:
    """The ``palomar.ports.CallbackRenderer`` of CONVERGIA."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """Return no retries."""
        return ()

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """Return a callback for a low balance, and None for every other event."""
        match event:
            case SentToCarrier() | Delivered() | Failed() | Clicked() | InboundReceived():
                return None
            case BalanceFellLow():
                return render_low_balance(event, target=target)
            case _:
                assert_never(event)
