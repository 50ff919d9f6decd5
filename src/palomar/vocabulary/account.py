"""An account: who may send, and everything that its owner or the operator has set for it.

Not here: its balance, which moves with every batch (``billing.ledger``), and the secrets of its keys (``accounts``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NewType

from palomar.vocabulary.doubt import Resend
from palomar.vocabulary.opt_out_words import START_WORDS, STOP_WORDS
from palomar.vocabulary.template import expand

AccountId = NewType("AccountId", int)


DAILY_LIMIT = 100_000
"""Messages a day for an account without a limit of its own."""

UNPAID_LIMIT = 20_000
"""Two batches of 10,000 tests."""


class UnknownOutcome(StrEnum):
    """What becomes of a part if nobody knows whether the carrier accepted it (after a crash, or a lost answer)."""

    RESEND = "resend"
    HOLD = "hold"


def setting(default: object, words: str, *, name: str = "", limits: tuple[int, int] | None = None) -> Any:
    """Declare a setting of an account as a field, with its default and a line of help.

    ``name`` is what people type and what is stored, if it differs from the field's name. ``limits`` are the least and
    the greatest number.
    """
    return field(default=default, metadata={"help": words, "name": name, "limits": limits})


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """The settings of an account, whichever dialect it speaks. A setting that only one dialect reads is declared in
    that dialect."""

    requests_per_second: int = setting(
        10, "requests a second through a dialect without a limit of its own; 0 is no limit", limits=(0, 1_000_000)
    )
    default_sender: str = setting("", "sender of requests that name none; empty is the carrier's or the installation's")
    status_url: str = setting("", "delivery callbacks when the request names none", name="ackurl")
    dialects: tuple[str, ...] = setting((), "the only APIs that it is reachable through; empty is all")
    allowed_addresses: tuple[str, ...] = setting((), "networks that requests may come from; empty is any")
    countries: tuple[str, ...] = setting((), "ISO countries that may be sent to; empty is all")
    duplicates_filter: bool = setting(False, "discard the same text to the same number, due within an hour")
    daily_limit: int = setting(
        -1,
        "messages a GMT day; 0 is no limit, -1 is 100,000 (none if requests_per_second is 0)",
        limits=(-1, 10**9),
    )
    unpaid_limit: int = setting(
        UNPAID_LIMIT,
        "messages a GMT day that cost nothing (tests, bad numbers, duplicates, the black list's), where"
        " a request has more of them than of others; 0 is no limit",
        limits=(0, 10**9),
    )
    senders: tuple[str, ...] = setting((), "the senders allowed, the first when none is named; empty is any")
    country: str = setting("", "whose numbers need no country code, such as ES; empty is the dialect's")
    link_domain: str = setting("", "what short links begin with; empty is the server's address")
    click_url: str = setting("", "click callbacks when the request names none", name="clickurl")
    inbound_url: str = setting("", "callbacks of inbound messages when the number has no URL", name="inboundurl")
    inbound_dialect: str = setting("", "whose callback an inbound message makes; empty is the first that makes any")
    stop_words: tuple[str, ...] = setting(STOP_WORDS, "inbound texts that put the phone on the account's black list")
    start_words: tuple[str, ...] = setting(START_WORDS, "inbound texts that take it off again, if a word put it there")
    callback_secret: str = setting("", "signs callbacks (docs/callbacks.md); empty is unsigned")
    templates: bool = setting(False, "replace {name} in texts by the account's template of that name")
    topup_below: int = setting(0, "automatic top-up when fewer credits than this are left", limits=(0, 10**9))
    topup_amount: int = setting(
        0, "credits of a top-up, from the parent or the credit line; 0 is no top-up", limits=(0, 10**9)
    )
    topup_month_max: int = setting(0, "credits topped up a GMT month at most; 0 is no limit", limits=(0, 10**9))
    low_balance: int = setting(
        0, "tell noticeurl, once, when fewer credits than this are left; 0 is never", limits=(0, 10**9)
    )
    notice_url: str = setting("", "callbacks about the account itself (docs/callbacks.md)", name="noticeurl")
    unknown_outcome: UnknownOutcome = setting(  # noqa: RUF009  # it declares a field
        UnknownOutcome.RESEND, "a part that a carrier may or may not have: resend (within bounds) or hold"
    )
    resend_times: int = setting(
        1, "how often a part is sent again that the carrier does not answer; then it is held", limits=(0, 20)
    )
    resend_pause: int = setting(5, "seconds before it is sent again the first time", limits=(0, 86_400))
    resend_factor: int = setting(2, "each further pause is so many times the one before", limits=(1, 10))
    refund_unknown: bool = setting(False, "give back the credit of a part whose end nobody ever learned")
    dialect_settings: Mapping[str, object] = field(default_factory=dict, hash=False)
    """The account's values of the dialects' own settings, by name, as they are stored;
    ``accounts.settings.read_dialect_settings`` reads them."""
    _read: dict[type, object] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What ``accounts.settings.read_dialect_settings`` has read, by the dataclass that declares it."""

    def allows_dialect(self, dialect: str) -> bool:
        """Return True if the account may use that dialect."""
        return not self.dialects or dialect in self.dialects

    @property
    def resend(self) -> Resend:
        """Return the bounds for parts that a carrier does not answer, for lanes without bounds of their own."""
        return Resend(times=self.resend_times, pause_seconds=self.resend_pause, factor=self.resend_factor)

    @property
    def messages_a_day(self) -> int:
        """Return the daily limit in force; 0 is no limit."""
        if self.daily_limit >= 0:
            return self.daily_limit
        return DAILY_LIMIT if self.requests_per_second else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer, or one of its sub-accounts."""

    id: AccountId
    login: str
    parent_id: AccountId | None = None
    name: str = ""
    enabled: bool = True
    may_send: bool = True
    settings: AccountSettings = AccountSettings()
    templates: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The texts that it has stored, by name; empty unless the setting is on."""

    def expand_templates(self, text: str) -> str:
        """Replace the account's templates in a text. Every dialect measures and sends the result."""
        return expand(text, self.templates) if self.templates else text
