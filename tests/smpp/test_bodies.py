"""Bodies read and written by generated functions: strict, and in agreement with the field tables."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.smpp.pdu_strategies import pdus_of

from palomar.smpp import PDU_TYPES, Pdu, SubmitSm, SubmitSmResp, decode, encode
from palomar.smpp.bodies import BODY_ERRORS, HEADER_OCTETS, body_reader, body_writer
from palomar.smpp.codec import _read_leniently
from palomar.smpp.fields import field_table
from palomar.smpp.tlvs import write_tlvs

EVERY_PDU = pytest.mark.parametrize("pdu_type", PDU_TYPES.values(), ids=lambda t: t.command_name)


@EVERY_PDU
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_body_is_what_each_kind_of_field_writes_in_turn(pdu_type: type[Pdu], data: st.DataObject):
    pdu = data.draw(pdus_of(pdu_type))
    fields = b"".join(kind.write(getattr(pdu, name)) for name, kind in field_table(pdu_type))
    is_bare = pdu_type.bare_when_refused and pdu.command_status
    assert body_writer(pdu_type)(pdu) == (b"" if is_bare else fields + write_tlvs(pdu.tlvs))


@EVERY_PDU
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_sound_body_reads_the_same_leniently_and_strictly(pdu_type: type[Pdu], data: st.DataObject):
    frame = encode(data.draw(pdus_of(pdu_type)))
    assert _read_leniently(pdu_type, frame, 0, 7) == _strictly_or_leniently(pdu_type, frame)


def _strictly_or_leniently(pdu_type: type[Pdu], frame: bytes) -> Pdu:
    """Read a body; a refusal without its body is the one frame of ours that is not read strictly."""
    if len(frame) == HEADER_OCTETS:
        return pdu_type(0, 7)
    return body_reader(pdu_type)(frame, 0, 7)


WITHOUT_TLV = SubmitSm(sequence_number=1, source_addr="1234", short_message=b"hello")
TLV = write_tlvs(((0x0204, b"\0\1"),))


@pytest.mark.parametrize("cut", [cut for cut in range(1, 30) if cut != len(TLV)])
def test_a_reader_fails_on_a_body_that_ends_early(cut: int):
    with pytest.raises(BODY_ERRORS):
        body_reader(SubmitSm)((encode(WITHOUT_TLV) + TLV)[:-cut], 0, 1)


def test_a_body_may_end_before_its_optional_parameters():
    assert body_reader(SubmitSm)(encode(WITHOUT_TLV), 0, 1) == WITHOUT_TLV


@pytest.mark.parametrize("message_id", ["x" * 65, "a\0b", "\u20ac", b"bytes", 7, None])
def test_a_writer_fails_on_a_value_that_its_field_cannot_hold(message_id: object):
    with pytest.raises((*BODY_ERRORS, TypeError)):
        body_writer(SubmitSmResp)(SubmitSmResp(message_id=message_id))  # type: ignore[arg-type]


def test_a_refusal_of_such_a_command_has_no_body():
    assert body_writer(SubmitSmResp)(SubmitSmResp(command_status=8, message_id="1")) == b""
    assert decode(encode(SubmitSmResp(command_status=8, message_id="1"))) == SubmitSmResp(command_status=8)
