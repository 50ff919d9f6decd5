"""SOFMEX's page as an OpenAPI document, in Spanish; the schemas are those that parse and answer (``wire``).

Sources: the texts are SOFMEX's page's; what it leaves open is its sheet's.
"""

from http import HTTPStatus
from typing import Final

from palomar.apidocs import Operation, Parameter, Reply, openapi_document
from palomar.dialects.sofmex.errors import BAD_LOGIN, HTTP_MESSAGES
from palomar.dialects.sofmex.wire import Batch, BatchAnswer, ErrorAnswer, LoginAnswer, Query, QueryAnswer

TITLE: Final = "SOFMEX: API de SMS"

_DESCRIPTION: Final = """\
API para enviar SMS y conocer su estado. Se requiere un **TOKEN** para poder utilizarla: se obtiene con `/login`, o de
quien administra esta plataforma. Cada petición lo lleva en la cabecera `Authorization: Bearer TOKEN`.

Para probarla aquí: ejecute *Login*, copie el TOKEN de `message` y péguelo en **Autorizar**.

Todo está también debajo de `/api`. Las horas son las de la plataforma."""

_LOGIN, _SMS = "1. Login", "2. SMS"
_MESSAGE: Final = "01988a4f-3f0a-7c21-9d53-6a0f2c1be8d4"
_BATCH: Final = "01988a4f-3f0a-7c20-8b7e-15d9ce4a7f32"


def _error(status: HTTPStatus, description: str) -> Reply:
    example = {
        "timestamp": "2026-02-26T06:00:00.000-06:00",
        "status": status,
        "error": status.phrase,
        "message": HTTP_MESSAGES[status],
        "path": "/sms/v3/status",
    }
    return Reply(description=description, body=ErrorAnswer, example=example)


_TOO_LARGE: Final = {413: _error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "El cuerpo excede el límite")}
_INTERNAL: Final = {
    500: _error(HTTPStatus.INTERNAL_SERVER_ERROR, "Error interno"),
    503: _error(HTTPStatus.SERVICE_UNAVAILABLE, "Nada se hizo; reintente tras los segundos de Retry-After"),
}
_ERRORS: Final = {
    400: _error(HTTPStatus.BAD_REQUEST, "El cuerpo no es un objeto JSON"),
    401: _error(HTTPStatus.UNAUTHORIZED, "TOKEN ausente, incorrecto, vencido o revocado"),
    **_TOO_LARGE,
    429: _error(HTTPStatus.TOO_MANY_REQUESTS, "Demasiadas peticiones"),
    **_INTERNAL,
}

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/login",
        name="login",
        tag=_LOGIN,
        summary="Autenticarse para obtener el token y poder usar el resto de la API",
        description="También se aceptan como formulario o como objeto JSON en el cuerpo.",
        parameters=(
            Parameter(name="username", where="query", description="Usuario"),
            Parameter(name="password", where="query", description="Contraseña", secret=True),
        ),
        replies={
            200: Reply(
                description="status = 0, message = TOKEN",
                body=LoginAnswer,
                example={"status": 0, "message": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9…"},
                headers={"Authorization": "Bearer TOKEN"},
            ),
            401: Reply(
                description=f"status > 0. message = {BAD_LOGIN}",
                body=LoginAnswer,
                example={"status": 1, "message": BAD_LOGIN},
            ),
            **_TOO_LARGE,
            **_INTERNAL,
        },
        public=True,
    ),
    Operation(
        method="POST",
        path="/sms/v3/status",
        name="status",
        tag=_SMS,
        summary="Para conocer el status de un SMS (por idMessage) o un grupo de SMS (por idBatch)",
        description="Con ambos, los SMS de la lista que sean de ese grupo. Los desconocidos se omiten.",
        body=Query,
        body_example={"idBatch": _BATCH, "registros": [{"idMessage": _MESSAGE}]},
        replies={
            200: Reply(
                description="OK, o status = 1 si no se encontró ninguno",
                body=QueryAnswer,
                example={
                    "status": 0,
                    "message": "OK",
                    "registros": [
                        {
                            "idMessage": _MESSAGE,
                            "status": "ENTREGADO",
                            "motivo": "",
                            "horaEnvio": "2026-02-26 06:00:00",
                        }
                    ],
                },
            ),
            **_ERRORS,
        },
    ),
    Operation(
        method="POST",
        path="/sms/v3/asignacion",
        name="asignacion",
        tag=_SMS,
        summary="Para solicitar el envío de SMS, desde 1 hasta 100 registros.",
        description="Cada registro se acepta o se rechaza por separado; la respuesta los trae en el mismo orden.",
        body=Batch,
        body_example={"registros": [{"telefono": "5512345678", "mensaje": "Hola"}]},
        replies={
            200: Reply(
                description="OK; statusBatch y el status de cada registro dicen qué fue de ellos",
                body=BatchAnswer,
                example={
                    "statusBatch": 0,
                    "message": "OK",
                    "idBatch": _BATCH,
                    "registros": [{"status": 0, "telefono": "5512345678", "idMessage": _MESSAGE}],
                },
            ),
            **_ERRORS,
        },
    ),
)

DOCUMENT: Final = openapi_document(
    OPERATIONS,
    title=TITLE,
    version="3",
    description=_DESCRIPTION,
    servers=("/", "/api"),
    tags={_LOGIN: "API para realizar login", _SMS: "API para enviar SMS. Mensajes de hasta 800 caracteres."},
    security={
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "El TOKEN que da /login, sin «Bearer»",
        }
    },
)
