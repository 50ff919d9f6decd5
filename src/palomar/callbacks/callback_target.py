"""Targets of callbacks: an account and an origin. What one target does is no concern of any other's.

Not here: what an origin is (``net.urls``), and how a target stands (``callbacks.targets``).
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from palomar.vocabulary.account import AccountId

UNKNOWN_TARGET: Final = 0
"""Of callbacks that were stored where nobody could tell their origin: by a command, or before there were targets."""

DAY_MS: Final = 86_400_000


def target_id(account_id: AccountId, origin: str) -> int:
    """Give the number of an account's target, from 1 to 2**63 - 1: the same on every node and after every start."""
    digest = blake2b(f"{account_id} {origin}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OffAfter:
    """When a target is tried no more: both that long without one success and that many failures. Zero days: never."""

    days: float = 3.0
    failures: int = 100

    def is_over(self, *, since_ms: int, failures: int, now_ms: int) -> bool:
        """Tell whether a target is off that fails since then, and has failed so often."""
        return self.days > 0 and failures >= self.failures and now_ms - since_ms >= self.days * DAY_MS
