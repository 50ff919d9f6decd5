"""The timeline of a message: every step leaves a moment, so that a person can ask why.

The detail is a flat set of words and numbers a moment; what each kind carries is said at its name.
"""

from dataclasses import dataclass
from enum import StrEnum

from palomar.domain.message import MessageId

Detail = dict[str, str | int | bool | None]


class Kind(StrEnum):
    """What happened. The words stand in SQL and in ``message show``."""

    ACCEPTED = "accepted"  # dialect, price_microcredits, parts, alphabet, carrier, why
    DISCARDED = "discarded"  # state, why
    SCHEDULED = "scheduled"  # due_ms
    SUBMITTED = "submitted"  # part, carrier, attempt: the carrier took it; reference
    REFUSED = "refused"  # part, carrier, attempt, status, reason
    DEFERRED = "deferred"  # part, carrier, attempt, status, reason
    RETURNED = "returned"  # part, carrier: no byte left, back to the queue
    IN_DOUBT = "in_doubt"  # part, attempt, policy
    SETTLED = "settled"  # entry, microcredits: paid for by its receipt, for want of an answer
    GIVEN_BACK = "given_back"  # entry, microcredits
    RECEIPT = "receipt"  # part, carrier, stat, raw
    ENDED = "ended"  # state, presumed
    CALLBACK = "callback"  # url, attempt, status, elapsed_ms; body of a POST, answer where there was one
    CALLBACK_FAILED = "callback_failed"  # the same, error, and next_ms if it is tried again
    CLICKED = "clicked"  # code, url, address, agent, robot


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One step of a message's life."""

    message_id: MessageId
    at_ms: int
    kind: Kind
    detail: Detail
