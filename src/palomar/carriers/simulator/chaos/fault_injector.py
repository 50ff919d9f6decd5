"""The state of a chaos script in force: the rate of submits, the messages that came before, and the octets of garbage.

It remembers a bounded number of messages. Not here: the script's decisions (``faults``), and the connection that they
affect (``connection``).
"""

from collections import deque
from enum import Enum, auto
from typing import TypeVar

from palomar.carriers.simulator.chaos.faults import AnswerFault, ChaosScript, Garbage, PlannedFaults
from palomar.smpp import DeliverSm, SubmitSm, encode, message_octets

Value = TypeVar("Value")

REMEMBERED = 100_000
THROTTLED_WITHIN_SECONDS = 1.0
_UNKNOWN_COMMAND = bytes.fromhex("00000014 00010203 00000000 00000001 6a756e6b")
_NOISE = b"\xff\xd8 this is no PDU, and nobody can say where the next one begins \xff\xd9"
_CUT_OCTETS = 20


class RepeatCause(Enum):
    """Why a message is sent again that had been accepted."""

    ANSWER_LOST = auto()
    ANSWER_LATE = auto()
    LINK_BROKEN = auto()


class FaultInjector:
    """One script, for an SMSC or for one of its numbers."""

    def __init__(self, script: ChaosScript, *, remembered: int = REMEMBERED) -> None:
        self.script = script
        self._remembered = remembered
        self._times: dict[int, int] = {}
        self._accepted: dict[int, RepeatCause] = {}
        self._passed: deque[float] = deque()

    def throttles(self, now: float) -> bool:
        """Return True if one more submit now is too many; otherwise count it."""
        limit = self.script.throttle_per_second
        if not limit:
            return False
        passed = self._passed
        while passed and passed[0] <= now - THROTTLED_WITHIN_SECONDS:
            passed.popleft()
        if len(passed) >= limit:
            return True
        passed.append(now)
        return False

    def plan_faults(self, pdu: SubmitSm) -> PlannedFaults:
        """Plan the faults of a message that has come once more."""
        octets = message_octets(pdu)
        key = hash((pdu.destination_addr, octets))
        times = self._times.get(key, 0)
        self._remember(self._times, key, times + 1)
        return self.script.plan_faults(pdu.destination_addr, octets, times=times)

    def note_accepted(self, pdu: SubmitSm, faults: PlannedFaults) -> RepeatCause | None:
        """Note that a message was accepted; return why it was sent again, if it had been accepted before."""
        key = hash((pdu.destination_addr, message_octets(pdu)))
        before = self._accepted.get(key)
        self._remember(self._accepted, key, _cause(faults))
        return before

    def _remember(self, table: dict[int, Value], key: int, value: Value) -> None:
        table[key] = value
        if len(table) > self._remembered:
            del table[next(iter(table))]


def garbage_octets(kind: Garbage) -> bytes:
    """Return the octets of this kind of garbage."""
    match kind:
        case Garbage.UNKNOWN_COMMAND:
            return _UNKNOWN_COMMAND
        case Garbage.MALFORMED:
            frame = encode(DeliverSm(source_addr="garbage", destination_addr="garbage", short_message=b"cut off"))
            cut = frame[4:-_CUT_OCTETS]
            return (len(cut) + 4).to_bytes(4, "big") + cut
        case Garbage.NOISE:
            return _NOISE


def _cause(faults: PlannedFaults) -> RepeatCause:
    """Return why the client would send this message again, if it does."""
    if faults.answer in (AnswerFault.LOST, AnswerFault.MISNUMBERED):
        return RepeatCause.ANSWER_LOST
    if faults.answer is AnswerFault.AFTER_THE_RECEIPT or faults.answer_after_seconds:
        return RepeatCause.ANSWER_LATE
    return RepeatCause.LINK_BROKEN
