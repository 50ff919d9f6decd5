"""Whether a carrier can be used: it has a link, and it takes what it is given.

A carrier that for some seconds has only put off, lost or not answered what it was given is in trouble: messages go
elsewhere where there is an elsewhere. After a rest it gets a chance again. Not here: a link's own pace.
"""

from dataclasses import dataclass
from typing import assert_never

from palomar.ports import Carrier, Deferred, InDoubt, NotSent, Refused, SubmitOutcome, Taken

FAILURES_AT_LEAST = 3
"""So few failures are no trouble yet: one number may be what the carrier does not like."""
REST_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class Health:
    """One carrier's. ``failover_seconds`` is how long trouble is borne. Times are monotonic seconds."""

    carrier: Carrier
    failover_seconds: float
    failures: int = 0
    last_failure: str = ""
    _failing_since: float = 0.0
    _down_since: float | None = None

    def answered(self, outcome: SubmitOutcome, now: float) -> None:
        """Note what became of a submit."""
        match outcome:
            case Taken() | Refused():
                self.failures = 0
            case Deferred(reason=reason) | InDoubt(reason=reason) | NotSent(reason=reason):
                if self.failures == 0 or now - self._failing_since > self.failover_seconds + REST_SECONDS:
                    self.failures, self._failing_since = 0, now
                self.failures += 1
                self.last_failure = reason
            case _:
                assert_never(outcome)

    def trouble(self, now: float) -> str:
        """Why the carrier cannot be used now; empty when it can."""
        if not self.carrier.live:
            return "no link is bound"
        if self.failures < FAILURES_AT_LEAST:
            return ""
        failing = now - self._failing_since
        if self.failover_seconds <= failing <= self.failover_seconds + REST_SECONDS:
            return f"it has taken nothing for {failing:.0f} s: {self.last_failure}"
        return ""

    def has_failed(self, now: float) -> bool:
        """Whether what is queued for it should leave by another: it is in trouble, or without a link for too long."""
        if self.carrier.live:
            self._down_since = None
            return bool(self.trouble(now))
        if self._down_since is None:
            self._down_since = now
        return now - self._down_since >= self.failover_seconds
