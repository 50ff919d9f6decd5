"""Admit callers to accounts: the one gate of all faces. Nobody gets an account but through it.

It checks in this order: a block of the address, the credentials, the account's list of addresses, whether it is enabled
(and may send, where the dialect asks for that first), whether it speaks the dialect, a block of the account, its rate.
The first check that fails makes a :class:`Denial`, which each face answers in its own words.

A login that has been let in from an address within a month passes that address' block. A wrong password is counted
against the address before it is hashed, and each failure leaves one line in the log for fail2ban. Not here: counting
(``abuse``), hashing (``hashing_queue``), and what the account may do then.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

import structlog

from palomar.access.abuse import AbuseWatch
from palomar.access.caller_cache import CallerCache, caller_of
from palomar.access.hashing_queue import CallerRank, ClientLeft, HashingQueue
from palomar.access.passwords import Passwords
from palomar.accounts.blocks import Block, counted_as
from palomar.accounts.directory import Directory
from palomar.accounts.store import login_key
from palomar.ports import Clock
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.access import ClientAddress
from palomar.vocabulary.account import Account, AccountSettings
from palomar.vocabulary.refusals import Refusal
from palomar.vocabulary.token_bucket import RequestLimits

REFUSED_EVENT: Final = "credentials refused"
"""The event of the log line that each failure leaves; docs/operations.md has the filter for it."""
BAD: Final = Refusal.BAD_CREDENTIALS.value
"""The reason in that line for wrong credentials. Where the credentials are right, but the address is not on the list or
the account does not speak the dialect, the line has another reason."""
TOO_MANY_FAILURES: Final = "too_many_failures"
"""The reason in that line for a password or code that was not verified."""
COUNTED_REASONS: Final = frozenset({BAD, TOO_MANY_FAILURES})
"""The reasons of failures that count against the address."""
REMEMBERED_AT_MOST: Final = 4_096
REMEMBERED_SECONDS: Final = 43_200.0
_LONGEST_WAIT_SECONDS: Final = 86_400.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The reason for which somebody is not let in; ``account`` is that of the credentials, if they were good."""

    refusal: Refusal
    wait_seconds: float = 0.0
    """How long to wait before trying again; 0 where that would not help."""
    block: Block | None = None
    """The block of the account if there is an ``account``, else that of the address."""
    account: Account | None = None


def account_of(found: Account | Denial) -> Account | None:
    """Return the account of good credentials, whether it was let in or not."""
    return found.account if isinstance(found, Denial) else found


