"""How long who abuses is blocked: longer each time, in the end until an operator lifts it; and how that is forgotten.

Source: FOXSYS's page: a temporary or permanent block. The figures are ours.
"""

from typing import Final

REFUSED_A_MINUTE: Final = 50
"""More refused requests than this within a minute are abuse."""

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
