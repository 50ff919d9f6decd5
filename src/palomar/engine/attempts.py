"""Attempts: how often somebody may try a password or a code, counted where a restart forgets nothing.

An attempt is counted as failed before anything is looked at, so a thousand at once get no further than one after the
other; what succeeds makes up for what failed before it. The waits are ``domain.lockout``'s.
"""

from dataclasses import dataclass
from ipaddress import ip_address

import structlog

from palomar.domain.access import LOGIN_LONGEST
from palomar.domain.lockout import FREE_BY_ADDRESS, FREE_BY_LOGIN
from palomar.flows import sessions
from palomar.flows.accounts import login_key
from palomar.flows.sessions import Counted
from palomar.ports import Clock
from palomar.storage.database import Database, Transaction

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Too many failures, or too much to do: nothing was looked at."""

    seconds: int


class Attempts:
    """See the module."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, login: str, *, address: str) -> TryLater | None:
        """Count one attempt; None: go on."""
        counted = [Counted(subject=_subject(login), free=FREE_BY_LOGIN), *_of_address(address)]
        now_ms = self._clock.wall_ms()

        async def look(tx: Transaction) -> int:
            return await sessions.wait_before(tx, counted, now_ms=now_ms)

        async def count(tx: Transaction) -> int:
            return await sessions.attempt(tx, counted, now_ms=now_ms)

        wait_ms = await self._database.read(look) or await self._database.write(count)
        if not wait_ms:
            return None
        wait = TryLater(seconds=-(-wait_ms // 1_000))
        _log.warning("log-in refused: too many failures", address=address, wait_seconds=wait.seconds)
        return wait

    async def succeeded(self, login: str) -> None:
        """Forget the failures of a login."""

        async def script(tx: Transaction) -> None:
            await sessions.forget_failures(tx, _subject(login))

        await self._database.write(script)


def _subject(login: str) -> str:
    return f"login:{login_key(login)[:LOGIN_LONGEST]}"


def _of_address(address: str) -> list[Counted]:
    """Loopback is a proxy of ours more often than a stranger: it is not counted."""
    try:
        is_counted = not ip_address(address).is_loopback
    except ValueError:
        is_counted = False
    return [Counted(subject=f"address:{address}", free=FREE_BY_ADDRESS)] if is_counted else []
