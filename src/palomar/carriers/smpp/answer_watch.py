"""Whether an SMSC answers what it is given: a link that gets no answer to some submits in a row is on trial.

On trial a link carries one part at a time, until one is answered; after each that is not, the next waits longer. An
answer counts if it came within its time: an SMSC that is merely slow is never on trial. Pure: no clock, no timer. Not
here: that a link on trial is closed when nothing waits on it any more (``carriers.smpp.links.link``), and that its
carrier's messages leave by another (``routing.carrier_health``).
"""

from dataclasses import dataclass
from typing import Final

from palomar.vocabulary.backoff import scattered, wait_after

TRIAL_PAUSE_SECONDS: Final = 5.0
TRIAL_PAUSE_MAX_SECONDS: Final = 60.0
"""After the first trial in vain the next part waits about so long, then twice as long each time, up to a minute."""


@dataclass(slots=True, kw_only=True)
class AnswerWatch:
    """One link's, over all its connections; links on which an SMSC calls us share one. ``most`` is how many submits in
    a row may stay without an answer."""

    most: int
    unanswered: int = 0
    """Submits without an answer since the last that had one."""
    on_trial: bool = False
    """Only one part at a time may be given to it: as many as ``most`` are unanswered."""
    failed_trials: int = 0
    is_trying: bool = False
    """A part is under way that shall show whether there are answers again."""

    def sent(self) -> None:
        """Note that a part was given to the link."""
        self.is_trying = self.on_trial

    def answered(self) -> bool:
        """Note an answer in time; says whether it ended the trial."""
        was_on_trial = self.on_trial
        self.unanswered = self.failed_trials = 0
        self.on_trial = self.is_trying = False
        return was_on_trial

    def not_answered(self) -> bool:
        """Note that a part got no answer in time, or lost its link before; says whether the trial begins with it."""
        if self.is_trying:
            self.is_trying = False
            self.failed_trials += 1
        self.unanswered += 1
        self.on_trial = self.unanswered >= self.most
        return self.unanswered == self.most

    def pause_seconds(self, fraction: float) -> float:
        """Give how long the next trial waits after the link is bound; ``fraction`` is a random number in [0, 1)."""
        if not self.failed_trials:
            return 0.0
        pause = wait_after(self.failed_trials, first=TRIAL_PAUSE_SECONDS, longest=TRIAL_PAUSE_MAX_SECONDS)
        return scattered(pause, fraction)
