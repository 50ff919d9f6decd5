"""Clients that others wrote: zeep, PHP's SoapClient, nusoap's HTTP/1.0, curl's forms. They know but an address."""

import http.client
import io
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import zeep
from lxml import etree
from tests.dialects.convergia.application import PASSWORD, Application
from tests.support.needs import program
from tests.support.waiting import eventually
from zeep.cache import InMemoryCache
from zeep.transports import Transport

PHP_CLIENT = Path(__file__).parent / "soap_client.php"
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "envelope.xsd"))
NUMBER = "525512345678"
TIMEOUT_SECONDS = 10.0
DELIVERED_SECONDS = 10.0


@pytest.fixture
def service(application: Application) -> zeep.proxy.ServiceProxy:
    """zeep's view of the WSDL, read strictly."""
    transport = Transport(cache=InMemoryCache(), timeout=TIMEOUT_SECONDS)
    with transport.session:
        yield zeep.Client(f"{application.url}/webservice.php?wsdl", transport=transport).service


def test_zeep_sends_and_asks(application: Application, service: zeep.proxy.ServiceProxy) -> None:
    code, short_id = service.enviar_mensaje("ana", PASSWORD, NUMBER, "¿Qué tal, Ñoño?", "pedido 9").split("|")
    row = application.message("ana", short_id)
    assert (code, row.text, row.extra) == ("100", "¿Qué tal, Ñoño?", "pedido 9")
    eventually(
        lambda: service.estatus_mensaje(username="ana", password=PASSWORD, messageid=short_id) == "3",
        within_seconds=DELIVERED_SECONDS,
        what="the message is delivered",
    )


def test_zeep_gets_codes(service: zeep.proxy.ServiceProxy) -> None:
    assert service.enviar_mensaje("ana", "wrong", NUMBER, "Hola", "") == "201"
    assert service.enviar_mensaje("ana", PASSWORD, NUMBER, "", zeep.xsd.SkipValue) == "103"
    assert service.estatus_mensaje("ana", PASSWORD, "1") == "6"


def test_zeep_raises_our_fault_for_an_unknown_operation(application: Application) -> None:
    wsdl = urllib.request.urlopen(f"{application.url}/webservice.php?wsdl", timeout=TIMEOUT_SECONDS).read()
    transport = Transport(timeout=TIMEOUT_SECONDS)
    with transport.session:
        other = zeep.Client(io.BytesIO(wsdl.replace(b"enviar_mensaje", b"borrar_todo")), transport=transport)
        with pytest.raises(zeep.exceptions.Fault, match=r"^Operación desconocida: borrar_todo$") as raised:
            other.service.borrar_todo("ana", PASSWORD, NUMBER, "Hola", "")
    assert raised.value.code == "SOAP-ENV:Client"


