"""402T Labs' callbacks: none. Its page defines no notification; programs ask ``GET /sms/{guid}/status``."""

from typing import assert_never

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.ports import CallbackRequest
from palomar.vocabulary.account import Account
from palomar.vocabulary.events import BalanceFellLow, CarrierTook, Clicked, Delivered, Event, Failed, InboundReceived


class Labs402tCallbacks:
    """A ``palomar.ports.CallbackRenderer``."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """There is nothing to try again."""
        return ()

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """Every event is decided, and told to nobody."""
        match event:
            case CarrierTook() | Delivered() | Failed() | Clicked() | InboundReceived():
                return None
            case BalanceFellLow():
                return render_low_balance(event, target=target)
            case _:
                assert_never(event)
