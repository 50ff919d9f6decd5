"""Doubt: how often a part is sent again of which nobody knows whether its carrier took it, and how soon.

Sending is not idempotent: each copy may reach the phone and may be billed by the carrier. So it is repeated within
bounds only. Pure; who counts the copies is ``receipts.doubts``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from palomar.vocabulary.backoff import wait_after


class DoubtCause(StrEnum):
    """Why nobody knows, or cannot tell which it is. The words stand in SQL."""

    UNANSWERED = "unanswered"
    """No answer in time, or the link broke before it came."""
    DEATH = "death"
    """The node that had sent the copy died before it could tell."""
    NAMELESS = "nameless"
    """The carrier took the copy and gave no id for it: its receipt has to be found by what else it says."""
    REFUTED = "refuted"
    """There is no doubt any more: the carrier said later that it had not taken this copy."""


RESENDS_AFTER_DEATHS: Final = 3
"""So often a part is sent again because a node died; counted apart from what carriers did not answer."""
PAUSE_MAX_SECONDS: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """Bounds for what a carrier does not answer: how often it is sent again, after how many seconds the first time,
    and by how much each pause is longer than the one before."""

    times: int = 1
    pause_seconds: int = 5
    factor: int = 2

    def pause_after(self, cause: DoubtCause, copies: int) -> float | None:
        """Give the seconds to wait after the ``copies``-th copy that is in doubt for this cause; None: not again.

        After a node's first death nobody waits: what could be told meanwhile has come to the other nodes already.
        """
        if cause is DoubtCause.DEATH:
            if copies > RESENDS_AFTER_DEATHS:
                return None
            return self._pause(copies - 1) if copies > 1 else 0.0
        return self._pause(copies) if copies <= self.times else None

    def _pause(self, number: int) -> float:
        return wait_after(number, first=self.pause_seconds, longest=PAUSE_MAX_SECONDS, factor=self.factor)


PHONE_DIGITS: Final = 8
"""So many last digits tell that two spellings of a number are one (with or without trunk and country codes)."""


def phone_tail(number: str) -> str:
    """Give the digits by which a number is found, however its prefix is written."""
    return number[-PHONE_DIGITS:]
