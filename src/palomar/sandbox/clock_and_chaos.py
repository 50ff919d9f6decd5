"""Stores how far the sandbox's clock is ahead of the real time, and the chaos script of each simulated carrier.

Both outlive a restart. Not here: who may change them (``sandbox.controls``, ``cli.sandbox.clock_and_chaos``), and what
a script means (``carriers.simulator.chaos``).
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
"""Ten years. Message ids, which hold the time, last longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """What is stored about the sandbox."""

    version: int = -1
    """The counter of everything that commands change (``transaction.change_counter``)."""
    ahead_ms: int = 0
    """How far the sandbox's clock is ahead of the machine's."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """Chaos scripts by carrier, of carriers whose script was set."""


async def read_settings(tx: Transaction) -> SandboxSettings:
    """Read what is stored about the sandbox."""
    return SandboxSettings(
        version=int((await tx.select(SELECT_VERSION))[0][0]),
        ahead_ms=await _ahead_ms(tx),
        scripts={str(carrier): str(script) for carrier, script in await tx.select(SELECT_SCRIPTS)},
    )


async def jump(tx: Transaction, milliseconds: int) -> int | None:
    """Move the clock ahead and return how far it is ahead then.

    Return None and change nothing if that is beyond MOST_AHEAD_MS. Raise ValueError unless ``milliseconds`` is
    positive.
    """
    if milliseconds <= 0:
        raise ValueError("a clock only jumps ahead")
    if await _ahead_ms(tx) + milliseconds > MOST_AHEAD_MS:
        return None
    await tx.execute(JUMP, milliseconds)
    await tx.execute(BUMP_VERSION)
    return await _ahead_ms(tx)


async def set_script(tx: Transaction, carrier: str, script: str, *, now_ms: int) -> None:
    """Store the chaos script of a carrier in place of the one before."""
    await tx.execute(UPSERT_SCRIPT, carrier, script, now_ms)
    await tx.execute(BUMP_VERSION)


async def clear_script(tx: Transaction, carrier: str) -> bool:
    """Delete a carrier's script, so that the configuration's counts again; return False if none was stored."""
    cleared = await tx.execute(DELETE_SCRIPT, carrier) == 1
    await tx.execute(BUMP_VERSION)
    return cleared


async def _ahead_ms(tx: Transaction) -> int:
    return int((await tx.select(SELECT_AHEAD))[0][0])
