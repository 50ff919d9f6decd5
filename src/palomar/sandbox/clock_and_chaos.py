"""Keep the sandbox's clock, which jumps ahead, and the chaos script of each simulated carrier.

Both outlive a restart. Not here: whether the sandbox may be used (only while every carrier is a simulator), and what a
script means: both are known to ``cli`` and ``app``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from palomar.storage.database import Transaction
from palomar.transaction.change_counter import BUMP_VERSION, SELECT_VERSION

SELECT_AHEAD = "SELECT ahead_ms FROM sandbox_clock WHERE id = 1"
JUMP = "UPDATE sandbox_clock SET ahead_ms = ahead_ms + ? WHERE id = 1"
SELECT_SCRIPTS = "SELECT carrier, script FROM chaos ORDER BY carrier"
UPSERT_SCRIPT = (
    "INSERT INTO chaos (carrier, script, set_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (carrier) DO UPDATE SET script = excluded.script, set_ms = excluded.set_ms"
)
DELETE_SCRIPT = "DELETE FROM chaos WHERE carrier = ?"


MOST_AHEAD_MS: Final = 3_650 * 86_400_000
"""Ten years: ids last longer, and nobody plays with more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How things stand: the wall is ``ahead_ms`` ahead of the machine's, and these carriers have these scripts."""

    version: int = -1
    """Of everything that commands change; another one is worth another look."""
    ahead_ms: int = 0
    scripts: Mapping[str, str] = field(default_factory=dict)


async def read(tx: Transaction) -> SandboxSettings:
    """How things stand now."""
    return SandboxSettings(
        version=int((await tx.select(SELECT_VERSION))[0][0]),
        ahead_ms=await _ahead_ms(tx),
        scripts={str(carrier): str(script) for carrier, script in await tx.select(SELECT_SCRIPTS)},
    )


async def jump(tx: Transaction, milliseconds: int) -> int | None:
    """Move the wall ahead by so much, more than nothing; how far it is ahead then. None, and nothing moves, beyond
    MOST_AHEAD_MS."""
    if milliseconds <= 0:
        raise ValueError("a clock only jumps ahead")
    if await _ahead_ms(tx) + milliseconds > MOST_AHEAD_MS:
        return None
    await tx.execute(JUMP, milliseconds)
    await tx.execute(BUMP_VERSION)
    return await _ahead_ms(tx)


async def set_script(tx: Transaction, carrier: str, script: str, *, now_ms: int) -> None:
    """From now on, and after every start, this carrier does wrong by this script."""
    await tx.execute(UPSERT_SCRIPT, carrier, script, now_ms)
    await tx.execute(BUMP_VERSION)


async def clear_script(tx: Transaction, carrier: str) -> bool:
    """The carrier goes back to what the configuration says; False if it had never left."""
    cleared = await tx.execute(DELETE_SCRIPT, carrier) == 1
    await tx.execute(BUMP_VERSION)
    return cleared


async def _ahead_ms(tx: Transaction) -> int:
    return int((await tx.select(SELECT_AHEAD))[0][0])
