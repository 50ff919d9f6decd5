"""What keeps parts from leaving by a carrier, in words."""

from collections.abc import Callable, Mapping
from typing import Final

from palomar.console.i18n import word
from palomar.console.stored_texts import translate_stored
from palomar.routing.carrier_status import CarrierStatus

STALL_REASONS: Final[Mapping[str, str]] = {
    "": word("nothing is in the way, and it has been logged"),
    "no_link": word("no link is bound"),
    "window": word("every slot waits for an answer of the carrier"),
    "pace": word("the pace lets none go"),
    "no_answers": word("the carrier answers nothing that it is given"),
    "database": word("answers wait for the database"),
}
"""By the word of ``sending.stalled.StallReason``."""

OFF: Final = (word("switched off"), word("drained"))
"""Troubles of our own making, as ``ports.Carrier.off_reason`` says them."""


def stall_text(status: CarrierStatus, t: Callable[..., str] = str) -> str:
    """Say what keeps parts from leaving by a carrier; ``t`` translates the words of ours."""
    if status.trouble:
        return translate_stored(status.trouble, t)
    return str(t(STALL_REASONS.get(status.hindrance, STALL_REASONS[""])))
