"""Our states in 402T Labs' words. The page names one of them, ENTREGADO; the others are ours, in its style."""

from typing import Final, Literal, assert_never

from palomar.vocabulary.message import State

Word = Literal["PROGRAMADO", "PENDIENTE", "ENVIADO", "ENTREGADO", "NO_ENTREGADO", "CADUCADO", "RECHAZADO"]
SCHEDULED: Final[Word] = "PROGRAMADO"


def word_of(state: State) -> Word:
    """Return 402T Labs' word for a state."""
    match state:
        case State.SCHEDULED:
            return SCHEDULED
        case State.QUEUED | State.SUBMITTING:
            return "PENDIENTE"
        case State.SENT | State.HELD | State.UNKNOWN | State.DUPLICATED | State.TEST:
            return "ENVIADO"
        case State.DELIVERED:
            return "ENTREGADO"
        case State.UNDELIVERED:
            return "NO_ENTREGADO"
        case State.EXPIRED:
            return "CADUCADO"
        case State.REJECTED | State.BLOCKED | State.CANCELLED | State.NOFORMAT:
            return "RECHAZADO"
        case _:
            assert_never(state)
