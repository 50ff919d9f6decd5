"""Look up the addresses of host names that may be connected to, and remember them for some seconds.

This is no DNS client: the system's getaddrinfo is called, in threads. The guard is asked at every look-up, after the
cache.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

from palomar.net.networks import AddressGuard

Resolve = Callable[[str], Awaitable[list[str]]]
_CACHE_SIZE = 4096
_CACHE_SECONDS = 10.0
LOOKUPS_AT_MOST = 512
"""Names that are looked up at the same time."""


class RefusedNetwork(Exception):
    """The host has addresses, and we may connect to none of them."""


class Resolver:
    """A cache of hosts' addresses; simultaneous look-ups of one name are one query."""

    __slots__ = ("_guard", "_known", "_queries", "_resolve")

    def __init__(self, *, guard: AddressGuard, resolve: Resolve | None = None) -> None:
        self._guard = guard
        self._resolve = resolve or ThreadedLookup(LOOKUPS_AT_MOST).look_up
        self._known: dict[str, tuple[float, list[str]]] = {}
        self._queries: dict[str, asyncio.Task[list[str]]] = {}

    async def permitted(self, host: str) -> list[str]:
        """Return the addresses of a host name or literal that may be connected to, in the resolver's order. Raises
        OSError if there is no address, :class:`RefusedNetwork` if none may be used."""
        addresses = [host] if _is_literal(host) else await self._addresses(host)
        permitted = [address for address in addresses if self._guard.allowed(address)]
        if not permitted:
            raise RefusedNetwork
        return permitted

    async def close(self) -> None:
        """Cancel the queries under way."""
        queries = list(self._queries.values())
        for query in queries:
            query.cancel()
        await asyncio.gather(*queries, return_exceptions=True)

    async def _addresses(self, host: str) -> list[str]:
        now = asyncio.get_running_loop().time()
        known = self._known.get(host)
        if known is not None and known[0] > now:
            return known[1]
        query = self._queries.get(host)
        if query is None:
            query = self._queries[host] = asyncio.create_task(self._query(host))
            query.add_done_callback(_retrieve)
        return await asyncio.shield(query)  # a caller who runs out of time leaves the query to the others

    async def _query(self, host: str) -> list[str]:
        try:
            addresses = await self._resolve(host)
        finally:
            self._queries.pop(host, None)
        if not addresses:
            raise OSError("no address")
        if len(self._known) >= _CACHE_SIZE:
            self._known.clear()
        expires = asyncio.get_running_loop().time() + _CACHE_SECONDS
        self._known[host] = (expires, addresses)
        return addresses


class ThreadedLookup:
    """Look-ups by the system, each in a thread of its own. A look-up cannot be cancelled, and one whose server never
    answers takes half a minute: in the loop's few threads, such names would keep all others waiting."""

    def __init__(self, at_most: int, *, ask: Callable[[str], list[str]] | None = None) -> None:
        self._left = at_most
        self._ask = ask or _addresses

    async def look_up(self, host: str) -> list[str]:
        """Find every address of the host. Raises OSError if there is none, or if no thread is left."""
        if self._left <= 0:
            raise OSError("too many names are being looked up")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[str]] = loop.create_future()

        def tell(addresses: list[str], error: Exception | None) -> None:
            self._left += 1
            if answer.done():
                return
            if error is None:
                answer.set_result(addresses)
            else:
                answer.set_exception(error)

        def ask() -> None:
            addresses: list[str] = []
            failure: Exception | None = None
            try:
                addresses = self._ask(host)
            except (OSError, UnicodeError) as error:
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(tell, addresses, failure)

        self._left -= 1
        try:
            threading.Thread(target=ask, name="look-up", daemon=True).start()
        except RuntimeError as error:
            self._left += 1
            raise OSError("no thread for a look-up") from error
        return await answer


def _addresses(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _retrieve(query: asyncio.Task[list[str]]) -> None:
    """Retrieve the exception of a query that nobody awaits any more, so that the loop does not log it."""
    if not query.cancelled():
        query.exception()
