"""What can be set for the simulator. Not here: where it is read from (``config``, ``cli``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """One SMSC that takes everything and delivers it to handsets that are not there."""

    passwords: Mapping[str, str] | None = None
    """system_id to password; None lets anybody bind, which is for the one inside the process only."""
    system_id: str = "PALOMAR"
    """What it calls itself in the answer to a bind."""
    receipt_delay_seconds: float | None = None
    """When an ordinary receipt comes; None: 0.3 to 0.9 s, by number and text."""
    ids: Literal["hexadecimal", "decimal"] = "hexadecimal"
    window: int = 1_000
    """``deliver_sm`` without an answer that each bind may have."""
    deliver_timeout_seconds: float = 30
    """A ``deliver_sm`` not answered so long comes again."""
    deliver_retry_seconds: float = 2
    """One refused with a temporary error comes again after so long."""
    bind_timeout_seconds: float = 10
    enquire_link_seconds: float = 60
    mailbox_limit: int = 500_000
    """Receipts and inbound messages kept for a system_id that is away; the oldest go first."""
    history_limit: int = 100_000
    """Messages that ``query_sm`` still knows."""
