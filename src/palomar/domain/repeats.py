"""Repeats: whether the same octets of a phone are a message once more, or the carrier's copy of one that we have.

A carrier sends again what it does not know to be with us. So a copy comes before we acknowledged the first, or after an
acknowledgement that it may not have seen: one that took so long that it had given up, or one that was on a link which
broke. Whatever else comes is written anew: people answer SI, 1 or a vote as often as they like.
"""

from dataclasses import dataclass

SLOW_MS = 5_000
AFTER_SLOW_MS = 30_000
"""After an acknowledgement that took longer than SLOW_MS a copy may be on its way for so long."""
UNSEEN_MS = 60_000
"""An acknowledgement so long before its link broke may not have been seen."""
SHORTLY_MS = 60_000
"""So soon after a link broke, or after the next one was bound, a carrier sends again."""
NEVER_MS = 600_000
"""What has stood unacknowledged for so long, on a link that lives, was acknowledged and never marked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """How a message came: when, by which link (and since when that is bound), and when it was acknowledged.

    ``broke_ms`` is when its link ended; None while it lives.
    """

    came_ms: int
    link: str = ""
    bound_ms: int = 0
    acknowledged_ms: int | None = None
    broke_ms: int | None = None


def is_repeat(first: Came, again: Came) -> bool:
    """Say whether ``again``, of the same octets by the same carrier, is a copy of ``first``."""
    acknowledged_ms, broke_ms = first.acknowledged_ms, first.broke_ms
    if acknowledged_ms is None:
        if broke_ms is None:
            return again.came_ms - first.came_ms < NEVER_MS
        return _is_shortly_after(broke_ms, again)
    was_slow = acknowledged_ms - first.came_ms > SLOW_MS
    if was_slow and again.came_ms - acknowledged_ms <= AFTER_SLOW_MS:
        return True
    return broke_ms is not None and acknowledged_ms >= broke_ms - UNSEEN_MS and _is_shortly_after(broke_ms, again)


def _is_shortly_after(broke_ms: int, again: Came) -> bool:
    bound_since = again.bound_ms >= broke_ms and again.came_ms - again.bound_ms <= SHORTLY_MS
    return again.came_ms - broke_ms <= SHORTLY_MS or bound_since
