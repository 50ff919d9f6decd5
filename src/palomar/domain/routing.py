"""Which carrier takes a message: a pure function of the carriers' state.

Without routes everything goes to the carriers listed, in turn, the live ones first.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierState:
    """What the router knows of a carrier at this moment."""

    name: str
    live: bool
    """Whether a link of it can take submits."""


def choose_carrier(carriers: Sequence[CarrierState], *, turn: int) -> str | None:
    """The carrier for the next message; ``turn`` is a running number by which the live carriers take turns.

    With none live the message still gets a carrier, and waits for its link; with none at all, None.
    """
    if not carriers:
        return None
    candidates = [carrier for carrier in carriers if carrier.live] or carriers
    return candidates[turn % len(candidates)].name
