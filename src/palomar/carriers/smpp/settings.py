"""The settings of one SMPP carrier, and their bounds.

Not here: reading them (``app/config.py``), and the meaning of their lists and tables (``setting_values``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Final, Literal

from palomar.numbers.sender import parse_sender

BindMode = Literal["transceiver", "transmitter+receiver", "transmitter", "receiver"]

WINDOW_MAX = 1_000
UNANSWERED_MAX = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppCarrierSettings:
    """One carrier. A link is one connection, or a transmitter and a receiver that are bound and closed together."""

    kind: ClassVar[str] = "smpp"
    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    password_file: Path | None = None
    """Read the password from this file instead of the configuration."""
    enabled: bool = True
    """False: no link is bound and nothing is submitted."""
    drain: bool = False
    """Submit nothing more, and stay bound for the receipts of what was submitted."""
    bind: BindMode = "transceiver"
    links: int = 1
    """Connections (or pairs) that we make; 0 where the SMSC calls us (``outbind_port``)."""
    window: int = 50
    """Submits without an answer that each link may have, 1 to 1,000."""
    parts_per_second: float = 0
    """For the whole carrier; 0 is no limit of ours."""
    link_parts_per_second: float = 0
    """For each link; 0 is no limit of ours."""
    sender: str = ""
    """The sender of messages by this carrier where neither request nor account names one."""
    system_type: str = ""
    address_ton: int = 0
    """addr_ton, addr_npi and address_range of our bind (SMPP 3.4 sections 5.2.5 to 5.2.7)."""
    address_npi: int = 0
    address_range: str = ""
    response_timeout_seconds: float = 30
    unanswered_max: int = UNANSWERED_MAX
    """After so many submits in a row without an answer a link gets one part at a time until one is answered."""
    enquire_link_seconds: float = 30
    """After so much silence enquire_link is sent; 0 never sends it."""
    connect_timeout_seconds: float = 10
    bind_timeout_seconds: float = 10
    reconnect_min_seconds: float = 0.5
    reconnect_max_seconds: float = 60
    deliver_backlog: int = 5_000
    """``deliver_sm`` of the carrier that may wait for their commit; beyond it they are answered ESME_RX_T_APPN, to come
    again."""
    outbind_port: int = 0
    """Listen there for an SMSC that calls with outbind (``carriers.smpp.links.outbind``, SMPP 3.4 section 2.2.1); 0
    does not listen."""
    outbind_host: str = "127.0.0.1"
    outbind_system_id: str = ""
    """The system_id and the password that the SMSC must show."""
    outbind_password: str = field(default="", repr=False)
    outbind_password_file: Path | None = None
    outbind_bind: Literal["receiver", "transceiver"] = "receiver"
    tls: bool = False
    tls_verify: bool = True
    tls_ca: Path | None = None
    """Trust these authorities and no others; None trusts the system's."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_server_name: str | None = None
    """The name that the certificate must carry; None is ``host``."""
    submit: Literal["submit_sm", "data_sm"] = "submit_sm"
    long_messages: Literal["udh", "sar", "payload"] = "udh"
    """How a part says which part it is: by a user data header, the sar_ parameters, or a header within
    message_payload."""
    alphabet: Literal["gsm", "latin-1", "ascii"] = "gsm"
    """The alphabet that the carrier takes under ``gsm_coding``."""
    gsm_coding: int = 0
    ucs2_coding: int = 8
    gsm_flash_coding: int = 0x10
    """data_coding of class 0 (3GPP TS 23.038 section 4)."""
    ucs2_flash_coding: int = 0x18
    languages: tuple[str, ...] = ()
    """National language tables that the carrier takes."""
    source_ton: int | None = None
    """TON and NPI of every sender, instead of those of its kind (SMPP 3.4 sections 5.2.5 and 5.2.6)."""
    source_npi: int | None = None
    source_types: Mapping[str, str] | None = None
    """TON and NPI by the sender's kind, which win over the two above: ``short_code = "0/1"``."""
    dest_ton: int = 1
    dest_npi: int = 1
    service_type: str = ""
    protocol_id: int = 0
    priority: int = 0
    urgent_priority: int = 1
    validity: Literal["none", "relative", "absolute"] = "none"
    """How the carrier is told until when a part is useful."""
    validity_seconds: int = 0
    """The longest validity; 0 leaves it to the message's own deadline."""
    receipts: Literal["always", "failure", "none"] = "always"
    receipt_of: Literal["part", "message"] = "part"
    """What one receipt reports; ``message`` where the carrier sends one for a single part of a long message."""
    intermediate_receipts: bool = False
    echo: bool = False
    """Send user_message_reference, which the carrier repeats in receipts."""
    query_after_seconds: float = 0
    """Ask for the state of a part (``query_sm``) whose receipt has not come for so long; 0 never asks."""
    tlvs: Mapping[str, str] | None = None
    """Parameters of every submit, by name or tag: a number, a text, or octets as ``hex:0a0b``."""
    receipt_words: Mapping[str, str] | None = None
    """The meaning of a word in receipts that is unknown or means something else here: ``MISLUKT = "undelivered"``."""
    temporary_statuses: tuple[str, ...] = ()
    """Statuses, by name or number, after which a part may be sent again."""
    keep_pdus: bool = True
    """Keep the PDUs of a part in the timeline of its message."""
    capture: Path | None = None
    """A pcap file of everything that is sent and received; it holds texts and numbers."""
    capture_octets: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name}: {low} to {high}, not {value}")
        for name, longest in _LONGEST.items():
            if len(getattr(self, name)) > longest or not getattr(self, name).isascii():
                raise ValueError(f"{name}: at most {longest} ASCII characters")
        if self.sender and parse_sender(self.sender) is None:
            raise ValueError("sender: up to 11 letters and digits, or up to 16 digits")
        if not 0 < self.reconnect_min_seconds <= self.reconnect_max_seconds:
            raise ValueError("reconnect_min_seconds: above 0, and not above reconnect_max_seconds")
        if self.links < 1 and not self.outbind_port:
            raise ValueError(f"links: at least 1 where there is no outbind_port, not {self.links}")
        if self.outbind_port and not (self.outbind_system_id and self.outbind_password):
            raise ValueError("outbind_port: outbind_system_id and outbind_password are needed too")
        if self.outbind_port and self.tls and not self.tls_certificate:
            raise ValueError("outbind_port: with tls it needs a tls_certificate")
        if self.languages and self.alphabet != "gsm":
            raise ValueError(f'languages: national tables need the alphabet "gsm", not "{self.alphabet}"')
        if self.submit == "data_sm" and self.validity == "absolute":
            raise ValueError('validity: data_sm knows only "relative"')
        from palomar.carriers.smpp import (
            setting_values,  # it imports the library of PDUs, which short commands do without
        )

        setting_values.languages(self.languages)
        setting_values.source_types(self.source_types)
        setting_values.static_tlvs(self.tlvs)
        setting_values.statuses(self.temporary_statuses)
        setting_values.receipt_words(self.receipt_words)


_OCTET = (0, 0xFF)
_MANY = 1_000_000
_RANGES: Final[Mapping[str, tuple[float, float]]] = {
    "links": (0, 100),
    "unanswered_max": (1, 10_000),
    "window": (1, WINDOW_MAX),
    "parts_per_second": (0, _MANY),
    "link_parts_per_second": (0, _MANY),
    "address_ton": _OCTET,
    "address_npi": _OCTET,
    "outbind_port": (0, 65_535),
    "gsm_coding": _OCTET,
    "ucs2_coding": _OCTET,
    "gsm_flash_coding": _OCTET,
    "ucs2_flash_coding": _OCTET,
    "source_ton": _OCTET,
    "source_npi": _OCTET,
    "dest_ton": _OCTET,
    "dest_npi": _OCTET,
    "protocol_id": _OCTET,
    "priority": (0, 3),
    "urgent_priority": (0, 3),
    "validity_seconds": (0, 63 * 7 * 86_400),
    "capture_octets": (1_000_000, 1 << 40),
}
_LONGEST: Final[Mapping[str, int]] = {"service_type": 5, "address_range": 40, "system_type": 12}
