"""Watches what was stored about the sandbox, so that this node follows a change by any process within a second.

Not here: the clock and the simulators themselves; ``app.server`` passes in functions that move and set them.
"""

from collections.abc import Callable, Mapping

from palomar.sandbox import clock_and_chaos
from palomar.sandbox.clock_and_chaos import SandboxSettings
from palomar.storage.database import Database


class SandboxWatch:
    """What this node last knew about the sandbox.

    ``jumped`` is called with the milliseconds that the clock jumps, ``changed`` with the scripts of all carriers.
    :meth:`refresh` is called often and cheap: it reads only after :meth:`look_again`.
    """

    def __init__(
        self, database: Database, *, jumped: Callable[[int], None], changed: Callable[[Mapping[str, str]], None]
    ) -> None:
        self._database = database
        self._jumped = jumped
        self._changed = changed
        self._known = SandboxSettings()
        self._is_stale = True

    def look_again(self) -> None:
        """Let the next :meth:`refresh` read: some process has changed something."""
        self._is_stale = True

    async def refresh(self) -> None:
        """Read what is stored, if it may have changed, and report each difference to what was known."""
        if not self._is_stale:
            return
        found = await self._database.read(clock_and_chaos.read_settings)
        self._is_stale, known = False, self._known
        self._known = found
        if found.ahead_ms > known.ahead_ms:
            self._jumped(found.ahead_ms - known.ahead_ms)
        if found.scripts != known.scripts:
            self._changed(found.scripts)
