"""The optional parameters of SMPP 3.4 section 5.3: their tags, names and types.

A PDU keeps its optional parameters as they came, `(tag, octets)` in order, unknown and repeated ones
included. The definitions below make such pairs and find typed values among them. Reading is lenient: a value
whose length makes no sense counts as absent, because one odd parameter must not cost a message or a receipt.
"""

from dataclasses import dataclass
from struct import Struct

from palomar.smpp.errors import UnencodablePdu

Tlvs = tuple[tuple[int, bytes], ...]

_HEADER = Struct(">HH")


@dataclass(slots=True, frozen=True, kw_only=True)
class IntegerTlv:
    """An unsigned big-endian integer of `octets`; any length from one to four is understood."""

    tag: int
    name: str
    octets: int = 1

    def of(self, value: int) -> tuple[int, bytes]:
        """Make the pair that carries `value`."""
        try:
            return self.tag, value.to_bytes(self.octets, "big")
        except (OverflowError, AttributeError) as error:
            raise UnencodablePdu(f"{value!r} is not an integer of {self.octets} octets", field=self.name) from error

    def find(self, tlvs: Tlvs) -> int | None:
        """Return the first value in `tlvs`, or None."""
        for tag, value in tlvs:
            if tag == self.tag and 1 <= len(value) <= 4:
                return int.from_bytes(value, "big")
        return None


@dataclass(slots=True, frozen=True, kw_only=True)
class TextTlv:
    """A C-octet string of at most `max_octets` with its NUL; a missing NUL is forgiven."""

    tag: int
    name: str
    max_octets: int

    def of(self, value: str) -> tuple[int, bytes]:
        """Make the pair that carries `value`."""
        if len(value) >= self.max_octets or "\0" in value:
            raise UnencodablePdu(f"more than {self.max_octets - 1} characters, or a NUL among them", field=self.name)
        try:
            return self.tag, value.encode("latin-1") + b"\0"
        except UnicodeEncodeError as error:
            raise UnencodablePdu("holds more than Latin-1", field=self.name) from error

    def find(self, tlvs: Tlvs) -> str | None:
        """Return the first value in `tlvs`, or None."""
        for tag, value in tlvs:
            if tag == self.tag:
                return value.partition(b"\0")[0].decode("latin-1")
        return None


@dataclass(slots=True, frozen=True, kw_only=True)
class OctetsTlv:
    """Octets of at least `min_octets` and at most `max_octets`; an empty value is a flag."""

    tag: int
    name: str
    min_octets: int = 0
    max_octets: int = 0xFFFF

    def of(self, value: bytes = b"") -> tuple[int, bytes]:
        """Make the pair that carries `value`."""
        if not self.min_octets <= len(value) <= self.max_octets:
            raise UnencodablePdu(f"{len(value)} octets", field=self.name)
        return self.tag, bytes(value)

    def find(self, tlvs: Tlvs) -> bytes | None:
        """Return the first value in `tlvs`, or None."""
        for tag, value in tlvs:
            if tag == self.tag:
                return value
        return None


Definition = IntegerTlv | TextTlv | OctetsTlv

