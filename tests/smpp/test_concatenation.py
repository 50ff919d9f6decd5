"""User data headers and sar_ parameters of long messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.smpp import (
    Concatenation,
    DataSm,
    DeliverSm,
    SubmitSm,
    UnencodablePdu,
    concatenation_element,
    concatenation_header,
    concatenation_tlvs,
    information_elements,
    message_octets,
    read_parts,
    split_user_data,
    tlvs,
    user_data_header,
)
from palomar.smpp.concatenation import text_octets
from palomar.smpp.parameters import ESM_UDHI

PART = Concatenation(reference=0xA5, total=3, sequence=2)


def test_the_two_headers_are_those_of_3gpp():
    assert concatenation_header(PART) == b"\x05\x00\x03\xa5\x03\x02"
    assert concatenation_header(PART, wide=True) == b"\x06\x08\x04\x00\xa5\x03\x02"


@given(st.integers(0, 0xFFFF), st.integers(1, 0xFF), st.data(), st.booleans())
def test_parts_survive_in_headers_and_in_parameters(reference: int, total: int, data: st.DataObject, wide: bool):
    reference = reference if wide else reference & 0xFF
    part = Concatenation(reference=reference, total=total, sequence=data.draw(st.integers(1, total)))
    header = concatenation_header(part, wide=wide)
    assert read_parts(SubmitSm(esm_class=ESM_UDHI, short_message=header + b"text")) == (part, b"text")
    assert read_parts(SubmitSm(short_message=b"text", tlvs=concatenation_tlvs(part))) == (part, b"text")


@pytest.mark.parametrize(
    ("part", "wide"),
    [
        (Concatenation(reference=256, total=2, sequence=1), False),
        (Concatenation(reference=65536, total=2, sequence=1), True),
        (Concatenation(reference=1, total=256, sequence=1), False),
        (Concatenation(reference=1, total=2, sequence=3), False),
        (Concatenation(reference=1, total=2, sequence=0), False),
    ],
)
def test_numbers_that_do_not_fit_a_header(part: Concatenation, wide: bool):
    with pytest.raises(ValueError):
        concatenation_header(part, wide=wide)


def test_numbers_that_do_not_fit_the_parameters():
    with pytest.raises(UnencodablePdu):
        concatenation_tlvs(Concatenation(reference=65536, total=2, sequence=1))


def test_without_the_indicator_a_header_is_text():
    octets = concatenation_header(PART) + b"text"
    assert read_parts(DeliverSm(short_message=octets)) == (None, octets)


@pytest.mark.parametrize(
    ("header", "elements"),
    [
        (b"\x00", ()),
        (b"\x04\x05\x02\x0b\x84", ((5, b"\x0b\x84"),)),
        (b"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\xa5\x03\x02", ((5, b"\x0b\x84\x23\xf0"), (0, b"\xa5\x03\x02"))),
        (b"\x03\x00\x09\x01", ()),
        (b"\x03\x24\x01\x01", ((0x24, b"\x01"),)),
    ],
)
def test_a_header_is_split_into_its_elements(header: bytes, elements: tuple[tuple[int, bytes], ...]):
    assert split_user_data(header + b"text") == (elements, b"text")


@pytest.mark.parametrize("octets", [b"", b"\x05", b"\xff\x00\x03\x01"])
def test_a_header_longer_than_the_user_data_is_no_header(octets: bytes):
    assert split_user_data(octets) == ((), octets)


@pytest.mark.parametrize("header", [b"\x05\x00\x03\x01\x02\x00", b"\x05\x00\x03\x01\x02\x03", b"\x04\x00\x02\x01\x02"])
def test_numbers_that_make_no_sense_are_ignored(header: bytes):
    assert read_parts(DeliverSm(esm_class=ESM_UDHI, short_message=header + b"x")) == (None, b"x")


def test_incomplete_sar_parameters_are_ignored():
    assert read_parts(DeliverSm(tlvs=concatenation_tlvs(PART)[:2])) == (None, b"")


def test_the_user_data_is_the_short_message_or_else_the_payload():
    payload = (tlvs.MESSAGE_PAYLOAD.of(b"long"),)
    assert message_octets(DeliverSm(short_message=b"short", tlvs=payload)) == b"short"
    assert message_octets(DeliverSm(tlvs=payload)) == b"long"
    assert message_octets(DataSm(tlvs=payload)) == b"long"
    assert message_octets(DataSm()) == b""


def test_several_elements_share_one_header():
    header = user_data_header(concatenation_element(PART), (0x25, b"\x03"))
    assert header == b"\x08\x00\x03\xa5\x03\x02\x25\x01\x03"
    pdu = DeliverSm(esm_class=ESM_UDHI, short_message=header + b"text")
    assert information_elements(pdu) == ((0, b"\xa5\x03\x02"), (0x25, b"\x03"))
    assert read_parts(pdu) == (PART, b"text")


def test_without_elements_there_is_no_header():
    assert user_data_header() == b""
    assert information_elements(DeliverSm(short_message=b"\x03\x24\x01\x01text")) == ()


def test_the_text_of_a_message_is_the_same_without_asking_which_part_it_is():
    for header in (b"", concatenation_header(PART)):
        pdu = DeliverSm(esm_class=ESM_UDHI if header else 0, short_message=header + b"text")
        assert text_octets(pdu) == read_parts(pdu)[1] == b"text"
