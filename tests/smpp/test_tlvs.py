"""Optional parameters: typed where they are known, kept where they are not."""

import pytest

from palomar.smpp import UnencodablePdu, tlv_name, tlvs
from palomar.smpp.tlvs import TLV_DEFINITIONS, IntegerTlv, OctetsTlv, TextTlv, read_tlvs, write_tlvs

# Tag, name, octets of SMPP 3.4 section 5.3.2 that are easily got wrong.
PINNED = [
    (0x001E, "receipted_message_id"),
    (0x0204, "user_message_reference"),
    (0x020C, "sar_msg_ref_num"),
    (0x020E, "sar_total_segments"),
    (0x020F, "sar_segment_seqnum"),
    (0x0210, "sc_interface_version"),
    (0x0423, "network_error_code"),
    (0x0424, "message_payload"),
    (0x0427, "message_state"),
    (0x130C, "alert_on_message_delivery"),
    (0x1400, "0x1400"),
]


@pytest.mark.parametrize(("tag", "name"), PINNED)
def test_names(tag: int, name: str):
    assert tlv_name(tag) == name


def test_every_definition_is_listed_once():
    assert len(TLV_DEFINITIONS) == 44
    assert len({definition.name for definition in TLV_DEFINITIONS.values()}) == 44
    assert all(definition.tag == tag for tag, definition in TLV_DEFINITIONS.items())


@pytest.mark.parametrize("definition", TLV_DEFINITIONS.values(), ids=lambda d: d.name)
def test_every_definition_finds_what_it_has_made(definition: IntegerTlv | TextTlv | OctetsTlv):
    other = (0x1400, b"vendor")
    match definition:
        case IntegerTlv():
            largest = (1 << 8 * definition.octets) - 1
            assert definition.find((other, definition.of(largest))) == largest
            with pytest.raises(UnencodablePdu):
                definition.of(largest + 1)
        case TextTlv():
            assert definition.find((other, definition.of("x" * (definition.max_octets - 1)))) is not None
            with pytest.raises(UnencodablePdu):
                definition.of("x" * definition.max_octets)
        case OctetsTlv():
            octets = bytes(definition.min_octets)
            assert definition.find((other, definition.of(octets))) == octets
            with pytest.raises(UnencodablePdu):
                definition.of(bytes(definition.max_octets + 1))
    assert definition.find((other,)) is None
    assert definition.find(()) is None


def test_integers_of_an_odd_length_are_understood_and_senseless_ones_are_absent():
    assert tlvs.MESSAGE_STATE.find(((0x427, b"\0\0\2"),)) == 2
    assert tlvs.MESSAGE_STATE.find(((0x427, b""),)) is None
    assert tlvs.MESSAGE_STATE.find(((0x427, b"12345"),)) is None
    assert tlvs.MESSAGE_STATE.find(((0x427, b""), (0x427, b"\5"))) == 5


def test_a_text_without_its_nul_or_with_more_after_it():
    assert tlvs.RECEIPTED_MESSAGE_ID.find(((0x1E, b"abc"),)) == "abc"
    assert tlvs.RECEIPTED_MESSAGE_ID.find(((0x1E, b"abc\0\0x"),)) == "abc"


@pytest.mark.parametrize("value", ["a\0b", "€"])
def test_texts_that_cannot_be_sent(value: str):
    with pytest.raises(UnencodablePdu):
        tlvs.RECEIPTED_MESSAGE_ID.of(value)


def test_a_flag_is_there_or_not():
    assert tlvs.ALERT_ON_MESSAGE_DELIVERY.find((tlvs.ALERT_ON_MESSAGE_DELIVERY.of(),)) == b""


def test_reading_stops_before_an_incomplete_parameter():
    octets = write_tlvs(((1, b"ab"), (0xFFFF, b"")))
    assert octets == b"\0\1\0\2ab\xff\xff\0\0"
    assert read_tlvs(octets, 0) == (((1, b"ab"), (0xFFFF, b"")), 10)
    assert read_tlvs(octets + b"\0\5\0\2x", 0) == (((1, b"ab"), (0xFFFF, b"")), 10)
    assert read_tlvs(octets[:-1], 0) == (((1, b"ab"),), 6)
    assert read_tlvs(b"", 0) == ((), 0)
