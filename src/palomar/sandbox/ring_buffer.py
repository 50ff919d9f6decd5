"""A bounded store in memory of the last items of each account.

When there are too many accounts, the one that has added nothing for the longest time is dropped.
"""

from collections import OrderedDict, deque
from itertools import chain
from typing import Generic, TypeVar

from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId

T = TypeVar("T")


class RingBuffer(Generic[T]):
    """The last items of each owner, each item with a number of its own.

    Items of the owner None belong to no account; only who sees the whole platform sees them.
    """

    def __init__(self, *, kept: int, owners: int) -> None:
        """Keep at most ``kept`` items of each owner, and items of at most ``owners`` owners."""
        self._kept = kept
        self._owners_at_most = owners
        self._rings: OrderedDict[AccountId | None, deque[tuple[int, T]]] = OrderedDict()
        self._last = 0

    def add(self, owner: AccountId | None, item: T) -> int:
        """Keep an item and return its number."""
        self._last += 1
        ring = self._rings.get(owner)
        if ring is None:
            ring = self._rings[owner] = deque(maxlen=self._kept)
            if len(self._rings) > self._owners_at_most:
                self._rings.popitem(last=False)
        self._rings.move_to_end(owner)
        ring.append((self._last, item))
        return self._last

    def recent(self, scope: Scope, limit: int) -> list[tuple[int, T]]:
        """Return the last items in scope with their numbers, newest first."""
        rings = (ring for owner, ring in self._rings.items() if scope.includes(owner))
        return sorted(chain.from_iterable(rings), key=lambda entry: entry[0], reverse=True)[:limit]

    def find(self, scope: Scope, number: int) -> T | None:
        """Return the item of this number; None if it is not kept, or not in scope."""
        for owner, ring in self._rings.items():
            if scope.includes(owner):
                for known, item in ring:
                    if known == number:
                        return item
        return None
