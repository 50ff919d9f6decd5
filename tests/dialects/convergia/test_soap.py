"""``soap.py``: envelopes as clients write them, and answers against a strict schema."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from palomar.dialects.convergia import soap
from palomar.dialects.convergia.operations import OPERATIONS, SEND, STATUS
from palomar.dialects.convergia.soap import SoapFault, read_call

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "envelope.xsd"))
MESSAGE = "<message>¡Año!</message>"


def envelope(call: str, *, declaration: str = "") -> str:
    return f"{declaration}<Envelope><Body>{call}</Body></Envelope>"


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "iso-8859-1", "windows-1252", "utf-16", "utf-16le"])
def test_the_content_types_charset_decodes(charset: str) -> None:
    body = envelope(f"<enviar_mensaje>{MESSAGE}</enviar_mensaje>").encode(charset)
    assert read_call(body, charset=charset).parameters == {"message": "¡Año!"}


def test_the_declarations_encoding_decodes_where_the_content_type_has_none() -> None:
    text = envelope(
        f"<enviar_mensaje>{MESSAGE}</enviar_mensaje>", declaration="<?xml version='1.0' encoding='ISO-8859-1'?>"
    )
    assert read_call(text.encode("latin-1"), charset=None).parameters == {"message": "¡Año!"}


def test_the_content_type_beats_the_declaration_and_a_byte_order_mark_beats_both() -> None:
    text = envelope(
        f"<enviar_mensaje>{MESSAGE}</enviar_mensaje>", declaration="<?xml version='1.0' encoding='ISO-8859-1'?>"
    )
    assert read_call(text.encode("utf-8"), charset="utf-8").parameters == {"message": "¡Año!"}
    marked = text.encode("utf-8-sig")
    assert read_call(marked, charset="iso-8859-1").parameters == {"message": "¡Año!"}


@pytest.mark.parametrize(
    ("body", "charset", "why"),
    [
        (b"<Envelope>", "klingon", "Codificación desconocida"),
        ("<Envelope>ñ</Envelope>".encode(), "us-ascii", "XML ilegible"),
        ("<Envelope>ñ</Envelope>".encode("latin-1"), "utf-8", "XML ilegible"),
        (b"", None, "XML ilegible"),
        (b"\0", None, "XML ilegible"),
        (b"<Envelope>" * 300, None, "XML ilegible"),
        (b"<a:Envelope/>", None, "XML ilegible"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><Envelope/>', None, "No se admite una declaración DOCTYPE"),
        (b"<Envelope><Body>texto</Body></Envelope>", None, "El mensaje SOAP no tiene Body con una operación"),
        (b"<Envelope><Header/></Envelope>", None, "El mensaje SOAP no tiene Body con una operación"),
    ],
)
def test_what_cannot_be_read_is_the_callers_fault(body: bytes, charset: str | None, why: str) -> None:
    with pytest.raises(SoapFault, match=f"^{why}$"):
        read_call(body, charset=charset)


def test_the_fault_for_an_unknown_operation_names_it_briefly() -> None:
    with pytest.raises(SoapFault) as raised:
        read_call(envelope(f"<{'x' * 5000}/>").encode(), charset=None)
    assert str(raised.value) == f"Operación desconocida: {'x' * 100}"


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        ("<username>a</username><username>b</username>", {"username": "b"}),
        ("<x>a</x><y>b</y><z>c</z>", {"username": "a", "password": "b", "messageid": "c"}),
        ("<x>a</x><y>b</y><z>c</z><more>d</more>", {"username": "a", "password": "b", "messageid": "c"}),
        ("<debug>1</debug><username>a</username><password>b</password>", {"username": "a", "password": "b"}),
        (
            "<username>a</username><id>7</id><messageid>9</messageid>",
            {"username": "a", "password": "7", "messageid": "9"},
        ),
        ("<messageid>7</messageid>", {"messageid": "7"}),
        ("<username/><password></password>", {"username": "", "password": ""}),
        ("<username> a </username>", {"username": " a "}),
        ("<username><b>a</b>na</username>", {"username": "ana"}),
        ('<username nil="false">a</username>', {"username": "a"}),
        ('<username xmlns:i="http://www.w3.org/1999/XMLSchema-instance" i:null="1"/>', {}),
        ("", {}),
    ],
)
def test_parts_go_by_name_then_by_place(call: str, parameters: dict[str, str]) -> None:
    body = envelope(f"<estatus_mensaje>{call}</estatus_mensaje>").encode()
    assert read_call(body, charset=None).parameters == parameters


@pytest.mark.parametrize("operation", OPERATIONS)
def test_both_spellings_call_and_the_answer_has_the_callers(operation: soap.Operation) -> None:
    for name in (operation.name, operation.also):
        call = read_call(envelope(f"<a:{name} xmlns:a='urn:a'/>").encode(), charset=None)
        assert (call.operation, call.called) == (operation, name)
        answer = etree.fromstring(soap.answer(call.called, "6"))
        assert answer.find(f".//{{urn:smswebservices}}{name}Response/return") is not None


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs"))))
def test_answers_and_faults_keep_to_their_schema_whatever_they_say(text: str) -> None:
    for operation in (SEND, STATUS):
        answer = etree.fromstring(soap.answer(operation.name, text))
        SCHEMA.assertValid(answer)
        assert (answer.findtext(".//return") or "") == text
    for code in ("Client", "Server"):
        SCHEMA.assertValid(etree.fromstring(soap.fault(code, text)))


@given(st.binary(max_size=300), st.sampled_from([None, "utf-8", "latin-1", "utf-16", "utf-7", "idna", "hex", "\0"]))
def test_no_octets_do_more_than_fault(body: bytes, charset: str | None) -> None:
    with pytest.raises(SoapFault):
        read_call(body, charset=charset)
