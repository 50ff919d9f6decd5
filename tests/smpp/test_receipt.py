"""Receipts in the dialects of the field, and the standard text that we write."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palomar.smpp import (
    DataSm,
    DeliverSm,
    MessageState,
    NetworkError,
    format_receipt,
    is_receipt,
    parse_receipt,
    receipt_time,
    receipt_tlvs,
    tlvs,
)
from palomar.smpp.receipt import _read_text
from palomar.smpp.receipt_words import STAT_WORDS

RECEIPT = 0x04
STANDARD = (
    b"id:0123456789 sub:001 dlvrd:001 submit date:2511221030 done date:2511221031 "
    b"stat:DELIVRD err:000 text:hello id:9 stat:x"
)


def parsed(text: bytes, **fields: object):
    receipt = parse_receipt(DeliverSm(esm_class=RECEIPT, short_message=text, **fields))
    assert receipt is not None
    return receipt


def test_the_text_of_the_specification():
    receipt = parsed(STANDARD)
    assert receipt.message_id == "0123456789"
    assert (receipt.sub, receipt.dlvrd, receipt.err) == ("001", "001", "000")
    assert (receipt.submit_date, receipt.done_date) == ("2511221030", "2511221031")
    assert (receipt.stat, receipt.state, receipt.is_final) == ("DELIVRD", MessageState.DELIVERED, True)
    assert receipt.text == "hello id:9 stat:x"
    assert receipt.raw == STANDARD


@pytest.mark.parametrize(
    ("esm_class", "expected"),
    [
        (0x00, False),
        (0x04, True),
        (0x07, True),
        (0x44, True),
        (0x84, True),
        (0x20, True),
        (0x08, False),
        (0x10, False),
        (0x18, False),
        (0x40, False),
        (0x24, False),
    ],
)
def test_the_message_type_bits_say_what_is_a_receipt(esm_class: int, expected: bool):
    assert is_receipt(esm_class) is expected
    looks_like_one = DeliverSm(esm_class=esm_class & ~0x40, short_message=STANDARD, tlvs=((0x427, b"\2"),))
    assert (parse_receipt(looks_like_one) is not None) is is_receipt(esm_class & ~0x40)


@pytest.mark.parametrize(
    ("text", "message_id", "stat", "state"),
    [
        (b"ID:1A2b STAT:delivrd ERR:1", "1A2b", "delivrd", MessageState.DELIVERED),
        (b"id:1sub:001dlvrd:001submit date:2511221030stat:UNDELIVerr:5", "1", "UNDELIV", 5),
        (b"id: 7 , stat : EXPIRED ; err: 004", "7", "EXPIRED", MessageState.EXPIRED),
        (b"id:8 submitdate:2511221030 donedate:2511221030 stat:REJECTD", "8", "REJECTD", 8),
        (b"stat:DELIVERED id:9", "9", "DELIVERED", MessageState.DELIVERED),
        (b"id:6f9619ff-8b86-d011-b42d-00c04fc964ff stat:ACCEPTD", "6f9619ff-8b86-d011-b42d-00c04fc964ff", 6, 6),
        (b"id:1 stat:FAILED err:1", "1", "FAILED", MessageState.UNDELIVERABLE),
        (b"id:1 stat:MISLUKT err:1", "1", "MISLUKT", None),
        (b"id:1 stat:NOT DELIVERED err:1", "1", "NOT DELIVERED", 5),
        (b"id:1 stat: not  delivered", "1", "not delivered", 5),
        (b"id:1 status:DELIVRD error:000", "1", "DELIVRD", 2),
        (b"id=1;state=DELIVRD;errcode=0", "1", "DELIVRD", 2),
        (b"[id:1] [stat:DELIVRD] [err:000]", "1", "DELIVRD", 2),
        (b"err:000 stat:'EXPIRED' id:\"1\"", "1", "EXPIRED", 3),
        (b"message_id:1 message_state:2", "1", "2", 2),
        (b"id:1 status:0 stat:DELIVRD", "1", "DELIVRD", 2),
        (b"id:1 sub:001 dlvrd:001 submit date:1 done date:2 stat:[UNDL] err:1 text:", "1", "UNDL", 5),
        (b"id:1 stat:DEL\0IVRD", "1", "DELIVRD", 2),
        (b"id:1 stat:", "1", "", None),
        (b"id:0 stat:DELIVRD\0", "0", "DELIVRD", MessageState.DELIVERED),
        (b"id:1\r\nstat:DELIVRD\r\n", "1", "DELIVRD", MessageState.DELIVERED),
        (b"id:1 stat:DELIVRD id:2", "1", "DELIVRD", MessageState.DELIVERED),
        (b"id:\x0b stat:\x1c err:\x85", "", "", None),
        (b"your message has arrived", "", "", None),
        (b"", "", "", None),
        (b"\xff\xfe:\x80 text:", "", "", None),
    ],
)
def test_dialects(text: bytes, message_id: str, stat: str | int, state: int | None):
    receipt = parsed(text)
    assert receipt.message_id == message_id
    assert receipt.state == state
    if isinstance(stat, str):
        assert receipt.stat == stat


def test_dates_with_colons_and_spaces_stay_whole():
    receipt = parsed(b"id:1 submit date:2025-11-22 10:30:00 done date:2025-11-22 10:31:00 stat:DELIVRD")
    assert receipt.submit_date == "2025-11-22 10:30:00"
    assert receipt.done_date == "2025-11-22 10:31:00"


def test_parameters_win_over_the_text_and_the_word_is_kept():
    receipt = parsed(
        b"id:123 stat:UNDELIV err:000",
        tlvs=(
            tlvs.RECEIPTED_MESSAGE_ID.of("7B"),
            tlvs.MESSAGE_STATE.of(MessageState.DELIVERED),
            tlvs.NETWORK_ERROR_CODE.of(b"\x03\x01\x02"),
            tlvs.USER_MESSAGE_REFERENCE.of(0xBEEF),
        ),
    )
    assert (receipt.message_id, receipt.state, receipt.stat) == ("7B", MessageState.DELIVERED, "UNDELIV")
    assert receipt.network_error == NetworkError(network_type=3, code=0x0102)
    assert receipt.user_message_reference == 0xBEEF


@pytest.mark.parametrize(
    ("parameter", "in_text", "expected"),
    [
        ("", "7", "7"),
        (" ", "7", "7"),
        ("0", "7", "7"),
        ("000", "7", "7"),
        ("0", "", "0"),
        ("8", "7", "8"),
        ("8", "0", "8"),
    ],
)
def test_a_parameter_without_an_id_leaves_it_to_the_text(parameter: str, in_text: str, expected: str):
    parameters = (tlvs.RECEIPTED_MESSAGE_ID.of(parameter),)
    assert parsed(f"id:{in_text} stat:DELIVRD".encode(), tlvs=parameters).message_id == expected


@pytest.mark.parametrize(
    ("number", "word", "state"),
    [
        (0, "UNDELIV", MessageState.UNDELIVERABLE),
        (0, "DELIVRD", MessageState.DELIVERED),
        (0, "FAILED", MessageState.UNDELIVERABLE),
        (1, "EXPIRED", MessageState.EXPIRED),
        (6, "DELIVRD", MessageState.DELIVERED),
        (10, "UNDELIV", MessageState.UNDELIVERABLE),
        (255, "REJECTD", MessageState.REJECTED),
        (7, "DELIVRD", MessageState.DELIVERED),
        (2, "UNKNOWN", MessageState.DELIVERED),
        (2, "ACCEPTD", MessageState.DELIVERED),
        (5, "ENROUTE", MessageState.UNDELIVERABLE),
        (7, "ENROUTE", MessageState.UNKNOWN),
        (2, "MISLUKT", MessageState.DELIVERED),
        (2, "UNDELIV", MessageState.DELIVERED),
        (5, "DELIVRD", MessageState.UNDELIVERABLE),
        (1, "ACCEPTD", MessageState.ENROUTE),
        (1, "MISLUKT", MessageState.ENROUTE),
        (99, "ENROUTE", MessageState.ENROUTE),
        (99, "MISLUKT", None),
    ],
)
def test_a_final_state_wins_and_between_two_final_ones_the_parameter(
    number: int, word: str, state: MessageState | None
):
    receipt = parsed(f"id:1 stat:{word}".encode(), tlvs=(tlvs.MESSAGE_STATE.of(number),))
    assert (receipt.state, receipt.stat) == (state, word)


def test_an_undefined_state_is_named_if_there_is_no_word():
    assert parsed(b"id:1", tlvs=(tlvs.MESSAGE_STATE.of(77),)).stat == "message_state:77"


@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le", "utf-16"])
@pytest.mark.parametrize("data_coding", [0, 8])
def test_a_receipt_in_ucs2_is_read_in_either_order_whatever_its_coding_says(codec: str, data_coding: int):
    for octets in ("id:1 stat:DELIVRD".encode(codec), "id:1 stat:DELIVRD".encode(codec) + b"\0"):
        receipt = parsed(octets, data_coding=data_coding)
        assert (receipt.message_id, receipt.state) == ("1", MessageState.DELIVERED)


def test_parameters_alone_are_enough_also_in_data_sm():
    receipt = parse_receipt(DataSm(esm_class=RECEIPT, tlvs=receipt_tlvs(message_id="5", state=MessageState.EXPIRED)))
    assert receipt is not None
    assert (receipt.message_id, receipt.state, receipt.stat) == ("5", MessageState.EXPIRED, "EXPIRED")


@pytest.mark.parametrize("odd", [(0x427, b""), (0x427, b"\x63"), (0x423, b"\3"), (0x204, b""), (0x1E, b"")])
def test_odd_parameters_leave_the_text_in_charge(odd: tuple[int, bytes]):
    receipt = parsed(b"id:1 stat:DELIVRD", tlvs=(odd,))
    assert (receipt.message_id, receipt.state) == ("1", MessageState.DELIVERED)
    assert (receipt.network_error, receipt.user_message_reference) == (None, None)


@pytest.mark.parametrize("esm_class", [0x00, 0x40, 0x03, 0x80, 0x08, 0x10])
def test_an_id_and_a_state_in_parameters_are_a_receipt_whatever_esm_class_says(esm_class: int):
    both = (tlvs.RECEIPTED_MESSAGE_ID.of("7"), tlvs.MESSAGE_STATE.of(5))
    for pdu in (
        DeliverSm(esm_class=esm_class, short_message=b"\0id:7 stat:UNDELIV", tlvs=both),
        DataSm(esm_class=esm_class, tlvs=both),
    ):
        receipt = parse_receipt(pdu)
        assert receipt is not None
        assert (receipt.message_id, receipt.state) == ("7", MessageState.UNDELIVERABLE)
        assert not receipt.is_intermediate


@pytest.mark.parametrize(
    "alone",
    [
        (),
        (tlvs.RECEIPTED_MESSAGE_ID.of("8"),),
        (tlvs.MESSAGE_STATE.of(2),),
        (tlvs.RECEIPTED_MESSAGE_ID.of(""), tlvs.MESSAGE_STATE.of(2)),
        (tlvs.RECEIPTED_MESSAGE_ID.of("8"), (0x427, b"")),
    ],
)
def test_an_id_or_a_state_alone_makes_no_receipt_of_a_text(alone: tlvs.Tlvs):
    assert parse_receipt(DeliverSm(short_message=b"id:7 stat:DELIVRD", tlvs=alone)) is None


def test_an_id_in_a_parameter_and_the_same_in_a_text_with_a_state_are_a_receipt():
    alone = (tlvs.RECEIPTED_MESSAGE_ID.of("7"),)
    receipt = parse_receipt(DeliverSm(short_message=b"id:7 sub:001 stat:UNDELIV err:027", tlvs=alone))
    assert receipt is not None
    assert (receipt.message_id, receipt.state) == ("7", MessageState.UNDELIVERABLE)
    for words in (b"id:7 how are you", b"hello", b"", b"stat:DELIVRD"):
        assert parse_receipt(DeliverSm(short_message=words, tlvs=alone)) is None


def test_the_text_may_be_in_the_payload_behind_a_header_or_in_ucs2():
    text = b"id:1 stat:DELIVRD"
    in_payload = parse_receipt(DeliverSm(esm_class=RECEIPT, tlvs=(tlvs.MESSAGE_PAYLOAD.of(text),)))
    behind_header = parse_receipt(DeliverSm(esm_class=RECEIPT | 0x40, short_message=b"\2\x70\0" + text))
    in_ucs2 = parsed(text.decode().encode("utf-16-be"), data_coding=8)
    ascii_in_spite_of_ucs2 = parsed(text, data_coding=8)
    for receipt in (in_payload, behind_header, in_ucs2, ascii_in_spite_of_ucs2):
        assert receipt is not None
        assert (receipt.message_id, receipt.stat) == ("1", "DELIVRD")


def test_an_intermediate_notification_is_never_final():
    receipt = parse_receipt(DeliverSm(esm_class=0x20, short_message=b"id:1 stat:DELIVRD"))
    assert receipt is not None
    assert (receipt.is_intermediate, receipt.is_final) == (True, False)


@pytest.mark.parametrize(
    ("word", "final"),
    [("DELIVRD", True), ("ENROUTE", False), ("ACCEPTD", False), ("BUFFERED", False), ("MISLUKT", None)],
)
def test_finality_is_a_hint_and_unknown_words_give_none(word: str, final: bool | None):
    assert parsed(f"id:1 stat:{word}".encode()).is_final is final


def test_every_state_has_a_word():
    assert STAT_WORDS.keys() == set(MessageState)
    words = [word for words in STAT_WORDS.values() for word in words]
    assert len(words) == len(set(words))


def test_what_we_write_is_the_format_of_appendix_b():
    moment = datetime(2025, 11, 22, 10, 30, tzinfo=UTC)
    written = format_receipt(
        message_id="42", state=MessageState.UNDELIVERABLE, submitted=moment, done=moment, err="011", text="x" * 30
    )
    assert written == (
        b"id:42 sub:001 dlvrd:000 submit date:2511221030 done date:2511221030 stat:UNDELIV err:011 text:" + b"x" * 20
    )


@given(
    st.text(st.sampled_from("0123456789abcdefABCDEF-"), min_size=1, max_size=36),
    st.sampled_from(MessageState),
    st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.text(max_size=40),
)
@settings(max_examples=100, deadline=None)
def test_what_we_write_we_can_read(message_id: str, state: MessageState, moment: datetime, text: str):
    written = format_receipt(message_id=message_id, state=state, submitted=moment, done=moment, text=text)
    receipt = parsed(written)
    assert (receipt.message_id, receipt.state) == (message_id, state)
    assert receipt_time(receipt.done_date, UTC) == moment.replace(second=0, microsecond=0)


@given(st.lists(st.sampled_from(["id:1", "sub:2", "stat:X y", "err:", "text:t id:5", "done date:3", " "]), max_size=9))
@settings(max_examples=100, deadline=None)
def test_the_fast_reading_of_the_standard_layout_equals_the_slow_one(fields: list[str]):
    text = "id:a sub:b dlvrd:c submit date:d done date:e stat:f err:g text:" + " ".join(fields)
    fast, general = _read_text(text), _read_text(" " + text)
    assert fast == general


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2511221030", (2025, 11, 22, 10, 30, 0)),
        ("251122103059", (2025, 11, 22, 10, 30, 59)),
        ("202511221030", (2025, 11, 22, 10, 30, 0)),
        ("20251122103059", (2025, 11, 22, 10, 30, 59)),
        ("2025-11-22 10:30:59", (2025, 11, 22, 10, 30, 59)),
        ("0000000000", None),
        ("2513221030", None),
        ("", None),
        ("soon", None),
        ("²⁵11221030", None),
    ],
)
def test_dates_of_receipts(raw: str, expected: tuple[int, ...] | None):
    zone = timezone(timedelta(hours=-6))
    moment = receipt_time(raw, zone)
    assert moment == (datetime(*expected, tzinfo=zone) if expected else None)


@given(st.binary(max_size=200), st.integers(0, 255), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_no_octets_make_reading_fail(octets: bytes, esm_class: int, data_coding: int):
    pdu = DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=octets)
    assert (parse_receipt(pdu) is not None) is is_receipt(esm_class)
