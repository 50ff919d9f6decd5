"""What the simulator has counted since it began: what it did, and what it did wrong on purpose."""

from dataclasses import dataclass

from palomar.carriers.simulator.chaos.fault_injector import RepeatCause


@dataclass(slots=True, kw_only=True)
class Stats:
    """Plain counters; ``str`` of it is the last line of the stand-alone simulator."""

    submitted: int = 0
    """Requests to send, taken or refused; a ``submit_multi`` counts as one."""
    taken: int = 0
    refused: int = 0
    deliveries: int = 0
    """Receipts and inbound messages acknowledged."""
    deliveries_refused: int = 0
    deliveries_again: int = 0
    alerts: int = 0
    cancelled: int = 0
    replaced: int = 0
    throttled: int = 0
    answers_lost: int = 0
    answers_late: int = 0
    answers_doubled: int = 0
    answers_misnumbered: int = 0
    receipts_lost: int = 0
    receipts_late: int = 0
    receipts_doubled: int = 0
    garbage: int = 0
    silenced: int = 0
    """Connections that a script left half open."""
    dropped: int = 0
    """Connections that a script closed."""
    doubled_answer_lost: int = 0
    """Messages that were taken a second time under a chaos script, by the fault of the first answer."""
    doubled_answer_late: int = 0
    doubled_link_broken: int = 0

    def note_repeat(self, cause: RepeatCause) -> None:
        """Count a message that was taken a second time."""
        match cause:
            case RepeatCause.ANSWER_LOST:
                self.doubled_answer_lost += 1
            case RepeatCause.ANSWER_LATE:
                self.doubled_answer_late += 1
            case RepeatCause.LINK_BROKEN:
                self.doubled_link_broken += 1
