"""Admission: the one gate of all faces. Nobody gets an account but through it.

In one order: a block of the address, the credentials, the account's list of addresses, whether it is enabled (and may
send, where that is asked before anything else), whether it speaks the dialect, a block of the account, its rate. The
first that fails is the answer, a :class:`Denied`, which each face writes in its own words.

A login that has been let in from an address within a month passes that address' block. Wrong credentials are charged to
the address before a password is hashed, and each leaves one line in the log for fail2ban. Not here: counting
(``abuse``), hashing (``hashing_queue``), and what the account may do then.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

import structlog

from palomar.access.abuse import AbuseWatch
from palomar.access.caller_cache import CallerCache, caller_of
from palomar.access.hashing_queue import CallerRank, HashingQueue, Left
from palomar.access.passwords import Passwords
from palomar.accounts.blocks import Block, counted_as
from palomar.accounts.directory import Directory
from palomar.accounts.store import login_key
from palomar.ports import Clock
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.access import Visitor
from palomar.vocabulary.account import Account, AccountSettings
from palomar.vocabulary.refusals import Refusal
from palomar.vocabulary.token_bucket import RequestLimits

REFUSED_EVENT: Final = "credentials refused"
"""The event of the one line a failure; docs/operations.md has the filter for it."""
BAD: Final = Refusal.BAD_CREDENTIALS.value
"""Why, in that line, where the credentials were wrong; an address that is not on the list and a dialect that the
account does not speak have words of their own, because the credentials were right."""
TOO_MANY_FAILURES: Final = "too_many_failures"
"""Why, where a password or a code was not even looked at."""
CHARGED: Final = frozenset({BAD, TOO_MANY_FAILURES})
REMEMBERED_AT_MOST: Final = 4_096
REMEMBERED_SECONDS: Final = 43_200.0
_LONGEST_WAIT_SECONDS: Final = 86_400.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """Why somebody is not let in; ``account`` is whose the credentials are, where they were good."""

    refusal: Refusal
    wait_seconds: float = 0.0
    """When to try again; 0 where that would not help."""
    block: Block | None = None
    """Of the address, or with an ``account`` of the account."""
    account: Account | None = None


def account_of(found: Account | Denied) -> Account | None:
    """Tell whose credentials were good, whether they were let in or not."""
    return found.account if isinstance(found, Denied) else found


class Admission:
    """Judges credentials for every door. One a node."""

    def __init__(
        self,
        *,
        directory: Directory,
        batcher: Batcher,
        clock: Clock,
        passwords: Passwords,
        is_listed: Callable[[str, tuple[str, ...]], bool],
        limits: RequestLimits | None = None,
    ) -> None:
        """``is_listed`` says whether an address is in one of some networks."""
        self.directory = directory
        self.clock = clock
        self.passwords = passwords
        self.callers = CallerCache(directory, batcher, clock)
        self.abuse = AbuseWatch(directory, batcher, clock)
        self.limits = limits or RequestLimits()
        self._is_listed = is_listed

    def door(self, dialect: str, *, rate: Callable[[AccountSettings], int]) -> "DialectDoor":
        """Make the way in of a dialect; ``rate`` reads an account's requests a second there, 0 is no limit."""
        return DialectDoor(self, dialect, rate)

    def blocked(self, visitor: Visitor, login: str) -> Denied | None:
        """Look first of all for a block of the address, unless the login is known from there."""
        block = self.abuse.block_of_address(visitor)
        return self._denied(block) if block is not None and not self.callers.is_known(visitor, login) else None

    async def is_password(
        self,
        visitor: Visitor,
        login: str,
        stored: str,
        password: str,
        *,
        lane: HashingQueue,
        door: str,
        left: Left | None = None,
    ) -> bool | Denied:
        """Tell whether this is the password of a stored hash (empty: nobody's); a wrong one is charged and logged.

        Denied where the address is blocked. Raises ``Busy`` where it cannot be looked at now.
        """
        denied = self.blocked(visitor, login)
        if denied is not None:
            return denied
        right = self.passwords.remembered(stored, login_key(login), password)
        if right is None:
            block = self.abuse.block_of_address(visitor)
            if block is not None and not self.abuse.may_try(caller_of(visitor, login)):
                return self._denied(block)
            right = await self._checked(visitor, login, stored, password, lane=lane, left=left)
        if not right:
            self.refuse(visitor, door)
        return right

    def turn_of(self, visitor: Visitor, login: str) -> tuple[Hashable, CallerRank]:
        """Tell whose turn a hash for this login is, and how they stand (``HashingQueue.run``)."""
        if self.callers.is_known(visitor, login):
            return caller_of(visitor, login), CallerRank.KNOWN
        standing = CallerRank.SUSPECT if self.abuse.is_suspect(visitor) else CallerRank.STRANGER
        return counted_as(visitor.address), standing

    def refuse(self, visitor: Visitor, door: str, *, reason: str = BAD) -> None:
        """Write the line of a failure, and charge the address for :data:`CHARGED` reasons."""
        who = {"proxy": "untrusted"} if visitor.is_proxy else {}
        _log.warning(REFUSED_EVENT, address=visitor.address, door=door, reason=reason, **who)
        if reason in CHARGED:
            self.abuse.charge(visitor)
            if self.abuse.bad_credentials(visitor):
                self.callers.remember_proxy(visitor)

    def judge(self, account: Account, visitor: Visitor, door: str) -> Denied | None:
        """Judge, after the credentials, the account's list of addresses, and whether it is enabled."""
        allowed = account.settings.allowed_addresses
        if allowed and not self._is_listed(visitor.address, allowed):
            self.refuse(visitor, door, reason=Refusal.ADDRESS_NOT_ALLOWED.value)
            return Denied(refusal=Refusal.ADDRESS_NOT_ALLOWED, account=account)
        return None if account.enabled else Denied(refusal=Refusal.ACCOUNT_DISABLED, account=account)

    def account_blocked(self, account: Account) -> Denied | None:
        """Find the block of the account itself: it holds at every door."""
        block = self.abuse.block_of_account(account.id)
        return None if block is None else self._denied(block, account)

    async def _checked(
        self,
        visitor: Visitor,
        login: str,
        stored: str,
        password: str,
        *,
        lane: HashingQueue,
        left: Left | None,
    ) -> bool:
        """Hash, charged beforehand: a thousand at once get no further than one after the other."""
        whose, standing = self.turn_of(visitor, login)
        self.abuse.charge(visitor)
        try:
            return await self.passwords.is_right(
                stored,
                login_key(login),
                password,
                lane=lane,
                whose=whose,
                standing=standing,
                left=left,
            )
        finally:
            self.abuse.forgive(visitor)  # a wrong one is charged again with its line in the log

    def _denied(self, block: Block, account: Account | None = None) -> Denied:
        wait_seconds = max(1.0, (block.until_ms - self.clock.wall_ms()) / 1_000)
        return Denied(
            refusal=Refusal.TOO_MANY_REQUESTS,
            wait_seconds=min(wait_seconds, _LONGEST_WAIT_SECONDS),
            block=block,
            account=account,
        )