def php(*arguments: str) -> str:
    """Return what the customer's program prints."""
    command = [program("php"), "-d", "display_errors=stderr", str(PHP_CLIENT), *arguments]
    done = subprocess.run(command, capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr.decode() + done.stdout.decode()
    return done.stdout.decode()


@pytest.fixture
def wsdl(application: Application) -> str:
    """Return where PHP finds the WSDL; skip if PHP has no SOAP."""
    modules = subprocess.run([program("php"), "-m"], capture_output=True, text=True, check=True).stdout
    if "soap" not in modules.split():
        pytest.skip("PHP has no SOAP here; on Debian: apt-get install php-soap")
    return f"{application.url}/webservice.php?wsdl"


def test_php_reads_the_functions(wsdl: str) -> None:
    assert php("wsdl", wsdl, "__getFunctions").split("\n") == [
        "string enviar_mensaje(string $username, string $password, string $number, string $message, string $extra)",
        "string estatus_mensaje(string $username, string $password, string $messageid)",
    ]


@pytest.mark.parametrize("mode", ["wsdl", "method", "latin1", "nowsdl"])
def test_php_sends_and_asks(mode: str, application: Application, wsdl: str) -> None:
    where = f"{application.url}/webservice.php" if mode == "nowsdl" else wsdl
    sent = php(mode, where, "enviar_mensaje", "ana", PASSWORD, NUMBER, "¡Ñandú & <b>ñ</b>!", "dato")
    code, short_id = sent.split("|")
    row = application.message("ana", short_id)
    assert (code, row.text, row.extra) == ("100", "¡Ñandu & <b>ñ</b>!", "dato")
    eventually(
        lambda: php(mode, where, "estatus_mensaje", "ana", PASSWORD, short_id) == "3",
        within_seconds=DELIVERED_SECONDS,
        what="the message is delivered",
    )


def test_php_may_leave_extra_out(application: Application, wsdl: str) -> None:
    for arguments in ((), ("(null)",)):
        code, short_id = php("method", wsdl, "enviar_mensaje", "ana", PASSWORD, NUMBER, "Hola", *arguments).split("|")
        assert (code, application.message("ana", short_id).extra) == ("100", "")


def test_php_gets_codes_and_a_fault(wsdl: str) -> None:
    endpoint = wsdl.removesuffix("?wsdl")
    assert php("wsdl", wsdl, "enviar_mensaje", "ana", PASSWORD, "1", "Hola") == "307"
    assert php("nowsdl", endpoint, "enviarMensaje", "ana", "(null)", NUMBER, "Hola") == "102"
    assert php("nowsdl", endpoint, "borrar", "ana") == "fault SOAP-ENV:Client: Operación desconocida: borrar"


def test_an_http_1_0_client_with_an_iso_8859_1_body(application: Application) -> None:
    """As nusoap's client does it, octet by octet."""
    body = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><SOAP-ENV:Envelope'
        ' SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"'
        ' xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body>'
        '<ns1:enviar_mensaje xmlns:ns1="urn:smswebservices"><username xsi:type="xsd:string">ana</username>'
        f'<password xsi:type="xsd:string">{PASSWORD}</password><number xsi:type="xsd:string">{NUMBER}</number>'
        '<message xsi:type="xsd:string">¡Mañana a las 9, Ürsula!</message><extra xsi:type="xsd:string">ñ</extra>'
        "</ns1:enviar_mensaje></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ).encode("iso-8859-1")
    head = (
        "POST /webservice.php HTTP/1.0\r\nUser-Agent: NuSOAP/0.9.5 (1.123)\r\n"
        f"Host: 127.0.0.1:{application.port}\r\nContent-Type: text/xml; charset=ISO-8859-1\r\n"
        f'SOAPAction: "urn:smswebservices#enviar_mensaje"\r\nContent-Length: {len(body)}\r\n\r\n'
    )
    with socket.create_connection(("127.0.0.1", application.port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(head.encode("ascii") + body)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    head_back, _, answer = received.partition(b"\r\n\r\n")
    assert b" 200 " in head_back.split(b"\r\n")[0]
    envelope = etree.fromstring(answer)
    SCHEMA.assertValid(envelope)
    returned = envelope.findtext(".//return")
    assert returned is not None
    row = application.message("ana", returned.removeprefix("100|"))
    assert (row.text, row.extra) == ("¡Mañana a las 9, Ürsula!", "ñ")


@pytest.mark.parametrize("message", ["%A1Ma%F1ana+%28%E9%29!", urllib.parse.quote("¡Mañana (é)!")])
def test_a_url_escaped_in_iso_8859_1_or_utf_8(message: str, application: Application) -> None:
    url = f"{application.url}/?username=ana&password={PASSWORD}&number={NUMBER}&message={message}"
    answer = urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS).read().decode()
    assert application.message("ana", answer.removeprefix("100|")).text == "¡Mañana (é)!"


def test_the_page_of_functions_answers_head_without_a_body(application: Application) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", application.port, timeout=TIMEOUT_SECONDS)
    connection.request("HEAD", "/webservice.php")
    response = connection.getresponse()
    assert (response.status, response.read()) == (200, b"")
    connection.close()


def test_curl_posts_an_array_as_a_multipart_form(application: Application) -> None:
    fields = {"username": "ana", "password": PASSWORD, "number": NUMBER, "message": "Ñ & +", "extra": "x"}
    command = [program("curl"), "--silent", "--max-time", "10"]
    for name, value in fields.items():
        command += ["--form", f"{name}={value}"]
    done = subprocess.run([*command, application.url], capture_output=True, text=True, check=True)
    assert application.message("ana", done.stdout.removeprefix("100|")).text == "Ñ & +"
