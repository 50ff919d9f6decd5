"""Passwords of people and of the dialects that send one with every request.

Argon2 is slow on purpose (some 20 ms of a core and 19 MiB), so it runs in lanes with short queues (``hashing_queue``):
one for programs, one for people, so that neither keeps the other out. What was checked is remembered for some minutes,
in memory only, as a keyed hash that means nothing outside this process: good ones apart from bad ones, so that guesses
push out nobody. The stored hash is part of that key: another password, set on whatever node, makes what was remembered
worthless.
"""

import functools
import hashlib
import secrets
from collections.abc import Hashable
from functools import partial
from typing import Final

import argon2

from palomar.access.hashing_queue import CallerRank, HashingQueue, Left
from palomar.access.password_rule import GoodPassword
from palomar.accounts.directory import Directory
from palomar.ports import Clock
from palomar.vocabulary.account import Account

REMEMBER_SECONDS: Final = 300.0
GOOD_AT_MOST: Final = 10_000
BAD_AT_MOST: Final = 1_000
CHECKED_LONGEST: Final = 1_024
"""Characters: nothing longer was ever set as a password."""


_HASHER: Final = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's first choice of costs (Password Storage Cheat Sheet, Argon2id). The library's own take eight times the
processor and 64 MiB in each lane: a queue of strangers then lasts seconds."""
_COSTS_AT_MOST: Final = 8


def hash_of(password: GoodPassword) -> str:
    """Hash a password to be stored; slow on purpose. Servers ask :class:`Passwords`, which does it in a lane."""
    return _HASHER.hash(password)


def is_hash_of(stored: str, password: str) -> bool:
    """Tell whether a stored hash is this password's; slow too."""
    try:
        return _HASHER.verify(stored, password)
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
        self._costs = [f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"]
        self.programs = HashingQueue("argon2")
        self.people = HashingQueue("argon2-people")

    def close(self) -> None:
        """End both lanes."""
        self.programs.close()
        self.people.close()

    async def account(self, login: str, password: str) -> Account | None:
        """Give the account if the password is its own, for somebody who is signed in; None for a wrong one and for an
        unknown login alike. Raises Busy."""
        account = self._directory.by_login(login)
        right = await self.is_right(
            self.stored(account), login, password, lane=self.people, whose="", standing=CallerRank.KNOWN
        )
        return account if right else None

    def stored(self, account: Account | None) -> str:
        """Give the hash of an account's password; empty for nobody."""
        return self._directory.snapshot.passwords.get(account.id, "") if account is not None else ""

    def remembered(self, stored: str, login: str, password: str) -> bool | None:
        """Tell whether the password was right when it was last looked at; None where that is too long ago."""
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
        lane: HashingQueue,
        whose: Hashable,
        standing: CallerRank,
        left: Left | None = None,
    ) -> bool:
        """Tell whether this is the password of a stored hash; with no hash it takes as long, and never is. Raises Busy.

        ``whose`` turn it is, and how they stand: see :meth:`HashingQueue.run`.
        """
        known = self.remembered(stored, login, password)
        if known is not None:
            return known
        if len(password) > CHECKED_LONGEST:
            return False
        memory = self._memory(stored, login, password)
        work = partial(_verify, stored, self.cost_like(stored, login), password)
        right = await lane.run(work, whose, standing, same=memory, left=left)
        self._remember(memory, right=right)
        return right and bool(stored)

    async def hash(self, password: GoodPassword, *, lane: HashingQueue, whose: Hashable = "") -> str:
        """Make the argon2 hash to store, for somebody who has been let in; slow on purpose. Raises Busy."""
        return await lane.run(partial(hash_of, password), whose, CallerRank.KNOWN)

    def cost_like(self, stored: str, login: str) -> str:
        """Return what the look at this login costs, and learn it from a stored hash.

        Hashes of earlier versions cost more. So that the time does not tell which logins exist, an unknown one has one
        of the costs that were met so far, always the same.
        """
        if not stored:
            digest = hashlib.blake2b(login.encode("utf-8", "surrogatepass"), key=self._key).digest()
            return self._costs[digest[0] % len(self._costs)]
        cost = _cost_of(stored)
        if cost and cost not in self._costs and len(self._costs) < _COSTS_AT_MOST:
            self._costs.append(cost)
        return cost

    def _remember(self, memory: bytes, *, right: bool) -> None:
        known, at_most = (self._good, GOOD_AT_MOST) if right else (self._bad, BAD_AT_MOST)
        known.pop(memory, None)
        if len(known) >= at_most:
            del known[next(iter(known))]
        known[memory] = self._clock.monotonic() + REMEMBER_SECONDS

    def _memory(self, stored: str, login: str, password: str) -> bytes:
        text = "\0".join((stored, login, password)).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=32).digest()


def _cost_of(stored: str) -> str:
    """Return the part of an argon2 hash that says what it costs, as ``m=19456,t=2,p=1``; empty for what is none."""
    return stored.split("$")[3] if stored.count("$") >= 5 else ""


def _verify(stored: str, cost: str, password: str) -> bool:
    return is_hash_of(stored or _nobody(cost), password)


@functools.cache
def _nobody(cost: str) -> str:
    """Return a hash of that cost that is no password's: it is checked for unknown logins."""
    memory, time, parallelism = (int(one.partition("=")[2]) for one in cost.split(","))
    hasher = argon2.PasswordHasher(time_cost=time, memory_cost=memory, parallelism=parallelism)
    return hasher.hash(secrets.token_urlsafe())
