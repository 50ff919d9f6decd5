"""Passwords of people and of the dialects that send one with every request.

Argon2 is slow on purpose (some 100 ms), so it runs in lanes with short queues (``password_lane``): one for programs,
one for people, so that neither keeps the other out. What was checked is remembered for some minutes, in memory only, as
a keyed hash that means nothing outside this process: good ones apart from bad ones, so that guesses push out nobody.
The stored hash is part of that key: another password, set on whatever node, makes what was remembered worthless.
"""

import functools
import hashlib
import secrets
from collections.abc import Hashable
from functools import partial
from typing import Final

import argon2

from palomar.domain.account import Account
from palomar.domain.passwords import GoodPassword
from palomar.engine.directory import Directory
from palomar.engine.password_lane import Left, PasswordLane, Standing
from palomar.ports import Clock

REMEMBER_SECONDS: Final = 300.0
GOOD_AT_MOST: Final = 10_000
BAD_AT_MOST: Final = 1_000
CHECKED_LONGEST: Final = 1_024
"""Characters: nothing longer was ever set as a password."""


@functools.cache
def _nobody() -> str:
    """Return the hash that is checked for unknown logins, so that the time tells nobody which logins exist."""
    return argon2.PasswordHasher().hash(secrets.token_urlsafe())


def hash_of(password: GoodPassword) -> str:
    """Hash a password to be stored, where nobody else waits: a command."""
    return argon2.PasswordHasher().hash(password)


def is_hash_of(stored: str, password: str) -> bool:
    """Tell whether a stored hash is this password's, where nobody else waits: a command."""
    try:
        return argon2.PasswordHasher().verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


class Passwords:
    """Says whose login and password these are."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._good: dict[bytes, float] = {}
        self._bad: dict[bytes, float] = {}
        self._hasher = argon2.PasswordHasher()
        self.programs = PasswordLane("argon2")
        self.people = PasswordLane("argon2-people")

    def close(self) -> None:
        """End both lanes."""
        self.programs.close()
        self.people.close()

    async def account(self, login: str, password: str) -> Account | None:
        """The account if the password is its own, for somebody who is signed in; None for a wrong one and for an
        unknown login alike. Raises Busy."""
        account = self._directory.by_login(login)
        right = await self.is_right(
            self.stored(account), login, password, lane=self.people, whose="", standing=Standing.KNOWN
        )
        return account if right else None

    def stored(self, account: Account | None) -> str:
        """The hash of an account's password; empty for nobody."""
        return self._directory.snapshot.passwords.get(account.id, "") if account is not None else ""

    def remembered(self, stored: str, login: str, password: str) -> bool | None:
        """Whether the password was right when it was last looked at; None where that is too long ago."""
        memory, now = self._memory(stored, login, password), self._clock.monotonic()
        if self._good.get(memory, now) > now:
            return bool(stored)
        return False if self._bad.get(memory, now) > now else None

    async def is_right(
        self,
        stored: str,
        login: str,
        password: str,
        *,
        lane: PasswordLane,
        whose: Hashable,
        standing: Standing,
        left: Left | None = None,
    ) -> bool:
        """Whether this is the password of a stored hash; with no hash it takes as long, and never is. Raises Busy.

        ``whose`` turn it is, and how they stand: see :meth:`PasswordLane.run`.
        """
        known = self.remembered(stored, login, password)
        if known is not None:
            return known
        if len(password) > CHECKED_LONGEST:
            return False
        memory = self._memory(stored, login, password)
        work = partial(self._verify, stored, password)
        right = await lane.run(work, whose, standing, same=memory, left=left)
        self._remember(memory, right=right)
        return right and bool(stored)

    async def hash(self, password: GoodPassword, *, lane: PasswordLane, whose: Hashable = "") -> str:
        """The argon2 hash to store, for somebody who has been let in; slow on purpose. Raises Busy."""
        return await lane.run(partial(self._hasher.hash, password), whose, Standing.KNOWN)

    def _remember(self, memory: bytes, *, right: bool) -> None:
        known, at_most = (self._good, GOOD_AT_MOST) if right else (self._bad, BAD_AT_MOST)
        known.pop(memory, None)
        if len(known) >= at_most:
            del known[next(iter(known))]
        known[memory] = self._clock.monotonic() + REMEMBER_SECONDS

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored or _nobody(), password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def _memory(self, stored: str, login: str, password: str) -> bytes:
        text = "\0".join((stored, login, password)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=32).digest()