class DialectDoor:
    """The way in of one dialect. Each ``by_…`` gives the account, or why it is nobody's turn."""

    def __init__(self, admission: Admission, dialect: str, rate: Callable[[AccountSettings], int]) -> None:
        self._admission = admission
        self._directory = admission.directory
        self._clock = admission.clock
        self._dialect = dialect
        self._rate = rate
        self._snapshot = admission.directory.snapshot
        self._forget_at = 0.0
        self._known: dict[Hashable, tuple[Account, int]] = {}
        """Who was let in, and the rate of their requests here."""

    def recall(self, memory: Hashable, *, to_send: bool = False) -> Account | Denied | None:
        """Let in who was let in under the same ``memory``: the credentials and the connection's addresses as they came.

        None: not remembered. All is forgotten as soon as the directory has read its accounts again. What is not let in
        is never remembered: guesses take no memory.
        """
        snapshot, now = self._directory.snapshot, self._clock.monotonic()
        if snapshot is not self._snapshot or now >= self._forget_at:
            self._known.clear()
            self._snapshot = snapshot
            self._forget_at = now + REMEMBERED_SECONDS
        known = self._known.get(memory)
        if known is None:
            return None
        account, per_second = known
        if per_second <= 0 and account.may_send and self._admission.abuse.is_quiet:
            return account  # there is nothing to judge, as for most
        return self._within_limits(account, to_send=to_send, now=now)

    def by_key(
        self, visitor: Visitor, secret: str, *, login: str | None, memory: Hashable, to_send: bool = False
    ) -> Account | Denied:
        """Let in by an API key, and the login where the dialect sends one. The same work for an unknown login as for a
        wrong key."""
        account = self._directory.by_key(secret)
        if login is not None and login_key(login) != ("" if account is None else login_key(account.login)):
            account = None
        found = self._found(visitor, account)
        if isinstance(found, Denied):
            return found
        if len(self._known) >= REMEMBERED_AT_MOST:
            self._known.clear()
        self._known[memory] = (found, self._rate(found.settings))
        return self._within_limits(found, to_send=to_send, now=self._clock.monotonic())

    def by_token(self, visitor: Visitor, text: str | None) -> Account | Denied:
        """Let in by a signed pass that is neither expired nor revoked."""
        account = None if text is None else self._directory.by_token(text, now_ms=self._clock.wall_ms())
        found = self._found(visitor, account)
        return found if isinstance(found, Denied) else self._within_limits(found, now=self._clock.monotonic())

    async def by_password(
        self, visitor: Visitor, login: str, password: str, *, left: Left | None = None
    ) -> Account | Denied:
        """Let in by login and password. Raises ``Busy``; ``left`` returns when the client has left."""
        account = self._directory.by_login(login)
        right = await self._is_password(visitor, login, account, password, left)
        if isinstance(right, Denied):
            return right
        if account is None or not right:
            return Denied(refusal=Refusal.BAD_CREDENTIALS)
        found = self._judged(visitor, account)
        return found if isinstance(found, Denied) else self._within_limits(found, now=self._clock.monotonic())

    async def confirm(self, visitor: Visitor, account: Account, password: str) -> Denied | None:
        """Look whether who was let in knows the password of this account; None if so. Raises ``Busy``."""
        right = await self._is_password(visitor, account.login, account, password, None)
        if isinstance(right, Denied):
            return right
        return None if right else Denied(refusal=Refusal.BAD_CREDENTIALS)

    async def _is_password(
        self, visitor: Visitor, login: str, account: Account | None, password: str, left: Left | None
    ) -> bool | Denied:
        passwords = self._admission.passwords
        return await self._admission.is_password(
            visitor,
            login,
            passwords.stored(account),
            password,
            lane=passwords.programs,
            door=self._dialect,
            left=left,
        )

    def _found(self, visitor: Visitor, account: Account | None) -> Account | Denied:
        """Decide about credentials that cost nothing to look at."""
        admission = self._admission
        if not admission.abuse.is_quiet:
            denied = admission.blocked(visitor, "" if account is None else account.login)
            if denied is not None:
                return denied
        if account is None:
            admission.refuse(visitor, self._dialect)
            return Denied(refusal=Refusal.BAD_CREDENTIALS)
        return self._judged(visitor, account)

    def _judged(self, visitor: Visitor, account: Account) -> Account | Denied:
        """Judge after the credentials; who passes is known from that address from now on."""
        admission = self._admission
        denied = admission.judge(account, visitor, self._dialect)
        if denied is not None:
            return denied
        if not account.settings.speaks(self._dialect):
            admission.refuse(visitor, self._dialect, reason="dialect_not_allowed")
            return Denied(refusal=Refusal.BAD_CREDENTIALS)
        admission.callers.remember(visitor, account.login)
        return account

    def _within_limits(self, account: Account, *, now: float, to_send: bool = False) -> Account | Denied:
        """Judge last of all whether the account may send where that is asked here, its block, its rate."""
        if to_send and not account.may_send:
            return Denied(refusal=Refusal.MAY_NOT_SEND, account=account)
        admission = self._admission
        if not admission.abuse.is_quiet:
            denied = admission.account_blocked(account)
            if denied is not None:
                return denied
        per_second = self._rate(account.settings)
        if per_second <= 0:
            return account
        wait_seconds = admission.limits.wait_seconds((account.id, self._dialect), per_second=per_second, now=now)
        if not wait_seconds:
            return account
        admission.abuse.over_limit(account)
        return Denied(refusal=Refusal.TOO_MANY_REQUESTS, wait_seconds=wait_seconds, account=account)
