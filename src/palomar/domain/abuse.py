"""How long who abuses is blocked: longer each time, in the end until an operator lifts it; and how that is forgotten.

Source: a vendor's page: a temporary or permanent block. The figures are ours.
"""

from functools import lru_cache
from ipaddress import IPv6Network, ip_address
from typing import Final

REFUSED_A_MINUTE: Final = 50
"""More refused requests than this within a minute are abuse."""

SUSPECT_FROM: Final = 5
"""From so many within a minute on, an address' passwords are hashed when nobody else's wait."""

TRIES_WHILE_BLOCKED: Final = 10
"""New passwords a minute for a login that has worked from a blocked address: its owner may have mistyped."""

FOREVER_MS: Final = 253_402_300_799_000
"""The last second of the year 9999."""

FORGIVEN_MS: Final = 86_400_000
"""A day after the end of a block without another one takes a level off."""

_MS: Final = (60_000, 300_000, 1_800_000, 21_600_000, 86_400_000)
"""1 min, 5 min, 30 min, 6 h, 1 day."""


def next_level(level: int, until_ms: int, *, now_ms: int) -> int:
    """The level of the next block of who was last blocked at ``level`` until then; 1 for the first."""
    return max(0, level - max(0, now_ms - until_ms) // FORGIVEN_MS) + 1


def end_ms(level: int, *, now_ms: int) -> int:
    """When a block of that level, beginning now, ends."""
    return now_ms + _MS[level - 1] if level <= len(_MS) else FOREVER_MS


@lru_cache(maxsize=4096)
def counted_as(address: str) -> str:
    """Return how failures of an address are counted: an IPv6 address by its /64, which is one customer's (RFC 6177),
    an IPv4 address by itself. What is no address stays as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))


@lru_cache(maxsize=4096)
def may_be_blocked(address: str) -> bool:
    """Return False for loopback, which is a proxy of ours more often than a stranger, and for what is no address."""
    try:
        return not ip_address(address).is_loopback
    except ValueError:
        return False
