"""402T Labs' page as an OpenAPI document: every operation, its body, and every answer that it may give.

Answers are the Structs that are sent (``responses``); bodies are described here, because what is read tolerates more
than what should be written. ``palomar.apidocs`` makes the document and the page.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from palomar.apidocs import Operation, Parameter, Reply, openapi_document
from palomar.dialects.labs402t.errors import MESSAGES, Code
from palomar.dialects.labs402t.responses import (
    BalanceAnswer,
    BatchAnswer,
    CostsAnswer,
    EmptyAnswer,
    ErrorAnswer,
    ScheduledAnswer,
    SentAnswer,
    StateAnswer,
    UserAnswer,
)
from palomar.dialects.labs402t.settings import Labs402tSettings

_To = Annotated[
    str, Meta(description="Número de destino en formato nacional o internacional.", examples=["34600000000"])
]
_Text = Annotated[str, Meta(description="Contenido del mensaje, máx. 160 caracteres.", min_length=1)]
_From = Annotated[
    str, Meta(description="Remitente personalizado, 3-11 caracteres alfanuméricos.", pattern="^[A-Za-z0-9]{3,11}$")
]
_Word = Annotated[str, Meta(min_length=1)]


class SendRequest(Struct, rename={"sender": "from"}, omit_defaults=True):
    """Un mensaje para enviar ahora."""

    to: _To
    text: _Text
    sender: _From | None = None


class ScheduleRequest(Struct, rename={"sender": "from"}, omit_defaults=True):
    """Un mensaje para enviar más tarde."""

    to: _To
    text: _Text
    send_at: Annotated[
        str,
        Meta(description="Fecha y hora futuras; sin zona, la de la plataforma.", examples=["2031-12-31T10:00:00"]),
    ]
    sender: _From | None = None


class BatchRequest(Struct):
    """Varios mensajes, juzgados uno por uno."""

    messages: Annotated[list[SendRequest], Meta(min_length=1, max_length=100)]


class UserRequest(Struct):
    """Una nueva subcuenta bajo su jerarquía."""

    name: _Word
    surname: _Word
    login: Annotated[str, Meta(pattern="^[A-Za-z0-9._@+-]{1,64}$")]
    password: _Word
    contact_email: _Word


class PasswordRequest(Struct):
    """El cambio de una contraseña."""

    current_password: _Word
    new_password: _Word


def document(settings: Labs402tSettings) -> bytes:
    """Return the document as JSON."""
    return openapi_document(
        OPERATIONS,
        title="402T Labs API REST",
        version="1",
        description=_DESCRIPTION.format(timezone=settings.timezone, codes=_codes()),
        servers=("../v1",),
        tags={"SMS": "Enviar mensajes y seguirlos.", "Cuentas": "Saldo, subcuentas, costos y contraseñas."},
        security={"ApiKey": {"type": "http", "scheme": "bearer", "description": "Su API key."}},
    )


_DESCRIPTION: Final = """Guía de integración para desarrolladores.

Todas las respuestas siguen el mismo envoltorio: `{{"status": 0, "message": "OK", "data": {{}}}}`.
Las fechas sin zona son de {timezone}.

