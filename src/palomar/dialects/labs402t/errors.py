"""402T Labs' codes: their texts, their HTTP statuses, and the code of each refusal of ours.

Source: Appendix B of the page; the texts are the vendor's, to the letter. The HTTP statuses are ours.
"""

from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final, assert_never

from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal


class Code(IntEnum):
    """A value of ``status``."""

    OK = 0
    BAD_CREDENTIALS = -1
    MAY_NOT_SEND = -2
    NUMBER = -7
    MISSING = -9
    PAST = -11
    NO_CREDIT = -12
    SENDER = -13
    NO_USER = -17
    TOO_LONG = -19
    CHARACTERS = -21
    LOGIN_TAKEN = -26
    BAD_REQUEST = -30


MESSAGES: Final = MappingProxyType(
    {
        Code.OK: "OK",
        Code.BAD_CREDENTIALS: "Usuario/Password incorrectos",
        Code.MAY_NOT_SEND: "Sin permisos SMS",
        Code.NUMBER: "Teléfono incorrecto",
        Code.MISSING: "Faltan campos",
        Code.PAST: "Fecha en el pasado",
        Code.NO_CREDIT: "Saldo insuficiente",
        Code.SENDER: "Remitente incorrecto",
        Code.NO_USER: "Usuario no existe",
        Code.TOO_LONG: "SMS demasiado largo",
        Code.CHARACTERS: "Caracteres inválidos",
        Code.LOGIN_TAKEN: "Login ya existe",
        Code.BAD_REQUEST: "Petición no válida",
    }
)

HTTP_STATUSES: Final = MappingProxyType(
    {
        Code.OK: 200,
        Code.BAD_CREDENTIALS: 401,
        Code.MAY_NOT_SEND: 403,
        Code.NUMBER: 400,
        Code.MISSING: 400,
        Code.PAST: 400,
        Code.NO_CREDIT: 402,
        Code.SENDER: 400,
        Code.NO_USER: 404,
        Code.TOO_LONG: 400,
        Code.CHARACTERS: 400,
        Code.LOGIN_TAKEN: 409,
        Code.BAD_REQUEST: 400,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """The reason why a request, or a message of a batch, is declined. ``status`` is set if the HTTP status says more
    than the code; ``reason``, in English, goes into ``data`` where the code's own text says too little."""

    code: Code
    status: int = 0
    reason: str = ""

    @property
    def message(self) -> str:
        """Return the vendor's text."""
        return MESSAGES[self.code]

    @property
    def http_status(self) -> int:
        """Return the problem's own HTTP status, or that of its code."""
        return self.status or HTTP_STATUSES[self.code]


BAD_REQUEST: Final = Problem(Code.BAD_REQUEST)
MISSING: Final = Problem(Code.MISSING)
NOT_FOUND: Final = Problem(Code.BAD_REQUEST, 404)
WRONG_METHOD: Final = Problem(Code.BAD_REQUEST, 405)
STILL_RUNNING: Final = Problem(Code.BAD_REQUEST, 409)
TOO_LARGE: Final = Problem(Code.BAD_REQUEST, 413)
CODED_BODY: Final = Problem(Code.BAD_REQUEST, 415)
KEY_REUSED: Final = Problem(Code.BAD_REQUEST, 422)
TOO_MANY_REQUESTS: Final = Problem(Code.BAD_REQUEST, 429)
OUR_FAULT: Final = Problem(Code.BAD_REQUEST, 500)
UNAVAILABLE: Final = Problem(Code.BAD_REQUEST, 503, "temporarily unavailable")


def problem_of(refusal: Refusal) -> Problem:
    """Return 402T Labs' code of a refusal."""
    match refusal:
        case Refusal.BAD_CREDENTIALS | Refusal.ADDRESS_NOT_ALLOWED:
            return Problem(Code.BAD_CREDENTIALS)
        case Refusal.ACCOUNT_DISABLED | Refusal.MAY_NOT_SEND:
            return Problem(Code.MAY_NOT_SEND)
        case Refusal.NO_CREDIT | Refusal.DAILY_LIMIT:
            return Problem(Code.NO_CREDIT)
        case Refusal.NO_RECIPIENT | Refusal.EMPTY_TEXT:
            return MISSING
        case Refusal.TEXT_TOO_LONG:
            return Problem(Code.TOO_LONG)
        case Refusal.CHARACTERS:
            return Problem(Code.CHARACTERS)
        case Refusal.SENDER:
            return Problem(Code.SENDER)
        case Refusal.TOO_MANY_RECIPIENTS:
            return BAD_REQUEST
        case Refusal.TOO_MANY_REQUESTS:
            return TOO_MANY_REQUESTS
        case Refusal.UNAVAILABLE:
            return UNAVAILABLE
        case _:
            assert_never(refusal)


def problem_of_discarded(state: State) -> Problem | None:
    """Return why a message that was stored is refused all the same (a black list, a country, an opt-out), else None. A
    duplicate is accepted, though it is not sent."""
    return Problem(Code.NUMBER) if state in (State.BLOCKED, State.NOFORMAT) else None
