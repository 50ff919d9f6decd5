"""The frames of a stream, and the octets of every PDU: golden ones, an oracle written by others, and properties."""

import struct
from contextlib import nullcontext, suppress

import pytest
import smpp34
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.smpp.pdu_strategies import ANY_PDU, pdus_of

from palomar.smpp import (
    PDU_TYPES,
    RESPONSE_BIT,
    BindTransceiverResp,
    BindTransmitter,
    CommandStatus,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    DestinationAddress,
    EnquireLink,
    FrameBuffer,
    MalformedPdu,
    Pdu,
    PduError,
    QuerySmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    UnencodablePdu,
    UnknownCommand,
    decode,
    encode,
    tlvs,
)
from palomar.smpp.codec import salvage
from palomar.smpp.fields import FieldFault, field_table
from palomar.smpp.tlvs import read_tlvs

# The example of SMPP 3.4 section 3.2.
BIND_OF_THE_SPECIFICATION = bytes.fromhex(
    "0000002F 00000002 00000000 00000001534D50503354455354 00 7365637265743038 00 5355424D495431 00 00 01 01 00"
)


def frame_of(command_id: int, body: bytes = b"", *, status: int = 0, sequence_number: int = 1) -> bytes:
    return struct.pack(">IIII", 16 + len(body), command_id, status, sequence_number) + body


def test_the_example_of_the_specification_reads_and_writes_to_the_octet():
    bind = decode(BIND_OF_THE_SPECIFICATION)
    assert bind == BindTransmitter(
        sequence_number=1,
        system_id="SMPP3TEST",
        password="secret08",
        system_type="SUBMIT1",
        interface_version=0,
        addr_ton=1,
        addr_npi=1,
    )
    assert encode(bind) == BIND_OF_THE_SPECIFICATION


def test_submit_sm_is_written_in_the_order_of_its_table():
    pdu = SubmitSm(
        sequence_number=0x01020304,
        service_type="CMT",
        source_addr_ton=5,
        source_addr="ACME",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="5255",
        esm_class=0x40,
        protocol_id=0x41,
        priority_flag=2,
        schedule_delivery_time="S",
        validity_period="V",
        registered_delivery=1,
        replace_if_present_flag=3,
        data_coding=8,
        sm_default_msg_id=9,
        short_message=b"\0h",
        tlvs=((0x1400, b"x"), (0x0204, b"\x00\x07")),
    )
    body = (
        b"CMT\0" + b"\x05\x00ACME\0" + b"\x01\x015255\0" + b"\x40\x41\x02" + b"S\0V\0"
        b"\x01\x03\x08\x09" + b"\x02\0h" + b"\x14\x00\x00\x01x" + b"\x02\x04\x00\x02\x00\x07"
    )
    assert encode(pdu) == frame_of(4, body, sequence_number=0x01020304)


@pytest.mark.parametrize("pdu_type", PDU_TYPES.values(), ids=lambda t: t.command_name)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_pdu_survives_its_wire_format(pdu_type: type[Pdu], data: st.DataObject):
    pdu = data.draw(pdus_of(pdu_type))
    assert decode(encode(pdu)) == pdu


@pytest.mark.parametrize(("ours", "theirs"), [(SubmitSm, smpp34.SubmitSm), (DeliverSm, smpp34.DeliverSm)])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_an_independent_implementation_reads_and_writes_the_same_octets(ours, theirs, data: st.DataObject):
    printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16)
    names = [name for name, _ in field_table(ours)]
    texts = ("service_type", "source_addr", "destination_addr")
    drawn = {name: data.draw(printable.map(lambda s: s[:5])) for name in texts}
    octets = ("source_addr_ton", "dest_addr_npi", "esm_class", "registered_delivery", "data_coding")
    drawn |= {name: data.draw(st.integers(0, 255)) for name in octets}
    drawn["short_message"] = data.draw(st.binary(max_size=254))
    pairs = data.draw(st.lists(st.tuples(st.integers(0x1400, 0x3FFF), st.binary(max_size=9)), max_size=3))
    pdu = ours(sequence_number=77, tlvs=tuple(pairs), **drawn)
    frame = encode(pdu)

    read = smpp34.decode(frame)
    assert isinstance(read, theirs)
    assert {name: getattr(read, name) for name in names} == {name: getattr(pdu, name) for name in names}
    assert tuple((tlv.tag, tlv.value) for tlv in read.tlvs) == pdu.tlvs
    written = theirs(sequence_number=77, tlvs=[smpp34.Tlv(*pair) for pair in pairs], **drawn).encode()
    assert written == frame


