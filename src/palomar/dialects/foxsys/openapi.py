"""FOXSYS's page as an OpenAPI document, in Spanish: every operation, and every answer that it may give.

Sources: the texts are FOXSYS's page's; what it leaves open is its sheet's. Bodies are described here as they should be
written; what is read tolerates more (``documents``).
"""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from palomar.apidocs import Operation, Reply, openapi_document
from palomar.dialects.foxsys.errors import MESSAGES, Code
from palomar.dialects.foxsys.requests import LABEL_LONGEST, TPOA_LONGEST
from palomar.dialects.foxsys.subids import LONGEST

TITLE: Final = "FOXSYS: API SMS http/POST"
PREFIX: Final = "/json"

_Flag = Literal[0, 1]
_Subid = Annotated[str, Meta(description="Identificador de la petición", max_length=LONGEST)]
_Time = Annotated[
    str,
    Meta(
        description="YYYY-MM-DD HH:MM:SS, GMT",
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$",
        examples=["2024-04-12 10:00:00"],
    ),
]


class Recipient(Struct):
    """Un destinatario."""

    msisdn: Annotated[str, Meta(description="Formato E.164; varios se separan con comas", examples=["34609033162"])]


class Value(Struct):
    """Lo que lee un destinatario."""

    msisdn: Annotated[str, Meta(description="Su número, o default", examples=["default"])]
    value: str


class SendRequest(Struct, omit_defaults=True):
    """Petición de envío."""

    recipient: Annotated[list[Recipient], Meta(min_length=1)]
    message: Annotated[str, Meta(description="Texto del mensaje", min_length=1)]
    scheduled: _Time | UnsetType = UNSET
    tpoa: (
        Annotated[
            str,
            Meta(description="Remitente: hasta 16 dígitos u 11 caracteres", max_length=TPOA_LONGEST),
        ]
        | UnsetType
    ) = UNSET
    subid: _Subid | UnsetType = UNSET
    label: Annotated[str, Meta(description="Campo libre", max_length=LABEL_LONGEST)] | UnsetType = UNSET
    test: Annotated[_Flag, Meta(description="Modo simulado")] | UnsetType = UNSET
    ackurl: Annotated[str, Meta(description="Recepción de estados")] | UnsetType = UNSET
    clickurl: Annotated[str, Meta(description="Recepción de clics")] | UnsetType = UNSET
    shortlink: Annotated[_Flag, Meta(description="Reemplazo automático de enlaces")] | UnsetType = UNSET
    long: Annotated[_Flag, Meta(description="SMS Concatenados")] | UnsetType = UNSET
    ucs2: Annotated[_Flag, Meta(description="SMS Unicode")] | UnsetType = UNSET
    nofilter: Annotated[_Flag, Meta(description="Sin filtro de mensajes duplicados")] | UnsetType = UNSET
    parameters: Annotated[list[dict[str, Value]], Meta(description="Valores de %name% en el texto")] | UnsetType = UNSET


class PricesRequest(Struct, omit_defaults=True):
    """Qué países y en qué formato."""

    countries: (
        Annotated[list[str], Meta(description="Códigos ISO; si no se envía, todos", examples=[["ES", "FR", "US"]])]
        | None
    ) = None
    format: Literal["JSON", "XML", "CSV"] = "JSON"


class ScheduledRequest(Struct):
    """Qué envíos programados, y qué se hace con ellos."""

    subid: Annotated[str, Meta(description="El de la petición, o *: todos los pendientes de la cuenta")]
    cmd: Literal["cancel", "send"]


class AckRequest(Struct):
    """Qué mensaje."""

    subid: _Subid
    msisdn: Annotated[str, Meta(examples=["34609033162"])]


class SentAnswer(Struct, omit_defaults=True):
    """Aceptado o no; aceptado no es entregado."""

    code: Annotated[str, Meta(description="0: aceptado", pattern="^[0-9]+$")]
    message: str
    subid: str | UnsetType = UNSET


class Problem(Struct):
    """Un error."""

    code: Annotated[str, Meta(pattern="^[0-9]+$")]
    message: str


class BalanceAnswer(Struct):
    """El saldo."""

    code: Literal[0]
    credits: Annotated[str, Meta(description="Con dos decimales", pattern="^-?[0-9]+\\.[0-9]{2}$")]


class Price(Struct):
    """La tarifa de un país."""

    isocode: str
    prefix: str
    name: str
    credits: Annotated[float, Meta(description="Créditos por mensaje")]


class ScheduledAnswer(Struct):
    """Qué fue de ellos. Aquí todo código es un número."""

    code: Annotated[int, Meta(description="0: hecho; 51: falta un dato; 52: no hay ninguno pendiente")]
    message: str


class AckAnswer(Struct, omit_defaults=True):
    """Dónde está el mensaje; o, con un código de texto, un error."""

    code: Annotated[int | str, Meta(description="0, o el código de un error")]
    status: Annotated[str, Meta(examples=["handset"])] | UnsetType = UNSET
    credits: Annotated[float, Meta(description="Créditos que cuesta")] | UnsetType = UNSET
    desc: Annotated[str, Meta(examples=["DELIVRD"])] | UnsetType = UNSET
    timestamp: _Time | UnsetType = UNSET
    message: str | UnsetType = UNSET


