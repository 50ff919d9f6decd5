"""Which carrier takes a message, and why each other lost: a pure function of the message and the carriers' state.

Without routes everything goes to the carriers listed, in turn, the live ones first.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierState:
    """What the router knows of a carrier at this moment."""

    name: str
    live: bool
    free_parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A carrier that was considered; ``lost_because`` is empty for the one chosen."""

    carrier: str
    lost_because: str = ""


def choose_carrier(carriers: Sequence[CarrierState], *, turn: int) -> tuple[str | None, list[Candidate]]:
    """The carrier for the next message, and every candidate with why it lost.

    ``turn`` is a running number: live carriers take turns by it. With none live the message still gets a carrier (it
    waits for its link); with none at all, None.
    """
    if not carriers:
        return None, []
    live = [carrier for carrier in carriers if carrier.live]
    chosen = (live or carriers)[turn % len(live or carriers)].name
    return chosen, [_judge(carrier, chosen, bool(live)) for carrier in carriers]


def _judge(carrier: CarrierState, chosen: str, any_live: bool) -> Candidate:
    if carrier.name == chosen:
        return Candidate(carrier=carrier.name)
    reason = "no live link" if any_live and not carrier.live else "another's turn"
    return Candidate(carrier=carrier.name, lost_because=reason)
