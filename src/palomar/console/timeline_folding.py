"""Folds repeated moments of a message's timeline, so that its page stays short however often something was tried.

Two moments count as equal if only the part, the attempt, times, visitors' addresses and octets differ. A sequence of
several moments may repeat too. Of a long timeline without repeats the middle is folded. Folded moments are shown in
pages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from palomar.vocabulary.timeline import Moment

FEWEST_FOLDED: Final = 3
"""The fewest moments that are folded."""
LONGEST_SEQUENCE: Final = 6
"""The most moments in a sequence that repeats."""
SHOWN_FIRST: Final = 8
SHOWN_LAST: Final = 14
"""The moments at both ends of a timeline that stay when its middle is folded."""
STEPS_A_PAGE: Final = 12

_COMPARED: Final = ("state", "why", "reason", "status", "error", "stat", "carrier", "policy", "cause", "robot", "lane")
_DIGITS: Final = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Moments that are not shown: the number of the first (counted from 0), their count, and ``are_equal`` if they are
    equal to those beside them."""

    first: int
    count: int
    are_equal: bool


def fold(timeline: Sequence[Moment]) -> list[int | Fold]:
    """Return what is shown of a timeline, in order: numbers of moments, and folds between them."""
    keys = [_key(moment) for moment in timeline]
    shown: list[int | Fold] = []
    at = 0
    while at < len(keys):
        length, times = _repeated(keys, at)
        hidden = length * (times - 2)
        if hidden >= FEWEST_FOLDED:
            end = at + length * times
            shown += range(at, at + length)
            shown.append(Fold(first=at + length, count=hidden, are_equal=True))
            shown += range(end - length, end)
            at = end
        else:
            shown.append(at)
            at += 1
    return _shortened(shown)


def _repeated(keys: Sequence[object], at: int) -> tuple[int, int]:
    """Find the sequence that repeats from ``at`` on and covers the most moments; return its length and its times."""
    best = (1, 1)
    for length in range(1, LONGEST_SEQUENCE + 1):
        end = at + length
        while end < len(keys) and keys[end] == keys[end - length]:
            end += 1
        times = (end - at) // length
        if times > 2 and length * times > best[0] * best[1]:
            best = (length, times)
    return best


def _shortened(shown: list[int | Fold]) -> list[int | Fold]:
    """Fold the middle if there are still too many."""
    if len(shown) < SHOWN_FIRST + SHOWN_LAST + FEWEST_FOLDED:
        return shown
    begin, end = SHOWN_FIRST, len(shown) - SHOWN_LAST
    begin -= isinstance(shown[begin - 1], Fold)
    end += isinstance(shown[end], Fold)
    first, after = _first(shown[begin]), _first(shown[end])
    return [*shown[:begin], Fold(first=first, count=after - first, are_equal=False), *shown[end:]]


def _first(one: int | Fold) -> int:
    return one.first if isinstance(one, Fold) else one


def _key(moment: Moment) -> tuple[object, ...]:
    """Return what must be equal in equal moments, without numbers in sentences and addresses."""
    url = str(moment.detail.get("url") or "").partition("?")[0]
    values = (str(moment.detail.get(name, "")) for name in _COMPARED)
    return (moment.kind, _DIGITS.sub("#", url), *(_DIGITS.sub("#", one) if " " in one else one for one in values))
