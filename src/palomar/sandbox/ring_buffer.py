"""The last things of everybody, in memory and bounded: a ring an account, and the accounts quiet for longest go."""

from collections import OrderedDict, deque
from itertools import chain
from typing import Generic, TypeVar

from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

T = TypeVar("T")


class RingBuffer(Generic[T]):
    """Each thing has a number of its own, by which it is found for as long as it is kept. What is nobody's (None) is
    the platform's to see."""

    def __init__(self, *, kept: int, owners: int) -> None:
        """At most ``kept`` things an owner, of at most so many ``owners``."""
        self._kept = kept
        self._owners_at_most = owners
        self._rings: OrderedDict[AccountId | None, deque[tuple[int, T]]] = OrderedDict()
        self._last = 0

    def add(self, owner: AccountId | None, thing: T) -> int:
        """Keep a thing; its number."""
        self._last += 1
        ring = self._rings.get(owner)
        if ring is None:
            ring = self._rings[owner] = deque(maxlen=self._kept)
            if len(self._rings) > self._owners_at_most:
                self._rings.popitem(last=False)
        self._rings.move_to_end(owner)
        ring.append((self._last, thing))
        return self._last

    def seen_by(self, scope: Scope, limit: int) -> list[tuple[int, T]]:
        """The last things in scope with their numbers, newest first."""
        rings = (ring for owner, ring in self._rings.items() if scope.has(owner))
        return sorted(chain.from_iterable(rings), key=lambda entry: entry[0], reverse=True)[:limit]

    def find(self, scope: Scope, number: int) -> T | None:
        """The thing of that number, if it is kept and in scope."""
        for owner, ring in self._rings.items():
            if scope.has(owner):
                for known, thing in ring:
                    if known == number:
                        return thing
        return None
