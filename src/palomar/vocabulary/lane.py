"""Lanes: a login code overtakes a campaign, and nobody gets it when it is useless.

A lane is a rule: what meets it travels with its rank, and, where the lane says so, is worth nothing after some seconds.
Not here: which carrier takes a message (``routing.rules``), and the lines in which it waits (``sending.send_queue``).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from palomar.text.wildcard import matches
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.doubt import Resend

BULK_FROM_RECIPIENTS = 101
"""A request of so many recipients is a campaign where no lane says otherwise."""


class Rank(IntEnum):
    """Who goes first. Urgent messages go before all others; of the rest, bulk has a small share while others wait."""

    URGENT = 0
    NORMAL = 1
    BULK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One rule. Empty conditions let everything pass; label and sender may end in ``*``."""

    id: int
    name: str
    rank: Rank
    account_id: AccountId | None = None
    """The account, or one above it."""
    label: str = ""
    sender: str = ""
    pattern: re.Pattern[str] | None = field(default=None)
    """Found anywhere in the text."""
    useless_after_seconds: int = 0
    """0: it never becomes useless."""
    flash: bool = False
    """Its messages are shown at once and not kept by the phone (class 0)."""
    resend_times: int | None = None
    """How often, how soon and with which factor its messages are sent again in doubt; None is as the account says."""
    resend_pause: int | None = None
    resend_factor: int | None = None

    @property
    def has_own_resend(self) -> bool:
        """Tell whether it says anything of its own about sending again."""
        return (self.resend_times, self.resend_pause, self.resend_factor) != (None, None, None)

    def resend(self, account: Resend) -> Resend:
        """Give the bounds for its messages, those of the account where it has none."""
        return Resend(
            times=account.times if self.resend_times is None else self.resend_times,
            pause_seconds=account.pause_seconds if self.resend_pause is None else self.resend_pause,
            factor=account.factor if self.resend_factor is None else self.resend_factor,
        )


def find_lane(
    lanes: Sequence[Lane], *, lineage: Sequence[AccountId], label: str, sender: str, text: str
) -> Lane | None:
    """The first lane that a message meets; ``lineage`` is its account and those above it."""
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
    """The rank of a message of a request with so many recipients."""
    if lane is not None:
        return lane.rank
    return Rank.BULK if recipients >= BULK_FROM_RECIPIENTS else Rank.NORMAL