| Código | Mensaje |
| --- | --- |
{codes}"""

_LOGIN: Final = Parameter(
    name="login", where="path", description="Su login, o el de una subcuenta suya.", schema=_Word, example="demo"
)
_GUID: Final = Parameter(
    name="guid",
    where="path",
    description="El identificador del mensaje.",
    schema=_Word,
    example="a00f005b-51e6-477e-87fb-458d01c9740c",
)
_KEY: Final = Parameter(
    name="Idempotency-Key",
    where="header",
    description="Único por solicitud: repetirla devuelve la misma respuesta y no envía nada otra vez (24 horas).",
    schema=Annotated[str, Meta(min_length=1, max_length=255, pattern="^[ -~]+$")],  # type: ignore[arg-type]
    required=False,
)
_STATUSES: Final = {
    400: "El cuerpo o un campo no es válido.",
    401: MESSAGES[Code.BAD_CREDENTIALS],
    402: MESSAGES[Code.NO_CREDIT],
    403: MESSAGES[Code.MAY_NOT_SEND],
    404: "No existe.",
    405: "El método no es de esta ruta.",
    409: "La misma Idempotency-Key está en curso, o el login ya existe.",
    413: "El cuerpo es demasiado grande.",
    415: "El cuerpo está comprimido.",
    422: "La Idempotency-Key es de otra solicitud.",
    429: "Demasiadas solicitudes.",
    500: "Un fallo nuestro.",
    503: "No disponible por el momento: nada se hizo; reintente tras los segundos de Retry-After.",
}


def _codes() -> str:
    return "\n".join(f"| {code.value} | {message} |" for code, message in MESSAGES.items())


def _replies(answer: type, *statuses: int) -> dict[int, Reply]:
    replies = {200: Reply(description="OK", body=answer)}
    for status in sorted({*statuses, 401, 403, 404, 405, 429, 500, 503}):
        replies[status] = Reply(description=_STATUSES[status], body=ErrorAnswer)
    return replies


_POST: Final = (400, 409, 413, 415, 422)

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/sms/send",
        name="send",
        tag="SMS",
        summary="Envía un mensaje SMS de forma inmediata",
        parameters=(_KEY,),
        body=SendRequest,
        body_example={"to": "34600000000", "text": "Hola desde la API de 402T Labs", "from": "402TLabs"},
        replies=_replies(SentAnswer, *_POST, 402),
    ),
    Operation(
        method="POST",
        path="/sms/schedule",
        name="schedule",
        tag="SMS",
        summary="Programa un envío de SMS para una fecha y hora futura",
        parameters=(_KEY,),
        body=ScheduleRequest,
        body_example={
            "to": "34600000000",
            "text": "Este mensaje se enviará mañana",
            "send_at": "2031-12-31T10:00:00",
        },
        replies=_replies(ScheduledAnswer, *_POST, 402),
    ),
    Operation(
        method="POST",
        path="/sms/batch",
        name="batch",
        tag="SMS",
        summary="Envía múltiples mensajes en una sola solicitud, máximo 100",
        description="Cada mensaje se juzga por separado. Si ninguno se acepta, el error es el del primero.",
        parameters=(_KEY,),
        body=BatchRequest,
        body_example={
            "messages": [{"to": "34600000001", "text": "Mensaje 1"}, {"to": "34600000002", "text": "Mensaje 2"}]
        },
        replies=_replies(BatchAnswer, *_POST, 402),
    ),
    Operation(
        method="GET",
        path="/sms/{guid}/status",
        name="status",
        tag="SMS",
        summary="Consulta el estado detallado de un mensaje",
        parameters=(_GUID,),
        replies=_replies(StateAnswer),
    ),
    Operation(
        method="GET",
        path="/accounts/{login}/balance",
        name="balance",
        tag="Cuentas",
        summary="Consulta el saldo actual de una cuenta",
        parameters=(_LOGIN,),
        replies=_replies(BalanceAnswer),
    ),
    Operation(
        method="POST",
        path="/users",
        name="create_user",
        tag="Cuentas",
        summary="Crea una nueva subcuenta de usuario bajo su jerarquía",
        description="La API key de la subcuenta se muestra esta única vez.",
        parameters=(_KEY,),
        body=UserRequest,
        body_example={
            "name": "Juan",
            "surname": "Pérez",
            "login": "juanp",
            "password": "una contraseña",
            "contact_email": "juan@example.com",
        },
        replies=_replies(UserAnswer, *_POST),
    ),
    Operation(
        method="GET",
        path="/users/{login}/costs",
        name="costs",
        tag="Cuentas",
        summary="Consulta los costos configurados para un usuario",
        parameters=(_LOGIN,),
        replies=_replies(CostsAnswer),
    ),
    Operation(
        method="POST",
        path="/users/{login}/password",
        name="change_password",
        tag="Cuentas",
        summary="Cambia la contraseña de un usuario",
        parameters=(_LOGIN, _KEY),
        body=PasswordRequest,
        body_example={"current_password": "old_pass", "new_password": "new_pass"},
        replies=_replies(EmptyAnswer, *_POST),
    ),
)
