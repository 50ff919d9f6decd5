"""The console's texts for the values of closed lists (states, moments, roles, books and others), and their tones.

Every value of those lists has a text here; a test compares these tables with the lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from palomar.access.password_rule import PasswordFault
from palomar.console.i18n import plural, word
from palomar.reports.story import Book, Reason
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.doubt import DoubtCause
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import MomentKind

Tone = Literal["good", "bad", "busy", "warn", "plain"]
"""Good and bad ends, under way, needs attention, and the rest. Text says the same as the color."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text, its tone, and for moments the name of an icon in the sprite."""

    text: str
    tone: Tone = "plain"
    icon: str = ""


STATES: Final[Mapping[State, Label]] = {
    State.SCHEDULED: Label(text=word("scheduled"), tone="plain"),
    State.QUEUED: Label(text=word("queued"), tone="busy"),
    State.SUBMITTING: Label(text=word("submitting"), tone="busy"),
    State.SENT: Label(text=word("sent"), tone="busy"),
    State.DELIVERED: Label(text=word("delivered"), tone="good"),
    State.UNDELIVERED: Label(text=word("undelivered"), tone="bad"),
    State.EXPIRED: Label(text=word("expired"), tone="bad"),
    State.REJECTED: Label(text=word("rejected"), tone="bad"),
    State.UNKNOWN: Label(text=word("unknown"), tone="warn"),
    State.HELD: Label(text=word("held"), tone="warn"),
    State.BLOCKED: Label(text=word("blocked"), tone="warn"),
    State.CANCELLED: Label(text=word("cancelled"), tone="plain"),
    State.NOFORMAT: Label(text=word("no number"), tone="warn"),
    State.DUPLICATED: Label(text=word("duplicated"), tone="warn"),
    State.TEST: Label(text=word("test"), tone="plain"),
}

MOMENTS: Final[Mapping[str, Label]] = {
    MomentKind.ACCEPTED: Label(text=word("Accepted"), tone="good", icon="check"),
    MomentKind.DISCARDED: Label(text=word("Discarded"), tone="warn", icon="ban"),
    MomentKind.SCHEDULED: Label(text=word("Scheduled"), icon="clock"),
    MomentKind.ROUTED: Label(text=word("A carrier was chosen"), icon="route"),
    MomentKind.REROUTED: Label(text=word("Another carrier was chosen"), tone="warn", icon="route"),
    MomentKind.STALE: Label(text=word("Too late: it had not left in time"), tone="bad", icon="clock"),
    MomentKind.SUBMITTED: Label(text=word("The carrier took it"), tone="busy", icon="send"),
    MomentKind.REFUSED: Label(text=word("The carrier refused it"), tone="bad", icon="circle-x"),
    MomentKind.DEFERRED: Label(text=word("The carrier asked to come later"), tone="warn", icon="history"),
    MomentKind.RETURNED: Label(text=word("Back to the queue: nothing had left"), icon="arrow-back-up"),
    MomentKind.IN_DOUBT: Label(text=word("In doubt"), tone="warn", icon="help-circle"),
    MomentKind.RELEASED: Label(text=word("Sent once more by hand"), tone="busy", icon="refresh"),
    MomentKind.SETTLED: Label(text=word("Paid for without an answer"), icon="coins"),
    MomentKind.GIVEN_BACK: Label(text=word("Credit given back"), icon="coins"),
    MomentKind.RECEIPT: Label(text=word("A receipt came"), tone="busy", icon="file-text"),
    MomentKind.ENDED: Label(text=word("Ended"), icon="circle-check"),
    MomentKind.CALLBACK: Label(text=word("Callback delivered"), tone="good", icon="bell"),
    MomentKind.CALLBACK_FAILED: Label(text=word("Callback failed"), tone="bad", icon="bell"),
    MomentKind.PASSED_OVER: Label(text=word("A callback was left out: a later state had been told"), icon="bell"),
    MomentKind.CLICKED: Label(text=word("A short link was followed"), icon="hand-click"),
}
"""Labels of a timeline's moments, by kind."""

