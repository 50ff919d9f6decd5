"""Known callers in memory: what this node let in, what it read at its start, and what it read of blocked addresses.

A login that is let in from an address is written once a day, with the next transaction; nobody waits for it. Not here:
the table (``accounts.callers``).
"""

from typing import Final

from palomar.accounts import callers
from palomar.accounts.blocks import counted_as
from palomar.accounts.callers import DAY_MS, KNOWN_MS, Caller, LetIn
from palomar.accounts.directory import Directory
from palomar.accounts.store import login_key
from palomar.ports import Clock
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.access import Visitor

REMEMBER: Final = Step(name="remember_callers", script=callers.remember, batch_delay_seconds=0.050)
HELD_AT_MOST: Final = 50_000
"""Known callers in memory; beyond it the one who was first put there is forgotten until they are let in again."""


class KnownCallers:
    """See the module."""

    def __init__(self, directory: Directory, batcher: Batcher, clock: Clock) -> None:
        self._directory = directory
        self._batcher = batcher
        self._clock = clock
        self._written: dict[Caller, int] = {}
        """When each was last written, in milliseconds since 1970."""

    async def begin(self, database: Database) -> None:
        """Read the youngest, so that a restart forgets nobody."""
        now_ms = self._clock.wall_ms()
        self._written = await database.read(callers.youngest, now_ms=now_ms)

    def knows(self, visitor: Visitor, login: str) -> bool:
        """Tell whether the login has been let in from this address within a month."""
        caller = caller_of(visitor, login)
        written_ms = max(self._written.get(caller, 0), self._directory.snapshot.known_callers.get(caller, 0))
        return written_ms > self._clock.wall_ms() - KNOWN_MS

    def let_in(self, visitor: Visitor, login: str) -> None:
        """Remember that the login was let in; at most one row a day, and one for a proxy that nobody trusts."""
        self._see(caller_of(visitor, login))
        if visitor.is_proxy:
            self.saw_proxy(visitor)

    def saw_proxy(self, visitor: Visitor) -> None:
        """Remember that requests of others come by an address that nobody trusts."""
        self._see((visitor.address, ""))

    def _see(self, caller: Caller) -> None:
        now_ms = self._clock.wall_ms()
        if self._written.get(caller, 0) > now_ms - DAY_MS:
            return
        self._written.pop(caller, None)
        if len(self._written) >= HELD_AT_MOST:
            del self._written[next(iter(self._written))]
        self._written[caller] = now_ms

        def failed(error: BaseException) -> None:
            self._written.pop(caller, None)

        self._batcher.post(REMEMBER, LetIn(address=caller[0], login_key=caller[1]), _written, failed)


def caller_of(visitor: Visitor, login: str) -> Caller:
    """Name a login at an address, as it is stored."""
    return (counted_as(visitor.address), login_key(login))


def _written(result: None) -> None:
    """Do nothing: nobody waits."""
