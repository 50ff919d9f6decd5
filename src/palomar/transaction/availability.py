"""The database's availability: since when writes fail.

The batcher and the lease report each write; ``/health/ready`` and the batcher's lanes read the result. Not here: which
commands are refused meanwhile (``batch_lane``).
"""

import structlog

from palomar.ports import Clock

_log = structlog.get_logger(__name__)


class DatabaseAvailability:
    """A record of whether the last write reached the database; it logs when an outage begins and when it ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._reason = ""

    @property
    def is_away(self) -> bool:
        """Return True while writes fail."""
        return self._since is not None

    @property
    def fault(self) -> str:
        """Describe the outage for an operator; empty while there is none."""
        if self._since is None:
            return ""
        return f"the database has taken nothing for {self._clock.monotonic() - self._since:.0f} s: {self._reason}"

    def write_failed(self, reason: str) -> None:
        """Record that a write could not reach the database."""
        self._reason = reason
        if self._since is None:
            self._since = self._clock.monotonic()
            _log.error("the database cannot be reached; trying again", reason=reason)

    def write_succeeded(self) -> None:
        """Record that a write was committed."""
        if self._since is None:
            return
        seconds = self._clock.monotonic() - self._since
        self._since = None
        _log.warning("the database can be reached again", away_seconds=round(seconds, 1))
