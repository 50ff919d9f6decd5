"""A chaos script: what the simulator does wrong on purpose, and to which messages.

Pure. The faults of a message follow from the script's seed, the message's number and text, and how often it came
before: so the same script decides the same again, in whatever order messages come, and a message that is sent again has
another chance. Not here: the written form of a script (``script``), and carrying it out (``fault_injector``).
"""

from dataclasses import dataclass
from enum import Enum, auto
from hashlib import blake2b
from struct import Struct
from typing import Literal

from palomar.carriers.simulator.chaos.ids import IdDialect

Alphabet = Literal["gsm", "latin-1", "ascii"]
"""How the SMSC reads data_coding 0."""
DateDigits = Literal[10, 12, 14]
"""The dates of a receipt: YYMMDDhhmm, with seconds, or with seconds and the century."""

_DRAWS = Struct(">16I")
_WHOLE = 1 << 32


class AnswerFault(Enum):
    """The fault of the answer to a submit that was accepted."""

    GIVEN = auto()
    LOST = auto()
    MISNUMBERED = auto()
    """It has a sequence number that no request had."""
    AFTER_THE_RECEIPT = auto()


class Garbage(Enum):
    """What else is sent over the connection."""

    UNKNOWN_COMMAND = auto()
    """A whole PDU of a command that does not exist."""
    MALFORMED = auto()
    """A ``deliver_sm`` whose body ends too early."""
    NOISE = auto()
    """Octets that are no PDU, so that the next one cannot be found behind them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFaults:
    """The faults of one submit of a message."""

    answer: AnswerFault = AnswerFault.GIVEN
    answer_after_seconds: float = 0.0
    answers: int = 1
    loses_receipts: bool = False
    receipt_after_seconds: float = 0.0
    """On top of the plan's own delay."""
    receipts: int = 1
    garbage: Garbage | None = None
    goes_silent: bool = False
    """The connection stays open and says nothing more: the message is not even read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChaosScript:
    """What goes wrong. Shares are of all messages, from 0 to 1. The default of every field does nothing."""

    seed: int = 0
    lose_answers: float = 0.0
    """The message is accepted and not answered."""
    delay_answers: float = 0.0
    answer_delay_seconds: float = 3.0
    """The longest delay of a delayed answer."""
    double_answers: float = 0.0
    reorder_answers: float = 0.0
    """The answer is held back a moment, so that later ones overtake it."""
    wrong_sequences: float = 0.0
    receipts_first: float = 0.0
    """The answer comes after the receipt."""
    lose_receipts: float = 0.0
    delay_receipts: float = 0.0
    receipt_delay_seconds: float = 5.0
    double_receipts: float = 0.0
    reorder_receipts: float = 0.0
    garbage: float = 0.0
    half_open: float = 0.0
    drop_at_pdu: int = 0
    """Every connection ends at its n-th PDU (``enquire_link`` is not counted)."""
    throttle_per_second: float = 0.0
    window: int = 0
    """Submits without an answer that a bind may have; more are throttled."""
    ids: IdDialect | None = None
    alphabet: Alphabet | None = None
    """Receipts repeat the text as the SMSC has decoded it, in Latin-1; None: the octets as they came."""
    date_digits: DateDigits = 10
    repeats_text: bool = True
    """Receipts say how the message began."""

    def plan_faults(self, number: str, text: bytes, *, times: int) -> PlannedFaults:
        """Plan the faults of a message that came ``times`` times before."""
        draws = self._draws(number, text, times)
        receipts_lost = draws[6] < self.lose_receipts * _WHOLE
        return PlannedFaults(
            answer=self._answer(draws, receipts_lost=receipts_lost),
            answer_after_seconds=(
                _delay_seconds(draws[1], self.delay_answers, self.answer_delay_seconds)
                + _delay_seconds(draws[3], self.reorder_answers, _OVERTAKEN_SECONDS)
            ),
            answers=2 if draws[2] < self.double_answers * _WHOLE else 1,
            loses_receipts=receipts_lost,
            receipt_after_seconds=(
                _delay_seconds(draws[7], self.delay_receipts, self.receipt_delay_seconds)
                + _delay_seconds(draws[9], self.reorder_receipts, _OVERTAKEN_SECONDS)
            ),
            receipts=2 if draws[8] < self.double_receipts * _WHOLE else 1,
            garbage=_garbage(draws[12]) if draws[10] < self.garbage * _WHOLE else None,
            goes_silent=draws[11] < self.half_open * _WHOLE,
        )

    def _answer(self, draws: tuple[int, ...], *, receipts_lost: bool) -> AnswerFault:
        if draws[0] < self.lose_answers * _WHOLE:
            return AnswerFault.LOST
        if draws[4] < self.wrong_sequences * _WHOLE:
            return AnswerFault.MISNUMBERED
        if draws[5] < self.receipts_first * _WHOLE and not receipts_lost:
            return AnswerFault.AFTER_THE_RECEIPT
        return AnswerFault.GIVEN

    def _draws(self, number: str, text: bytes, times: int) -> tuple[int, ...]:
        """Draw sixteen numbers of 32 bits, one for each decision, so that a new decision changes no other."""
        name = b"%d\0%d\0%b\0" % (self.seed, times, number.encode())
        return _DRAWS.unpack(blake2b(name + text, digest_size=64).digest())


CALM = ChaosScript()

EVERYTHING = ChaosScript(
    lose_answers=0.02,
    delay_answers=0.03,
    double_answers=0.02,
    reorder_answers=0.05,
    wrong_sequences=0.01,
    receipts_first=0.05,
    lose_receipts=0.01,
    delay_receipts=0.05,
    double_receipts=0.03,
    reorder_receipts=0.1,
    garbage=0.002,
    half_open=0.0002,
    drop_at_pdu=5_000,
    throttle_per_second=500.0,
    ids="hex-decimal",
)
"""All faults at once, as many as a busy gateway should survive."""

_OVERTAKEN_SECONDS = 0.3
_UNKNOWN_SHARE, _MALFORMED_SHARE = 0.4, 0.8


def _delay_seconds(draw: int, share: float, seconds: float) -> float:
    """Return the delay: 0 for messages outside the share, half of ``seconds`` to all of it for those inside."""
    taken = share * _WHOLE
    return seconds * (1 + draw / taken) / 2 if draw < taken else 0.0


def _garbage(draw: int) -> Garbage:
    if draw < _UNKNOWN_SHARE * _WHOLE:
        return Garbage.UNKNOWN_COMMAND
    return Garbage.MALFORMED if draw < _MALFORMED_SHARE * _WHOLE else Garbage.NOISE
