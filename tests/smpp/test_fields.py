"""The kinds of field, one value at a time."""

import pytest

from palomar.smpp import CommandStatus, DestinationAddress, DistributionList, SubmitSm, UnsuccessfulDelivery
from palomar.smpp.fields import (
    COctets,
    CountedOctets,
    Destinations,
    FieldFault,
    Octet,
    UnsuccessfulDeliveries,
    WireKind,
    field_table,
)

TEXT = COctets(max_octets=4, fault=CommandStatus.ESME_RINVDSTADR)
TWO = (DestinationAddress(ton=1, npi=2, address="55"), DistributionList(name="all"))
REFUSED = (UnsuccessfulDelivery(ton=1, npi=2, address="55", error_status_code=0x01020304),)

WIRE = [
    (Octet(), 7, b"\x07"),
    (TEXT, "abc", b"abc\0"),
    (TEXT, "\xe9", b"\xe9\0"),
    (CountedOctets(), b"hi", b"\x02hi"),
    (CountedOctets(), b"", b"\x00"),
    (Destinations(), TWO, b"\x02\x01\x01\x0255\0\x02all\0"),
    (Destinations(), (), b"\x00"),
    (UnsuccessfulDeliveries(), REFUSED, b"\x01\x01\x0255\0\x01\x02\x03\x04"),
]


@pytest.mark.parametrize(("kind", "value", "octets"), WIRE)
def test_values_on_the_wire(kind: WireKind, value: object, octets: bytes):
    assert kind.problem(value) is None
    assert kind.write(value) == octets
    assert kind.read(b"__" + octets + b"__", 2) == (value, 2 + len(octets))


@pytest.mark.parametrize(("kind", "value", "octets"), WIRE)
def test_a_field_that_is_cut_anywhere_is_a_fault(kind: WireKind, value: object, octets: bytes):
    for cut in range(len(octets)):
        with pytest.raises(FieldFault) as caught:
            kind.read(octets[:cut], 0)
        assert caught.value.status in (CommandStatus.ESME_RINVCMDLEN, CommandStatus.ESME_RINVMSGLEN)


@pytest.mark.parametrize(
    ("kind", "octets", "status"),
    [
        (TEXT, b"abcd\0", CommandStatus.ESME_RINVDSTADR),
        (TEXT, b"abcd", CommandStatus.ESME_RINVDSTADR),
        (CountedOctets(), b"\x03hi", CommandStatus.ESME_RINVMSGLEN),
        (Destinations(), b"\x01\x03", CommandStatus.ESME_RINVDESTFLAG),
        (Destinations(), b"\x01\x02" + b"x" * 30, CommandStatus.ESME_RINVDLNAME),
        (Destinations(), b"\x01\x01\0\0" + b"5" * 30, CommandStatus.ESME_RINVDSTADR),
    ],
)
def test_faults_carry_the_status_to_answer(kind: WireKind, octets: bytes, status: int):
    with pytest.raises(FieldFault) as caught:
        kind.read(octets, 0)
    assert caught.value.status == status


def test_a_short_message_of_255_octets_is_read_though_it_may_not_be_sent():
    value, end = CountedOctets().read(b"\xff" + b"x" * 255, 0)
    assert (len(value), end) == (255, 256)
    assert CountedOctets().problem(value) is not None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Octet(), 256),
        (Octet(), -1),
        (Octet(), "1"),
        (TEXT, "abcd"),
        (TEXT, "a\0"),
        (TEXT, "€"),
        (TEXT, b"a"),
        (CountedOctets(), "text"),
        (CountedOctets(), b"x" * 255),
        (Destinations(), [DistributionList(name="all")]),
        (Destinations(), (DistributionList(name="x" * 21),)),
        (Destinations(), (DestinationAddress(ton=256, address="1"),)),
        (Destinations(), ("all",)),
        (UnsuccessfulDeliveries(), "x"),
        (UnsuccessfulDeliveries(), (UnsuccessfulDelivery(address="1", error_status_code=-1),)),
    ],
)
def test_values_that_a_field_cannot_hold(kind: WireKind, value: object):
    assert kind.problem(value)


def test_a_field_table_is_the_class_in_wire_order_without_the_header():
    table = field_table(SubmitSm)
    assert [name for name, _ in table][:4] == ["service_type", "source_addr_ton", "source_addr_npi", "source_addr"]
    assert [name for name, _ in table][-1] == "short_message"
    assert len(table) == 17
    assert table[3][1] == COctets(max_octets=21, fault=CommandStatus.ESME_RINVSRCADR)
