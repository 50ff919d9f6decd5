"""Hash and verify the passwords of people, and of the dialects that send one with every request.

Argon2 is slow on purpose (some 20 ms of a core and 19 MiB), so it runs in short queues (``hashing_queue``): one for
programs and one for people, so that neither delays the other. The outcome of each verification is remembered for some
minutes, in memory only, under a keyed hash that means nothing outside this process. Right and wrong passwords are
remembered apart, so that guesses push out no right one. The stored hash is part of that key: when a password is changed
on any node, nothing that was remembered of the old one is found any more.
"""

import functools
import hashlib
import secrets
from collections.abc import Hashable
from functools import partial
from typing import Final

import argon2

from palomar.access.hashing_queue import CallerRank, ClientLeft, HashingQueue
from palomar.access.password_rule import GoodPassword
from palomar.accounts.directory import Directory
from palomar.ports import Clock
from palomar.vocabulary.account import Account

REMEMBER_SECONDS: Final = 300.0
GOOD_AT_MOST: Final = 10_000
BAD_AT_MOST: Final = 1_000
CHECKED_LONGEST: Final = 1_024
"""Characters: no longer password was ever set."""


_HASHER: Final = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's first choice of costs (Password Storage Cheat Sheet, Argon2id). The library's defaults take eight times the
processor time and 64 MiB in each queue: a queue of strangers then lasts seconds."""
_COSTS_AT_MOST: Final = 8


def hash_of(password: GoodPassword) -> str:
    """Hash a password to be stored; slow on purpose. Servers use :meth:`Passwords.hash`, which queues it."""
    return _HASHER.hash(password)


def is_hash_of(stored: str, password: str) -> bool:
    """Return True if a stored hash is this password's; as slow."""
    try:
        return _HASHER.verify(stored, password)
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


class Passwords:
    """The hashing and verification of passwords in queues, and the outcomes that are remembered."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._good: dict[bytes, float] = {}
        self._bad: dict[bytes, float] = {}
        self._costs = [f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"]
        self.program_queue = HashingQueue("argon2")
        self.people_queue = HashingQueue("argon2-people")

    def close(self) -> None:
        """End both queues."""
        self.program_queue.close()
        self.people_queue.close()

    async def account_with_password(self, login: str, password: str) -> Account | None:
        """Return the account of a login if the password is right, for somebody who is signed in; None for a wrong one
        and for an unknown login alike. Raises Busy."""
        account = self._directory.by_login(login)
        right = await self.verify(
            self.stored_hash(account), login, password, queue=self.people_queue, caller="", rank=CallerRank.KNOWN
        )
        return account if right else None

    def stored_hash(self, account: Account | None) -> str:
        """Return the hash of an account's password; empty without an account."""
        return self._directory.snapshot.passwords.get(account.id, "") if account is not None else ""

    def remembered(self, stored: str, login: str, password: str) -> bool | None:
        """Return whether the password was right when it was last verified; None if that is not remembered."""
        memory, now = self._memory(stored, login, password), self._clock.monotonic()
        if self._good.get(memory, now) > now:
            return bool(stored)
        return False if self._bad.get(memory, now) > now else None

    async def verify(
        self,
        stored: str,
        login: str,
        password: str,
        *,
        queue: HashingQueue,
        caller: Hashable,
        rank: CallerRank,
        client_left: ClientLeft | None = None,
    ) -> bool:
        """Return True if this is the password of a stored hash. Without a hash it takes as long and is False. Raises
        Busy.

        For ``caller`` and ``rank`` see :meth:`HashingQueue.run`.
        """
        known = self.remembered(stored, login, password)
        if known is not None:
            return known
        if len(password) > CHECKED_LONGEST:
            return False
        memory = self._memory(stored, login, password)
        work = partial(_verify, stored, self.cost_like(stored, login), password)
        right = await queue.run(work, caller, rank, job_key=memory, client_left=client_left)
        self._remember(memory, right=right)
        return right and bool(stored)

    async def hash(self, password: GoodPassword, *, queue: HashingQueue, caller: Hashable = "") -> str:
        """Hash a password to be stored, for somebody who has been let in; slow on purpose. Raises Busy."""
        return await queue.run(partial(hash_of, password), caller, CallerRank.KNOWN)

    def cost_like(self, stored: str, login: str) -> str:
        """Return the argon2 costs with which this login is verified, and remember those of a stored hash.

        Hashes of earlier versions cost more. So that the time does not tell which logins exist, an unknown login is
        verified with one of the costs that were seen so far, always the same.
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
    """Return the costs in an argon2 hash, such as ``m=19456,t=2,p=1``; empty for a text that is no hash."""
    return stored.split("$")[3] if stored.count("$") >= 5 else ""


def _verify(stored: str, cost: str, password: str) -> bool:
    return is_hash_of(stored or _nobody(cost), password)


@functools.cache
def _nobody(cost: str) -> str:
    """Make a hash of that cost of a random text, with which the passwords of unknown logins are compared."""
    memory, time, parallelism = (int(one.partition("=")[2]) for one in cost.split(","))
    hasher = argon2.PasswordHasher(time_cost=time, memory_cost=memory, parallelism=parallelism)
    return hasher.hash(secrets.token_urlsafe())
