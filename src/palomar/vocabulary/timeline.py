"""The timeline of a message: every step adds a moment, so that people can find out what happened and why.

A moment's detail is a flat mapping of words and numbers; the comment at each kind lists what it has.
"""

from dataclasses import dataclass
from enum import StrEnum

from palomar.vocabulary.message import MessageId

Detail = dict[str, str | int | bool | None]


class MomentKind(StrEnum):
    """What happened in a moment. The words are those of SQL and of ``message show``."""

    ACCEPTED = "accepted"  # dialect, price_microcredits, parts, alphabet, carrier, why, lane, routes (a line each)
    DISCARDED = "discarded"  # state, why, routes
    SCHEDULED = "scheduled"  # due_ms
    ROUTED = "routed"  # carrier, routes: a carrier was chosen when it was due
    REROUTED = "rerouted"  # before, carrier, why, routes: another carrier was chosen before it left
    SUBMITTED = "submitted"  # part, carrier, attempt, reference, link, request, response (PDUs): it was accepted
    REFUSED = "refused"  # part, carrier, attempt, status, reason, link, request, response
    DEFERRED = "deferred"  # part, carrier, attempt, status, reason, link, request, response
    RETURNED = "returned"  # part, carrier: no byte left, back to the queue
    IN_DOUBT = "in_doubt"  # part, attempt, policy, link, request
    RELEASED = "released"  # part, why: it was held, and a person wants it sent once more
    STALE = "stale"  # lane: it had become useless before it left
    SETTLED = "settled"  # entry, microcredits: paid for by its receipt, because no answer came
    GIVEN_BACK = "given_back"  # entry, microcredits
    RECEIPT = "receipt"  # part, carrier, stat, raw, pdu
    ENDED = "ended"  # state, presumed
    CALLBACK = "callback"  # url, attempt, status, elapsed_ms; body of a POST, answer where there was one, callback
    # (its id) of a message's end
    CALLBACK_FAILED = "callback_failed"  # the same, error, and next_ms if it is tried again
    PASSED_OVER = "passed_over"  # url, attempts: a callback left out, because one of a later state was sent
    CLICKED = "clicked"  # code, url, address, agent, robot


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One step in the life of a message."""

    message_id: MessageId
    at_ms: int
    kind: MomentKind
    detail: Detail
