"""Store from which address each login was let in within a month, and proxies that the configuration does not name.

A block of an address spares the logins that are known from there, on every node and after a restart. Not here: blocks
(``blocks``), what a node holds of these rows in memory (``access.caller_cache``), and who is let in
(``access.admission``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from palomar.accounts.blocks import counted_as
from palomar.storage.database import Transaction
from palomar.transaction.work import Work

DAY_MS: Final = 86_400_000
KNOWN_MS: Final = 30 * DAY_MS
"""How long a login stays known from an address after it was last let in from there."""
KEPT_AT_MOST: Final = 100_000
"""Known callers that are stored at most; the oldest are forgotten."""
READ_AT_MOST: Final = 10_000
"""Known callers that a node reads at most at its start, and at most of blocked addresses later."""
PROXIES_AT_MOST: Final = 20

Caller = tuple[str, str]
"""An address in its counted form (``accounts.blocks.counted_as``), and the key of a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCaller:
    """A caller that was let in or, with an empty ``login_key``, a proxy that was seen and is not trusted."""

    address: str
    login_key: str


async def remember(work: Work, seen: Sequence[SeenCaller]) -> list[None]:
    """Write these callers and proxies as seen now, and keep the proxies within their bound."""
    for caller in sorted(set(seen), key=lambda one: (one.address, one.login_key)):
        if caller.login_key:
            await work.tx.execute(UPSERT_CALLER, caller.address, caller.login_key, work.now_ms)
        else:
            await work.tx.execute(UPSERT_PROXY, caller.address, work.now_ms)
            await work.tx.execute(FORGET_SURPLUS_PROXIES, PROXIES_AT_MOST)
    return [None] * len(seen)


async def is_known(tx: Transaction, address: str, login_key: str, *, now_ms: int) -> bool:
    """Return True if the login has been let in from the address within a month."""
    found = await tx.select(SELECT_CALLER, counted_as(address), login_key)
    return bool(found) and found[0][0] > now_ms - KNOWN_MS


async def read_youngest(tx: Transaction, *, now_ms: int) -> dict[Caller, int]:
    """Read the youngest known callers and when each was last written, in milliseconds since 1970."""
    found = await tx.select(SELECT_YOUNGEST_CALLERS, now_ms - KNOWN_MS, READ_AT_MOST)
    return {(row[0], row[1]): row[2] for row in reversed(found)}


async def read_of_blocked_addresses(tx: Transaction) -> dict[Caller, int]:
    """Read the known callers of the addresses that are, or were lately, blocked."""
    return {(row[0], row[1]): row[2] for row in await tx.select(SELECT_BLOCKED_CALLERS, READ_AT_MOST)}


async def unknown_proxies(tx: Transaction, *, now_ms: int) -> list[str]:
    """List the addresses that sent X-Forwarded-For within a week though nobody trusts them, youngest first."""
    found = await tx.select(SELECT_PROXIES, PROXIES_AT_MOST)
    return [row[0] for row in found if row[1] > now_ms - 7 * DAY_MS]


UPSERT_CALLER = (
    "INSERT INTO known_callers (address, login_key, last_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (address, login_key) DO UPDATE SET last_ms = excluded.last_ms"
)
SELECT_CALLER = "SELECT last_ms FROM known_callers WHERE address = ? AND login_key = ?"
SELECT_YOUNGEST_CALLERS = (
    "SELECT address, login_key, last_ms FROM known_callers WHERE last_ms > ? ORDER BY last_ms DESC LIMIT ?"
)
SELECT_BLOCKED_CALLERS = (
    "SELECT c.address, c.login_key, c.last_ms FROM blocks b JOIN known_callers c ON c.address = substr(b.subject, 9)"
    " ORDER BY c.last_ms DESC LIMIT ?"
)
FORGET_CALLERS = (
    "DELETE FROM known_callers WHERE (address, login_key) IN"
    " (SELECT address, login_key FROM known_callers WHERE last_ms < ? LIMIT ?)"
)
FORGET_SURPLUS_CALLERS = (
    "DELETE FROM known_callers"
    " WHERE last_ms < (SELECT last_ms FROM known_callers ORDER BY last_ms DESC LIMIT 1 OFFSET ?)"
)

UPSERT_PROXY = (
    "INSERT INTO unknown_proxies (address, last_ms) VALUES (?, ?)"
    " ON CONFLICT (address) DO UPDATE SET last_ms = excluded.last_ms"
)
SELECT_PROXIES = "SELECT address, last_ms FROM unknown_proxies ORDER BY last_ms DESC LIMIT ?"
FORGET_PROXIES = (
    "DELETE FROM unknown_proxies WHERE address IN (SELECT address FROM unknown_proxies WHERE last_ms < ? LIMIT ?)"
)
FORGET_SURPLUS_PROXIES = (
    "DELETE FROM unknown_proxies"
    " WHERE address NOT IN (SELECT address FROM unknown_proxies ORDER BY last_ms DESC LIMIT ?)"
)