class Admission:
    """The checks of credentials and accounts that all faces share. There is one a node."""

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
        """Take as ``is_listed`` a function that returns True if an address is in one of some networks."""
        self.directory = directory
        self.clock = clock
        self.passwords = passwords
        self.callers = CallerCache(directory, batcher, clock)
        self.abuse = AbuseWatch(directory, batcher, clock)
        self.limits = limits or RequestLimits()
        self._is_listed = is_listed

    def for_dialect(self, dialect: str, *, rate: Callable[[AccountSettings], int]) -> "DialectAdmission":
        """Make the admission of a dialect; ``rate`` reads an account's requests a second in it, 0 is no limit."""
        return DialectAdmission(self, dialect, rate)

    def check_address_block(self, client: ClientAddress, login: str) -> Denial | None:
        """Deny a blocked address, unless the login is known from there. None: go on."""
        block = self.abuse.block_of_address(client)
        return self._denial(block) if block is not None and not self.callers.is_known(client, login) else None

    async def verify_password(
        self,
        client: ClientAddress,
        login: str,
        stored: str,
        password: str,
        *,
        queue: HashingQueue,
        face: str,
        client_left: ClientLeft | None = None,
    ) -> bool | Denial:
        """Return True if this is the password of a stored hash (empty for an unknown login); count and log a wrong one.

        Returns a denial if the address is blocked. Raises ``Busy`` if the password cannot be verified now.
        """
        denial = self.check_address_block(client, login)
        if denial is not None:
            return denial
        right = self.passwords.remembered(stored, login_key(login), password)
        if right is None:
            block = self.abuse.block_of_address(client)
            if block is not None and not self.abuse.may_try_password(caller_of(client, login)):
                return self._denial(block)
            right = await self._hash_and_compare(client, login, stored, password, queue=queue, client_left=client_left)
        if not right:
            self.record_failure(client, face)
        return right

    def caller_and_rank(self, client: ClientAddress, login: str) -> tuple[Hashable, CallerRank]:
        """Return for whom a hash for this login is queued, and with which rank (``HashingQueue.run``)."""
        if self.callers.is_known(client, login):
            return caller_of(client, login), CallerRank.KNOWN
        rank = CallerRank.SUSPECT if self.abuse.is_suspect(client) else CallerRank.STRANGER
        return counted_as(client.address), rank

    def record_failure(self, client: ClientAddress, face: str, *, reason: str = BAD) -> None:
        """Log a failure, and count it against the address if its reason is one of :data:`COUNTED_REASONS`."""
        who = {"proxy": "untrusted"} if client.is_proxy else {}
        _log.warning(REFUSED_EVENT, address=client.address, door=face, reason=reason, **who)
        if reason in COUNTED_REASONS:
            self.abuse.count_failure(client)
            if self.abuse.block_after_failures(client):
                self.callers.remember_proxy(client)

    def check_account(self, account: Account, client: ClientAddress, face: str) -> Denial | None:
        """Check, after the credentials, the account's list of addresses and whether it is enabled. None: go on."""
        allowed = account.settings.allowed_addresses
        if allowed and not self._is_listed(client.address, allowed):
            self.record_failure(client, face, reason=Refusal.ADDRESS_NOT_ALLOWED.value)
            return Denial(refusal=Refusal.ADDRESS_NOT_ALLOWED, account=account)
        return None if account.enabled else Denial(refusal=Refusal.ACCOUNT_DISABLED, account=account)

    def check_account_block(self, account: Account) -> Denial | None:
        """Deny a blocked account; its block holds in every face. None: go on."""
        block = self.abuse.block_of_account(account.id)
        return None if block is None else self._denial(block, account)

    async def _hash_and_compare(
        self,
        client: ClientAddress,
        login: str,
        stored: str,
        password: str,
        *,
        queue: HashingQueue,
        client_left: ClientLeft | None,
    ) -> bool:
        """Hash and compare; a failure is counted beforehand, so that a thousand at once gain nothing over one after the
        other."""
        caller, rank = self.caller_and_rank(client, login)
        self.abuse.count_failure(client)
        try:
            return await self.passwords.verify(
                stored,
                login_key(login),
                password,
                queue=queue,
                caller=caller,
                rank=rank,
                client_left=client_left,
            )
        finally:
            self.abuse.uncount_failure(client)  # a wrong one is counted again with its line in the log

    def _denial(self, block: Block, account: Account | None = None) -> Denial:
        wait_seconds = max(1.0, (block.until_ms - self.clock.wall_ms()) / 1_000)
        return Denial(
            refusal=Refusal.TOO_MANY_REQUESTS,
            wait_seconds=min(wait_seconds, _LONGEST_WAIT_SECONDS),
            block=block,
            account=account,
        )


