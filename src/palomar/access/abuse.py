"""Watch for abuse: an account or address that is refused more than fifty times within a minute is blocked for a while.

Refusals are counted in memory, on each node for itself. The block is a row that every node reads with its directory, so
that it survives a restart and refusing costs one look-up in a dictionary. An address is blocked for bad credentials, an
account for requests over its limit. Two addresses are never blocked, because they are more often a proxy of the
installation than a stranger, and a block would keep out everybody behind it: loopback, and an address that sends
X-Forwarded-For and is not a trusted proxy. Not here: how long a block lasts, and its rows (``accounts.blocks``).
"""

from dataclasses import dataclass
from typing import Final

import structlog

from palomar.accounts import blocks
from palomar.accounts.blocks import (
    REFUSED_A_MINUTE,
    SUSPECT_FROM,
    TRIES_WHILE_BLOCKED,
    Abuse,
    Block,
    end_ms,
    may_be_blocked,
)
from palomar.accounts.directory import Directory
from palomar.accounts.known_callers import Caller
from palomar.ports import Clock
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.access import ClientAddress
from palomar.vocabulary.account import Account, AccountId

BLOCK: Final = Step(name="block", script=blocks.block)
COUNTED_AT_MOST: Final = 10_000
"""Accounts and addresses that are counted at the same time; beyond it the one that was refused first is forgotten."""
_AT_ONCE_SECONDS: Final = 3.0
"""How long a new block is in force on this node without having been read back from the database."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Minute:
    began: float
    refused: int = 0


class AbuseWatch:
    """The counts of refusals on this node, and the blocks in force."""

    def __init__(self, directory: Directory, batcher: Batcher, clock: Clock) -> None:
        self._directory = directory
        self._batcher = batcher
        self._clock = clock
        self._minutes: dict[str, _Minute] = {}
        self._just_blocked: dict[str, tuple[float, Block]] = {}

    @property
    def has_blocks(self) -> bool:
        """Return True if any account or address is blocked, on whatever node."""
        return bool(self._just_blocked or self._directory.snapshot.blocks)

    def block_of_account(self, account_id: AccountId) -> Block | None:
        """Find the block of the account that is in force, if any."""
        return self._block_of(blocks.account_subject(account_id)) if self.has_blocks else None

    def block_of_address(self, client: ClientAddress) -> Block | None:
        """Find the block of the client's address that is in force, if any."""
        if not self.has_blocks or client.is_proxy or not may_be_blocked(client.address):
            return None
        return self._block_of(blocks.address_subject(client.address))

    def count_over_limit(self, account: Account) -> None:
        """Count one more request of the account that is refused for its rate, and block the account if there were too
        many."""
        subject = blocks.account_subject(account.id)
        if self._count(subject) > REFUSED_A_MINUTE:
            self._block(subject, "requests over the limit")

    def count_failure(self, client: ClientAddress) -> None:
        """Count one more bad credential of the address, before or after it is verified."""
        self._count(blocks.address_subject(client.address))

    def uncount_failure(self, client: ClientAddress) -> None:
        """Take back one counted failure: the credential was good, or it was not verified."""
        minute = self._minutes.get(blocks.address_subject(client.address))
        if minute is not None and minute.refused:
            minute.refused -= 1

    def block_after_failures(self, client: ClientAddress) -> bool:
        """Block the address if it has failed too often. Returns True if it is spared only because it is a proxy that is
        not trusted."""
        subject = blocks.address_subject(client.address)
        minute = self._minutes.get(subject)
        if minute is None or minute.refused <= REFUSED_A_MINUTE or not may_be_blocked(client.address):
            return False
        if not client.is_proxy:
            self._block(subject, "bad credentials")
        return client.is_proxy

    def is_suspect(self, client: ClientAddress) -> bool:
        """Return True if the address has failed several times within this minute, also one that may not be blocked."""
        minute = self._minutes.get(blocks.address_subject(client.address))
        recent = minute is not None and self._clock.monotonic() - minute.began < 60.0
        return recent and minute is not None and minute.refused >= SUSPECT_FROM

    def may_try_password(self, caller: Caller) -> bool:
        """Count one more password of a login that is known from a blocked address. Returns True if it may be
        verified."""
        return self._count(f"caller:{caller[0]} {caller[1]}") <= TRIES_WHILE_BLOCKED

    def _block_of(self, subject: str) -> Block | None:
        block = self._directory.snapshot.blocks.get(subject)
        if block is not None:
            self._just_blocked.pop(subject, None)
            return block if block.until_ms > self._clock.wall_ms() else None
        until, block = self._just_blocked.get(subject, (0.0, None))
        if block is not None and self._clock.monotonic() >= until:
            del self._just_blocked[subject]
            return None
        return block

    def _count(self, subject: str) -> int:
        """Count one more refusal. Returns how many there were within this minute."""
        now = self._clock.monotonic()
        minute = self._minutes.get(subject)
        if minute is None or now - minute.began >= 60.0:
            self._minutes.pop(subject, None)
            if len(self._minutes) >= COUNTED_AT_MOST:
                del self._minutes[next(iter(self._minutes))]
            minute = self._minutes[subject] = _Minute(now)
        minute.refused += 1
        return minute.refused

    def _block(self, subject: str, reason: str) -> None:
        self._minutes.pop(subject, None)
        now_ms = self._clock.wall_ms()
        block = Block(subject=subject, level=1, reason=reason, since_ms=now_ms, until_ms=end_ms(1, now_ms=now_ms))
        if len(self._just_blocked) >= COUNTED_AT_MOST:
            self._just_blocked.clear()
        self._just_blocked[subject] = (self._clock.monotonic() + _AT_ONCE_SECONDS, block)
        self._batcher.post(BLOCK, Abuse(subject=subject, reason=reason), self._blocked)

    def _blocked(self, block: Block) -> None:
        _log.warning("blocked", subject=block.subject, reason=block.reason, level=block.level, until_ms=block.until_ms)
        self._directory.mark_stale()
