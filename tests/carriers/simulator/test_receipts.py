"""The simulator's deliver_sm, read back by the library and compared with appendix B's own form."""

import pytest

from palomar.carriers.simulator.delivery_plan import PlannedReceipt
from palomar.carriers.simulator.receipts import inbound_pdu, receipt_pdu
from palomar.smpp import DeliverSm, MessageState, SubmitSm, decode, encode, parse_receipt

SUBMITTED = SubmitSm(
    source_addr_ton=5,
    source_addr="PALOMAR",
    dest_addr_ton=1,
    destination_addr="573001234567",
    short_message=b"hola hola hola hola hola hola",
)
MAY_FIRST = 1_746_057_600_000


def test_the_text_is_that_of_appendix_b() -> None:
    pdu = receipt_pdu(
        SUBMITTED,
        message_id="0A",
        receipt=PlannedReceipt(stat="UNDELIV", error=7),
        accepted_ms=MAY_FIRST,
        now_ms=MAY_FIRST + 60_000,
    )
    assert pdu.short_message == (
        b"id:0A sub:001 dlvrd:000 submit date:2505010000 done date:2505010001 "
        b"stat:UNDELIV err:007 text:hola hola hola hola "
    )


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", MessageState.DELIVERED),
        ("DELETED", MessageState.DELETED),
        ("BUFFERD", MessageState.ENROUTE),
        ("WHATEVR", None),
    ],
)
def test_the_library_reads_what_the_simulator_writes(stat: str, state: MessageState | None) -> None:
    pdu = decode(
        encode(
            receipt_pdu(
                SUBMITTED, message_id="0A", receipt=PlannedReceipt(stat=stat), accepted_ms=MAY_FIRST, now_ms=MAY_FIRST
            )
        )
    )
    assert isinstance(pdu, DeliverSm)
    receipt = parse_receipt(pdu)
    assert receipt is not None
    assert (receipt.message_id, receipt.stat, receipt.state) == ("0A", stat, state)


def test_a_text_of_a_phone_is_no_receipt() -> None:
    pdu = inbound_pdu(source="573001234567", destination="85355", octets=b"id:1 stat:DELIVRD", data_coding=0)
    assert parse_receipt(pdu) is None
