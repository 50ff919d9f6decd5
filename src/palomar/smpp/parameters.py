"""The values of the mandatory parameters, by name (SMPP 3.4 section 5.2).

On the wire and in the PDU classes they stay plain integers, because reserved values must survive.
"""

from enum import IntEnum


class Ton(IntEnum):
    """Type of number (section 5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan indicator (section 5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT_ID = 18


class MessageState(IntEnum):
    """The state of a message (section 5.2.28); SCHEDULED and SKIPPED come from SMPP 5.0 section 4.7.15."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9

    @property
    def is_final(self) -> bool:
        """Return True if the SMSC sends no further state of the message.

        As SMPP 5.0 section 4.7.15 lists them, but for ACCEPTED: carriers report it before DELIVERED.
        """
        return self not in (MessageState.SCHEDULED, MessageState.ENROUTE, MessageState.ACCEPTED)


# esm_class (section 5.2.12): a mode, a message type and two features share the octet.
ESM_MODE_MASK = 0x03
ESM_MODE_DATAGRAM = 0x01
ESM_MODE_FORWARD = 0x02
ESM_MODE_STORE_AND_FORWARD = 0x03
ESM_TYPE_MASK = 0x3C
ESM_TYPE_DELIVERY_RECEIPT = 0x04
ESM_TYPE_DELIVERY_ACKNOWLEDGEMENT = 0x08
ESM_TYPE_USER_ACKNOWLEDGEMENT = 0x10
ESM_TYPE_CONVERSATION_ABORT = 0x18
ESM_TYPE_INTERMEDIATE_NOTIFICATION = 0x20
ESM_UDHI = 0x40
ESM_REPLY_PATH = 0x80

# registered_delivery (section 5.2.17): three requests share the octet.
RECEIPT_MASK = 0x03
RECEIPT_NONE = 0x00
RECEIPT_ALWAYS = 0x01
RECEIPT_ON_FAILURE = 0x02
REQUEST_DELIVERY_ACKNOWLEDGEMENT = 0x04
REQUEST_USER_ACKNOWLEDGEMENT = 0x08
REQUEST_INTERMEDIATE_NOTIFICATION = 0x10

# data_coding (section 5.2.19). 0x10 and up to 0xFF with a class: 3GPP TS 23.038 section 4.
CODING_SMSC_DEFAULT = 0x00
CODING_ASCII = 0x01
CODING_OCTETS = 0x02
CODING_LATIN_1 = 0x03
CODING_OCTETS_TOO = 0x04
CODING_JIS = 0x05
CODING_CYRILLIC = 0x06
CODING_LATIN_HEBREW = 0x07
CODING_UCS2 = 0x08
CODING_PICTOGRAM = 0x09
CODING_MUSIC = 0x0A
CODING_EXTENDED_KANJI = 0x0D
CODING_KS_C_5601 = 0x0E
CODING_GSM_FLASH = 0x10
CODING_UCS2_FLASH = 0x18

INTERFACE_VERSION_3_4 = 0x34
