"""Every PDU of SMPP 3.4 as a class that is its field table: the fields are declared in wire order (section 4).

A PDU carries its header's status and sequence number and its optional parameters; the length is computed when it is
written, and the command id belongs to the class. The classes are not frozen (a session writes the sequence number into
a request when it sends it, and creation is hot). Not here: the meaning of the values (`parameters`).

Where a length differs from the specification's, carriers in the field have taught it and a comment says so.
"""

from dataclasses import dataclass
from typing import ClassVar

from palomar.smpp.fields import (
    DestinationAddress,
    DistributionList,
    UnsuccessfulDelivery,
    c_octets,
    counted_octets,
    destinations,
    octet,
    unsuccessful_deliveries,
)
from palomar.smpp.status import CommandStatus as Status
from palomar.smpp.tlvs import Tlvs

RESPONSE_BIT = 0x80000000


@dataclass(slots=True)
class Pdu:
    """The header and optional parameters of every PDU; abstract, never itself on the wire."""

    command_id: ClassVar[int]
    command_name: ClassVar[str]
    # Section 4.4.2 and others: a refusal of this command is a header alone.
    bare_when_refused: ClassVar[bool] = False

    command_status: int = 0
    sequence_number: int = 0
    tlvs: Tlvs = ()


@dataclass(slots=True)
class GenericNack(Pdu):
    """Section 4.3.1: the answer to a PDU that could not be recognised."""

    command_id = 0x80000000
    command_name = "generic_nack"


@dataclass(slots=True)
class BindReceiver(Pdu):
    """Section 4.1.3."""

    command_id = 0x00000001
    command_name = "bind_receiver"

    # 16 and 9 octets by the specification; carriers hand out longer ones.
    system_id: str = c_octets(65, fault=Status.ESME_RINVSYSID)
    password: str = c_octets(65, fault=Status.ESME_RINVPASWD, shown=False)
    system_type: str = c_octets(13, fault=Status.ESME_RINVSYSTYP)
    interface_version: int = octet(0x34)
    addr_ton: int = octet()
    addr_npi: int = octet()
    address_range: str = c_octets(41)


@dataclass(slots=True)
class BindReceiverResp(Pdu):
    """Section 4.1.4."""

    command_id = 0x80000001
    command_name = "bind_receiver_resp"
    bare_when_refused = True

    system_id: str = c_octets(65)


@dataclass(slots=True)
class BindTransmitter(Pdu):
    """Section 4.1.1."""

    command_id = 0x00000002
    command_name = "bind_transmitter"

    system_id: str = c_octets(65, fault=Status.ESME_RINVSYSID)
    password: str = c_octets(65, fault=Status.ESME_RINVPASWD, shown=False)
    system_type: str = c_octets(13, fault=Status.ESME_RINVSYSTYP)
    interface_version: int = octet(0x34)
    addr_ton: int = octet()
    addr_npi: int = octet()
    address_range: str = c_octets(41)


@dataclass(slots=True)
class BindTransmitterResp(Pdu):
    """Section 4.1.2."""

    command_id = 0x80000002
    command_name = "bind_transmitter_resp"
    bare_when_refused = True

    system_id: str = c_octets(65)


@dataclass(slots=True)
class QuerySm(Pdu):
    """Section 4.8.1."""

    command_id = 0x00000003
    command_name = "query_sm"

    message_id: str = c_octets(65, fault=Status.ESME_RINVMSGID)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(21, fault=Status.ESME_RINVSRCADR)


@dataclass(slots=True)
class QuerySmResp(Pdu):
    """Section 4.8.2."""

    command_id = 0x80000003
    command_name = "query_sm_resp"

    message_id: str = c_octets(65)
    final_date: str = c_octets(17)
    message_state: int = octet()
    error_code: int = octet()


