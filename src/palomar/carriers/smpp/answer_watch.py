"""Whether an SMSC answers its submits: a link that gets no answer to some in a row is on trial.

On trial a link carries one part at a time, until one is answered; after each that is not, the next waits longer. An
answer counts if it came within its time: an SMSC that is merely slow is never on trial. Pure: no clock, no timer. Not
here: that a link on trial is closed when nothing waits on it any more (``carriers.smpp.links.link``), and that its
carrier's messages leave by another (``routing.carrier_health``).
"""

from dataclasses import dataclass
from typing import Final

from palomar.vocabulary.backoff import jittered, wait_after

TRIAL_PAUSE_SECONDS: Final = 5.0
TRIAL_PAUSE_MAX_SECONDS: Final = 60.0
"""After the first failed trial the next part waits about so long, then twice as long each time, up to a minute."""


@dataclass(slots=True, kw_only=True)
class AnswerWatch:
    """The answers of one link, over all its connections; the links on which an SMSC calls us share one.
    ``max_unanswered`` is how many submits in a row may stay without an answer."""

    max_unanswered: int
    unanswered: int = 0
    """Submits without an answer since the last answered one."""
    on_trial: bool = False
    """True when ``max_unanswered`` is reached: the link gets only one part at a time."""
    failed_trials: int = 0
    is_trying: bool = False
    """True while a part is under way that will show whether the SMSC answers again."""

    def note_sent(self) -> None:
        """Note that a part was given to the link."""
        self.is_trying = self.on_trial

    def note_answered(self) -> bool:
        """Note an answer in time; return True if it ended the trial."""
        was_on_trial = self.on_trial
        self.unanswered = self.failed_trials = 0
        self.on_trial = self.is_trying = False
        return was_on_trial

    def note_unanswered(self) -> bool:
        """Note that a part got no answer in time, or lost its link before; return True if the trial begins with it."""
        if self.is_trying:
            self.is_trying = False
            self.failed_trials += 1
        self.unanswered += 1
        self.on_trial = self.unanswered >= self.max_unanswered
        return self.unanswered == self.max_unanswered

    def pause_seconds(self, fraction: float) -> float:
        """Return how long the next trial waits after the link is bound; ``fraction`` is a random number in [0, 1)."""
        if not self.failed_trials:
            return 0.0
        pause = wait_after(self.failed_trials, first=TRIAL_PAUSE_SECONDS, longest=TRIAL_PAUSE_MAX_SECONDS)
        return jittered(pause, fraction)
