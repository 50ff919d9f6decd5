"""Says why no part leaves by a carrier, for the console and the command line."""

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
"""Texts by the value of ``sending.stalled.StallReason``."""

OFF: Final = (word("switched off"), word("drained"))
"""Troubles of a carrier that a person has switched off or drained (``ports.Carrier.off_reason``)."""


def stall_text(status: CarrierStatus, t: Callable[..., str] = str) -> str:
    """Return why no part leaves by a carrier; ``t`` translates the texts of ours."""
    if status.trouble:
        return translate_stored(status.trouble, t)
    return str(t(STALL_REASONS.get(status.hindrance, STALL_REASONS[""])))
