"""Hypothesis strategies for PDUs, made from the field tables; shared by the tests of the codec and of the session."""

from hypothesis import strategies as st

from palomar.smpp import PDU_TYPES, DestinationAddress, DistributionList, Pdu, UnsuccessfulDelivery
from palomar.smpp.fields import (
    COctets,
    CountedOctets,
    Destinations,
    Octet,
    UnsuccessfulDeliveries,
    WireKind,
    field_table,
)

OCTETS = st.integers(0, 0xFF)


def c_strings(max_octets: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=max_octets - 1)


_ADDRESSES = st.builds(DestinationAddress, ton=OCTETS, npi=OCTETS, address=c_strings(21))
_LISTS = st.builds(DistributionList, name=c_strings(21))
_UNSUCCESSFUL = st.builds(
    UnsuccessfulDelivery,
    ton=OCTETS,
    npi=OCTETS,
    address=c_strings(21),
    error_status_code=st.integers(0, 0xFFFFFFFF),
)
TLVS = st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=30)), max_size=4).map(tuple)


def values_of(kind: WireKind) -> st.SearchStrategy[object]:
    match kind:
        case Octet():
            return OCTETS
        case COctets():
            return c_strings(kind.max_octets)
        case CountedOctets():
            return st.binary(max_size=254)
        case Destinations():
            return st.lists(_ADDRESSES | _LISTS, max_size=4).map(tuple)
        case UnsuccessfulDeliveries():
            return st.lists(_UNSUCCESSFUL, max_size=4).map(tuple)
    raise AssertionError(kind)


def pdus_of(pdu_type: type[Pdu]) -> st.SearchStrategy[Pdu]:
    """Generate PDUs that survive the wire: a refusal that is written without its body is made without one."""
    refused = st.builds(pdu_type, command_status=st.integers(1, 0xFFFFFFFF), sequence_number=_NUMBERS)
    whole = st.builds(
        pdu_type,
        command_status=st.just(0) if pdu_type.bare_when_refused else st.integers(0, 0xFFFFFFFF),
        sequence_number=_NUMBERS,
        tlvs=TLVS,
        **{name: values_of(kind) for name, kind in field_table(pdu_type)},
    )
    return refused | whole if pdu_type.bare_when_refused else whole


_NUMBERS = st.integers(0, 0xFFFFFFFF)

ANY_PDU = st.sampled_from(sorted(PDU_TYPES)).flatmap(lambda command_id: pdus_of(PDU_TYPES[command_id]))
