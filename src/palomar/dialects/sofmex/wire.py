"""The JSON objects of SOFMEX's API, in its order and spelling. They parse, answer, and make the OpenAPI document.

Source: SOFMEX's page; what its clients send beside (a telephone as number or text, unknown keys) is its sheet's.
``telefono`` is never read as a number: it is kept as it came, of any length and type, and echoed byte by byte.
"""

from typing import Annotated

from msgspec import Meta, Raw, Struct

RECORDS_MAX = 100
TEXT_MAX = 800
"""Characters."""
TEXT_RAW_MAX = 4 * TEXT_MAX
"""The longest text as posted; a longer one is refused by its length alone."""
TELEPHONE_RAW_MAX = 1_000
"""The longest JSON of a telephone, in octets, that is read as a number."""


class LoginAnswer(Struct):
    """Respuesta de /login."""

    status: Annotated[int, Meta(description="0 si la autenticación es correcta, si no mayor que 0")]
    message: Annotated[str, Meta(description="El TOKEN, o por qué no lo hay")]


class Record(Struct):
    """Un SMS que se solicita."""

    telefono: Annotated[
        Raw,
        Meta(
            description="Puede ser número o texto. Diez dígitos son de México; los demás llevan el código de su país",
            extra_json_schema={"type": ["integer", "string"], "examples": ["5512345678"]},
        ),
    ]
    mensaje: Annotated[
        str,
        Meta(
            description="Hasta 800 caracteres; si no cabe en un SMS se envía concatenado",
            extra_json_schema={"minLength": 1, "maxLength": TEXT_MAX},
        ),
    ]


class Batch(Struct):
    """Solicitud de envío: de 1 a 100 registros."""

    registros: Annotated[list[Record], Meta(extra_json_schema={"minItems": 1, "maxItems": RECORDS_MAX})]


class RecordAnswer(Struct, rename="camel"):
    """Qué fue de un registro."""

    status: Annotated[
        int,
        Meta(
            description="0 aceptado, 1 teléfono inválido, 2 mensaje vacío, 3 mensaje excede 800 caracteres, "
            "4 sin saldo, 5 destino bloqueado, 9 error interno"
        ),
    ]
    telefono: Annotated[Raw, Meta(description="Como se envió, número o texto")]
    id_message: Annotated[str, Meta(description="Identificador del SMS; vacío si no fue aceptado")]


class BatchAnswer(Struct, rename="camel"):
    """Respuesta de asignacion: tantos registros como se enviaron y en su orden."""

    status_batch: Annotated[
        int,
        Meta(
            description="0 al menos uno aceptado, 1 ninguno aceptado, 2 sin registros, 3 más de 100 registros, "
            "4 sin saldo, 9 error interno"
        ),
    ]
    message: str
    id_batch: Annotated[str, Meta(description="Identificador del grupo de SMS")]
    registros: list[RecordAnswer]


class MessageId(Struct, rename="camel"):
    """Un SMS por el que se pregunta."""

    id_message: str


class Query(Struct, rename="camel"):
    """Consulta por identificadores de SMS, por grupo o por ambos."""

    id_batch: str | None = None
    registros: list[MessageId] | None = None


class MessageStatus(Struct, rename="camel"):
    """Cómo está un SMS."""

    id_message: str
    status: Annotated[str, Meta(extra_json_schema={"enum": ["NUEVO", "ENVIADO", "ENTREGADO", "NO_ENTREGADO", "ERROR"]})]
    motivo: Annotated[str, Meta(description="Por qué no se entregó; si no, vacío")]
    hora_envio: Annotated[str, Meta(description="yyyy-MM-dd HH:mm:ss; vacío mientras es NUEVO")]


class QueryAnswer(Struct):
    """Respuesta de status."""

    status: Annotated[int, Meta(description="0, o 1 si no se encontró ninguno")]
    message: str
    registros: list[MessageStatus]


class ErrorAnswer(Struct):
    """El objeto de error de Spring."""

    timestamp: Annotated[str, Meta(description="ISO 8601")]
    status: int
    error: str
    message: str
    path: str