@settings(max_examples=60, deadline=None)
@given(st.lists(ANY_PDU, min_size=1, max_size=5), st.data())
def test_frames_do_not_depend_on_how_the_octets_arrive(sent: list[Pdu], data: st.DataObject):
    stream = b"".join(map(encode, sent))
    buffer, frames, position = FrameBuffer(), [], 0
    while position < len(stream):
        stop = position + data.draw(st.integers(1, 40))
        frames += buffer.receive(stream[position:stop])
        position = stop
    assert [decode(frame) for frame in frames] == sent
    assert buffer.error is None


def test_three_frames_at_once_and_a_piece_of_a_fourth():
    frame = encode(EnquireLink(sequence_number=1))
    buffer = FrameBuffer()
    assert buffer.receive(frame * 3 + frame[:5]) == [frame] * 3
    assert buffer.receive(frame[5:]) == [frame]


@pytest.mark.parametrize("length", [0, 15, 65_537, 0xFFFFFFFF])
def test_a_length_out_of_bounds_ends_the_stream_as_soon_as_it_is_known(length: int):
    good = encode(EnquireLink(sequence_number=1))
    buffer = FrameBuffer()
    assert buffer.receive(good + struct.pack(">I", length)[:3]) == [good]
    assert buffer.error is None
    assert buffer.receive(struct.pack(">I", length)[3:]) == []
    assert buffer.error is not None
    assert buffer.error.command_length == length
    assert buffer.error.status == CommandStatus.ESME_RINVCMDLEN
    assert buffer.receive(good) == []


def test_the_longest_frame_is_a_setting():
    frame = encode(SubmitSm(short_message=b"x" * 100))
    assert FrameBuffer(len(frame)).receive(frame) == [frame]
    too_small = FrameBuffer(len(frame) - 1)
    assert too_small.receive(frame) == []
    assert too_small.error is not None


def test_an_unknown_command_says_what_a_generic_nack_needs():
    with pytest.raises(UnknownCommand) as caught:
        decode(frame_of(0x00000099, b"whatever", sequence_number=5))
    assert (caught.value.command_id, caught.value.sequence_number) == (0x99, 5)
    assert caught.value.status == CommandStatus.ESME_RINVCMDID


GOOD = encode(SubmitSm(source_addr="1", destination_addr="2", short_message=b"hello", tlvs=((0x0204, b"\0\1"),)))


@pytest.mark.parametrize(
    ("body", "field", "status"),
    [
        (b"", "service_type", CommandStatus.ESME_RINVCMDLEN),
        (b"TOOLONG\0" + GOOD[17:], "service_type", CommandStatus.ESME_RINVSERTYP),
        (b"\0\1\1" + b"9" * 21 + b"\0" * 30, "source_addr", CommandStatus.ESME_RINVSRCADR),
        (b"\0\1\1\0\1\1" + b"9" * 21 + b"\0" * 30, "destination_addr", CommandStatus.ESME_RINVDSTADR),
        (b"\0\1\1\0\1\1\0\0\0\0" + b"9" * 17 + b"\0" * 9, "schedule_delivery_time", 0x61),
        (b"\0\1\1\0\1\1\0\0\0\0\0" + b"9" * 17 + b"\0" * 9, "validity_period", 0x62),
        (b"\0\1\1\0\1", "dest_addr_npi", CommandStatus.ESME_RINVCMDLEN),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0", "sm_default_msg_id", CommandStatus.ESME_RINVCMDLEN),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0\0", "short_message", CommandStatus.ESME_RINVCMDLEN),
        (b"\0\1\1\0\1\1\0\0\0\0\0\0\0\0\0\0\x05hell", "short_message", CommandStatus.ESME_RINVMSGLEN),
        (GOOD[16:] + b"\0\0\0", "tlvs", CommandStatus.ESME_RINVOPTPARSTREAM),
        (GOOD[16:-1], "tlvs", CommandStatus.ESME_RINVOPTPARSTREAM),
    ],
)
def test_a_malformed_request_names_its_field_and_the_status_to_answer(body: bytes, field: str, status: int):
    with pytest.raises(MalformedPdu) as caught:
        decode(frame_of(4, body, sequence_number=9))
    assert (caught.value.field, caught.value.status) == (field, status)
    assert (caught.value.command_id, caught.value.sequence_number) == (4, 9)


