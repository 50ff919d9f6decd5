"""Lanes: a login code goes before a campaign, and is not sent when it has become useless.

A lane is a rule: a message that meets it travels with its rank and, if the lane says so, is useless after some seconds.
Not here: which carrier takes a message (``routing.rules``), and the queues in which it waits (``sending.send_queue``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from palomar.text.wildcard import matches
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.doubt import Resend

BULK_FROM_RECIPIENTS = 101
"""From so many recipients on, a request is a campaign, unless a lane says otherwise."""


class Rank(IntEnum):
    """The order in which messages go. Urgent ones go before all others; of the rest, bulk has a small share while
    normal ones wait."""

    URGENT = 0
    NORMAL = 1
    BULK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A rule. Empty conditions fit every message; label and sender may end in ``*``."""

    id: int
    name: str
    rank: Rank
    account_id: AccountId | None = None
    """The message's account, or one above it."""
    label: str = ""
    sender: str = ""
    pattern: re.Pattern[str] | None = field(default=None)
    """Matched anywhere in the text."""
    useless_after_seconds: int = 0
    """After so many seconds its messages are useless; 0 is never."""
    flash: bool = False
    """True if phones show its messages at once and do not keep them (class 0)."""
    resend_times: int | None = None
    """How often its messages are sent again in doubt; the next two say how soon and with which factor. None: as the
    account says."""
    resend_pause: int | None = None
    resend_factor: int | None = None

    @property
    def has_own_resend(self) -> bool:
        """Return True if it has bounds of its own for sending again."""
        return (self.resend_times, self.resend_pause, self.resend_factor) != (None, None, None)

    def resend(self, account: Resend) -> Resend:
        """Return the bounds for sending its messages again, with the account's where it has none."""
        return Resend(
            times=account.times if self.resend_times is None else self.resend_times,
            pause_seconds=account.pause_seconds if self.resend_pause is None else self.resend_pause,
            factor=account.factor if self.resend_factor is None else self.resend_factor,
        )


def find_lane(
    lanes: Sequence[Lane], *, lineage: Sequence[AccountId], label: str, sender: str, text: str
) -> Lane | None:
    """Return the first lane whose conditions the message meets. ``lineage`` is its account and those above it."""
    for lane in lanes:
        if (
            (lane.account_id is None or lane.account_id in lineage)
            and matches(lane.label, label)
            and matches(lane.sender, sender)
            and (lane.pattern is None or lane.pattern.search(text))
        ):
            return lane
    return None


def rank_of(lane: Lane | None, *, recipients: int) -> Rank:
    """Return the rank of a message, by its lane or else by how many recipients its request has."""
    if lane is not None:
        return lane.rank
    return Rank.BULK if recipients >= BULK_FROM_RECIPIENTS else Rank.NORMAL
