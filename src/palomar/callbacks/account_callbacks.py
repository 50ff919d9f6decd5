"""Callbacks about an account itself, in a form that is no vendor's.

Not here: when there is one (``billing.low_balance``), and which dialects make it.
"""

import json

from palomar.ports import CallbackRequest
from palomar.text.times import format_gmt
from palomar.vocabulary.account import Account
from palomar.vocabulary.backoff import CALLBACK_WAITS
from palomar.vocabulary.credit import Microcredits, format_two_decimals
from palomar.vocabulary.events import BalanceFellLow, Event


class AccountOnlyRenderer:
    """A ``palomar.ports.CallbackRenderer`` for accounts without a dialect. It renders events of the account alone."""

    @property
    def retry_seconds(self) -> tuple[int, ...]:
        return CALLBACK_WAITS

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        return render_low_balance(event, target=target) if isinstance(event, BalanceFellLow) else None


def render_low_balance(event: BalanceFellLow, *, target: str) -> CallbackRequest:
    """Render a POST of JSON with ``event``, ``login``, ``credits`` and ``timestamp`` (docs/callbacks.md)."""
    body = {
        "event": "low_balance",
        "login": event.login,
        "credits": format_two_decimals(Microcredits(event.available_microcredits)),
        "timestamp": format_gmt(event.at_ms),
    }
    return CallbackRequest(method="POST", url=target, body=json.dumps(body, ensure_ascii=False).encode())
