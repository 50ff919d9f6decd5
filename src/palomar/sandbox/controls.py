"""The sandbox's clock and the chaos of whole carriers, for people who see the whole platform.

What is set is a row, as ``palomar clock`` and ``palomar chaos`` write it, and in force when the call returns. Not here:
how it comes into force on every node (``watch``), and what a script does (the simulator).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from palomar.ports import Clock
from palomar.sandbox import clock_and_chaos
from palomar.sandbox.clock_and_chaos import SandboxSettings
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.access import Right, Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaos:
    """What a carrier does wrong on purpose; ``is_set`` where somebody said so and not the configuration."""

    carrier: str
    script: str
    is_set: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxStatus:
    """How the sandbox stands: what time it is in it, how far that is ahead, and what goes wrong."""

    now_ms: int
    ahead_ms: int
    chaos: tuple[Chaos, ...]


class Controls:
    """See the module."""

    def __init__(
        self,
        who: Who,
        *,
        database: Database,
        clock: Clock,
        configured: Mapping[str, str],
        spelled: Callable[[str], str],
        in_force: Callable[[], Awaitable[None]],
        may_jump: bool,
    ) -> None:
        """``configured`` is each carrier's script by the configuration; ``spelled`` writes a script shortly, or raises
        ValueError; ``in_force`` puts what was written into force; ``may_jump``: nothing real lives by this clock."""
        self._who = who
        self._database = database
        self._clock = clock
        self._configured = configured
        self._spelled = spelled
        self._in_force = in_force
        self.may_jump = may_jump and self.may_change

    @property
    def may_change(self) -> bool:
        """Whether this person may play with the whole of it."""
        return self._who.may(Right.PLAY) and self._who.of_platform

    async def standing(self) -> SandboxStatus:
        """How it stands now."""
        found: SandboxSettings = await self._database.read(clock_and_chaos.read)
        chaos = (
            Chaos(carrier=carrier, script=found.scripts.get(carrier, script), is_set=carrier in found.scripts)
            for carrier, script in self._configured.items()
        )
        return SandboxStatus(now_ms=self._clock.wall_ms(), ahead_ms=found.ahead_ms, chaos=tuple(chaos))

    async def jump(self, milliseconds: int) -> bool:
        """Let so much time pass at once; False where that may not be, or is too far."""
        if not self.may_jump or milliseconds <= 0:
            return False
        ahead_ms = await self._database.write(clock_and_chaos.jump, milliseconds)
        await self._in_force()
        return ahead_ms is not None

    async def set_chaos(self, carrier: str, text: str) -> str:
        """Let a carrier do wrong by this script; nothing: as the configuration says. What is wrong with it, in words;
        nothing if it was done."""
        if not self.may_change or carrier not in self._configured:
            return "no such carrier"
        try:
            wanted = self._spelled(text) if text else ""
        except ValueError as error:
            return str(error)
        now_ms = self._clock.wall_ms()

        async def script(tx: Transaction) -> None:
            if wanted:
                await clock_and_chaos.set_script(tx, carrier, wanted, now_ms=now_ms)
            else:
                await clock_and_chaos.clear_script(tx, carrier)

        await self._database.write(script)
        await self._in_force()
        return ""
