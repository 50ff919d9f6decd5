"""Steps of a story that say the same again are folded, so that a page stays short however often something was tried.

Equal are steps of which only the part, the attempt, times, addresses of visitors and octets differ; and what repeats
may be several steps in turn. Of a long story without repeats the middle is folded. Folded steps are shown a page at a
time.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from palomar.vocabulary.timeline import Moment

FOLDED_FROM: Final = 3
"""Fewer steps than this are not worth a fold."""
LONGEST_TURN: Final = 6
"""So many steps, at most, repeat together."""
SHOWN_FIRST: Final = 8
SHOWN_LAST: Final = 14
"""Of a story that is still long, the steps at its ends that are shown."""
STEPS_A_PAGE: Final = 12

_TELLING: Final = ("state", "why", "reason", "status", "error", "stat", "carrier", "policy", "cause", "robot", "lane")
_DIGITS: Final = re.compile("[0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Steps that are not shown: from which number (0 is the first of the story), how many, and whether they are equal
    to those beside them."""

    first: int
    count: int
    are_equal: bool


def fold(timeline: Sequence[Moment]) -> list[int | Fold]:
    """Say what is shown of a story, in order: the numbers of steps, and folds between them."""
    keys = [_key(moment) for moment in timeline]
    shown: list[int | Fold] = []
    at = 0
    while at < len(keys):
        turn, times = _repeated(keys, at)
        hidden = turn * (times - 2)
        if hidden >= FOLDED_FROM:
            end = at + turn * times
            shown += range(at, at + turn)
            shown.append(Fold(first=at + turn, count=hidden, are_equal=True))
            shown += range(end - turn, end)
            at = end
        else:
            shown.append(at)
            at += 1
    return _shortened(shown)


def _repeated(keys: Sequence[object], at: int) -> tuple[int, int]:
    """Count how many steps repeat together from here, and how often: what covers most."""
    best = (1, 1)
    for turn in range(1, LONGEST_TURN + 1):
        end = at + turn
        while end < len(keys) and keys[end] == keys[end - turn]:
            end += 1
        times = (end - at) // turn
        if times > 2 and turn * times > best[0] * best[1]:
            best = (turn, times)
    return best


def _shortened(shown: list[int | Fold]) -> list[int | Fold]:
    """Fold the middle of what is still long."""
    if len(shown) < SHOWN_FIRST + SHOWN_LAST + FOLDED_FROM:
        return shown
    begin, end = SHOWN_FIRST, len(shown) - SHOWN_LAST
    begin -= isinstance(shown[begin - 1], Fold)
    end += isinstance(shown[end], Fold)
    first, after = _first(shown[begin]), _first(shown[end])
    return [*shown[:begin], Fold(first=first, count=after - first, are_equal=False), *shown[end:]]


def _first(one: int | Fold) -> int:
    return one.first if isinstance(one, Fold) else one


def _key(moment: Moment) -> tuple[object, ...]:
    """Take of a step what makes it the same as another; numbers in a reason or an address do not."""
    url = str(moment.detail.get("url") or "").partition("?")[0]
    said = (str(moment.detail.get(name, "")) for name in _TELLING)
    return (moment.kind, _DIGITS.sub("#", url), *(_DIGITS.sub("#", one) if " " in one else one for one in said))
