"""Known callers: which login has been let in from which address within a month; and proxies that nobody told us of.

A block of an address spares the logins that are known from there, on every node and after a restart. Not here: blocks
(``blocks``), and who is let in (``engine.admission``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from palomar.domain.abuse import counted_as
from palomar.flows.work import Work
from palomar.storage import callers as rows
from palomar.storage.database import Transaction

DAY_MS: Final = 86_400_000
KNOWN_MS: Final = 30 * DAY_MS
"""How long a login stays known from an address after it was last let in from there."""
KEPT_AT_MOST: Final = 100_000
"""Known callers that are stored: the oldest beyond them are forgotten."""
READ_AT_MOST: Final = 10_000
"""Known callers that a node reads at its start, and those of blocked addresses that it reads later."""
PROXIES_AT_MOST: Final = 20

Caller = tuple[str, str]
"""An address as failures are counted (``domain.abuse.counted_as``), and the key of a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """Somebody was let in: a known caller, or with an empty ``login_key`` a proxy that nobody trusts was seen."""

    address: str
    login_key: str


async def remember(work: Work, seen: Sequence[LetIn]) -> list[None]:
    """Write who was let in just now, and keep both tables within their bounds."""
    for caller in sorted(set(seen), key=lambda one: (one.address, one.login_key)):
        if caller.login_key:
            await work.tx.execute(rows.UPSERT_CALLER, caller.address, caller.login_key, work.now_ms)
        else:
            await work.tx.execute(rows.UPSERT_PROXY, caller.address, work.now_ms)
            await work.tx.execute(rows.FORGET_SURPLUS_PROXIES, PROXIES_AT_MOST)
    return [None] * len(seen)


async def is_known(tx: Transaction, address: str, login_key: str, *, now_ms: int) -> bool:
    """Return whether the login has been let in from the address within a month."""
    found = await tx.select(rows.SELECT_CALLER, counted_as(address), login_key)
    return bool(found) and found[0][0] > now_ms - KNOWN_MS


async def youngest(tx: Transaction, *, now_ms: int) -> dict[Caller, int]:
    """Read the youngest known callers and when each was last written, in milliseconds since 1970."""
    found = await tx.select(rows.SELECT_YOUNGEST_CALLERS, now_ms - KNOWN_MS, READ_AT_MOST)
    return {(row[0], row[1]): row[2] for row in reversed(found)}


async def of_blocked(tx: Transaction) -> dict[Caller, int]:
    """Read the known callers of the addresses that are, or were lately, blocked."""
    return {(row[0], row[1]): row[2] for row in await tx.select(rows.SELECT_BLOCKED_CALLERS, READ_AT_MOST)}


async def unknown_proxies(tx: Transaction, *, now_ms: int) -> list[str]:
    """List the addresses that sent X-Forwarded-For within a week though nobody trusts them, youngest first."""
    found = await tx.select(rows.SELECT_PROXIES, PROXIES_AT_MOST)
    return [row[0] for row in found if row[1] > now_ms - 7 * DAY_MS]