_PricesAnswer = Annotated[
    Raw,
    Meta(
        description="Tarifas por código ISO, o un error",
        extra_json_schema={
            "anyOf": [
                {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Price"}},
                {"$ref": "#/components/schemas/Problem"},
            ]
        },
    ),
]
_FRANCE: Final = {"FR": {"isocode": "FR", "prefix": "33", "name": "France", "credits": 0.89}}
_XML: Final = (
    "<prices><country><isocode>FR</isocode><prefix>33</prefix><name>France</name><credits>0.89</credits>"
    "</country></prices>"
)
_DESCRIPTION: Final = """\
API REST con autenticación **Auth Basic HTTP**: el usuario de la cuenta y uno de sus tokens.

Los códigos menores de 100 llegan con HTTP 200, salvo que la cuenta tenga `business_error_status` 400: entonces con 400,
y 35 con 402. Todas las horas son GMT."""


def _errors(body: object, *, numbers: bool = False) -> dict[int, Reply]:
    """Return the answers of three digits, and those that an account may ask for."""
    codes = (
        Code.UNAUTHORIZED,
        Code.FORBIDDEN,
        Code.TOO_LARGE,
        Code.TOO_MANY_REQUESTS,
        Code.INTERNAL,
    )
    replies = {
        status: Reply(description="Un código menor de 100, si la cuenta lo quiere así", body=body)
        for status in (HTTPStatus.BAD_REQUEST, HTTPStatus.PAYMENT_REQUIRED)
    }
    for code in codes:
        example = {"code": int(code) if numbers else code.value, "message": MESSAGES[code]}
        headers = {"Retry-After": "Segundos que hay que esperar"} if code is Code.TOO_MANY_REQUESTS else {}
        replies[HTTPStatus(int(code))] = Reply(description=MESSAGES[code], body=body, example=example, headers=headers)
    return {int(status): reply for status, reply in replies.items()}


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/json/send",
        name="send",
        tag="SMS",
        summary="Envío de mensajes SMS de forma individual o masiva",
        body=SendRequest,
        body_example={"recipient": [{"msisdn": "34609033162"}], "message": "Hello world!"},
        replies={
            200: Reply(
                description="Aceptado, o un error con su código",
                body=SentAnswer,
                example={"code": "0", "message": MESSAGES[Code.SENT], "subid": "6615686480e47"},
            ),
            **_errors(SentAnswer),
        },
    ),
    Operation(
        method="POST",
        path="/json/scheduled",
        name="scheduled",
        tag="SMS",
        summary="Cancelación o ejecución de envíos programados pendientes",
        body=ScheduledRequest,
        body_example={"subid": "5aa3ea8e5cdb6", "cmd": "cancel"},
        replies={
            200: Reply(
                description="Hecho, o un error con su código",
                body=ScheduledAnswer,
                example={"code": 0, "message": "Scheduled messages successfully cancelled."},
            ),
            **_errors(ScheduledAnswer, numbers=True),
        },
    ),
    Operation(
        method="POST",
        path="/json/ack",
        name="ack",
        tag="SMS",
        summary="Estado de un mensaje",
        description="`status`: scheduled, queued, operator, handset, error, blocked, cancelled, noformat, duplicated o "
        "test. `desc`: DELIVRD, ACCEPTD, REJECTD, UNDELIV, EXPIRED, BLOCKED o UNKNOWN. Es mejor usar `ackurl`.",
        body=AckRequest,
        body_example={"subid": "6615686480e47", "msisdn": "34609033162"},
        replies={
            200: Reply(
                description="Su estado, o un error con su código",
                body=AckAnswer,
                example={
                    "code": 0,
                    "status": "handset",
                    "credits": 0.89,
                    "desc": "DELIVRD",
                    "timestamp": "2024-04-12 10:00:05",
                },
            ),
            **_errors(Problem),
        },
    ),
    Operation(
        method="GET",
        path="/json/balance",
        name="balance",
        tag="Cuenta",
        summary="Número de créditos disponibles de una cuenta",
        replies={
            200: Reply(description="El saldo", body=BalanceAnswer, example={"code": 0, "credits": "1023.10"}),
            **_errors(Problem),
        },
    ),
    Operation(
        method="GET",
        path="/json/prices",
        name="allPrices",
        tag="Cuenta",
        summary="Tarifa (en créditos) de todos los países de destino",
        replies={200: Reply(description="Por país", body=dict[str, Price], example=_FRANCE), **_errors(Problem)},
    ),
    Operation(
        method="POST",
        path="/json/prices",
        name="prices",
        tag="Cuenta",
        summary="Tarifa (en créditos) de uno o varios países de destino",
        body=PricesRequest,
        body_example={"countries": ["FR"], "format": "JSON"},
        replies={
            200: Reply(
                description="Por país, en el formato pedido",
                body=_PricesAnswer,
                example=_FRANCE,
                otherwise={"application/xml": _XML, "text/csv": "FR,33,France,0.89\r\n"},
            ),
            **_errors(Problem),
        },
    ),
)

DOCUMENT: Final = openapi_document(
    OPERATIONS,
    title=TITLE,
    version="1",
    description=_DESCRIPTION,
    servers=("/",),
    tags={"SMS": "Enviar, programar, consultar", "Cuenta": "Saldo y tarifas"},
    security={"basic": {"type": "http", "scheme": "basic", "description": "Usuario y token de la API"}},
)
