"""Judges whether a carrier can be used: it has a link, and it takes the parts that are submitted to it.

A carrier that for some seconds has only deferred, lost or not answered the parts it was given is in trouble: messages
go by another carrier, where there is one. After REST_SECONDS it may get messages again. A carrier that answered none of
its last parts is on trial: its messages move to others at once, and it gets one message at a time until it answers one.

Not here: how fast a link may send (``carriers.smpp.pacing``), and which carrier is chosen (``routing.rules``).
"""

from dataclasses import dataclass, field
from typing import assert_never

from palomar.ports import Carrier, Deferred, InDoubt, NotSent, Refused, SubmitOutcome, Submitted
from palomar.vocabulary.message import MessageId

FAILURES_AT_LEAST = 3
"""Messages that fail in a row before the carrier is in trouble. Fewer may be one number that it never takes."""
REST_SECONDS = 30.0
"""So long after a carrier got into trouble it may get messages again."""
ON_TRIAL = "it answers nothing that it is given, and gets one message at a time until it answers one"


@dataclass(slots=True, kw_only=True)
class CarrierHealth:
    """The health of one carrier. It is in trouble once it has failed for ``failover_seconds``. Times are monotonic
    seconds."""

    carrier: Carrier
    failover_seconds: float
    last_failure: str = ""
    _failed: set[MessageId] = field(default_factory=set)
    """The first FAILURES_AT_LEAST messages that failed since the last success."""
    _failing_since: float = 0.0
    _down_since: float | None = None

    @property
    def failures(self) -> int:
        """Count the messages that failed in a row, up to FAILURES_AT_LEAST."""
        return len(self._failed)

    def record_outcome(self, outcome: SubmitOutcome, now: float, message_id: MessageId) -> None:
        """Record the outcome of a submit of that message at ``now``."""
        failed = self._failed
        match outcome:
            case Submitted() | Refused():
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
        """Return why the carrier cannot be used now; empty when it can."""
        if not self.carrier.live:
            return self.carrier.off_reason or "no link is bound"
        if self.carrier.on_trial:
            return ON_TRIAL
        if len(self._failed) < FAILURES_AT_LEAST:
            return ""
        failing = now - self._failing_since
        if self.failover_seconds <= failing <= self.failover_seconds + REST_SECONDS:
            return f"it has taken nothing for {failing:.0f} s: {self.last_failure}"
        return ""

    def has_failed(self, now: float) -> bool:
        """Return True if messages queued for the carrier should leave by another: it is in trouble, or has been without
        a link for ``failover_seconds``."""
        if self.carrier.live:
            self._down_since = None
            return bool(self.trouble(now))
        if self._down_since is None:
            self._down_since = now
        return now - self._down_since >= self.failover_seconds
