"""Limit how many sub-accounts programs may make, how deep, and how fast: every node holds all accounts in memory.

The limits hold for a family: an account without a parent, and all accounts below it. The command ``account add`` is not
limited, but the accounts that it makes count. Not here: making one (``accounts.store``).
"""

from dataclasses import dataclass
from typing import Final

from palomar.accounts.snapshot import Snapshot
from palomar.routing.route_chooser import lineage
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.token_bucket import RequestLimits

SUBACCOUNTS_AT_MOST: Final = 1_000
"""Sub-accounts of a family at most."""
DEEPEST: Final = 5
"""Levels below the topmost account."""
A_MINUTE: Final = 60
"""Sub-accounts that a family may make in a minute, also all at once."""


@dataclass(frozen=True, slots=True)
class SubaccountLimitReached:
    """The limit that forbids another sub-account; ``wait_seconds`` is more than 0 where it may be made later."""

    reason: str
    wait_seconds: float = 0.0


class SubaccountLimits:
    """The limits of sub-accounts. How fast families grow is counted in memory, on each node."""

    def __init__(self) -> None:
        self._rates = RequestLimits()

    def count_one(self, snapshot: Snapshot, parent: Account, *, now: float) -> SubaccountLimitReached | None:
        """Count one more sub-account of ``parent``, or return the limit that forbids it. ``now`` is in monotonic
        seconds."""
        above = lineage(snapshot.by_id, parent.id)
        if len(above) > DEEPEST:
            return SubaccountLimitReached(f"sub-accounts stand at most {DEEPEST} levels deep")
        top = above[-1]
        if _size(snapshot, top) >= SUBACCOUNTS_AT_MOST:
            return SubaccountLimitReached(f"at most {SUBACCOUNTS_AT_MOST} sub-accounts")
        wait = self._rates.wait_seconds(top, per_second=A_MINUTE / 60, burst_seconds=60, now=now)
        return SubaccountLimitReached(f"at most {A_MINUTE} sub-accounts a minute", wait) if wait else None


def _size(snapshot: Snapshot, top: AccountId) -> int:
    """Count the accounts below ``top``, up to ``SUBACCOUNTS_AT_MOST``."""
    count, found = 0, [top]
    while found and count < SUBACCOUNTS_AT_MOST:
        below = snapshot.children.get(found.pop(), ())
        count += len(below)
        found += [account.id for account in below]
    return count
