"""What can be set for the simulator. Not here: where it is read from (``config``, ``cli``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.chaos.ids import IdDialect


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """One SMSC that takes everything and delivers it to phones that are not there."""

    passwords: Mapping[str, str] | None = None
    """system_id to password; None lets anybody bind, which is for the one inside the process only."""
    system_id: str = "PALOMAR"
    """What it calls itself in the answer to a bind."""
    receipt_delay_seconds: float | None = None
    """When an ordinary receipt comes; None: 0.3 to 0.9 s, by number and text."""
    ids: IdDialect = "hexadecimal"
    chaos: str = ""
    """What it does wrong on purpose, from its start (``script``); empty is nothing."""
    deliver_by: Literal["deliver_sm", "data_sm"] = "deliver_sm"
    """How receipts and inbound messages come. What was sent by ``data_sm`` is reported by ``data_sm`` anyway."""
    window: int = 1_000
    """Deliveries without an answer that each bind may have."""
    deliver_timeout_seconds: float = 30
    """A delivery not answered so long comes again."""
    deliver_retry_seconds: float = 2
    """One refused with a temporary error comes again after so long."""
    bind_timeout_seconds: float = 10
    enquire_link_seconds: float = 60
    answer_timeout_seconds: float = 30
    """How long the house waits for an answer of the simulator inside it, or for a sign of life."""
    mailbox_limit: int = 500_000
    """Receipts and inbound messages kept for a system_id that is away; the oldest go first."""
    history_limit: int = 100_000
    """Messages that ``query_sm`` still knows."""

    def __post_init__(self) -> None:
        try:
            script.parse(self.chaos)
        except script.ScriptError as error:
            raise ValueError(f"chaos: {error}") from None
        if self.answer_timeout_seconds <= 0:
            raise ValueError(f"answer_timeout_seconds: more than 0, not {self.answer_timeout_seconds:g}")
