"""The settings of the simulator. Not here: reading them (``app/config.py``, ``cli/sandbox/simulator.py``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.chaos.ids import IdDialect


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """One SMSC that takes every message and delivers it to simulated phones."""

    passwords: Mapping[str, str] | None = None
    """Passwords by system_id; None lets anybody bind, which is for the simulator inside the process only."""
    system_id: str = "PALOMAR"
    """Its own name in the answer to a bind."""
    receipt_delay_seconds: float | None = None
    """When an ordinary receipt is sent; None: after 0.3 to 0.9 s, by number and text."""
    ids: IdDialect = "hexadecimal"
    chaos: str = ""
    """What it does wrong on purpose from its start, in the language of ``chaos/script.py``; empty is nothing."""
    deliver_by: Literal["deliver_sm", "data_sm"] = "deliver_sm"
    """The PDU of receipts and inbound messages. What was sent by ``data_sm`` is always reported by ``data_sm``."""
    window: int = 1_000
    """Deliveries without an answer that each bind may have."""
    deliver_timeout_seconds: float = 30
    """A delivery that is not answered for so long is sent again."""
    deliver_retry_seconds: float = 2
    """A delivery that is refused with a temporary error is sent again after so long."""
    bind_timeout_seconds: float = 10
    enquire_link_seconds: float = 60
    answer_timeout_seconds: float = 30
    """How long Palomar waits for an answer of the simulator inside it, or for a sign of life."""
    mailbox_limit: int = 500_000
    """Receipts and inbound messages kept for a system_id that is not bound; beyond it the oldest are dropped."""
    history_limit: int = 100_000
    """Messages that ``query_sm`` still finds."""

    def __post_init__(self) -> None:
        try:
            script.parse(self.chaos)
        except script.ScriptError as error:
            raise ValueError(f"chaos: {error}") from None
        if self.answer_timeout_seconds <= 0:
            raise ValueError(f"answer_timeout_seconds: more than 0, not {self.answer_timeout_seconds:g}")
