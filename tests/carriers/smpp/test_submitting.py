"""Parts become submit_sm or data_sm as each carrier's settings say; every PDU is read back from its octets."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.carriers.smpp.parts import NOW_MS, part, settings

from palomar.carriers.smpp.submitting import query_maker, submit_maker
from palomar.ports import OutgoingPart, Refused
from palomar.smpp import Concatenation, DataSm, QuerySm, SubmitSm, decode, encode, read_parts, tlvs
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import echo_of


def make_submit(outgoing: OutgoingPart, **changes: Any) -> SubmitSm:
    """Make the submit_sm of a carrier with these settings, and read it back."""
    pdu = submit_maker(settings(**changes), wall_ms=lambda: NOW_MS)(outgoing)
    assert isinstance(pdu, SubmitSm)
    read = decode(encode(pdu))
    assert isinstance(read, SubmitSm)
    assert read == pdu
    return read


def make_data(outgoing: OutgoingPart, **changes: Any) -> DataSm:
    """Make the data_sm of a carrier with these settings, and read it back."""
    pdu = submit_maker(settings(submit="data_sm", **changes), wall_ms=lambda: NOW_MS)(outgoing)
    assert isinstance(pdu, DataSm)
    read = decode(encode(pdu))
    assert isinstance(read, DataSm)
    assert read == pdu
    return read


def test_a_short_text_has_every_field_in_its_place() -> None:
    assert make_submit(part("¿Qué? €")) == SubmitSm(
        source_addr_ton=5,
        source_addr="PALOMAR",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="573001234567",
        registered_delivery=1,
        short_message=b"\x60Qu\x05? \x1be",
    )


def test_every_setting_is_in_its_field() -> None:
    pdu = make_submit(
        part("hi", rank=Rank.URGENT, stale_ms=NOW_MS + 90_000, flash=True),
        service_type="CMT",
        source_ton=2,
        source_npi=8,
        dest_ton=3,
        dest_npi=6,
        protocol_id=0x41,
        priority=1,
        urgent_priority=3,
        validity="relative",
        receipts="failure",
        intermediate_receipts=True,
        tlvs={"0x1400": "hex:00ff", "source_network_type": "1"},
    )
    assert pdu == SubmitSm(
        service_type="CMT",
        source_addr_ton=2,
        source_addr_npi=8,
        source_addr="PALOMAR",
        dest_addr_ton=3,
        dest_addr_npi=6,
        destination_addr="573001234567",
        protocol_id=0x41,
        priority_flag=3,
        validity_period="000000000130000R",
        registered_delivery=0x12,
        data_coding=0x10,
        short_message=b"hi",
        tlvs=((0x1400, b"\x00\xff"), (0x000E, b"\x01")),
    )


@pytest.mark.parametrize("text", ["x" * 161, "ш" * 71])
def test_with_a_header_every_part_of_a_long_text_fits(text: str) -> None:
    first, second = make_submit(part(text)), make_submit(part(text, number=2))
    assert first.esm_class == second.esm_class == 0x40
    assert first.short_message[:6] == bytes.fromhex("050003ab0201")
    assert second.short_message[:6] == bytes.fromhex("050003ab0202")
    assert len(first.short_message) in (159, 140)


def test_with_sar_parameters_the_text_has_no_header_and_all_16_bits_of_the_reference_go() -> None:
    pdu = make_submit(part("x" * 161, number=2), long_messages="sar")
    assert (pdu.esm_class, pdu.short_message) == (0, b"x" * 8)
    assert read_parts(pdu) == (Concatenation(reference=0x1AB, total=2, sequence=2), b"x" * 8)
    assert make_submit(part("short"), long_messages="sar").tlvs == ()


def test_in_message_payload_a_part_has_its_header_and_short_message_is_empty() -> None:
    pdu = make_submit(part("x" * 161, number=2), long_messages="payload")
    assert (pdu.esm_class, pdu.short_message) == (0x40, b"")
    assert tlvs.MESSAGE_PAYLOAD.find(pdu.tlvs) == bytes.fromhex("050003ab0202") + b"x" * 8
    short = make_submit(part("short"), long_messages="payload")
    assert (short.short_message, short.tlvs) == (b"short", ())


def test_a_header_holds_concatenation_and_shift_together() -> None:
    languages = ("portuguese",)
    text = "não há " * 25
    pdu = make_submit(part(text, alphabet=Alphabet.PORTUGUESE_LOCKING), languages=languages)
    assert pdu.esm_class == 0x40
    assert pdu.short_message[:9] == bytes.fromhex("080003ab0201250103")
    assert len(pdu.short_message) == 9 + 149
    short = make_submit(part("não", alphabet=Alphabet.PORTUGUESE_SINGLE), languages=languages)
    assert (short.esm_class, short.short_message) == (0x40, bytes.fromhex("03240103") + b"n\x1b\x7bo")
    sar = make_submit(part(text, alphabet=Alphabet.PORTUGUESE_LOCKING), languages=languages, long_messages="sar")
    assert sar.esm_class == 0x40
    assert sar.short_message[:4] == bytes.fromhex("03250103")
    assert [tag for tag, _ in sar.tlvs] == [0x20C, 0x20E, 0x20F]


@pytest.mark.parametrize(
    ("sender", "ton", "npi", "address"),
    [
        ("PALOMAR", 5, 0, "PALOMAR"),
        ("573001234567", 1, 1, "573001234567"),
        ("+573001234567", 1, 1, "573001234567"),
        ("85355", 3, 0, "85355"),
        ("not a sender at all", 5, 0, "not a sender at all"),
        ("", 0, 0, ""),
    ],
)
def test_the_type_of_a_sender_follows_from_its_form(sender: str, ton: int, npi: int, address: str) -> None:
    pdu = make_submit(part(sender=sender))
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (ton, npi, address)


@pytest.mark.parametrize(
    ("sender", "types"), [("85355", (0, 1)), ("PALOMAR", (4, 9)), ("573001234567", (2, 9)), ("", (2, 9))]
)
def test_source_types_win_over_the_other_settings(sender: str, types: tuple[int, int]) -> None:
    pdu = make_submit(
        part(sender=sender), source_types={"short_code": "0/1", "alphanumeric": "4/9"}, source_ton=2, source_npi=9
    )
    assert (pdu.source_addr_ton, pdu.source_addr_npi) == types


@pytest.mark.parametrize(
    ("validity", "seconds", "stale_in_ms", "told"),
    [
        ("none", 600, 1_000, ""),
        ("relative", 0, None, ""),
        ("relative", 600, None, "000000001000000R"),
        ("relative", 0, 30_001, "000000000031000R"),
        ("relative", 600, 30_000, "000000000030000R"),
        ("relative", 10, 30_000, "000000000010000R"),
        ("relative", 0, -5_000, "000000000001000R"),
        ("relative", 0, 10**15, "010216000000000R"),
        ("absolute", 0, 60_000, "251009085420000+"),
        ("absolute", 3_600, None, "251009095320000+"),
        ("absolute", 0, None, ""),
    ],
)
def test_the_validity_of_a_part(validity: str, seconds: int, stale_in_ms: int | None, told: str) -> None:
    stale_ms = None if stale_in_ms is None else NOW_MS + stale_in_ms
    assert make_submit(part(stale_ms=stale_ms), validity=validity, validity_seconds=seconds).validity_period == told


@pytest.mark.parametrize(
    ("receipts", "intermediate", "flag"),
    [("always", False, 1), ("failure", False, 2), ("none", False, 0), ("always", True, 0x11), ("none", True, 0x10)],
)
def test_which_receipts_are_asked_for(receipts: str, intermediate: bool, flag: int) -> None:
    assert make_submit(part(), receipts=receipts, intermediate_receipts=intermediate).registered_delivery == flag


def test_the_echo_is_the_parts_own() -> None:
    outgoing = part("x" * 161, number=2)
    pdu = make_submit(outgoing, echo=True, long_messages="sar", tlvs={"0x1400": "a"})
    assert tlvs.USER_MESSAGE_REFERENCE.find(pdu.tlvs) == echo_of(outgoing.part_id)
    assert {tag for tag, _ in pdu.tlvs} == {0x1400, 0x20C, 0x20E, 0x20F, 0x204}


def test_a_part_that_cannot_be_written_is_refused() -> None:
    for submit in ("submit_sm", "data_sm"):
        make = submit_maker(settings(alphabet="ascii", submit=submit), wall_ms=lambda: NOW_MS)
        assert isinstance(make(part("ñ" * 150)), Refused)


def test_data_sm_carries_every_text_in_message_payload() -> None:
    pdu = make_data(part("hi", flash=True, stale_ms=NOW_MS + 90_000), validity="relative", service_type="CMT")
    assert pdu == DataSm(
        service_type="CMT",
        source_addr_ton=5,
        source_addr="PALOMAR",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="573001234567",
        registered_delivery=1,
        data_coding=0x10,
        tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"hi"), tlvs.QOS_TIME_TO_LIVE.of(90)),
    )


@pytest.mark.parametrize("long_messages", ["udh", "payload"])
def test_parts_in_data_sm_have_a_header(long_messages: str) -> None:
    pdu = make_data(part("x" * 161), long_messages=long_messages)
    assert pdu.esm_class == 0x40
    assert read_parts(pdu) == (Concatenation(reference=0xAB, total=2, sequence=1), b"x" * 153)


def test_parts_in_data_sm_with_sar_parameters() -> None:
    pdu = make_data(part("x" * 161), long_messages="sar", echo=True)
    assert pdu.esm_class == 0
    assert read_parts(pdu) == (Concatenation(reference=0x1AB, total=2, sequence=1), b"x" * 153)
    assert tlvs.USER_MESSAGE_REFERENCE.find(pdu.tlvs) == echo_of(part("x" * 161).part_id)


@given(
    long_messages=st.sampled_from(["udh", "sar", "payload"]),
    submit=st.sampled_from(["submit_sm", "data_sm"]),
    text=st.text(st.sampled_from("a€ñшã😀"), min_size=1, max_size=400),
)
def test_the_parts_of_any_text_carry_all_of_it_in_every_form(long_messages: str, submit: str, text: str) -> None:
    make = submit_maker(settings(long_messages=long_messages, submit=submit), wall_ms=lambda: NOW_MS)
    whole = [part(text, number=n) for n in range(1, part(text).parts + 1)]
    found = []
    for outgoing in whole:
        pdu = make(outgoing)
        assert isinstance(pdu, SubmitSm | DataSm)
        concatenation, octets = read_parts(pdu)
        sequence = concatenation.sequence if concatenation else 1
        assert sequence == outgoing.number
        assert (concatenation.total if concatenation else 1) == len(whole)
        found.append(octets)
    assert found == [outgoing.payload for outgoing in whole]


def test_a_query_names_the_part_and_its_sender_as_the_submit_did() -> None:
    make = query_maker(settings(source_types={"short_code": "0/1"}))
    assert make("00aF", "85355") == QuerySm(
        message_id="00aF", source_addr_ton=0, source_addr_npi=1, source_addr="85355"
    )
