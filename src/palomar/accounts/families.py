"""How many sub-accounts programs may make, how deep, and how fast: an account's family costs memory on every node.

A family is an account with nothing above it and all that stand below. People who type ``account add`` are not counted,
but what they made is. Not here: making one (``accounts.store``).
"""

from dataclasses import dataclass
from typing import Final

from palomar.accounts.store import Snapshot
from palomar.routing.route_chooser import lineage
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.token_bucket import RequestLimits

SUBACCOUNTS_AT_MOST: Final = 1_000
"""Of a family."""
DEEPEST: Final = 5
"""Levels below the topmost account."""
A_MINUTE: Final = 60
"""Sub-accounts that a family may make; as many at once."""


@dataclass(frozen=True, slots=True)
class NoMore:
    """Why an account may not have another sub-account; ``wait_seconds`` where it may later."""

    reason: str
    wait_seconds: float = 0.0


class Families:
    """Remembers how fast families grow, in memory."""

    def __init__(self) -> None:
        self._rates = RequestLimits()

    def another(self, snapshot: Snapshot, parent: Account, *, now: float) -> NoMore | None:
        """Count one more sub-account of ``parent``; or say why there may be none. ``now`` is monotonic seconds."""
        above = lineage(snapshot.by_id, parent.id)
        if len(above) > DEEPEST:
            return NoMore(f"sub-accounts stand at most {DEEPEST} levels deep")
        top = above[-1]
        if _size(snapshot, top) >= SUBACCOUNTS_AT_MOST:
            return NoMore(f"at most {SUBACCOUNTS_AT_MOST} sub-accounts")
        wait = self._rates.wait_seconds(top, per_second=A_MINUTE / 60, burst_seconds=60, now=now)
        return NoMore(f"at most {A_MINUTE} sub-accounts a minute", wait) if wait else None


def _size(snapshot: Snapshot, top: AccountId) -> int:
    """Count the accounts below ``top``, as far as it matters."""
    count, found = 0, [top]
    while found and count < SUBACCOUNTS_AT_MOST:
        below = snapshot.children.get(found.pop(), ())
        count += len(below)
        found += [account.id for account in below]
    return count
