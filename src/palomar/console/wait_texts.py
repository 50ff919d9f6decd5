"""Says what a message waits for, since when, and what one can do about it, for the console and the command line."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from palomar.console.formats import Language, age_text
from palomar.console.i18n import Plural, plural, translated, word
from palomar.console.stall_texts import stall_text
from palomar.console.stored_texts import translate_stored
from palomar.reports.waits import Wait, WaitFor

SENTENCES: Final[Mapping[WaitFor, str | Plural]] = {
    WaitFor.TIME: word("It waits for its time, which is in {left}; until then it can be cancelled."),
    WaitFor.ROUTE: word(
        "It has waited for a carrier for {age}: none is configured, or none has been chosen yet; routes say which."
    ),
    WaitFor.SERVER: word(
        "It has waited for {age} for {carrier}, which no running server has; start one that has it, or the message is"
        " routed anew when a server starts without it."
    ),
    WaitFor.CARRIER: word(
        "It has waited for {age} for {carrier}: {why}; it leaves by itself when that is over, or at once by another"
        " carrier if a route leads there."
    ),
    WaitFor.TURN: plural(
        "It has stood in line for {carrier} for {age}, {count} part before it; a faster pace or another carrier beside"
        " it makes the line shorter.",
        "It has stood in line for {carrier} for {age}, {count} parts before it; a faster pace or another carrier beside"
        " it makes the line shorter.",
    ),
    WaitFor.PUT_OFF: plural(
        "{carrier} has put it off, {count} time so far and {age} ago for the last time ({why}); it comes again by"
        " itself within a minute, and a carrier that goes on so is to be asked why.",
        "{carrier} has put it off, {count} times so far and {age} ago for the last time ({why}); it comes again by"
        " itself within a minute, and a carrier that goes on so is to be asked why.",
    ),
    WaitFor.SENDING_AGAIN: word(
        "{carrier} has not answered it, for {age} nobody has known whether it has it, and it is sent again; the"
        " account's setting unknown_outcome could hold it instead."
    ),
    WaitFor.ANSWER: word(
        "It was given to {carrier}, and has waited for its answer for {age}; without one in time it counts as in doubt."
    ),
    WaitFor.DOUBT: word(
        "It is in doubt: for {age} nobody has known whether {carrier} has it; its receipt ends that, or its validity"
        " in {left}; who knows that it was not taken can send it anew."
    ),
    WaitFor.RECEIPT: word(
        "{carrier} took it {age} ago and has not said yet what became of it; without a receipt it ends in {left}."
    ),
    WaitFor.NO_ROUTE: word("It did not leave: no route takes it; add one that does, and send it anew."),
    WaitFor.CLOSED: word(
        "It did not leave: a route that fits was closed at that hour; send it anew in its hours, or widen them."
    ),
}


def wait_text(wait: Wait, *, now_ms: int, language: Language) -> str:
    """Return a sentence that says what a message waits for, in this language."""
    t = partial(translated, language=language)
    why = translate_stored(wait.detail, t)
    if wait.carrier_status is not None and not why:
        why = stall_text(wait.carrier_status, t)
    return t(
        SENTENCES[wait.what],
        age=age_text(now_ms - wait.since_ms, language),
        left=age_text(wait.until_ms - now_ms, language),
        carrier=wait.carrier,
        count=wait.count,
        why=why,
    )
