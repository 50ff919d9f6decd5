"""Callbacks about an account itself, in a form that is no vendor's.

Not here: when there is one (``billing.low_balance``), and callbacks about messages, which are the dialects'.
"""

import json
from typing import assert_never

from palomar.ports import CallbackRequest
from palomar.text.times import format_gmt
from palomar.vocabulary.account import Account
from palomar.vocabulary.backoff import CALLBACK_WAITS
from palomar.vocabulary.credit import Microcredits, format_two_decimals
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier


class AccountOnlyRenderer:
    """A ``palomar.ports.CallbackRenderer`` that renders events of the account alone: of a vendor that defines no
    callbacks, and for accounts without a dialect."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        """Return the waits of callbacks of no vendor."""
        return CALLBACK_WAITS

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        """Return a callback for a low balance, and None for every event of a message."""
        match event:
            case SentToCarrier() | Delivered() | Failed() | Clicked() | InboundReceived():
                return None
            case BalanceFellLow():
                return render_low_balance(event, target=target)
            case _:
                assert_never(event)


def render_low_balance(event: BalanceFellLow, *, target: str) -> CallbackRequest:
    """Render a POST of JSON with ``event``, ``login``, ``credits`` and ``timestamp`` (docs/callbacks.md)."""
    body = {
        "event": "low_balance",
        "login": event.login,
        "credits": format_two_decimals(Microcredits(event.available_microcredits)),
        "timestamp": format_gmt(event.at_ms),
    }
    return CallbackRequest(method="POST", url=target, body=json.dumps(body, ensure_ascii=False).encode())
