"""Doubt: how often, and how soon, a part is sent again if nobody knows whether its carrier accepted it.

Sending twice is not the same as sending once: each copy may reach the phone and may be billed by the carrier. So a part
is repeated within bounds only. Pure. Not here: who counts the copies (``receipts.doubts``).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from palomar.vocabulary.backoff import wait_after


class DoubtCause(StrEnum):
    """Why it is unknown whether a copy was accepted, or which receipt belongs to it. The words are those of SQL."""

    UNANSWERED = "unanswered"
    """No answer in time, or the link broke before it came."""
    DEATH = "death"
    """The node that had sent the copy died before it could record an answer."""
    NAMELESS = "nameless"
    """The carrier accepted the copy without an id, so its receipt has to be found by its other fields."""
    REFUTED = "refuted"
    """The doubt is over: the carrier said later that it had not accepted this copy."""


RESENDS_AFTER_DEATHS: Final = 3
"""How often a part is sent again because a node died. Counted apart from copies that carriers did not answer."""
PAUSE_MAX_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """Bounds for a part that a carrier does not answer: how often it is sent again, how many seconds after the first
    copy, and by which factor each further pause is longer."""

    times: int = 1
    pause_seconds: int = 5
    factor: int = 2

    def pause_after(self, cause: DoubtCause, copies: int) -> float | None:
        """Return the seconds to wait after the ``copies``-th copy that is in doubt for this cause; None: do not send
        again.

        After a node's first death there is no wait: what it could still report has reached the other nodes already.
        """
        if cause is DoubtCause.DEATH:
            if copies > RESENDS_AFTER_DEATHS:
                return None
            return self._pause(copies - 1) if copies > 1 else 0.0
        return self._pause(copies) if copies <= self.times else None

    def _pause(self, number: int) -> float:
        return wait_after(number, first=self.pause_seconds, longest=PAUSE_MAX_SECONDS, factor=self.factor)


PHONE_DIGITS: Final = 8
"""How many last digits two spellings of a number share, with or without trunk and country codes."""


def phone_tail(number: str) -> str:
    """Return the last digits of a number, which are the same however its prefix is written."""
    return number[-PHONE_DIGITS:]
