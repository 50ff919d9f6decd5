"""Block accounts and addresses that abuse the service, and lift their blocks.

Source: the vendors' pages: a temporary or permanent block. The figures are ours: each block is longer than the one
before; the sixth stays until an operator lifts it. Every node knows a block within a second. Not here: what counts as
abuse (``access.abuse``), and black lists of phone numbers (``blacklist``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Network, ip_address
from typing import Final

from palomar.storage.database import Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId

REFUSED_A_MINUTE: Final = 50
"""More refused requests than this within a minute are abuse."""

SUSPECT_FROM: Final = 5
"""From so many bad credentials within a minute on, the passwords of an address are hashed only when no others wait."""

TRIES_WHILE_BLOCKED: Final = 10
"""Passwords a minute that are checked for a known login at a blocked address: its owner may have mistyped."""

FOREVER_MS: Final = 253_402_300_799_000
"""The last second of the year 9999."""

FORGIVEN_MS: Final = 86_400_000
"""Each day after the end of a block takes a level off."""

_MS: Final = (60_000, 300_000, 1_800_000, 21_600_000, 86_400_000)
"""How long a block of each level lasts, from level 1: 1 min, 5 min, 30 min, 6 h, 1 day."""


def next_level(level: int, until_ms: int, *, now_ms: int) -> int:
    """Compute the level of a new block after one of ``level`` that ended at ``until_ms``; the first block has level
    1."""
    return max(0, level - max(0, now_ms - until_ms) // FORGIVEN_MS) + 1


def end_ms(level: int, *, now_ms: int) -> int:
    """Compute when a block of that level that begins now ends, in milliseconds since 1970."""
    return now_ms + _MS[level - 1] if level <= len(_MS) else FOREVER_MS


@lru_cache(maxsize=4096)
def counted_as(address: str) -> str:
    """Return the form of an address under which it is counted and blocked: an IPv6 address by its /64, which is one
    customer's (RFC 6177), an IPv4 address by itself. A text that is no address stays as it is."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))


@lru_cache(maxsize=4096)
def may_be_blocked(address: str) -> bool:
    """Return False for loopback, which is more often a proxy of this machine than a stranger, and for a text that is no
    address."""
    try:
        return not ip_address(address).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A block of an account or an address (``subject``). ``level`` grows with each block; times in milliseconds since
    1970."""

    subject: str
    level: int
    reason: str
    since_ms: int
    until_ms: int

    @property
    def is_permanent(self) -> bool:
        """Return True if it stays until an operator lifts it."""
        return self.until_ms >= FOREVER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Abuse:
    """The abuse of the service by an account or an address (``subject``), which is to be blocked."""

    subject: str
    reason: str


def account_subject(account_id: AccountId) -> str:
    """Return the subject that names an account in blocks."""
    return f"account:{account_id}"


def address_subject(address: str) -> str:
    """Return the subject that names an address in blocks; IPv6 addresses of one /64 share it."""
    return f"address:{counted_as(address)}"


async def block(work: Work, abuses: Sequence[Abuse]) -> list[Block]:
    """Block each subject. One that is blocked already (by another node, a moment ago) is not blocked for longer.
    Returns the blocks in force, in order."""
    blocked = []
    for abuse in abuses:
        before = [_block(row) for row in await work.tx.select_locked(SELECT_BLOCK, abuse.subject)]
        if before and before[0].until_ms > work.now_ms:
            blocked.append(before[0])
            continue
        level = next_level(before[0].level, before[0].until_ms, now_ms=work.now_ms) if before else 1
        until_ms = end_ms(level, now_ms=work.now_ms)
        await work.tx.execute(UPSERT_BLOCK, abuse.subject, level, abuse.reason, work.now_ms, until_ms)
        blocked.append(
            Block(subject=abuse.subject, level=level, reason=abuse.reason, since_ms=work.now_ms, until_ms=until_ms)
        )
    await work.tx.execute(DELETE_FORGIVEN, FORGIVEN_MS, work.now_ms)
    await work.tx.execute(BUMP_VERSION)
    return blocked


async def lift(tx: Transaction, subject: str) -> bool:
    """Delete a block with its level; False if there is none."""
    lifted = await tx.execute(DELETE_BLOCK, subject) == 1
    await tx.execute(BUMP_VERSION)
    return lifted


async def list_blocks(tx: Transaction) -> list[Block]:
    """List all blocks by subject, also those that are over and not yet forgiven."""
    return [_block(row) for row in await tx.select(SELECT_BLOCKS)]


def _block(row: ResultRow) -> Block:
    subject, level, reason, since_ms, until_ms = row
    return Block(subject=subject, level=level, reason=reason, since_ms=since_ms, until_ms=until_ms)


UPSERT_BLOCK = (
    "INSERT INTO blocks (subject, level, reason, since_ms, until_ms) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (subject) DO UPDATE SET level = excluded.level, reason = excluded.reason,"
    " since_ms = excluded.since_ms, until_ms = excluded.until_ms"
)
SELECT_BLOCKS = "SELECT subject, level, reason, since_ms, until_ms FROM blocks ORDER BY subject"
SELECT_BLOCK = "SELECT subject, level, reason, since_ms, until_ms FROM blocks WHERE subject = ?"
DELETE_BLOCK = "DELETE FROM blocks WHERE subject = ?"
DELETE_FORGIVEN = "DELETE FROM blocks WHERE until_ms + level * ? < ?"
