"""How many connections and how much of unfinished requests all listeners of a process bear together.

Theory of operation. A connection asks for a place when it is made. Where there is none left, be it of all or of its
address, the connection that has been idle longest gives way (of that address, where it is the address that has too
many); where none is idle, the newcomer is told to come again. Octets of heads and bodies that are not complete yet are
counted too: beyond their sum the largest of the address that holds most is ended, those of nobody known first.

An address may take half of the places, and a network of IPv6 (/64) counts as one. A proxy on the operator's list, and
this machine itself, stand for many: they may take seven eighths. Not here: what a descriptor is kept for beside HTTP
(:mod:`palomar.net.descriptors`), and how a connection is ended (:mod:`palomar.net.http_connection`).
"""

import heapq
import ipaddress
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from palomar.net.networks import TrustedProxies

__all__ = ["UNFINISHED_OCTETS", "Capacity", "Guest"]

UNFINISHED_OCTETS: Final = 64 * 1024 * 1024
"""Of heads and bodies that have not come whole, all connections together."""
REFUSING_AT_MOST: Final = 16
"""Connections beyond the last place that are told so, and not just closed, at a time."""
_SAY_EVERY_SECONDS: Final = 10.0
_LOOK_AT_ONCE: Final = 64
_SEARCH_EVERY_SECONDS: Final = 0.05
_SOURCES_REMEMBERED: Final = 64

_log = structlog.get_logger(__name__)


class Guest(Protocol):
    """A connection, as far as its place is concerned."""

    @property
    def address(self) -> str: ...
    @property
    def idle_since(self) -> float | None:
        """Give the time on the loop's clock; None while something is under way on it."""
        ...

    @property
    def unfinished_octets(self) -> int: ...
    @property
    def is_known(self) -> bool:
        """Tell whether the caller of its unfinished request has shown who they are."""
        ...

    def give_way(self) -> None:
        """Close: nothing is under way."""
        ...

    def end_unfinished(self) -> None:
        """Answer 503 and close, in the middle of a request."""
        ...


class Capacity:
    """Shared by all listeners. ``connections`` is how many places there are."""

    def __init__(
        self,
        *,
        connections: int,
        unfinished_octets: int = UNFINISHED_OCTETS,
        proxies: TrustedProxies | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connections = connections
        self._unfinished_most = unfinished_octets
        self._proxies = proxies or TrustedProxies(())
        self._now = now
        self._guests: dict[Guest, str] = {}
        self._by_address: Counter[str] = Counter()
        self._unfinished = 0
        self._idle: dict[str | None, list[Guest]] = {}
        """By source, and of all: the oldest at the end. A guess that is looked at again before it counts."""
        self._searched: dict[str | None, float] = {}
        """When nobody was found idle, by source."""
        self._told: set[Guest] = set()
        self._refused = 0
        self._said = -_SAY_EVERY_SECONDS

    @property
    def taken(self) -> int:
        return len(self._guests)

    @property
    def unfinished(self) -> int:
        return self._unfinished

    def enter(self, guest: Guest) -> bool:
        """Take a place; False where there is none and nobody idle to give one up."""
        source = _source(guest.address)
        most = self._most_of(guest.address)
        if self._by_address[source] >= most and not self._make_room(source):
            return self._refuse(guest, f"its address has {most} already")
        if len(self._guests) >= self.connections and not self._make_room(None):
            return self._refuse(guest, f"all {self.connections} are taken")
        self._guests[guest] = source
        self._by_address[source] += 1
        return True

    def tell(self, guest: Guest) -> bool:
        """Say whether one who got no place may be told so; of a crowd only the first are, the others cost too much."""
        if len(self._told) >= REFUSING_AT_MOST:
            return False
        self._told.add(guest)
        return True

    def leave(self, guest: Guest) -> None:
        """Give the place back; whoever has none may leave too."""
        self._told.discard(guest)
        source = self._guests.pop(guest, None)
        if source is not None:
            self._by_address[source] -= 1
            if not self._by_address[source]:
                del self._by_address[source]

    def hold(self, octets: int) -> None:
        """Count so many octets of unfinished requests more, or fewer."""
        self._unfinished += octets
        while octets > 0 and self._unfinished > self._unfinished_most:
            before = self._unfinished
            self._end_largest()
            if self._unfinished >= before:
                return

    # --- private

    def _most_of(self, address: str) -> int:
        stands_for_many = _is_loopback(address) or self._proxies.trusts(address)
        return self.connections - self.connections // (8 if stands_for_many else 2)

    def _make_room(self, source: str | None) -> bool:
        """Make the connection give way that is idle longest, of all or of one address."""
        oldest = self._oldest_idle(source)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.give_way()
        return True

    def _oldest_idle(self, source: str | None) -> Guest | None:
        """Find who is idle longest; among all only once in a while, so that a crowd of newcomers is not a crowd of
        searches."""
        for _ in range(2):
            found = self._idle.get(source)
            while found:
                guest = found.pop()
                if guest in self._guests and guest.idle_since is not None:
                    return guest
            now = self._now()
            if now < self._searched.get(source, -_SEARCH_EVERY_SECONDS) + _SEARCH_EVERY_SECONDS:
                return None  # a moment ago nobody was idle
            guests = (guest for guest, where in self._guests.items() if source is None or where == source)
            idle = [guest for guest in guests if guest.idle_since is not None]
            if len(self._idle) >= _SOURCES_REMEMBERED:
                self._idle.clear()
                self._searched.clear()
            self._idle[source] = heapq.nsmallest(_LOOK_AT_ONCE, idle, key=_idle_since)[::-1]
            if not idle:
                self._searched[source] = now
        return None

    def _end_largest(self) -> None:
        """End the largest unfinished request of whoever holds most; those who are known come last."""
        holding = [guest for guest in self._guests if guest.unfinished_octets]
        if not holding:
            return
        strangers = [guest for guest in holding if not guest.is_known] or holding
        sums: Counter[str] = Counter()
        for guest in strangers:
            sums[self._guests[guest]] += guest.unfinished_octets
        largest = max(strangers, key=lambda guest: (sums[self._guests[guest]], guest.unfinished_octets))
        self._say("unfinished_request_ended", address=largest.address, octets=largest.unfinished_octets)
        largest.end_unfinished()

    def _refuse(self, guest: Guest, why: str) -> bool:
        self._say("connections_refused", address=guest.address, why=why)
        return False

    def _say(self, event: str, **more: object) -> None:
        """Log one line for all that happened lately: a flood of them must not become a flood of lines."""
        self._refused += 1
        now = self._now()
        if now - self._said >= _SAY_EVERY_SECONDS:
            _log.warning(event, times=self._refused, connections=len(self._guests), **more)
            self._said, self._refused = now, 0


def _idle_since(guest: Guest) -> float:
    return guest.idle_since or 0.0


def _source(address: str) -> str:
    """Give the address, or the network of an IPv6 one: there a single customer has 2^64 of them."""
    if ":" not in address:
        return address
    try:
        ip = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((ip, 64), strict=False))


def _is_loopback(address: str) -> bool:
    """Say whether it is this machine; a connection without an address (a socket in the file system) is."""
    if not address:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
