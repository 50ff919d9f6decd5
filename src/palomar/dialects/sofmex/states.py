"""Our states in SOFMEX's words: what ``POST /sms/v3/status`` says of a message."""

from typing import Final, NamedTuple, assert_never

from palomar.vocabulary.message import State

UNSENT: Final = "NUEVO"


class Standing(NamedTuple):
    """``status`` and ``motivo``: the reason is empty unless the message failed."""

    status: str
    motivo: str = ""


def find_status(state: State) -> Standing:
    """The word is NUEVO while nothing has left, and ENVIADO for whatever the carrier has or may have."""
    match state:
        case State.SCHEDULED | State.QUEUED | State.SUBMITTING:
            return Standing(UNSENT)
        case State.SENT | State.HELD | State.UNKNOWN | State.DUPLICATED | State.TEST:
            return Standing("ENVIADO")
        case State.DELIVERED:
            return Standing("ENTREGADO")
        case State.UNDELIVERED:
            return Standing("NO_ENTREGADO", "No se pudo entregar")
        case State.EXPIRED:
            return Standing("NO_ENTREGADO", "Venció el plazo de entrega")
        case State.REJECTED:
            return Standing("ERROR", "Rechazado por el operador")
        case State.BLOCKED:
            return Standing("ERROR", "Destino bloqueado")
        case State.CANCELLED:
            return Standing("ERROR", "Cancelado")
        case State.NOFORMAT:
            return Standing("ERROR", "Teléfono inválido")
        case _:
            assert_never(state)
