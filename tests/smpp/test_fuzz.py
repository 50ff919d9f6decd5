"""Mutated frames into decoder and session: only typed errors, and a session that survives every sound frame.

`PALOMAR_FUZZ_FRAMES` says how many frames; the default is small, a million is the full run.
"""

import os
import random
from collections import Counter

from palomar.smpp import (
    AlertNotification,
    BindTransceiver,
    BindTransceiverResp,
    CancelSm,
    Closed,
    DataSm,
    DataSmResp,
    DeliverSm,
    DestinationAddress,
    DistributionList,
    EnquireLink,
    GenericNack,
    Outbind,
    Pdu,
    PduError,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    Session,
    SessionRole,
    SessionSettings,
    SessionState,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
    UnbindResp,
    UnsuccessfulDelivery,
    decode,
    encode,
    information_elements,
    parse_receipt,
    read_parts,
)
from palomar.smpp.parameters import ESM_TYPE_DELIVERY_RECEIPT, ESM_UDHI

FRAMES = int(os.environ.get("PALOMAR_FUZZ_FRAMES", "10000"))

SEEDS = [
    SubmitSm(source_addr="1", destination_addr="525512345678", short_message=b"hello", tlvs=((0x204, b"\0\1"),)),
    DeliverSm(
        esm_class=ESM_TYPE_DELIVERY_RECEIPT | ESM_UDHI,
        short_message=b"id:1 sub:001 dlvrd:001 submit date:2401010101 done date:2401010102 stat:DELIVRD err:000",
        tlvs=((0x1E, b"1\0"), (0x427, b"\2"), (0x423, b"\3\0\1"), (0x204, b"\0\1")),
    ),
    SubmitMulti(dest_addresses=(DestinationAddress(address="1"), DistributionList(name="all"))),
    SubmitMultiResp(message_id="1", unsuccess_smes=(UnsuccessfulDelivery(address="1", error_status_code=8),)),
    SubmitSmResp(message_id="0123456789"),
    DataSm(source_addr="1", esm_class=ESM_TYPE_DELIVERY_RECEIPT, tlvs=((0x424, b"id:1 stat:x"),)),
    QuerySm(message_id="1"),
    GenericNack(command_status=3),
    EnquireLink(),
    BindTransceiver(system_id="x", password="y"),
    Outbind(system_id="x", password="y"),
    AlertNotification(source_addr="525512345678", esme_addr="1", tlvs=((0x422, b"\0"),)),
    QuerySmResp(message_id="1", final_date="250101000000000+", message_state=2),
    DataSmResp(message_id="1", tlvs=((0x425, b"\1"),)),
    CancelSm(message_id="1", source_addr="1", destination_addr="2"),
    ReplaceSm(message_id="1", source_addr="1", short_message=b"hello"),
    DeliverSm(esm_class=ESM_UDHI, short_message=b"\x08\x00\x03\xa5\x03\x02\x25\x01\x03text"),
]


def mutated(frame: bytes, chance: random.Random) -> bytes:
    """Change, drop, double or insert octets after the length, then correct the length: always a sound frame."""
    octets = bytearray(frame)
    for _ in range(chance.randint(1, 4)):
        position = chance.randrange(4, len(octets)) if len(octets) > 4 else 4
        match chance.randrange(4):
            case 0:
                octets[position : position + 1] = bytes((chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256))),))
            case 1:
                del octets[position : position + chance.randint(1, 8)]
            case 2:
                octets[position:position] = octets[position : position + chance.randint(1, 8)]
            case _:
                octets[position:position] = chance.randbytes(chance.randint(1, 8))
    octets += bytes(max(0, 16 - len(octets)))
    octets[:4] = len(octets).to_bytes(4, "big")
    return bytes(octets)


def bound(role: SessionRole, settings: SessionSettings) -> Session:
    session = Session(role, 0.0, settings=settings)
    if role is SessionRole.SMSC:
        (request,) = session.receive(encode(BindTransceiver(sequence_number=1)), 0.0)
        session.answer(request.pdu)
    else:
        session.send(BindTransceiver(), 0.0)
        session.receive(encode(BindTransceiverResp(sequence_number=1)), 0.0)
    assert session.state is SessionState.BOUND_TRX
    return session


def reaches_unbind(frame: bytes) -> bool:
    return frame[4:8] == b"\0\0\0\6"


def test_mutated_frames_raise_typed_errors_only_and_cost_no_session():
    chance = random.Random(20260101)
    frames = [encode(pdu) for pdu in SEEDS]
    settings = SessionSettings(window=4)
    sessions = [bound(SessionRole.ESME, settings), bound(SessionRole.SMSC, settings)]
    outcomes: Counter[str] = Counter()
    for number in range(FRAMES):
        frame = mutated(chance.choice(frames), chance)
        try:
            pdu: Pdu | None = decode(frame)
            outcomes["sound"] += 1
        except PduError as error:
            pdu = None
            outcomes["refused" if error.status else "refused without a status"] += 1
        if isinstance(pdu, DeliverSm | DataSm):
            parse_receipt(pdu)
            read_parts(pdu)
            information_elements(pdu)
        if reaches_unbind(frame):
            continue
        session = sessions[number % 2]
        if session.window_free and session.role is SessionRole.ESME:
            session.send(SubmitSm(), 0.0, context=number)
        assert not any(isinstance(event, Closed) for event in session.receive(frame, 0.0))
        session.take_outgoing()
    assert all(session.state is SessionState.BOUND_TRX for session in sessions)
    assert outcomes.keys() == {"sound", "refused"}
    assert min(outcomes.values()) > FRAMES // 20, outcomes


def test_a_stream_of_garbage_ends_the_session_and_nothing_else():
    chance = random.Random(7)
    for _ in range(min(FRAMES, 20_000) // 20):
        session = bound(SessionRole.ESME, SessionSettings())
        closed = [e for e in session.receive(chance.randbytes(200), 0.0) if isinstance(e, Closed)]
        assert len(closed) == (1 if session.state is SessionState.CLOSED else 0)
        assert session.receive(encode(UnbindResp()), 0.0) == [] or session.state is not SessionState.CLOSED