def test_submit_multi_with_a_bad_destination_flag():
    body = b"\0\1\1\0" + b"\x01" + b"\x07" + b"\0" * 20
    with pytest.raises(MalformedPdu) as caught:
        decode(frame_of(SubmitMulti.command_id, body))
    assert (caught.value.field, caught.value.status) == ("dest_addresses", CommandStatus.ESME_RINVDESTFLAG)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(i for i in PDU_TYPES if not i & RESPONSE_BIT)), st.binary(max_size=120))
def test_the_generated_reader_and_the_field_table_agree_on_sound_bodies(command_id: int, body: bytes):
    frame = frame_of(command_id, body)
    position, sound = 16, True
    for _, kind in field_table(PDU_TYPES[command_id]):
        try:
            _, position = kind.read(frame, position)
        except FieldFault:
            sound = False
            break
    sound = sound and read_tlvs(frame, position)[1] == len(frame)
    with nullcontext() if sound else pytest.raises(MalformedPdu):
        decode(frame)


@pytest.mark.parametrize("cut", range(16))
def test_a_frame_shorter_than_a_header_is_malformed(cut: int):
    with pytest.raises(MalformedPdu):
        decode(encode(EnquireLink())[:cut])


def test_a_frame_that_is_not_as_long_as_it_says_is_malformed():
    with pytest.raises(MalformedPdu):
        decode(encode(EnquireLink()) + b"\0")


@pytest.mark.parametrize(
    ("frame", "pdu"),
    [
        (frame_of(0x80000004, status=0x58), SubmitSmResp(command_status=0x58, sequence_number=1)),
        (frame_of(0x80000004), SubmitSmResp(sequence_number=1)),
        (frame_of(0x80000004, b"no-nul"), SubmitSmResp(sequence_number=1, message_id="no-nul")),
        (frame_of(0x80000004, b"7" * 90 + b"\0"), SubmitSmResp(sequence_number=1, message_id="7" * 90)),
        (frame_of(0x80000004, b"1\0\0\0"), SubmitSmResp(sequence_number=1, message_id="1")),
        (
            frame_of(0x80000004, b"1\0", status=8),
            SubmitSmResp(command_status=8, sequence_number=1, message_id="1"),
        ),
        (frame_of(0x80000005), DeliverSmResp(sequence_number=1)),
        (frame_of(0x80000103, b"a\xe9\0"), DataSmResp(sequence_number=1, message_id="aé")),
        (frame_of(0x80000003, b"1\0\0\2"), QuerySmResp(sequence_number=1, message_id="1", message_state=2)),
        (frame_of(0x80000021, b"1\0\2\1\1"), SubmitMultiResp(sequence_number=1, message_id="1")),
        (
            frame_of(0x80000009, b"smsc\0\x02\x10\0\x01\x34"),
            BindTransceiverResp(sequence_number=1, system_id="smsc", tlvs=((0x0210, b"\x34"),)),
        ),
    ],
)
def test_a_response_is_read_as_far_as_it_makes_sense(frame: bytes, pdu: Pdu):
    assert decode(frame) == pdu


