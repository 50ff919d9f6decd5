"""A PDU is shown with every field by name and its text decoded; malformed octets are dumped, passwords never shown."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from palomar.console.pdu_view import ROW_OCTETS, PduView, view_of
from palomar.smpp import BindTransceiver, DeliverSm, Outbind, SubmitSm, SubmitSmResp, encode, parameters, tlvs


def values(view: PduView) -> dict[str, str]:
    return {field.name: field.value for field in view.fields}


def meanings(view: PduView) -> dict[str, str]:
    return {field.name: field.meaning for field in view.fields if field.meaning}


def test_a_submit_is_a_table_of_its_fields_and_tlvs_by_name() -> None:
    pdu = SubmitSm(
        sequence_number=42,
        source_addr_ton=5,
        source_addr="PALOMAR",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="34600000001",
        registered_delivery=1,
        short_message=b"hola",
        tlvs=(tlvs.USER_MESSAGE_REFERENCE.of(4242), (0x1403, b"\x01\xff")),
    )
    view = view_of(encode(pdu).hex())
    assert (view.name, view.fault) == ("submit_sm", "")
    assert {
        "sequence_number": "42",
        "destination_addr": "34600000001",
        "short_message": "hola",
        "user_message_reference": "4242",
        "0x1403": "01 FF",
    }.items() <= values(view).items()
    assert {
        "source_addr_ton": "alphanumeric",
        "dest_addr_npi": "isdn",
        "registered_delivery": "receipt always",
        "command_status": "ESME_ROK",
    }.items() <= meanings(view).items()


def test_a_status_has_its_name_and_meaning() -> None:
    view = view_of(encode(SubmitSmResp(command_status=0x58, sequence_number=1)).hex())
    assert meanings(view)["command_status"].startswith("ESME_RTHROTTLED: ")


def test_texts_are_decoded_by_data_coding_and_headers_are_shown_apart() -> None:
    header = bytes.fromhex("050003070201")
    pdu = SubmitSm(
        sequence_number=1,
        esm_class=parameters.ESM_UDHI,
        data_coding=parameters.CODING_UCS2,
        short_message=header + "año ☂".encode("utf-16-be"),
    )
    view = view_of(encode(pdu).hex())
    assert values(view)["short_message"] == "año ☂"
    assert meanings(view)["short_message"] == "UDH 00:07 02 01"
    assert meanings(view)["esm_class"] == "user data header"
    payload = SubmitSm(sequence_number=1, data_coding=8, tlvs=((0x0424, "ñ".encode("utf-16-be")),))
    assert values(view_of(encode(payload).hex()))["message_payload"] == "ñ"


def test_a_receipt_is_named_as_one() -> None:
    pdu = DeliverSm(
        sequence_number=1,
        esm_class=4,
        short_message=b"id:1 stat:DELIVRD",
        tlvs=(tlvs.RECEIPTED_MESSAGE_ID.of("abc"), tlvs.MESSAGE_STATE.of(2)),
    )
    view = view_of(encode(pdu).hex())
    assert meanings(view)["esm_class"] == "delivery receipt"
    assert meanings(view)["message_state"] == "delivered"
    assert values(view)["receipted_message_id"] == "abc"


def test_the_dump_has_every_octet_in_groups() -> None:
    octets = encode(SubmitSmResp(sequence_number=0x2A, message_id="AB"))
    view = view_of(octets.hex())
    assert [row.offset for row in view.dump] == ["0000", "0008", "0010"]
    assert view.dump[0].groups == ("00 00 00 13", "80 00 00 04")
    assert view.dump[2].characters == "AB·"
    assert "".join("".join(row.groups) for row in view.dump).replace(" ", "") == octets.hex()
    assert all(len(row.characters) <= ROW_OCTETS for row in view.dump)


@pytest.mark.parametrize(
    "pdu", [BindTransceiver(sequence_number=1, system_id="me", password="s3cret"), Outbind(password="s3cret")]
)
def test_no_password_is_shown_even_of_a_malformed_bind(pdu: BindTransceiver | Outbind) -> None:
    octets = encode(pdu)
    for shown in (octets, octets[:-1], octets + b"\0"):
        view = view_of(shown.hex())
        assert view.dump == ()
        assert "s3cret" not in repr(view)


@pytest.mark.parametrize("text", ["", "zz", "0", "00", "00 00 00 10", "ff" * 40, "•••••"])
def test_what_is_not_a_pdu_is_shown_with_its_fault(text: str) -> None:
    view = view_of(text)
    assert view.fields == ()
    assert view.fault


@given(st.binary(max_size=120))
def test_no_octets_raise_an_error(body: bytes) -> None:
    for command_id in (0x4, 0x5, 0x80000004, 0x21, 0x103):
        frame = (len(body) + 16).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(8) + body
        view = view_of(frame.hex())
        assert view.fields or view.fault
