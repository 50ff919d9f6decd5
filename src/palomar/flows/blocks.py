"""Blocks of accounts and addresses for abuse: made by the engine, lifted by an operator, known to every node.

Not here: what abuse is and for how long (``domain/abuse``), and the black lists of phones (``blacklist``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.domain.abuse import FOREVER_MS, FORGIVEN_MS, counted_as, end_ms, next_level
from palomar.domain.account import AccountId
from palomar.flows.work import Work
from palomar.storage import blocks as rows
from palomar.storage.change_counter import BUMP_VERSION
from palomar.storage.database import Transaction
from palomar.storage.statements import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Block somebody (``subject``): how often before, why and until when."""

    subject: str
    level: int
    reason: str
    since_ms: int
    until_ms: int

    @property
    def is_for_good(self) -> bool:
        """Until an operator lifts it."""
        return self.until_ms >= FOREVER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Abuse:
    """Somebody has gone too far."""

    subject: str
    reason: str


def account_subject(account_id: AccountId) -> str:
    """How blocks name an account."""
    return f"account:{account_id}"


def address_subject(address: str) -> str:
    """Return how blocks name an address; IPv6 addresses of one /64 have one name."""
    return f"address:{counted_as(address)}"


async def block(work: Work, abuses: Sequence[Abuse]) -> list[Block]:
    """Block each; who is blocked already (by another node, a moment ago) stays so, no longer than before."""
    blocked = []
    for abuse in abuses:
        before = [_block(row) for row in await work.tx.select_locked(rows.SELECT_BLOCK, abuse.subject)]
        if before and before[0].until_ms > work.now_ms:
            blocked.append(before[0])
            continue
        level = next_level(before[0].level, before[0].until_ms, now_ms=work.now_ms) if before else 1
        until_ms = end_ms(level, now_ms=work.now_ms)
        await work.tx.execute(rows.UPSERT_BLOCK, abuse.subject, level, abuse.reason, work.now_ms, until_ms)
        blocked.append(
            Block(subject=abuse.subject, level=level, reason=abuse.reason, since_ms=work.now_ms, until_ms=until_ms)
        )
    await work.tx.execute(rows.DELETE_FORGIVEN, FORGIVEN_MS, work.now_ms)
    await work.tx.execute(BUMP_VERSION)
    return blocked


async def lift(tx: Transaction, subject: str) -> bool:
    """Let somebody in again and forget all levels; False if there was nothing to lift."""
    lifted = await tx.execute(rows.DELETE_BLOCK, subject) == 1
    await tx.execute(BUMP_VERSION)
    return lifted


async def list_blocks(tx: Transaction) -> list[Block]:
    """Everybody who was blocked lately, also those whose time is over."""
    return [_block(row) for row in await tx.select(rows.SELECT_BLOCKS)]


def _block(row: Found) -> Block:
    subject, level, reason, since_ms, until_ms = row
    return Block(subject=subject, level=level, reason=reason, since_ms=since_ms, until_ms=until_ms)