DEST_ADDR_SUBUNIT = IntegerTlv(tag=0x0005, name="dest_addr_subunit")
DEST_NETWORK_TYPE = IntegerTlv(tag=0x0006, name="dest_network_type")
DEST_BEARER_TYPE = IntegerTlv(tag=0x0007, name="dest_bearer_type")
DEST_TELEMATICS_ID = IntegerTlv(tag=0x0008, name="dest_telematics_id", octets=2)
SOURCE_ADDR_SUBUNIT = IntegerTlv(tag=0x000D, name="source_addr_subunit")
SOURCE_NETWORK_TYPE = IntegerTlv(tag=0x000E, name="source_network_type")
SOURCE_BEARER_TYPE = IntegerTlv(tag=0x000F, name="source_bearer_type")
SOURCE_TELEMATICS_ID = IntegerTlv(tag=0x0010, name="source_telematics_id")
QOS_TIME_TO_LIVE = IntegerTlv(tag=0x0017, name="qos_time_to_live", octets=4)
PAYLOAD_TYPE = IntegerTlv(tag=0x0019, name="payload_type")
ADDITIONAL_STATUS_INFO_TEXT = TextTlv(tag=0x001D, name="additional_status_info_text", max_octets=256)
RECEIPTED_MESSAGE_ID = TextTlv(tag=0x001E, name="receipted_message_id", max_octets=65)
MS_MSG_WAIT_FACILITIES = IntegerTlv(tag=0x0030, name="ms_msg_wait_facilities")
PRIVACY_INDICATOR = IntegerTlv(tag=0x0201, name="privacy_indicator")
SOURCE_SUBADDRESS = OctetsTlv(tag=0x0202, name="source_subaddress", min_octets=2, max_octets=23)
DEST_SUBADDRESS = OctetsTlv(tag=0x0203, name="dest_subaddress", min_octets=2, max_octets=23)
USER_MESSAGE_REFERENCE = IntegerTlv(tag=0x0204, name="user_message_reference", octets=2)
USER_RESPONSE_CODE = IntegerTlv(tag=0x0205, name="user_response_code")
SOURCE_PORT = IntegerTlv(tag=0x020A, name="source_port", octets=2)
DESTINATION_PORT = IntegerTlv(tag=0x020B, name="destination_port", octets=2)
SAR_MSG_REF_NUM = IntegerTlv(tag=0x020C, name="sar_msg_ref_num", octets=2)
LANGUAGE_INDICATOR = IntegerTlv(tag=0x020D, name="language_indicator")
SAR_TOTAL_SEGMENTS = IntegerTlv(tag=0x020E, name="sar_total_segments")
SAR_SEGMENT_SEQNUM = IntegerTlv(tag=0x020F, name="sar_segment_seqnum")
SC_INTERFACE_VERSION = IntegerTlv(tag=0x0210, name="sc_interface_version")
CALLBACK_NUM_PRES_IND = IntegerTlv(tag=0x0302, name="callback_num_pres_ind")
CALLBACK_NUM_ATAG = OctetsTlv(tag=0x0303, name="callback_num_atag", max_octets=65)
NUMBER_OF_MESSAGES = IntegerTlv(tag=0x0304, name="number_of_messages")
CALLBACK_NUM = OctetsTlv(tag=0x0381, name="callback_num", min_octets=4, max_octets=19)
DPF_RESULT = IntegerTlv(tag=0x0420, name="dpf_result")
SET_DPF = IntegerTlv(tag=0x0421, name="set_dpf")
MS_AVAILABILITY_STATUS = IntegerTlv(tag=0x0422, name="ms_availability_status")
NETWORK_ERROR_CODE = OctetsTlv(tag=0x0423, name="network_error_code", min_octets=3, max_octets=3)
MESSAGE_PAYLOAD = OctetsTlv(tag=0x0424, name="message_payload")
DELIVERY_FAILURE_REASON = IntegerTlv(tag=0x0425, name="delivery_failure_reason")
MORE_MESSAGES_TO_SEND = IntegerTlv(tag=0x0426, name="more_messages_to_send")
MESSAGE_STATE = IntegerTlv(tag=0x0427, name="message_state")
USSD_SERVICE_OP = IntegerTlv(tag=0x0501, name="ussd_service_op")
DISPLAY_TIME = IntegerTlv(tag=0x1201, name="display_time")
SMS_SIGNAL = IntegerTlv(tag=0x1203, name="sms_signal", octets=2)
MS_VALIDITY = IntegerTlv(tag=0x1204, name="ms_validity")
ALERT_ON_MESSAGE_DELIVERY = OctetsTlv(tag=0x130C, name="alert_on_message_delivery", max_octets=0)
ITS_REPLY_TYPE = IntegerTlv(tag=0x1380, name="its_reply_type")
ITS_SESSION_INFO = OctetsTlv(tag=0x1383, name="its_session_info", min_octets=2, max_octets=2)

TLV_DEFINITIONS: dict[int, Definition] = {
    definition.tag: definition
    for definition in tuple(globals().values())
    if isinstance(definition, IntegerTlv | TextTlv | OctetsTlv)
}


def tlv_name(tag: int) -> str:
    """Return the specification's name of a tag, or four hexadecimal digits for one it does not define."""
    definition = TLV_DEFINITIONS.get(tag)
    return definition.name if definition is not None else f"0x{tag:04X}"


def read_tlvs(frame: bytes, position: int) -> tuple[Tlvs, int]:
    """Read optional parameters up to the end of `frame`; return them and the position that was reached.

    A position before the end means that no complete parameter follows; the caller judges that.
    """
    end = len(frame)
    tlvs = []
    while (start := position + 4) <= end:
        tag, length = _unpack_header(frame, position)
        stop = start + length
        if stop > end:
            break
        tlvs.append((tag, frame[start:stop]))
        position = stop
    return tuple(tlvs), position


def salvage_tlvs(frame: bytes, position: int) -> tuple[Tlvs, bool]:
    """Read the optional parameters that can be read up to the end of `frame`; return them, and True if there was
    nothing else.

    A NUL where no parameter fits is skipped: some SMSCs end short_message, or a text in a parameter, with one that they
    do not count. The rest is dropped from the first octet that fits in no way; an incomplete message_payload is kept as
    the text.
    """
    found: list[tuple[int, bytes]] = []
    is_whole = True
    while position < len(frame):
        some, reached = read_tlvs(frame, position)
        found += some
        if reached == len(frame):
            break
        is_whole = False
        if frame[reached : reached + 2] == _PAYLOAD_TAG and reached + 4 < len(frame):
            # Its length goes beyond the end: take the rest as the text, as with a wrong sm_length.
            found.append((MESSAGE_PAYLOAD.tag, frame[reached + 4 :]))
            break
        if frame[reached]:
            break
        position = reached + 1
    return tuple(found), is_whole


def write_tlvs(tlvs: Tlvs) -> bytes:
    """Return the octets of optional parameters; raises struct.error or TypeError for values that no TLV can hold."""
    return b"".join([_pack_header(tag, len(value)) + value for tag, value in tlvs])


_PAYLOAD_TAG = MESSAGE_PAYLOAD.tag.to_bytes(2, "big")
_unpack_header = _HEADER.unpack_from
_pack_header = _HEADER.pack