ROLES: Final[Mapping[Role, str]] = {
    Role.OWNER: word("owner"),
    Role.OPERATOR: word("operator"),
    Role.SUPPORT: word("support"),
    Role.READ_ONLY: word("read-only"),
}

PASSWORD_FAULTS: Final[Mapping[PasswordFault, str]] = {
    PasswordFault.TOO_SHORT: word("A password has at least 8 characters."),
    PasswordFault.TOO_LONG: word("A password has at most 200 characters."),
    PasswordFault.LOGIN: word("A password is not the login."),
    PasswordFault.COMMON: word("That password is one of the commonest, which are guessed first."),
}

TOO_MANY_ATTEMPTS: Final = plural(
    "Too many attempts. Try again in {count} second.", "Too many attempts. Try again in {count} seconds."
)

BOOKS: Final[Mapping[Book, str]] = {
    Book.AVAILABLE: word("available credit"),
    Book.RESERVED: word("reserved credit"),
    Book.REVENUE: word("earned"),
    Book.FUNDING: word("paid in"),
}

REASONS: Final[Mapping[Reason, str]] = {
    Reason.CREDIT: word("credit added"),
    Reason.RESERVE: word("reserved at acceptance"),
    Reason.SETTLE: word("paid for"),
    Reason.GIVE_BACK: word("given back"),
    Reason.UNKNOWN: word("paid for: it was handed over, and nobody knows its end"),
    Reason.UNKNOWN_BACK: word("given back: it was handed over, and nobody knows its end"),
    Reason.UNSENT: word("given back: it was never handed to a carrier"),
    Reason.TRANSFER: word("moved between accounts"),
    Reason.TOPUP: word("topped up"),
}

CALLBACK_ERRORS: Final[Mapping[str, str]] = {
    "timeout": word("no answer in time"),
    "refused_network": word("a network that callbacks may not go to"),
    "connect": word("no connection"),
    "tls": word("TLS failed"),
    "protocol": word("what came was no HTTP"),
    "bad_url": word("no URL that can be called"),
    "closed": word("the connection broke off"),
    "too_large": word("the answer was too large"),
}
"""Why a callback got no answer (``ports.HttpOutcome``)."""

VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "error": CALLBACK_ERRORS,
    "policy": {UnknownOutcome.HOLD: word("hold"), UnknownOutcome.RESEND: word("send again")},
    "cause": {
        DoubtCause.UNANSWERED: word("no answer came"),
        DoubtCause.DEATH: word("the node died"),
        DoubtCause.NAMELESS: word("the answer had no id"),
        DoubtCause.REFUTED: word("it was not taken after all"),
    },
}
"""Texts of details whose values are a closed list, by the detail's name."""

DETAILS: Final[Mapping[str, str]] = {
    "again_in_seconds": word("again in"),
    "attempts": word("attempts"),
    "callback": word("callback"),
    "cause": word("cause"),
    "copies": word("copies"),
    "address": word("address"),
    "agent": word("user agent"),
    "alphabet": word("alphabet"),
    "answer": word("answer"),
    "attempt": word("attempt"),
    "before": word("carrier before"),
    "carrier": word("carrier"),
    "code": word("code"),
    "country": word("country"),
    "dialect": word("dialect"),
    "due_ms": word("due"),
    "elapsed_ms": word("took"),
    "error": word("error"),
    "lane": word("lane"),
    "link": word("link of the carrier"),
    "next_ms": word("next attempt"),
    "part": word("part"),
    "parts": word("parts"),
    "policy": word("policy"),
    "presumed": word("presumed"),
    "price_microcredits": word("price"),
    "microcredits": word("amount"),
    "reason": word("reason"),
    "reference": word("carrier's id"),
    "robot": word("robot"),
    "stat": word("carrier's word"),
    "state": word("state"),
    "status": word("status"),
    "url": word("URL"),
    "why": word("why"),
}
"""Texts of the details' names. A name that is not here is shown as it is."""
