"""Hold known callers in memory: logins, each with an address from which it has been let in within a month.

They are those that this node let in, those that it read at its start, and those of blocked addresses, which come with
the directory. A caller is written at most once a day, with a later transaction that nobody waits for. Not here: the
table (``accounts.known_callers``).
"""

from typing import Final

from palomar.accounts import known_callers
from palomar.accounts.blocks import counted_as
from palomar.accounts.directory import Directory
from palomar.accounts.known_callers import DAY_MS, KNOWN_MS, Caller, SeenCaller
from palomar.accounts.store import login_key
from palomar.ports import Clock
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.access import ClientAddress

REMEMBER: Final = Step(name="remember_callers", script=known_callers.remember, batch_delay_seconds=0.050)
HELD_AT_MOST: Final = 50_000
"""Known callers in memory at most; beyond it the one that was put there first is forgotten."""


class CallerCache:
    """The known callers of this node, and the proxies that it has seen and that are not trusted."""

    def __init__(self, directory: Directory, batcher: Batcher, clock: Clock) -> None:
        self._directory = directory
        self._batcher = batcher
        self._clock = clock
        self._written: dict[Caller, int] = {}
        """When each was last written, in milliseconds since 1970."""

    async def begin(self, database: Database) -> None:
        """Read the youngest known callers, so that they are known after a restart."""
        now_ms = self._clock.wall_ms()
        self._written = await database.read(known_callers.read_youngest, now_ms=now_ms)

    def is_known(self, client: ClientAddress, login: str) -> bool:
        """Return True if the login has been let in from this address within a month."""
        caller = caller_of(client, login)
        written_ms = max(self._written.get(caller, 0), self._directory.snapshot.known_callers.get(caller, 0))
        return written_ms > self._clock.wall_ms() - KNOWN_MS

    def remember(self, client: ClientAddress, login: str) -> None:
        """Remember that the login was let in from this address, and the address if it is a proxy that is not
        trusted."""
        self._write(caller_of(client, login))
        if client.is_proxy:
            self.remember_proxy(client)

    def remember_proxy(self, client: ClientAddress) -> None:
        """Remember the address as a proxy that is not trusted."""
        self._write((client.address, ""))

    def _write(self, caller: Caller) -> None:
        now_ms = self._clock.wall_ms()
        if self._written.get(caller, 0) > now_ms - DAY_MS:
            return
        self._written.pop(caller, None)
        if len(self._written) >= HELD_AT_MOST:
            del self._written[next(iter(self._written))]
        self._written[caller] = now_ms

        def failed(error: BaseException) -> None:
            self._written.pop(caller, None)

        self._batcher.post(REMEMBER, SeenCaller(address=caller[0], login_key=caller[1]), _written, failed)


def caller_of(client: ClientAddress, login: str) -> Caller:
    """Make the caller of a login at an address, as it is stored."""
    return (counted_as(client.address), login_key(login))


def _written(result: None) -> None:
    """Do nothing after the commit: nobody waits for it."""
