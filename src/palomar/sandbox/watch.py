"""The sandbox of this node: what commands beside it have set, put into force within a second.

It knows neither simulators nor the real clock: it says how far the wall has jumped, and which script a carrier has now.
"""

from collections.abc import Callable, Mapping

from palomar.sandbox import clock_and_chaos
from palomar.sandbox.clock_and_chaos import SandboxSettings
from palomar.storage.database import Database


class SandboxWatch:
    """``jumped`` is told of milliseconds that have passed at once; ``changed`` of the scripts of all carriers.

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
        """Somebody has changed something: it may be here."""
        self._is_stale = True

    async def refresh(self) -> None:
        """Put into force what was set since the last look."""
        if not self._is_stale:
            return
        found = await self._database.read(clock_and_chaos.read)
        self._is_stale, known = False, self._known
        self._known = found
        if found.ahead_ms > known.ahead_ms:
            self._jumped(found.ahead_ms - known.ahead_ms)
        if found.scripts != known.scripts:
            self._changed(found.scripts)
