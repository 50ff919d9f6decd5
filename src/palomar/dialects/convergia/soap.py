"""Read and write SOAP 1.1 messages: calls in, answers and faults out. What a call does is in ``calls``.

Sources: SOAP 1.1 (W3C Note, 8 May 2000) sections 4 and 7, and what real stacks send: PHP's SoapClient an ``xsi:nil``
for a left-out argument, zeep no types, nusoap ISO-8859-1. So parts are found by local name, then by position, whatever
prefix, namespace, type or SOAPAction they have, and a part's value may be elsewhere (Axis's ``multiRef``). A document
type declaration is refused (section 3), and with it all entities.
"""

from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree

from palomar.dialects.convergia.operations import NAMESPACE, OPERATIONS, Operation
from palomar.dialects.convergia.parameters import Parameters


class Call(NamedTuple):
    """An operation, the name by which it was called, and its parts that were given."""

    operation: Operation
    called: str
    parameters: Parameters


class SoapFault(Exception):
    """A mistake of the caller, in words for the caller: a ``SOAP-ENV:Client`` fault."""


def read_call(body: bytes, *, charset: str | None) -> Call:
    """Read an envelope. ``charset`` is the Content-Type's; it overrides the XML declaration, and a byte order mark
    overrides both (RFC 7303 section 3). Raises SoapFault."""
    envelope = _parse(body, None if body.startswith(_BYTE_ORDER_MARKS) else charset)
    if _local_name(envelope) != "Envelope":
        raise SoapFault("No es un mensaje SOAP")
    inside = next((child for child in envelope if _local_name(child) == "Body"), None)
    calls = [] if inside is None else list(inside)
    if not calls:
        raise SoapFault("El mensaje SOAP no tiene Body con una operación")
    for call in calls:  # elements that a call refers to may stand beside it, also before it
        called = _local_name(call)
        for operation in OPERATIONS:
            if called in (operation.name, operation.also):
                return Call(operation, called, _parameters(call, operation.parts))
    raise SoapFault(f"Operación desconocida: {_local_name(calls[0])[:_NAME_SHOWN]}")


def answer(called: str, text: str) -> bytes:
    """Write the answer to a call, with its one part ``return``."""
    inside = (
        f'<ns1:{called}Response xmlns:ns1="{NAMESPACE}"><return xsi:type="xsd:string">{escape(text)}</return>'
        f"</ns1:{called}Response>"
    )
    return _envelope(inside)


def fault(code: str, text: str) -> bytes:
    """Write a fault (SOAP 1.1 section 4.4); ``code`` is Client or Server."""
    inside = (
        f"<SOAP-ENV:Fault><faultcode>SOAP-ENV:{code}</faultcode><faultstring>{escape(text)}</faultstring>"
        "</SOAP-ENV:Fault>"
    )
    return _envelope(inside)


_BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xfe\xff", b"\xff\xfe")
_NAME_SHOWN: Final = 100
_STEPS_AT_MOST: Final = 4
ATTRIBUTES_AT_MOST: Final = 100
"""Attributes of a part; reading them takes quadratic time."""
_NIL: Final = frozenset({"nil", "null"})
"""``xsi:nil``, and its name in the drafts of XML Schema that SOAP 1.1 knew."""

_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<SOAP-ENV:Envelope SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/">'
    "<SOAP-ENV:Body>%s</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


def _envelope(inside: str) -> bytes:
    return (_ENVELOPE % inside).encode("utf-8")


def _parse(body: bytes, charset: str | None) -> etree._Element:
    try:
        parser = etree.XMLParser(
            encoding=charset,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(body, parser)
    except LookupError:
        raise SoapFault("Codificación desconocida") from None
    except (etree.XMLSyntaxError, ValueError):
        raise SoapFault("XML ilegible") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise SoapFault("No se admite una declaración DOCTYPE")
    return root


def _local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _parameters(call: etree._Element, parts: tuple[str, ...]) -> Parameters:
    children = list(call)
    by_name = {_local_name(child): child for child in children}
    named = {part: by_name[part] for part in parts if part in by_name}
    for part, child in zip(parts, children, strict=False):
        if _local_name(child) not in parts:
            named.setdefault(part, child)
    refers = any(child.get("href") is not None for child in named.values())
    ids = _ids(call.getroottree().getroot()) if refers else {}
    values = {part: _target(child, ids) for part, child in named.items()}
    return {part: "".join(map(str, child.itertext())) for part, child in values.items() if not _is_nil(child)}


def _ids(root: etree._Element) -> dict[str, etree._Element | None]:
    """Map each ``id`` of the message to its element; None if several elements have it."""
    found: dict[str, etree._Element | None] = {}
    for element in root.iter():
        name = element.get("id")
        if name is not None:
            found[name] = None if name in found else element
    return found


def _target(part: etree._Element, ids: dict[str, etree._Element | None]) -> etree._Element:
    """Find the element that holds a part's value: itself, or the one that its ``href`` refers to (SOAP 1.1 section
    5.4.1), in a limited number of steps. Raises SoapFault if there is no such element, several, a circle, or a
    reference out of the message."""
    element = part
    for _ in range(_STEPS_AT_MOST):
        reference = element.get("href")
        if reference is None:
            return element
        if not reference.startswith("#"):
            raise SoapFault("No se admite una referencia fuera del mensaje")
        found = ids.get(reference[1:])
        if found is None:
            raise SoapFault("Una referencia no lleva a ningún elemento, o a varios")
        element = found
    raise SoapFault("Una referencia lleva demasiado lejos")


def _is_nil(element: etree._Element) -> bool:
    if len(element.attrib) > ATTRIBUTES_AT_MOST:
        raise SoapFault("Demasiados atributos")
    for name, value in element.attrib.items():
        if str(name).rpartition("}")[2] in _NIL and str(value).strip() in ("1", "true"):
            return True
    return False