def test_a_refusal_is_a_header_alone_where_the_specification_says_so():
    assert encode(SubmitSmResp(command_status=0x58, message_id="1"))[16:] == b""
    assert encode(DeliverSmResp(command_status=0x64))[16:] == b"\0"


def test_deliver_sm_keeps_both_short_message_and_message_payload():
    pdu = DeliverSm(short_message=b"short", tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"payload"),))
    read = decode(encode(pdu))
    assert isinstance(read, DeliverSm)
    assert (read.short_message, tlvs.MESSAGE_PAYLOAD.find(read.tlvs)) == (b"short", b"payload")


@pytest.mark.parametrize(
    ("pdu", "field"),
    [
        (SubmitSm(source_addr="9" * 21), "source_addr"),
        (SubmitSm(destination_addr="1\x002"), "destination_addr"),
        (SubmitSm(destination_addr="€"), "destination_addr"),
        (SubmitSm(data_coding=256), "data_coding"),
        (SubmitSm(data_coding=-1), "data_coding"),
        (SubmitSm(short_message=b"x" * 255), "short_message"),
        (SubmitSm(short_message="text"), "short_message"),
        (SubmitSm(source_addr=5), "source_addr"),
        (SubmitSm(source_addr=b"5"), "source_addr"),
        (SubmitSm(esm_class=None), "esm_class"),
        (SubmitSm(tlvs=((0x10000, b""),)), "tlvs"),
        (SubmitSm(tlvs=((5, b"x" * 65536),)), "tlvs"),
        (SubmitSm(tlvs=((5, 5),)), "tlvs"),
        (SubmitSm(sequence_number=-1), "header"),
        (SubmitSm(command_status=1 << 32), "header"),
        (SubmitMulti(dest_addresses=(DestinationAddress(address="9" * 30),)), "dest_addresses"),
        (SubmitMulti(dest_addresses=(DestinationAddress(address="9"),) * 255), "dest_addresses"),
        (Pdu(), "Pdu"),
    ],
)
def test_a_value_that_its_field_cannot_hold_is_named(pdu: Pdu, field: str):
    with pytest.raises(UnencodablePdu) as caught:
        encode(pdu)
    assert caught.value.field == field


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_any_octets_at_all_are_a_pdu_or_a_pdu_error(body: bytes):
    for command_id in (*PDU_TYPES, 0x7F):
        with nullcontext() if command_id & RESPONSE_BIT else suppress(PduError):
            assert decode(frame_of(command_id, body)).command_id == command_id


ID = tlvs.RECEIPTED_MESSAGE_ID.of("77")
STATE = tlvs.MESSAGE_STATE.of(2)


def framed(pdu: Pdu, behind: bytes = b"") -> bytes:
    """Encode a PDU with octets behind it that its length counts."""
    frame = encode(pdu) + behind
    return len(frame).to_bytes(4, "big") + frame[4:]


def raw_tlv(tag: int, length: int, value: bytes) -> bytes:
    return struct.pack(">HH", tag, length) + value


@pytest.mark.parametrize(
    ("behind", "found"),
    [
        (b"\0", ()),
        (b"\0\0", ()),
        (b"\0\0\0", ()),
        (b"\0\0\0\0\0", ((0, b""),)),
        (raw_tlv(0x427, 1, b""), ()),
        (raw_tlv(0x1E, 9, b"12345"), ()),
        (b"\x04\x27", ()),
        (raw_tlv(0x1E, 3, b"77\0") + raw_tlv(0x427, 5, b"\2"), (ID,)),
        (b"\0" + raw_tlv(0x1E, 3, b"77\0") + raw_tlv(0x427, 1, b"\2"), (ID, STATE)),
        (raw_tlv(0x1E, 2, b"77\0") + raw_tlv(0x427, 1, b"\2"), ((0x1E, b"77"), STATE)),
        (raw_tlv(0x427, 1, b"\2") + b"\0", (STATE,)),
        (raw_tlv(0x427, 1, b"\2") + b"\xff\xff", (STATE,)),
    ],
)
def test_octets_behind_a_whole_mandatory_part_cost_no_message(behind: bytes, found: tlvs.Tlvs):
    pdu = DeliverSm(sequence_number=5, source_addr="1", destination_addr="2", esm_class=4, short_message=b"STOP")
    frame = framed(pdu, behind)
    with pytest.raises(MalformedPdu):
        decode(frame)
    salvaged = salvage(frame)
    assert salvaged is not None
    assert (salvaged[0].tlvs, salvaged[1]) == (found, "deliver_sm with octets that are no optional parameters")
    salvaged[0].tlvs = ()
    assert salvaged[0] == pdu