class DialectAdmission:
    """The admission of one dialect. Each ``by_…`` returns the account that is let in, or the denial."""

    def __init__(self, admission: Admission, dialect: str, rate: Callable[[AccountSettings], int]) -> None:
        self._admission = admission
        self._directory = admission.directory
        self._clock = admission.clock
        self._dialect = dialect
        self._rate = rate
        self._snapshot = admission.directory.snapshot
        self._forget_at = 0.0
        self._remembered: dict[Hashable, tuple[Account, int]] = {}
        """The accounts that were let in by key, with their requests a second here."""

    def recall(self, cache_key: Hashable, *, to_send: bool = False) -> Account | Denial | None:
        """Let in a caller that was let in under the same ``cache_key``: the credentials and the connection's addresses.

        None: not remembered. All is forgotten as soon as the directory has read its accounts again. Denials are not
        remembered, so that guesses take no memory.
        """
        snapshot, now = self._directory.snapshot, self._clock.monotonic()
        if snapshot is not self._snapshot or now >= self._forget_at:
            self._remembered.clear()
            self._snapshot = snapshot
            self._forget_at = now + REMEMBERED_SECONDS
        known = self._remembered.get(cache_key)
        if known is None:
            return None
        account, per_second = known
        if per_second <= 0 and account.may_send and not self._admission.abuse.has_blocks:
            return account  # nothing is left to check, as for most
        return self._within_limits(account, to_send=to_send, now=now)

    def by_key(
        self, client: ClientAddress, secret: str, *, login: str | None, cache_key: Hashable, to_send: bool = False
    ) -> Account | Denial:
        """Let in by an API key, and by the login where the dialect sends one. An unknown login costs the same work as a
        wrong key."""
        account = self._directory.by_key(secret)
        if login is not None and login_key(login) != ("" if account is None else login_key(account.login)):
            account = None
        found = self._check_credentials(client, account)
        if isinstance(found, Denial):
            return found
        if len(self._remembered) >= REMEMBERED_AT_MOST:
            self._remembered.clear()
        self._remembered[cache_key] = (found, self._rate(found.settings))
        return self._within_limits(found, to_send=to_send, now=self._clock.monotonic())

    def by_token(self, client: ClientAddress, text: str | None) -> Account | Denial:
        """Let in by a signed token that is neither expired nor revoked."""
        account = None if text is None else self._directory.by_token(text, now_ms=self._clock.wall_ms())
        found = self._check_credentials(client, account)
        return found if isinstance(found, Denial) else self._within_limits(found, now=self._clock.monotonic())

    async def by_password(
        self, client: ClientAddress, login: str, password: str, *, client_left: ClientLeft | None = None
    ) -> Account | Denial:
        """Let in by login and password. Raises ``Busy``; ``client_left`` returns when the client has left."""
        account = self._directory.by_login(login)
        right = await self._verify_password(client, login, account, password, client_left)
        if isinstance(right, Denial):
            return right
        if account is None or not right:
            return Denial(refusal=Refusal.BAD_CREDENTIALS)
        found = self._check_account(client, account)
        return found if isinstance(found, Denial) else self._within_limits(found, now=self._clock.monotonic())

    async def confirm_password(self, client: ClientAddress, account: Account, password: str) -> Denial | None:
        """Verify the password of an account that was let in by other credentials; None if it is right. Raises
        ``Busy``."""
        right = await self._verify_password(client, account.login, account, password, None)
        if isinstance(right, Denial):
            return right
        return None if right else Denial(refusal=Refusal.BAD_CREDENTIALS)

    async def _verify_password(
        self, client: ClientAddress, login: str, account: Account | None, password: str, client_left: ClientLeft | None
    ) -> bool | Denial:
        passwords = self._admission.passwords
        return await self._admission.verify_password(
            client,
            login,
            passwords.stored_hash(account),
            password,
            queue=passwords.program_queue,
            face=self._dialect,
            client_left=client_left,
        )

    def _check_credentials(self, client: ClientAddress, account: Account | None) -> Account | Denial:
        """Check credentials that cost no hash, and their account."""
        admission = self._admission
        if admission.abuse.has_blocks:
            denial = admission.check_address_block(client, "" if account is None else account.login)
            if denial is not None:
                return denial
        if account is None:
            admission.record_failure(client, self._dialect)
            return Denial(refusal=Refusal.BAD_CREDENTIALS)
        return self._check_account(client, account)

    def _check_account(self, client: ClientAddress, account: Account) -> Account | Denial:
        """Check the account of good credentials; if it passes, it is known from that address from now on."""
        admission = self._admission
        denial = admission.check_account(account, client, self._dialect)
        if denial is not None:
            return denial
        if not account.settings.allows_dialect(self._dialect):
            admission.record_failure(client, self._dialect, reason="dialect_not_allowed")
            return Denial(refusal=Refusal.BAD_CREDENTIALS)
        admission.callers.remember(client, account.login)
        return account

    def _within_limits(self, account: Account, *, now: float, to_send: bool = False) -> Account | Denial:
        """Check last whether the account may send (if ``to_send``), its block and its rate."""
        if to_send and not account.may_send:
            return Denial(refusal=Refusal.MAY_NOT_SEND, account=account)
        admission = self._admission
        if admission.abuse.has_blocks:
            denial = admission.check_account_block(account)
            if denial is not None:
                return denial
        per_second = self._rate(account.settings)
        if per_second <= 0:
            return account
        wait_seconds = admission.limits.wait_seconds((account.id, self._dialect), per_second=per_second, now=now)
        if not wait_seconds:
            return account
        admission.abuse.count_over_limit(account)
        return Denial(refusal=Refusal.TOO_MANY_REQUESTS, wait_seconds=wait_seconds, account=account)
