"""An account: who may send, and everything its owner or the operator set for it.

Not here: its balance (it moves with every batch and lives in the ledger's tables) and its keys' secrets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from palomar.domain.doubt import Resend
from palomar.domain.opt_out import START_WORDS, STOP_WORDS
from palomar.domain.template import expand

AccountId = NewType("AccountId", int)


DAILY_LIMIT = 100_000
"""FOXSYS's page: 100,000 messages a day by default."""

UNPAID_LIMIT = 20_000
"""Two batches of 10,000 tests."""


class UnknownOutcome(StrEnum):
    """What becomes of a part when nobody knows whether the carrier took it (a crash, a lost answer)."""

    RESEND = "resend"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings:
    """What can be set for an account. A field's name is its name in ``account set`` and in the documentation."""

    requests_per_second: int = field(default=10, metadata={"help": "FOXSYS: requests a second; 0 is no limit"})
    sofmex_requests_per_second: int = field(default=0, metadata={"help": "SOFMEX: requests a second; 0 is no limit"})
    convergia_requests_per_second: int = field(
        default=0, metadata={"help": "CONVERGIA: requests a second; 0 is no limit"}
    )
    labs402t_requests_per_second: int = field(
        default=0, metadata={"help": "402T Labs: requests a second; 0 is no limit"}
    )
    batch_limit: int = field(default=10_000, metadata={"help": "FOXSYS: recipients a request"})
    max_parts: int = field(default=9, metadata={"help": "FOXSYS: parts a long message may have (1 to 255)"})
    default_sender: str = field(
        default="", metadata={"help": "sender of requests that name none; empty is the carrier's or the installation's"}
    )
    sender_fallback: bool = field(
        default=True, metadata={"help": "FOXSYS: a tpoa that is no sender gives way to the account's; off is code 30"}
    )
    fold_accents: bool = field(default=False, metadata={"help": "FOXSYS: replace accents that GSM lacks"})
    business_error_status: int = field(
        default=200, metadata={"help": "FOXSYS: HTTP status of business errors, 200 or 400 (then no credit is 402)"}
    )
    status_url: str = field(
        default="", metadata={"name": "ackurl", "help": "delivery callbacks when the request names none"}
    )
    long: bool = field(default=False, metadata={"help": "FOXSYS: concatenate without being asked"})
    dialects: tuple[str, ...] = field(
        default=(), metadata={"help": "the only APIs that it is reachable through; empty is all"}
    )
    allowed_addresses: tuple[str, ...] = field(
        default=(), metadata={"help": "networks that requests may come from; empty is any"}
    )
    countries: tuple[str, ...] = field(default=(), metadata={"help": "ISO countries that may be sent to; empty is all"})
    duplicates_filter: bool = field(
        default=False, metadata={"help": "discard the same text to the same number, due within an hour"}
    )
    daily_limit: int = field(
        default=-1,
        metadata={"help": "messages a GMT day; 0 is no limit, -1 is 100,000 (none if requests_per_second is 0)"},
    )
    unpaid_limit: int = field(
        default=UNPAID_LIMIT,
        metadata={
            "help": "messages a GMT day that cost nothing (tests, bad numbers, duplicates, the black list's), where"
            " a request has more of them than of others; 0 is no limit"
        },
    )
    senders: tuple[str, ...] = field(
        default=(), metadata={"help": "402T Labs: the only senders allowed, the first when none is named; empty is any"}
    )
    country: str = field(
        default="",
        metadata={"help": "whose numbers need no country code, such as ES; empty is the dialect's (not FOXSYS)"},
    )
    national_numbers: bool = field(
        default=False, metadata={"help": "FOXSYS: numbers of the account's country need no country code"}
    )
    once_a_number: bool = field(
        default=True, metadata={"help": "FOXSYS: a number that a request names several times gets its message once"}
    )
    shortlink: bool = field(default=False, metadata={"help": "FOXSYS: short links without being asked"})
    unfiltered: bool = field(
        default=False, metadata={"name": "nofilter", "help": "FOXSYS: pass the duplicates filter without being asked"}
    )
    link_domain: str = field(
        default="", metadata={"help": "what short links begin with; empty is the server's address"}
    )
    click_url: str = field(
        default="", metadata={"name": "clickurl", "help": "click callbacks when the request names none"}
    )
    inbound_url: str = field(
        default="", metadata={"name": "inboundurl", "help": "callbacks of inbound messages when the number has no URL"}
    )
    inbound_dialect: str = field(default="foxsys", metadata={"help": "whose callback an inbound message makes"})
    stop_words: tuple[str, ...] = field(
        default=STOP_WORDS, metadata={"help": "inbound texts that put the phone on the account's black list"}
    )
    start_words: tuple[str, ...] = field(
        default=START_WORDS, metadata={"help": "inbound texts that take it off again, if a word put it there"}
    )
    callback_secret: str = field(
        default="", metadata={"help": "signs callbacks (docs/callbacks.md); empty is unsigned"}
    )
    subid_idempotent: bool = field(
        default=False, metadata={"help": "FOXSYS: the same request with the same subid is sent once in 24 hours"}
    )
    templates: bool = field(
        default=False, metadata={"help": "replace {name} in texts by the account's template of that name"}
    )
    topup_below: int = field(default=0, metadata={"help": "automatic top-up when fewer credits than this are left"})
    topup_amount: int = field(
        default=0, metadata={"help": "credits of a top-up, from the parent or the credit line; 0 is no top-up"}
    )
    topup_month_max: int = field(default=0, metadata={"help": "credits topped up a GMT month at most; 0 is no limit"})
    low_balance: int = field(
        default=0, metadata={"help": "tell noticeurl, once, when fewer credits than this are left; 0 is never"}
    )
    notice_url: str = field(
        default="", metadata={"name": "noticeurl", "help": "callbacks about the account itself (docs/callbacks.md)"}
    )
    unknown_outcome: UnknownOutcome = field(
        default=UnknownOutcome.RESEND,
        metadata={"help": "a part that a carrier may or may not have: resend (within bounds) or hold"},
    )
    resend_times: int = field(
        default=1, metadata={"help": "how often a part is sent again that the carrier does not answer; then it is held"}
    )
    resend_pause: int = field(default=5, metadata={"help": "seconds before it is sent again the first time"})
    resend_factor: int = field(default=2, metadata={"help": "each further pause is so many times the one before"})
    refund_unknown: bool = field(
        default=False, metadata={"help": "give back the credit of a part whose end nobody ever learned"}
    )

    def speaks(self, dialect: str) -> bool:
        """Whether the account is reachable through that dialect."""
        return not self.dialects or dialect in self.dialects

    @property
    def resend(self) -> Resend:
        """Give the bounds for what a carrier does not answer, where no lane has its own."""
        return Resend(times=self.resend_times, pause_seconds=self.resend_pause, factor=self.resend_factor)

    @property
    def messages_a_day(self) -> int:
        """The daily limit in force; 0 is none."""
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
    """Its stored texts by name, where the setting is on."""

    def expanded(self, text: str) -> str:
        """A text with the account's templates in it: what every dialect measures and sends."""
        return expand(text, self.templates) if self.templates else text
