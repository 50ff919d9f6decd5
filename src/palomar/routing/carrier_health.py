"""Whether a carrier can be used: it has a link, and it takes what it is given.

A carrier that for some seconds has only put off, lost or not answered what it was given is in trouble: messages go
elsewhere where there is an elsewhere. After a rest it gets a chance again. One that did not answer the last parts at
all gives its messages away at once, and gets one at a time until it answers. Not here: a link's own pace.
"""

from dataclasses import dataclass, field
from typing import assert_never

from palomar.ports import Carrier, Deferred, InDoubt, NotSent, Refused, SubmitOutcome, Taken
from palomar.vocabulary.message import MessageId

FAILURES_AT_LEAST = 3
"""Messages. So few failures are no trouble yet: one number may be what the carrier does not like, again and again."""
REST_SECONDS = 30.0
ON_TRIAL = "it answers nothing that it is given, and gets one message at a time until it answers one"


@dataclass(slots=True, kw_only=True)
class CarrierHealth:
    """One carrier's. ``failover_seconds`` is how long trouble is borne. Times are monotonic seconds."""

    carrier: Carrier
    failover_seconds: float
    last_failure: str = ""
    _failed: set[MessageId] = field(default_factory=set)
    """The first few messages of those that failed since the last that did not."""
    _failing_since: float = 0.0
    _down_since: float | None = None

    @property
    def failures(self) -> int:
        """Count the messages that failed in a row, up to what makes trouble."""
        return len(self._failed)

    def answered(self, outcome: SubmitOutcome, now: float, message_id: MessageId) -> None:
        """Note what became of a submit."""
        failed = self._failed
        match outcome:
            case Taken() | Refused():
                if failed:
                    failed.clear()
            case Deferred(reason=reason) | InDoubt(reason=reason) | NotSent(reason=reason):
                if not failed or now - self._failing_since > self.failover_seconds + REST_SECONDS:
                    failed.clear()
                    self._failing_since = now
                if len(failed) < FAILURES_AT_LEAST:
                    failed.add(message_id)
                self.last_failure = reason
            case _:
                assert_never(outcome)

    def trouble(self, now: float) -> str:
        """Why the carrier cannot be used now; empty when it can."""
        if not self.carrier.live:
            return self.carrier.off or "no link is bound"
        if self.carrier.on_trial:
            return ON_TRIAL
        if len(self._failed) < FAILURES_AT_LEAST:
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
