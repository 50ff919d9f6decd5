"""Throttle attempts to sign in, with counts in the database, which a restart does not forget.

An attempt is counted as failed before the password is looked at, so that a thousand at once gain nothing over one after
the other; a success forgets the failures before it. The waits are those of ``access.lockout``.

Passwords are counted for a login at an address. Codes are also counted for the login alone, wherever they come from,
because whoever guesses a code knows the password already; an address where the login is known is spared that.
"""

from dataclasses import dataclass

from palomar.access import sessions
from palomar.access.lockout import FREE_BY_ADDRESS, FREE_BY_LOGIN, FREE_IF_KNOWN, LONGEST_IF_KNOWN_MS
from palomar.access.sessions import FailureLimit
from palomar.accounts import known_callers
from palomar.accounts.blocks import counted_as, may_be_blocked
from palomar.accounts.store import login_key
from palomar.ports import Clock
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import LOGIN_LONGEST, ClientAddress


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyAttempts:
    """The answer to an attempt after too many failures; the password or code was not verified."""

    wait_seconds: int


class SignInThrottle:
    """The counting of attempts to sign in."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def count_attempt(
        self, login: str, client: ClientAddress, *, with_code: bool = False
    ) -> TooManyAttempts | None:
        """Count one attempt at a password, or at a code. None: go on."""
        now_ms = self._clock.wall_ms()

        async def counted(tx: Transaction) -> list[FailureLimit]:
            is_known = await known_callers.is_known(tx, client.address, login_key(login), now_ms=now_ms)
            return _counted(login, client, is_known=is_known, with_code=with_code)

        async def look(tx: Transaction) -> int:
            return await sessions.wait_before_attempt(tx, await counted(tx), now_ms=now_ms)

        async def count(tx: Transaction) -> int:
            return await sessions.count_attempt(tx, await counted(tx), now_ms=now_ms)

        wait_ms = await self._database.read(look) or await self._database.write(count)
        return TooManyAttempts(wait_seconds=-(-wait_ms // 1_000)) if wait_ms else None

    async def forget_failures(self, login: str, client: ClientAddress) -> None:
        """Forget the failures of a login at this address and those of its codes, after a success."""
        await self._database.write(sessions.forget_failures, [_at_address(login, client), _codes_of(login)])


def _counted(login: str, client: ClientAddress, *, is_known: bool, with_code: bool) -> list[FailureLimit]:
    """List the subjects whose failures count. An address that may not be blocked is none of them: many people may be
    behind it."""
    own = _at_address(login, client)
    if is_known:
        return [FailureLimit(subject=own, free=FREE_IF_KNOWN, longest_ms=LONGEST_IF_KNOWN_MS)]
    counted = [FailureLimit(subject=own, free=FREE_BY_LOGIN)]
    if with_code:
        counted.append(FailureLimit(subject=_codes_of(login), free=FREE_BY_LOGIN))
    if may_be_blocked(client.address) and not client.is_proxy:
        counted.append(FailureLimit(subject=f"address:{counted_as(client.address)}", free=FREE_BY_ADDRESS))
    return counted


def _at_address(login: str, client: ClientAddress) -> str:
    return f"login:{login_key(login)[:LOGIN_LONGEST]} at {counted_as(client.address)}"


def _codes_of(login: str) -> str:
    return f"codes:{login_key(login)[:LOGIN_LONGEST]}"
