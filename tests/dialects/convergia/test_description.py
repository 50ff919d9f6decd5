"""``description.py`` and the address in it."""

from typing import Any

import pytest
from lxml import etree

from palomar.dialects.convergia.api import _address
from palomar.dialects.convergia.description import page, wsdl
from palomar.dialects.convergia.operations import OPERATIONS

WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"


def test_the_wsdl_says_what_the_operations_are() -> None:
    root = etree.fromstring(wsdl("http://a/?b&c"))
    for operation in OPERATIONS:
        message = root.find(f"{WSDL}message[@name='{operation.name}Request']")
        assert message is not None
        assert tuple(part.get("name") for part in message) == operation.parts
        assert {part.get("type") for part in message} == {"xsd:string"}
        action = root.find(f"{WSDL}binding/{WSDL}operation[@name='{operation.name}']/{SOAP}operation")
        assert action is not None
        assert action.get("soapAction") == f"urn:smswebservices#{operation.name}"
    address = root.find(f".//{SOAP}address")
    assert address is not None
    assert address.get("location") == "http://a/?b&c"


def test_the_page_names_every_function_and_part() -> None:
    text = page().decode("utf-8")
    for operation in OPERATIONS:
        assert f"<h2>{operation.name}</h2>" in text
        assert all(f"<li>{part}: xsd:string</li>" in text for part in operation.parts)
        assert operation.also not in text


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({b"host": b"sms.example:8181"}, "http://sms.example:8181/webservice.php"),
        ({b"host": b"[2001:db8::1]:8181"}, "http://[2001:db8::1]:8181/webservice.php"),
        ({b"host": b"sms.example", b"x-forwarded-proto": b"https"}, "https://sms.example/webservice.php"),
        ({b"host": b"sms.example", b"x-forwarded-proto": b"javascript"}, "http://sms.example/webservice.php"),
        ({}, "http://127.0.0.1:8181/webservice.php"),
        ({b"host": b'"><evil/>'}, "http://127.0.0.1:8181/webservice.php"),
        ({b"host": b"a/b@c"}, "http://127.0.0.1:8181/webservice.php"),
    ],
)
def test_the_address_is_the_one_by_which_we_were_reached(headers: dict[bytes, bytes], address: str) -> None:
    scope: dict[str, Any] = {"scheme": "http", "server": ("127.0.0.1", 8181), "headers": list(headers.items())}
    assert _address(scope) == address


def test_an_ipv6_address_of_our_own_is_bracketed() -> None:
    scope: dict[str, Any] = {"scheme": "https", "server": ("::1", 8181), "headers": []}
    assert _address(scope) == "https://[::1]:8181/webservice.php"
