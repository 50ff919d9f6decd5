"""Attempts: how often somebody may try a password or a code, counted where a restart forgets nothing.

An attempt is counted as failed before anything is looked at, so a thousand at once get no further than one after the
other; what succeeds makes up for what failed before it. The waits are ``access.lockout``'s.

Passwords are counted for a login at an address. Codes are counted for the login too, wherever they come from, because
who may guess them has the password already; only an address where the login is known is spared that.
"""

from dataclasses import dataclass

from palomar.access import sessions
from palomar.access.lockout import FREE_BY_ADDRESS, FREE_BY_LOGIN, FREE_IF_KNOWN, LONGEST_IF_KNOWN_MS
from palomar.access.sessions import Counted
from palomar.accounts import known_callers
from palomar.accounts.blocks import counted_as, may_be_blocked
from palomar.accounts.store import login_key
from palomar.ports import Clock
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import LOGIN_LONGEST, Visitor


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """Too many failures: nothing was looked at."""

    seconds: int


class SignInThrottle:
    """See the module."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, login: str, visitor: Visitor, *, with_code: bool = False) -> TryLater | None:
        """Count one attempt at a password, or at a code; None: go on."""
        now_ms = self._clock.wall_ms()

        async def counted(tx: Transaction) -> list[Counted]:
            is_known = await known_callers.is_known(tx, visitor.address, login_key(login), now_ms=now_ms)
            return _counted(login, visitor, is_known=is_known, with_code=with_code)

        async def look(tx: Transaction) -> int:
            return await sessions.wait_before(tx, await counted(tx), now_ms=now_ms)

        async def count(tx: Transaction) -> int:
            return await sessions.attempt(tx, await counted(tx), now_ms=now_ms)

        wait_ms = await self._database.read(look) or await self._database.write(count)
        return TryLater(seconds=-(-wait_ms // 1_000)) if wait_ms else None

    async def succeeded(self, login: str, visitor: Visitor) -> None:
        """Forget the failures of a login at this address, and those of its codes."""
        await self._database.write(sessions.forget_failures, [_at_address(login, visitor), _codes_of(login)])


def _counted(login: str, visitor: Visitor, *, is_known: bool, with_code: bool) -> list[Counted]:
    """Say whose failures count. An address that may not be blocked has many people behind it: it is not counted
    itself."""
    own = _at_address(login, visitor)
    if is_known:
        return [Counted(subject=own, free=FREE_IF_KNOWN, longest_ms=LONGEST_IF_KNOWN_MS)]
    counted = [Counted(subject=own, free=FREE_BY_LOGIN)]
    if with_code:
        counted.append(Counted(subject=_codes_of(login), free=FREE_BY_LOGIN))
    if may_be_blocked(visitor.address) and not visitor.is_proxy:
        counted.append(Counted(subject=f"address:{counted_as(visitor.address)}", free=FREE_BY_ADDRESS))
    return counted


def _at_address(login: str, visitor: Visitor) -> str:
    return f"login:{login_key(login)[:LOGIN_LONGEST]} at {counted_as(visitor.address)}"


def _codes_of(login: str) -> str:
    return f"codes:{login_key(login)[:LOGIN_LONGEST]}"
