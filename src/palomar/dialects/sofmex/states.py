"""Our states in SOFMEX's words, for ``POST /sms/v3/status``."""

from typing import Final, NamedTuple, assert_never

from palomar.vocabulary.message import State

UNSENT: Final = "NUEVO"


class StatusWords(NamedTuple):
    """``status`` and ``motivo``; the reason is empty unless the message failed."""

    status: str
    motivo: str = ""


def status_words_of(state: State) -> StatusWords:
    """Return SOFMEX's words for a state: NUEVO while nothing has left, ENVIADO once a carrier has it or may have it."""
    match state:
        case State.SCHEDULED | State.QUEUED | State.SUBMITTING:
            return StatusWords(UNSENT)
        case State.SENT | State.HELD | State.UNKNOWN | State.DUPLICATED | State.TEST:
            return StatusWords("ENVIADO")
        case State.DELIVERED:
            return StatusWords("ENTREGADO")
        case State.UNDELIVERED:
            return StatusWords("NO_ENTREGADO", "No se pudo entregar")
        case State.EXPIRED:
            return StatusWords("NO_ENTREGADO", "Venció el plazo de entrega")
        case State.REJECTED:
            return StatusWords("ERROR", "Rechazado por el operador")
        case State.BLOCKED:
            return StatusWords("ERROR", "Destino bloqueado")
        case State.CANCELLED:
            return StatusWords("ERROR", "Cancelado")
        case State.NOFORMAT:
            return StatusWords("ERROR", "Teléfono inválido")
        case _:
            assert_never(state)
