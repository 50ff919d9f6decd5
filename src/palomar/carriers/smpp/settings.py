"""What can be set for one SMPP carrier. Not here: where it is read from (``config``)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

BindMode = Literal["transceiver", "transmitter+receiver"]

WINDOW_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppCarrierSettings:
    """One carrier. A link is one transceiver connection, or a transmitter and a receiver that live and die together."""

    name: str
    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    bind: BindMode = "transceiver"
    links: int = 1
    window: int = 50
    """Submits without an answer that each link may have, 1 to 1,000."""
    parts_per_second: float = 0
    """For the whole carrier; 0 is no limit of ours."""
    system_type: str = ""
    response_timeout_seconds: float = 30
    enquire_link_seconds: float = 30
    """After so much silence a link is asked whether it lives; 0 never asks."""
    connect_timeout_seconds: float = 10
    bind_timeout_seconds: float = 10
    reconnect_min_seconds: float = 0.5
    reconnect_max_seconds: float = 60
    deliver_backlog: int = 5_000
    """``deliver_sm`` not yet committed that the carrier may have with us; beyond it they are asked to come again."""
    query_after_seconds: float = 0
    """Ask how a part stands (``query_sm``) whose receipt has not come for so long; 0 never asks."""
    tls: bool = False
    tls_verify: bool = True
    tls_ca: Path | None = None
    """Trust these authorities and no others; None trusts the system's."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_server_name: str | None = None
    """The name the certificate must carry; None is ``host``."""
    source_ton: int | None = None
    """Overrides of what the sender's form says (SMPP 3.4 sections 5.2.5 and 5.2.6)."""
    source_npi: int | None = None
    dest_ton: int = 1
    dest_npi: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.window <= WINDOW_MAX:
            raise ValueError(f"window: 1 to {WINDOW_MAX}, not {self.window}")
        if self.links < 1:
            raise ValueError(f"links: at least 1, not {self.links}")
        if self.parts_per_second < 0:
            raise ValueError(f"parts_per_second: at least 0, not {self.parts_per_second}")
        if not 0 < self.reconnect_min_seconds <= self.reconnect_max_seconds:
            raise ValueError("reconnect_min_seconds: above 0, and not above reconnect_max_seconds")
