"""The description of ``/webservice.php``: a page for people and a WSDL 1.1 for programs.

The WSDL imports nothing, not even SOAP's own encoding schema as nusoap's would, so clients fetch nothing else.
"""

from xml.sax.saxutils import escape, quoteattr

from palomar.dialects.convergia.operations import NAMESPACE, OPERATIONS, SERVICE, Operation


def page() -> bytes:
    """Return the page: the functions with their inputs and outputs, and a link to the WSDL."""
    functions = "".join(_function(operation) for operation in OPERATIONS)
    return _PAGE.format(functions=functions, service=SERVICE).encode("utf-8")


def wsdl(address: str) -> bytes:
    """Return the WSDL; ``address`` is the URL that its reader shall call."""
    return _WSDL.format(
        namespace=NAMESPACE,
        service=SERVICE,
        messages="".join(_messages(operation) for operation in OPERATIONS),
        port_operations="".join(_port_operation(operation) for operation in OPERATIONS),
        bindings="".join(_binding(operation) for operation in OPERATIONS),
        address=quoteattr(address),
    ).encode("utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="es">
<head><meta charset="utf-8"><title>{service}</title></head>
<body>
<h1>{service}</h1>
<p>Funciones del web service. <a href="?wsdl">WSDL</a>.</p>
{functions}</body>
</html>"""

_WSDL = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:tns="{namespace}" name="{service}" targetNamespace="{namespace}">
{messages}<portType name="{service}PortType">
{port_operations}</portType>
<binding name="{service}Binding" type="tns:{service}PortType">
 <soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
{bindings}</binding>
<service name="{service}">
 <port name="{service}Port" binding="tns:{service}Binding">
  <soap:address location={address}/>
 </port>
</service>
</definitions>"""


def _function(operation: Operation) -> str:
    inputs = "".join(f"<li>{part}: xsd:string</li>" for part in operation.parts)
    return (
        f"<h2>{operation.name}</h2>\n<p>{escape(operation.does)}</p>\n"
        f"<p>Entrada:</p>\n<ul>{inputs}</ul>\n<p>Salida:</p>\n<ul><li>return: xsd:string</li></ul>\n"
    )


def _messages(operation: Operation) -> str:
    parts = "".join(f' <part name="{part}" type="xsd:string"/>\n' for part in operation.parts)
    return (
        f'<message name="{operation.name}Request">\n{parts}</message>\n'
        f'<message name="{operation.name}Response">\n <part name="return" type="xsd:string"/>\n</message>\n'
    )


def _port_operation(operation: Operation) -> str:
    name = operation.name
    return (
        f' <operation name="{name}">\n'
        f"  <documentation>{escape(operation.does)}</documentation>\n"
        f'  <input message="tns:{name}Request"/>\n  <output message="tns:{name}Response"/>\n'
        " </operation>\n"
    )


def _binding(operation: Operation) -> str:
    body = (
        f'<soap:body use="encoded" namespace="{NAMESPACE}" encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"/>'
    )
    return (
        f' <operation name="{operation.name}">\n'
        f'  <soap:operation soapAction="{NAMESPACE}#{operation.name}" style="rpc"/>\n'
        f"  <input>{body}</input>\n  <output>{body}</output>\n"
        " </operation>\n"
    )
