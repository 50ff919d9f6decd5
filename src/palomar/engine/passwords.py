"""Passwords of people and of the dialects that send one with every request.

Argon2 is slow on purpose (some 100 ms), so it runs in a thread and what was checked is remembered for some minutes, in
memory only, as a keyed hash that means nothing outside this process.
"""

import asyncio
import functools
import hashlib
import secrets
from concurrent.futures import ThreadPoolExecutor

import argon2

from palomar.domain.account import Account
from palomar.engine.directory import Directory
from palomar.ports import Clock

REMEMBER_SECONDS = 300.0
_REMEMBER_AT_MOST = 10_000


@functools.cache
def _nobody() -> str:
    """Return the hash that is checked for unknown logins, so that the time tells nobody which logins exist."""
    return argon2.PasswordHasher().hash(secrets.token_urlsafe())


class Passwords:
    """Says whose login and password these are."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._checked: dict[bytes, tuple[float, bool]] = {}
        self._hasher = argon2.PasswordHasher()
        self._thread = ThreadPoolExecutor(1, "argon2")
        self._under_way: dict[bytes, asyncio.Future[bool]] = {}

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def account(self, login: str, password: str) -> Account | None:
        """The account if the password is its own; None for a wrong one and for an unknown login alike."""
        account = self._directory.by_login(login)
        stored = self._directory.snapshot.passwords.get(account.id, "") if account else ""
        return account if await self.is_right(stored, login, password) else None

    async def is_right(self, stored: str, login: str, password: str) -> bool:
        """Whether this is the password of a stored hash; with no hash it takes as long, and never is."""
        stored_or_nobody = stored or _nobody()
        memory = self._memory(stored_or_nobody, login, password)
        known = self._checked.get(memory)
        if known is not None and known[0] > self._clock.monotonic():
            right = known[1]
        else:
            right = await self._check(memory, stored_or_nobody, password)
        return right and bool(stored)

    async def hash(self, password: str) -> str:
        """The argon2 hash to store; slow on purpose, behind what is being checked."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._hasher.hash, password)

    async def _check(self, memory: bytes, stored: str, password: str) -> bool:
        """Once for all who ask the same at the same time."""
        running = self._under_way.get(memory)
        if running is None:
            loop = asyncio.get_running_loop()
            running = loop.run_in_executor(self._thread, self._verify, stored, password)
            self._under_way[memory] = running
            running.add_done_callback(lambda done: self._remember(memory, done))
        return await asyncio.shield(running)

    def _remember(self, memory: bytes, done: asyncio.Future[bool]) -> None:
        self._under_way.pop(memory, None)
        if done.cancelled() or done.exception() is not None:
            return
        if len(self._checked) >= _REMEMBER_AT_MOST:
            self._checked.clear()
        self._checked[memory] = (self._clock.monotonic() + REMEMBER_SECONDS, done.result())

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def _memory(self, stored: str, login: str, password: str) -> bytes:
        text = "\0".join((stored, login, password)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=32).digest()