def body(
    *, service_type: bytes = b"", source: bytes = b"1", times: bytes = b"", length: int = 4, rest: bytes = b"STOP"
) -> bytes:
    addresses = b"\0\1\1" + source + b"\0\1\0012\0"
    octets = service_type + addresses + b"\4\0\0" + times + b"\0" * 6 + bytes((length,)) + rest
    return struct.pack(">IIII", 16 + len(octets), DeliverSm.command_id, 0, 5) + octets


@pytest.mark.parametrize(
    ("frame", "text", "found", "source"),
    [
        (body(length=9), b"STOP", (), "1"),
        (body(length=255), b"STOP", (), "1"),
        (body(length=0), b"STOP", (), "1"),
        (body(length=5, rest=b"STOP" + raw_tlv(0x427, 1, b"\2")), b"STOP", (STATE,), "1"),
        (body(length=3, rest=b"STOP" + raw_tlv(0x427, 1, b"\2")), b"STOP", (STATE,), "1"),
        (body(source=b"34600" * 20), b"STOP", (), "34600" * 20),
        (body(service_type=b"ADVERTISING"), b"STOP", (), "1"),
        (body(times=b"2601010101010000000+"), b"STOP", (), "1"),
    ],
)
def test_a_wrong_length_or_a_string_that_is_too_long_costs_no_message(
    frame: bytes, text: bytes, found: tlvs.Tlvs, source: str
):
    with pytest.raises(MalformedPdu):
        decode(frame)
    salvaged = salvage(frame)
    assert salvaged is not None
    pdu = salvaged[0]
    assert isinstance(pdu, DeliverSm)
    assert (pdu.short_message, pdu.tlvs, pdu.source_addr, pdu.esm_class) == (text, found, source, 4)
    assert salvaged[1].startswith("deliver_sm with ")


@pytest.mark.parametrize("length", [5, 9, 60_000])
def test_a_payload_shorter_than_its_length_is_read_as_far_as_it_goes(length: int):
    frame = framed(DataSm(sequence_number=5, source_addr="1"), raw_tlv(0x424, length, b"STOP"))
    with pytest.raises(MalformedPdu):
        decode(frame)
    salvaged = salvage(frame)
    assert salvaged is not None
    assert salvaged[0].tlvs == (tlvs.MESSAGE_PAYLOAD.of(b"STOP"),)


@pytest.mark.parametrize(
    "frame",
    [
        framed(DeliverSm(sequence_number=5))[:-1],
        body()[:20],
        body(source=bytes(range(1, 99))),
        encode(SubmitSm(sequence_number=5))[:-1],
        bytes.fromhex("00000010 00010200 00000000 00000009"),
    ],
)
def test_an_incomplete_mandatory_part_is_not_salvaged(frame: bytes):
    assert salvage(frame) is None or len(frame) != int.from_bytes(frame[:4], "big")
    assert salvage(len(frame).to_bytes(4, "big") + frame[4:]) is None


@given(st.binary(max_size=120), st.sampled_from([5, 0x103, 0x102, 0x15, 6]))
@settings(max_examples=200, deadline=None)
def test_salvaging_never_fails(octets: bytes, command_id: int):
    salvaged = salvage(struct.pack(">IIII", 16 + len(octets), command_id, 0, 1) + octets)
    assert salvaged is None or salvaged[0].command_id == command_id
