"""The packets that we write, read by Wireshark's dissector: none malformed, and every field with its value."""

from pathlib import Path

import pytest
from tests.support.tshark import dissected, faults

from palomar.carriers.smpp.links.pcap import FILE_HEADER, SEGMENT_OCTETS, TcpStream
from palomar.smpp import (
    PDU_TYPES,
    RESPONSE_BIT,
    DestinationAddress,
    DistributionList,
    MessageState,
    Pdu,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    UnsuccessfulDelivery,
    encode,
    tlvs,
)
from palomar.smpp.tlvs import TLV_DEFINITIONS, Definition, IntegerTlv, OctetsTlv, TextTlv

NOW_MS = 1_760_000_000_123

VALUES = {
    "system_id": "esme",
    "password": "secret",
    "system_type": "VMA",
    "address_range": "^85",
    "message_id": "00aF",
    "service_type": "CMT",
    "source_addr_ton": 5,
    "source_addr_npi": 9,
    "source_addr": "PALOMAR",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "573001234567",
    "esme_addr_ton": 3,
    "esme_addr_npi": 9,
    "esme_addr": "85355",
    "protocol_id": 0x41,
    "priority_flag": 3,
    "validity_period": "251009085320000+",
    "schedule_delivery_time": "251008085320000+",
    "final_date": "251009085320000+",
    "replace_if_present_flag": 1,
    "data_coding": 3,
    "sm_default_msg_id": 7,
    "message_state": int(MessageState.DELIVERED),
    "error_code": 4,
}
"""A value for each mandatory parameter; tshark calls them by the same names."""

HEXADECIMAL = frozenset(
    name for name in VALUES if name.endswith(("_ton", "_npi", "_flag")) or name in ("protocol_id", "data_coding")
)


def conversation(pdus: list[Pdu]) -> bytes:
    """Make a file in which we send the requests and the SMSC answers."""
    stream = TcpStream(1)
    file = FILE_HEADER + stream.handshake(NOW_MS)
    for at, pdu in enumerate(pdus):
        file += stream.data(encode(pdu), NOW_MS + at, ours=not pdu.command_id & RESPONSE_BIT)
    return file + stream.ending(NOW_MS + 1_000)


def every_pdu() -> list[Pdu]:
    """Make one PDU of each class, every field filled."""
    pdus = []
    for number, pdu_type in enumerate(PDU_TYPES.values(), 1):
        pdu = pdu_type(sequence_number=number)
        for name, value in VALUES.items():
            if hasattr(pdu, name):
                setattr(pdu, name, value)
        if hasattr(pdu, "short_message"):
            pdu.short_message = b"hola"
        if isinstance(pdu, SubmitMulti):
            pdu.dest_addresses = (
                DestinationAddress(ton=1, npi=1, address="573001234567"),
                DistributionList(name="all"),
            )
        if isinstance(pdu, SubmitMultiResp):
            refused = UnsuccessfulDelivery(ton=1, npi=1, address="573007654321", error_status_code=11)
            pdu.unsuccess_smes = (refused,)
        pdus.append(pdu)
    return pdus


def sample(definition: Definition) -> tuple[int, bytes]:
    """Make a parameter with a value in it."""
    match definition:
        case IntegerTlv():
            return definition.of(1)
        case TextTlv():
            return definition.of("some words")
        case OctetsTlv():
            return definition.of(b"\x01" * max(definition.min_octets, min(definition.max_octets, 4)))


def test_every_pdu_that_we_can_make_is_dissected_with_its_values(tmp_path: Path) -> None:
    file = tmp_path / "session.pcap"
    pdus = every_pdu()
    file.write_bytes(conversation(pdus))
    assert faults(file) == []
    times = {"validity_period", "schedule_delivery_time", "final_date"}
    names = ["command_id", "sequence_number", *(name for name in VALUES if name not in times)]
    packets = dissected(file, *(f"smpp.{name}" for name in names))
    assert len(packets) == len(pdus) == len(PDU_TYPES)
    for pdu, packet in zip(pdus, packets, strict=True):
        assert int(packet["smpp.command_id"], 16) == pdu.command_id
        assert int(packet["smpp.sequence_number"]) == pdu.sequence_number
        for name in names[2:]:
            told = packet[f"smpp.{name}"]
            if isinstance(pdu, SubmitMulti | SubmitMultiResp) and name in ("dest_addr_ton", "dest_addr_npi"):
                continue  # of a destination
            if isinstance(pdu, SubmitMulti | SubmitMultiResp) and name == "destination_addr":
                assert told in ("573001234567", "573007654321")
            elif not hasattr(pdu, name):
                assert told == "", (pdu.command_name, name)
            elif isinstance(VALUES[name], int):
                assert int(told, 16 if told.startswith("0x") else 10) == VALUES[name], (pdu.command_name, name)
            else:
                assert told == VALUES[name], (pdu.command_name, name)


def test_every_optional_parameter_is_known_by_its_tag_and_length(tmp_path: Path) -> None:
    file = tmp_path / "tlvs.pcap"
    optional = tuple(sample(definition) for definition in TLV_DEFINITIONS.values())
    file.write_bytes(conversation([SubmitSm(sequence_number=1, tlvs=optional)]))
    assert faults(file) == []
    (packet,) = dissected(file, "smpp.opt_param_tag", "smpp.opt_param_len", "smpp.user_message_reference")
    assert [int(tag, 16) for tag in packet["smpp.opt_param_tag"].split(",")] == [tag for tag, _ in optional]
    assert [int(length) for length in packet["smpp.opt_param_len"].split(",")] == [
        len(octets) for _, octets in optional
    ]
    assert int(packet["smpp.user_message_reference"], 16) == 1


def test_octets_beyond_one_segment_are_reassembled(tmp_path: Path) -> None:
    file = tmp_path / "long.pcap"
    long = SubmitSm(sequence_number=1, tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"x" * (SEGMENT_OCTETS + 1_000)),))
    stream = TcpStream(20_000)
    several = encode(long) + encode(SubmitSm(sequence_number=2)) + encode(SubmitSm(sequence_number=3))
    file.write_bytes(FILE_HEADER + stream.handshake(NOW_MS) + stream.data(several, NOW_MS, ours=True))
    assert faults(file) == []
    packets = dissected(file, "smpp.sequence_number", "smpp.opt_param_len")
    assert ",".join(packet["smpp.sequence_number"] for packet in packets) == "1,2,3"
    assert packets[0]["smpp.opt_param_len"] == str(SEGMENT_OCTETS + 1_000)


def test_packets_carry_time_and_direction(tmp_path: Path) -> None:
    file = tmp_path / "session.pcap"
    file.write_bytes(conversation([SubmitSm(sequence_number=1)]))
    (packet,) = dissected(file, "frame.time_epoch", "ip.src", "ip.dst", "tcp.dstport")
    assert float(packet.pop("frame.time_epoch")) == pytest.approx(NOW_MS / 1_000)
    assert packet == {"ip.src": "192.0.2.1", "ip.dst": "192.0.2.2", "tcp.dstport": "2775"}
