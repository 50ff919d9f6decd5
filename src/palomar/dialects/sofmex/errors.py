"""SOFMEX's codes and their texts, and the code of each refusal of ours.

The codes of records and batches are our decision (the page names none but 0); the sheet lists them.
"""

from collections.abc import Collection
from enum import IntEnum
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, assert_never

from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal


class RecordCode(IntEnum):
    """A value of ``status`` of a record of asignacion."""

    ACCEPTED = 0
    BAD_NUMBER = 1
    EMPTY_TEXT = 2
    TEXT_TOO_LONG = 3
    NO_CREDIT = 4
    BLOCKED = 5
    INTERNAL = 9


class BatchCode(IntEnum):
    """A value of ``statusBatch``."""

    ACCEPTED = 0
    NONE_ACCEPTED = 1
    NO_RECORDS = 2
    TOO_MANY_RECORDS = 3
    NO_CREDIT = 4
    INTERNAL = 9


BATCH_MESSAGES: Final = MappingProxyType(
    {
        BatchCode.ACCEPTED: "OK",
        BatchCode.NONE_ACCEPTED: "Ningún registro fue aceptado",
        BatchCode.NO_RECORDS: "No hay registros",
        BatchCode.TOO_MANY_RECORDS: "Más de 100 registros",
        BatchCode.NO_CREDIT: "Sin saldo",
        BatchCode.INTERNAL: "Error interno",
    }
)

BAD_LOGIN: Final = "Error de autenticación: usuario o contraseña incorrecto!"
"""The page's words."""

BAD_HEAD: Final = "La cabecera de la petición no es correcta"
"""The text for a request that has no Host, or two, or a body in an unknown coding."""

HTTP_MESSAGES: Final = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "El cuerpo de la petición no es un objeto JSON",
        HTTPStatus.UNAUTHORIZED: "Se requiere un TOKEN válido",
        HTTPStatus.NOT_FOUND: "No existe",
        HTTPStatus.METHOD_NOT_ALLOWED: "Método no permitido",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "El cuerpo de la petición es demasiado grande",
        HTTPStatus.TOO_MANY_REQUESTS: "Demasiadas peticiones",
        HTTPStatus.INTERNAL_SERVER_ERROR: "Error interno",
        HTTPStatus.SERVICE_UNAVAILABLE: "Servicio no disponible por el momento",
    }
)


def verdict_of(refusal: Refusal) -> RecordCode | BatchCode | HTTPStatus:
    """Return SOFMEX's code of a refusal: of every record, of the batch, or an HTTP error."""
    match refusal:
        case Refusal.BAD_CREDENTIALS | Refusal.ADDRESS_NOT_ALLOWED:
            return HTTPStatus.UNAUTHORIZED
        case Refusal.TOO_MANY_REQUESTS:
            return HTTPStatus.TOO_MANY_REQUESTS
        case Refusal.ACCOUNT_DISABLED | Refusal.MAY_NOT_SEND | Refusal.SENDER:
            return RecordCode.BLOCKED
        case Refusal.DAILY_LIMIT | Refusal.NO_CREDIT:
            return RecordCode.NO_CREDIT
        case Refusal.NO_RECIPIENT:
            return BatchCode.NO_RECORDS
        case Refusal.TOO_MANY_RECIPIENTS:
            return BatchCode.TOO_MANY_RECORDS
        case Refusal.EMPTY_TEXT:
            return RecordCode.EMPTY_TEXT
        case Refusal.TEXT_TOO_LONG:
            return RecordCode.TEXT_TOO_LONG
        case Refusal.CHARACTERS:
            return RecordCode.INTERNAL
        case Refusal.UNAVAILABLE:
            return HTTPStatus.SERVICE_UNAVAILABLE
        case _:
            assert_never(refusal)


def code_of_stored(state: State) -> RecordCode:
    """Return the code of a record whose message was stored in this state: a filter may have ended it already."""
    match state:
        case State.BLOCKED:
            return RecordCode.BLOCKED
        case State.NOFORMAT:
            return RecordCode.BAD_NUMBER
        case State.SCHEDULED | State.QUEUED | State.SUBMITTING | State.HELD | State.SENT | State.DELIVERED:
            return RecordCode.ACCEPTED
        case State.UNDELIVERED | State.EXPIRED | State.REJECTED | State.UNKNOWN:
            return RecordCode.ACCEPTED
        case State.CANCELLED | State.DUPLICATED | State.TEST:
            return RecordCode.ACCEPTED
        case _:
            assert_never(state)


def batch_code(codes: Collection[RecordCode]) -> BatchCode:
    """Return the code of a batch whose records have these codes."""
    if RecordCode.ACCEPTED in codes:
        return BatchCode.ACCEPTED
    if RecordCode.NO_CREDIT in codes:
        return BatchCode.NO_CREDIT
    if RecordCode.INTERNAL in codes:
        return BatchCode.INTERNAL
    return BatchCode.NONE_ACCEPTED
