"""Targets of callbacks: each is an account and an origin (scheme, host and port). A slow one delays no other.

Not here: what an origin is (``net.urls``), and the slots and memory of a target (``callbacks.targets``).
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from palomar.vocabulary.account import AccountId

UNKNOWN_TARGET: Final = 0
"""The target of callbacks whose origin was not known: a command stored them, or a version without targets."""

DAY_MS: Final = 86_400_000


def target_id(account_id: AccountId, origin: str) -> int:
    """Compute the number of an account's target, from 1 to 2**63 - 1: the same on every node and after every start."""
    digest = blake2b(f"{account_id} {origin}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 1) or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OffAfter:
    """When a target is switched off: after that many days without one success and that many failures. Zero days switch
    none off."""

    days: float = 3.0
    failures: int = 100

    def is_over(self, *, since_ms: int, failures: int, now_ms: int) -> bool:
        """Return True if a target is to be switched off that has failed since then, and so often."""
        return self.days > 0 and failures >= self.failures and now_ms - since_ms >= self.days * DAY_MS
