"""``soap.py``: envelopes as clients write them, and answers against a strict schema."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from tests.support.growth import growth

from palomar.dialects.convergia import soap
from palomar.dialects.convergia.operations import OPERATIONS, SEND, STATUS
from palomar.dialects.convergia.soap import ATTRIBUTES_AT_MOST, SoapFault, read_call

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


def test_the_content_type_overrides_the_declaration_and_a_byte_order_mark_overrides_both() -> None:
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
def test_an_unreadable_envelope_is_the_callers_fault(body: bytes, charset: str | None, why: str) -> None:
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
def test_parts_are_found_by_name_then_by_position(call: str, parameters: dict[str, str]) -> None:
    body = envelope(f"<estatus_mensaje>{call}</estatus_mensaje>").encode()
    assert read_call(body, charset=None).parameters == parameters


REFERRED = '<multiRef id="id0" xmlns:s="urn:x" s:root="0">¡Año!</multiRef>'


@pytest.mark.parametrize(
    ("inside", "beside"),
    [
        ('<message href="#id0"/>', REFERRED),
        ('<message href="#id0">ignored</message>', REFERRED),
        ('<x/><x/><x/><x href="#id0"/>', REFERRED),
        ('<message href="#a"/>', f'<multiRef id="a" href="#b"/><multiRef id="b" href="#id0"/>{REFERRED}'),
        ('<message href="#id0"/><other id="id0">¡Año!</other>', ""),
    ],
)
def test_a_part_that_refers_to_its_value_has_it(inside: str, beside: str) -> None:
    for body in (
        f"<enviar_mensaje>{inside}</enviar_mensaje>{beside}",
        f"{beside}<enviar_mensaje>{inside}</enviar_mensaje>",
    ):
        assert read_call(envelope(body).encode(), charset="utf-8").parameters["message"] == "¡Año!"


def test_several_parts_may_share_a_value_and_a_value_may_be_nil() -> None:
    call = '<enviar_mensaje><username href="#a"/><password href="#a"/><message href="#n"/></enviar_mensaje>'
    body = envelope(f'{call}<r id="a">ana</r><r id="n" xmlns:i="urn:i" i:nil="1"/>')
    assert read_call(body.encode(), charset="utf-8").parameters == {"username": "ana", "password": "ana"}


@pytest.mark.parametrize(
    "beside",
    [
        "",
        '<r id="b">x</r>',
        '<r id="a">x</r><r id="a">y</r>',
        '<r id="a" href="#a"/>',
        '<r id="a" href="#b"/><r id="b" href="#a"/>',
        "".join(f'<r id="{one}" href="#{other}"/>' for one, other in zip("abcdef", "bcdefg", strict=True))
        + '<r id="g"/>',
        '<r id="a" href="http://example.com/"/>',
        '<r id="a" href=""/>',
    ],
)
def test_a_reference_that_leads_nowhere_or_too_far_is_the_callers_fault(beside: str) -> None:
    body = envelope(f'<enviar_mensaje><message href="#a"/></enviar_mensaje>{beside}')
    with pytest.raises(SoapFault, match="referencia"):
        read_call(body.encode(), charset="utf-8")


@pytest.mark.parametrize("unit", ['<r id="a%d" href="#a"/>', "<r/>", '<x href="#a"/>', '<r id="x%d"/>', "<message/>"])
def test_an_envelope_full_of_references_takes_linear_time(unit: str) -> None:
    def read(body: bytes) -> None:
        with contextlib.suppress(SoapFault):
            read_call(body, charset="utf-8")

    def body(octets: int) -> bytes:
        units = "".join(unit % number if "%" in unit else unit for number in range(octets // len(unit)))
        parts = "".join(f'<{part} href="#a0"/>' for part in SEND.parts)
        return envelope(f'<enviar_mensaje>{parts}</enviar_mensaje>{units}<r id="a0">x</r>').encode()

    assert growth(read, body(30_000), body(240_000), times=8) < 3


def test_a_part_with_thousands_of_attributes_is_refused_in_linear_time() -> None:
    def read(body: bytes) -> None:
        with pytest.raises(SoapFault, match="atributos"):
            read_call(body, charset="utf-8")

    def body(attributes: int) -> bytes:
        named = " ".join(f'a{number}="1"' for number in range(attributes))
        return envelope(f"<enviar_mensaje><message {named}/></enviar_mensaje>").encode()

    assert growth(read, body(2_500), body(20_000), times=8) < 3


def test_a_part_may_have_a_hundred_attributes() -> None:
    def body(attributes: int) -> bytes:
        named = " ".join(f'a{number}="1"' for number in range(attributes))
        return envelope(f"<enviar_mensaje><message {named}>x</message></enviar_mensaje>").encode()

    assert read_call(body(ATTRIBUTES_AT_MOST), charset="utf-8").parameters == {"message": "x"}
    with pytest.raises(SoapFault, match="atributos"):
        read_call(body(ATTRIBUTES_AT_MOST + 1), charset="utf-8")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_both_spellings_of_an_operation_work_and_the_answer_repeats_the_one_used(operation: soap.Operation) -> None:
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
def test_any_octets_cause_at_most_a_fault(body: bytes, charset: str | None) -> None:
    with pytest.raises(SoapFault):
        read_call(body, charset=charset)
