"""The operations of ``/webservice.php``, for its page, its WSDL and its calls.

The names are ours: CONVERGIA's page only says that its functions can be seen there. The contract is what PHP's nusoap
would publish: SOAP 1.1, rpc/encoded, every part an ``xsd:string``.
"""

from dataclasses import dataclass
from typing import Final

NAMESPACE: Final = "urn:smswebservices"
SERVICE: Final = "smswebservices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation: its input parts in order; its one output part is ``return``."""

    name: str
    also: str
    """Another spelling of the name that is accepted but not published."""
    parts: tuple[str, ...]
    does: str
    """A description in Spanish, for the page and the WSDL."""


SEND: Final = Operation(
    name="enviar_mensaje",
    also="enviarMensaje",
    parts=("username", "password", "number", "message", "extra"),
    does="Envía un mensaje. Devuelve 100|id, o un código de error. El dato extra es opcional.",
)
STATUS: Final = Operation(
    name="estatus_mensaje",
    also="estatusMensaje",
    parts=("username", "password", "messageid"),
    does="Consulta un mensaje: 0 pendiente, 2 fallido, 3 entregado, 5 error de autenticación, 6 no encontrado.",
)
OPERATIONS: Final = (SEND, STATUS)
