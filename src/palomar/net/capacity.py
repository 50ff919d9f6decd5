"""The limit on connections and on octets of unfinished requests, shared by all listeners of a process.

Theory of operation. A new connection asks for a place. If none is left, in all or for its address, the connection that
has been idle longest is closed for it (one of that address, if the address has too many); if none is idle, the new one
is refused. Octets of heads and bodies that are not complete yet are counted too: if their sum is too large, the largest
unfinished request of the address that holds most is ended, anonymous callers first.

An address may take half of the places, and a network of IPv6 (/64) counts as one. A proxy on the operator's list, and
this machine itself, are shared by many: they may take seven eighths. Not here: how descriptors are divided
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

__all__ = ["UNFINISHED_OCTETS", "Capacity", "CountedConnection"]

UNFINISHED_OCTETS: Final = 64 * 1024 * 1024
"""Octets of heads and bodies that have not come whole, all connections together."""
REFUSING_AT_MOST: Final = 16
"""Refused connections that are answered, and not just closed, at a time."""
_LOG_EVERY_SECONDS: Final = 10.0
_LOOK_AT_ONCE: Final = 64
_SEARCH_EVERY_SECONDS: Final = 0.05
_SOURCES_REMEMBERED: Final = 64

_log = structlog.get_logger(__name__)


class CountedConnection(Protocol):
    """A connection, as far as its place is concerned."""

    @property
    def address(self) -> str: ...
    @property
    def idle_since(self) -> float | None:
        """Return since when it is idle, on the loop's clock; None while a request is under way."""
        ...

    @property
    def unfinished_octets(self) -> int: ...
    @property
    def is_known(self) -> bool:
        """Return True if the caller of its unfinished request has been identified."""
        ...

    def give_way(self) -> None:
        """Close the idle connection."""
        ...

    def end_unfinished(self) -> None:
        """Answer 503 in the middle of a request, and close."""
        ...


class Capacity:
    """The places for connections (``connections`` of them) and the octets of unfinished requests."""

    def __init__(
        self,
        *,
        connections: int,
        unfinished_octets: int = UNFINISHED_OCTETS,
        proxies: TrustedProxies | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.connections = connections
        self._unfinished_limit = unfinished_octets
        self._proxies = proxies or TrustedProxies(())
        self._now = now
        self._admitted: dict[CountedConnection, str] = {}
        self._by_address: Counter[str] = Counter()
        self._unfinished = 0
        self._idle: dict[str | None, list[CountedConnection]] = {}
        """Idle connections by source, and of all under None: the oldest at the end. Each is checked before use."""
        self._searched: dict[str | None, float] = {}
        """When no idle connection was found, by source."""
        self._explained: set[CountedConnection] = set()
        self._unlogged = 0
        self._logged_at = -_LOG_EVERY_SECONDS

    @property
    def taken(self) -> int:
        return len(self._admitted)

    @property
    def unfinished(self) -> int:
        return self._unfinished

    def admit(self, connection: CountedConnection) -> bool:
        """Give the connection a place; return False if there is none and no idle connection can be closed for it."""
        source = _source(connection.address)
        most = self._places_of(connection.address)
        if self._by_address[source] >= most and not self._make_room(source):
            return self._refuse(connection, f"its address has {most} already")
        if len(self._admitted) >= self.connections and not self._make_room(None):
            return self._refuse(connection, f"all {self.connections} are taken")
        self._admitted[connection] = source
        self._by_address[source] += 1
        return True

    def may_explain(self, connection: CountedConnection) -> bool:
        """Return True if a refused connection may be answered. Of a crowd only the first are, as answers cost too
        much."""
        if len(self._explained) >= REFUSING_AT_MOST:
            return False
        self._explained.add(connection)
        return True

    def release(self, connection: CountedConnection) -> None:
        """Take the place back; a connection without one may be released too."""
        self._explained.discard(connection)
        source = self._admitted.pop(connection, None)
        if source is not None:
            self._by_address[source] -= 1
            if not self._by_address[source]:
                del self._by_address[source]

    def add_unfinished(self, octets: int) -> None:
        """Add to the octets of unfinished requests (or subtract, if negative); end the largest ones if there are too
        many."""
        self._unfinished += octets
        while octets > 0 and self._unfinished > self._unfinished_limit:
            before = self._unfinished
            self._end_largest()
            if self._unfinished >= before:
                return

    # --- private

    def _places_of(self, address: str) -> int:
        is_shared = _is_loopback(address) or self._proxies.trusts(address)
        return self.connections - self.connections // (8 if is_shared else 2)

    def _make_room(self, source: str | None) -> bool:
        """Close the connection that is idle longest, of all or of one address; return False if none is idle."""
        oldest = self._oldest_idle(source)
        if oldest is None:
            return False
        self.release(oldest)
        oldest.give_way()
        return True

    def _oldest_idle(self, source: str | None) -> CountedConnection | None:
        """Find the connection that is idle longest. All are searched only once in a while, so that a crowd of new
        connections does not cause a crowd of searches."""
        for _ in range(2):
            found = self._idle.get(source)
            while found:
                connection = found.pop()
                if connection in self._admitted and connection.idle_since is not None:
                    return connection
            now = self._now()
            if now < self._searched.get(source, -_SEARCH_EVERY_SECONDS) + _SEARCH_EVERY_SECONDS:
                return None  # a moment ago nobody was idle
            connections = (
                connection for connection, place in self._admitted.items() if source is None or place == source
            )
            idle = [connection for connection in connections if connection.idle_since is not None]
            if len(self._idle) >= _SOURCES_REMEMBERED:
                self._idle.clear()
                self._searched.clear()
            self._idle[source] = heapq.nsmallest(_LOOK_AT_ONCE, idle, key=_idle_since)[::-1]
            if not idle:
                self._searched[source] = now
        return None

    def _end_largest(self) -> None:
        """End the largest unfinished request of the address that holds most; identified callers come last."""
        holding = [connection for connection in self._admitted if connection.unfinished_octets]
        if not holding:
            return
        anonymous = [connection for connection in holding if not connection.is_known] or holding
        sums: Counter[str] = Counter()
        for connection in anonymous:
            sums[self._admitted[connection]] += connection.unfinished_octets
        largest = max(
            anonymous, key=lambda connection: (sums[self._admitted[connection]], connection.unfinished_octets)
        )
        self._log_seldom("unfinished_request_ended", address=largest.address, octets=largest.unfinished_octets)
        largest.end_unfinished()

    def _refuse(self, connection: CountedConnection, why: str) -> bool:
        self._log_seldom("connections_refused", address=connection.address, why=why)
        return False

    def _log_seldom(self, event: str, **more: object) -> None:
        """Log one line for all that happened lately, so that a flood of refusals is no flood of lines."""
        self._unlogged += 1
        now = self._now()
        if now - self._logged_at >= _LOG_EVERY_SECONDS:
            _log.warning(event, times=self._unlogged, connections=len(self._admitted), **more)
            self._logged_at, self._unlogged = now, 0


def _idle_since(connection: CountedConnection) -> float:
    return connection.idle_since or 0.0


def _source(address: str) -> str:
    """Return the address, or the /64 network of an IPv6 address: one customer has 2^64 of those."""
    if ":" not in address:
        return address
    try:
        ip = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(ip.ipv4_mapped or ipaddress.IPv6Network((ip, 64), strict=False))


def _is_loopback(address: str) -> bool:
    """Return True for this machine; a connection without an address (a socket in the file system) is from here."""
    if not address:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
