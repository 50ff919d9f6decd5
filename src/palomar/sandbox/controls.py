"""Lets people of the platform move the sandbox's clock and set the chaos of a simulated carrier.

A change is stored as ``palomar clock`` and ``palomar chaos`` store it, and works on this node when the call returns.
Not here: how a change reaches every node (``sandbox.watch``), and what a script does (``carriers.simulator.chaos``).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from palomar.ports import Clock
from palomar.sandbox import clock_and_chaos
from palomar.sandbox.clock_and_chaos import SandboxSettings
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Principal, Right


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierChaos:
    """What a carrier does wrong on purpose. ``is_set`` where a person set the script, not the configuration."""

    carrier: str
    script: str
    is_set: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxStatus:
    """The time in the sandbox, how far it is ahead of the real time, and the chaos of each simulated carrier."""

    now_ms: int
    ahead_ms: int
    chaos: tuple[CarrierChaos, ...]


class Controls:
    """The clock and the chaos, within one person's rights."""

    def __init__(
        self,
        who: Principal,
        *,
        database: Database,
        clock: Clock,
        configured: Mapping[str, str],
        normalize_script: Callable[[str], str],
        apply: Callable[[], Awaitable[None]],
        may_jump: bool,
    ) -> None:
        """Take what :class:`~palomar.sandbox.sandbox.Sandbox` has. ``may_jump``: every carrier is simulated, so that no
        real one depends on this clock."""
        self._who = who
        self._database = database
        self._clock = clock
        self._configured = configured
        self._normalize_script = normalize_script
        self._apply = apply
        self.may_jump = may_jump and self.may_change

    @property
    def may_change(self) -> bool:
        """True if this person may change clock and chaos, which are the same for everybody."""
        return self._who.may(Right.USE_SANDBOX) and self._who.sees_all_accounts

    async def status(self) -> SandboxStatus:
        """Read the time and the chaos of every simulated carrier."""
        found: SandboxSettings = await self._database.read(clock_and_chaos.read_settings)
        chaos = (
            CarrierChaos(carrier=carrier, script=found.scripts.get(carrier, script), is_set=carrier in found.scripts)
            for carrier, script in self._configured.items()
        )
        return SandboxStatus(now_ms=self._clock.wall_ms(), ahead_ms=found.ahead_ms, chaos=tuple(chaos))

    async def jump(self, milliseconds: int) -> bool:
        """Move the clock ahead; return False if this person may not, or the clock would be too far ahead."""
        if not self.may_jump or milliseconds <= 0:
            return False
        ahead_ms = await self._database.write(clock_and_chaos.jump, milliseconds)
        await self._apply()
        return ahead_ms is not None

    async def set_chaos(self, carrier: str, text: str) -> str:
        """Set a carrier's chaos script, or with an empty text go back to the configuration's.

        Return "" when that is done, else what is wrong with the carrier or the script, in words.
        """
        if not self.may_change or carrier not in self._configured:
            return "no such carrier"
        try:
            wanted = self._normalize_script(text) if text else ""
        except ValueError as error:
            return str(error)
        now_ms = self._clock.wall_ms()

        async def script(tx: Transaction) -> None:
            if wanted:
                await clock_and_chaos.set_script(tx, carrier, wanted, now_ms=now_ms)
            else:
                await clock_and_chaos.clear_script(tx, carrier)

        await self._database.write(script)
        await self._apply()
        return ""