@dataclass(slots=True)
class SubmitSm(Pdu):
    """Section 4.4.1."""

    command_id = 0x00000004
    command_name = "submit_sm"

    service_type: str = c_octets(6, fault=Status.ESME_RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(21, fault=Status.ESME_RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: str = c_octets(21, fault=Status.ESME_RINVDSTADR)
    esm_class: int = octet()
    protocol_id: int = octet()
    priority_flag: int = octet()
    schedule_delivery_time: str = c_octets(17, fault=Status.ESME_RINVSCHED)
    validity_period: str = c_octets(17, fault=Status.ESME_RINVEXPIRY)
    registered_delivery: int = octet()
    replace_if_present_flag: int = octet()
    data_coding: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = counted_octets()


@dataclass(slots=True)
class SubmitSmResp(Pdu):
    """Section 4.4.2."""

    command_id = 0x80000004
    command_name = "submit_sm_resp"
    bare_when_refused = True

    message_id: str = c_octets(65)


@dataclass(slots=True)
class DeliverSm(Pdu):
    """Section 4.6.1."""

    command_id = 0x00000005
    command_name = "deliver_sm"

    service_type: str = c_octets(6, fault=Status.ESME_RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    # 21 by the specification, 65 as in data_sm: a deliver_sm refused for its address is a receipt lost.
    source_addr: str = c_octets(65, fault=Status.ESME_RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: str = c_octets(65, fault=Status.ESME_RINVDSTADR)
    esm_class: int = octet()
    protocol_id: int = octet()
    priority_flag: int = octet()
    schedule_delivery_time: str = c_octets(17, fault=Status.ESME_RINVSCHED)
    validity_period: str = c_octets(17, fault=Status.ESME_RINVEXPIRY)
    registered_delivery: int = octet()
    replace_if_present_flag: int = octet()
    data_coding: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = counted_octets()


@dataclass(slots=True)
class DeliverSmResp(Pdu):
    """Section 4.6.2: message_id is unused and empty, but stands there even in a refusal."""

    command_id = 0x80000005
    command_name = "deliver_sm_resp"

    message_id: str = c_octets(65)


@dataclass(slots=True)
class Unbind(Pdu):
    """Section 4.2.1."""

    command_id = 0x00000006
    command_name = "unbind"


@dataclass(slots=True)
class UnbindResp(Pdu):
    """Section 4.2.2."""

    command_id = 0x80000006
    command_name = "unbind_resp"


@dataclass(slots=True)
class ReplaceSm(Pdu):
    """Section 4.10.1."""

    command_id = 0x00000007
    command_name = "replace_sm"

    message_id: str = c_octets(65, fault=Status.ESME_RINVMSGID)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(21, fault=Status.ESME_RINVSRCADR)
    schedule_delivery_time: str = c_octets(17, fault=Status.ESME_RINVSCHED)
    validity_period: str = c_octets(17, fault=Status.ESME_RINVEXPIRY)
    registered_delivery: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = counted_octets()


@dataclass(slots=True)
class ReplaceSmResp(Pdu):
    """Section 4.10.2."""

    command_id = 0x80000007
    command_name = "replace_sm_resp"


@dataclass(slots=True)
class CancelSm(Pdu):
    """Section 4.9.1."""

    command_id = 0x00000008
    command_name = "cancel_sm"

    service_type: str = c_octets(6, fault=Status.ESME_RINVSERTYP)
    message_id: str = c_octets(65, fault=Status.ESME_RINVMSGID)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(21, fault=Status.ESME_RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: str = c_octets(21, fault=Status.ESME_RINVDSTADR)


@dataclass(slots=True)
class CancelSmResp(Pdu):
    """Section 4.9.2."""

    command_id = 0x80000008
    command_name = "cancel_sm_resp"


@dataclass(slots=True)
class BindTransceiver(Pdu):
    """Section 4.1.5."""

    command_id = 0x00000009
    command_name = "bind_transceiver"

    system_id: str = c_octets(65, fault=Status.ESME_RINVSYSID)
    password: str = c_octets(65, fault=Status.ESME_RINVPASWD, shown=False)
    system_type: str = c_octets(13, fault=Status.ESME_RINVSYSTYP)
    interface_version: int = octet(0x34)
    addr_ton: int = octet()
    addr_npi: int = octet()
    address_range: str = c_octets(41)


@dataclass(slots=True)
class BindTransceiverResp(Pdu):
    """Section 4.1.6."""

    command_id = 0x80000009
    command_name = "bind_transceiver_resp"
    bare_when_refused = True

    system_id: str = c_octets(65)


@dataclass(slots=True)
class Outbind(Pdu):
    """Section 4.1.7: an SMSC asks an ESME to bind; there is no response."""

    command_id = 0x0000000B
    command_name = "outbind"

    system_id: str = c_octets(65, fault=Status.ESME_RINVSYSID)
    password: str = c_octets(65, fault=Status.ESME_RINVPASWD, shown=False)


@dataclass(slots=True)
class EnquireLink(Pdu):
    """Section 4.11.1."""

    command_id = 0x00000015
    command_name = "enquire_link"


@dataclass(slots=True)
class EnquireLinkResp(Pdu):
    """Section 4.11.2."""

    command_id = 0x80000015
    command_name = "enquire_link_resp"


@dataclass(slots=True)
class SubmitMulti(Pdu):
    """Section 4.5.1."""

    command_id = 0x00000021
    command_name = "submit_multi"

    service_type: str = c_octets(6, fault=Status.ESME_RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(21, fault=Status.ESME_RINVSRCADR)
    dest_addresses: tuple[DestinationAddress | DistributionList, ...] = destinations()
    esm_class: int = octet()
    protocol_id: int = octet()
    priority_flag: int = octet()
    schedule_delivery_time: str = c_octets(17, fault=Status.ESME_RINVSCHED)
    validity_period: str = c_octets(17, fault=Status.ESME_RINVEXPIRY)
    registered_delivery: int = octet()
    replace_if_present_flag: int = octet()
    data_coding: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = counted_octets()


@dataclass(slots=True)
class SubmitMultiResp(Pdu):
    """Section 4.5.2."""

    command_id = 0x80000021
    command_name = "submit_multi_resp"
    bare_when_refused = True

    message_id: str = c_octets(65)
    unsuccess_smes: tuple[UnsuccessfulDelivery, ...] = unsuccessful_deliveries()


@dataclass(slots=True)
class AlertNotification(Pdu):
    """Section 4.12.1: a phone has become reachable; there is no response."""

    command_id = 0x00000102
    command_name = "alert_notification"

    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(65, fault=Status.ESME_RINVSRCADR)
    esme_addr_ton: int = octet()
    esme_addr_npi: int = octet()
    esme_addr: str = c_octets(65, fault=Status.ESME_RINVDSTADR)


@dataclass(slots=True)
class DataSm(Pdu):
    """Section 4.7.1: the text travels in the message_payload TLV."""

    command_id = 0x00000103
    command_name = "data_sm"

    service_type: str = c_octets(6, fault=Status.ESME_RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: str = c_octets(65, fault=Status.ESME_RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: str = c_octets(65, fault=Status.ESME_RINVDSTADR)
    esm_class: int = octet()
    registered_delivery: int = octet()
    data_coding: int = octet()


@dataclass(slots=True)
class DataSmResp(Pdu):
    """Section 4.7.2."""

    command_id = 0x80000103
    command_name = "data_sm_resp"

    message_id: str = c_octets(65)


Bind = BindReceiver | BindTransmitter | BindTransceiver

_ALL: tuple[type[Pdu], ...] = (
    GenericNack,
    BindReceiver,
    BindReceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    DeliverSm,
    DeliverSmResp,
    Unbind,
    UnbindResp,
    ReplaceSm,
    ReplaceSmResp,
    CancelSm,
    CancelSmResp,
    BindTransceiver,
    BindTransceiverResp,
    Outbind,
    EnquireLink,
    EnquireLinkResp,
    SubmitMulti,
    SubmitMultiResp,
    AlertNotification,
    DataSm,
    DataSmResp,
)
PDU_TYPES: dict[int, type[Pdu]] = {pdu_type.command_id: pdu_type for pdu_type in _ALL}


def response_type(command_id: int) -> type[Pdu] | None:
    """Return the class that answers a request, or None for outbind, alert_notification and unknown ones."""
    return PDU_TYPES.get(command_id | RESPONSE_BIT) if command_id else None


def command_name(command_id: int) -> str:
    """Return the specification's name of a command, or eight hexadecimal digits for one it does not define."""
    pdu_type = PDU_TYPES.get(command_id)
    return pdu_type.command_name if pdu_type is not None else f"0x{command_id:08X}"
