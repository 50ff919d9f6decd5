"""Reach: since when the database cannot be reached, as those who write to it find out.

The batcher and the lease tell of each write; ``/health/ready`` and the batcher's lanes ask. Not here: what is refused
meanwhile (``batch_lane``).
"""

import structlog

from palomar.ports import Clock

_log = structlog.get_logger(__name__)


class Reach:
    """Remember whether the last write reached the database. An outage is logged when it begins and when it ends."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: float | None = None
        self._reason = ""

    @property
    def is_away(self) -> bool:
        """Say whether writes fail at present."""
        return self._since is not None

    @property
    def fault(self) -> str:
        """Say what is wrong in words for an operator; empty while all is well."""
        if self._since is None:
            return ""
        return f"the database has taken nothing for {self._clock.monotonic() - self._since:.0f} s: {self._reason}"

    def failed(self, reason: str) -> None:
        """Note that a write found the database away."""
        self._reason = reason
        if self._since is None:
            self._since = self._clock.monotonic()
            _log.error("the database cannot be reached; trying again", reason=reason)

    def worked(self) -> None:
        """Note that a write was committed."""
        if self._since is None:
            return
        seconds = self._clock.monotonic() - self._since
        self._since = None
        _log.warning("the database can be reached again", away_seconds=round(seconds, 1))
