"""Translates texts that the rest of the platform makes and stores in English: troubles of carriers, reasons, refusals.

A text is found as it is, or by a pattern in which ``{one}``, ``{two}`` and ``{three}`` vary; a text that was joined of
several is taken apart. What others wrote, such as a carrier's own words, stays as it is. Not here: texts of pages
(``console.i18n``), and values of closed lists (``console.labels``).
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from palomar.console.i18n import word

EXACT: Final = (
    word("no link is bound"),
    word("switched off"),
    word("drained"),
    word("it answers nothing that it is given, and gets one message at a time until it answers one"),
    word("it answers nothing that it is given: one part at a time, until one is answered"),
    word("the carrier does not answer"),
    word("the carrier was stopped"),
    word("the carrier has failed"),
    word("no answer in time"),
    word("the node that sent it died before the answer"),
    word("no connection or bind in time"),
    word("no outbind or no answer to our bind in time"),
    word("outbind of a stranger, or with a wrong password"),
    word("no bind: the connection ended"),
    word("we unbound"),
    word("the peer unbound"),
    word("the stream cannot be read any further"),
    word("enquire_link was not answered and nothing else came"),
    word("no bind came in time"),
    word("our bind was not answered in time"),
    word("no message was exchanged for too long"),
    word("the connection ended"),
    word("Connection refused"),
    word("Connection reset by peer"),
    word("Connection timed out"),
    word("Broken pipe"),
    word("No route to host"),
    word("Network is unreachable"),
    word("Name or service not known"),
    word("Temporary failure in name resolution"),
    word("No address associated with hostname"),
    word("no route takes it"),
    word("the number is on the black list"),
    word("the account may not send any more"),
    word("an unknown country"),
    word("the same text is due to this number within the hour"),
    word("no number in international format"),
    word("the request names this number more than once"),
    word("a person wants it sent once more"),
    word("its owner wants it sent now"),
    word("it had not left when its lane's time was over"),
    word("half its lane's time was over"),
    word("its request was refused: the database had not answered in time"),
    word("tpoa is no sender, so the account's own stands in its place"),
    word("the route is switched off"),
    word("it is another account's"),
    word("no carrier of that name is configured"),
    word("the carrier does not take such a sender there"),
    word("the message has just failed to leave by it"),
    word("chosen"),
    word("chosen, and waits for it"),
)
STATUSES: Final = (
    word("no error"),
    word("message length is invalid"),
    word("command length is invalid"),
    word("invalid command id"),
    word("command not allowed in this bind state"),
    word("already bound"),
    word("invalid priority flag"),
    word("invalid registered delivery flag"),
    word("system error"),
    word("invalid source address"),
    word("invalid destination address"),
    word("message id is invalid"),
    word("bind failed"),
    word("invalid password"),
    word("invalid system id"),
    word("cancel_sm failed"),
    word("replace_sm failed"),
    word("message queue full"),
    word("invalid service type"),
    word("invalid number of destinations"),
    word("invalid distribution list name"),
    word("destination flag is invalid"),
    word("invalid submit with replace"),
    word("invalid esm_class"),
    word("cannot submit to distribution list"),
    word("submit_sm or submit_multi failed"),
    word("invalid source address TON"),
    word("invalid source address NPI"),
    word("invalid destination address TON"),
    word("invalid destination address NPI"),
    word("invalid system type"),
    word("invalid replace_if_present flag"),
    word("invalid number of messages"),
    word("throttled: allowed rate exceeded"),
    word("invalid scheduled delivery time"),
    word("invalid validity period"),
    word("predefined message is invalid or not found"),
    word("receiver's temporary application error"),
    word("receiver's permanent application error"),
    word("receiver rejects the message"),
    word("query_sm failed"),
    word("error in the optional part of the PDU"),
    word("optional parameter not allowed"),
    word("invalid parameter length"),
    word("expected optional parameter is missing"),
    word("invalid optional parameter value"),
    word("delivery failure"),
    word("unknown error"),
    word("not named by SMPP 3.4"),
)
"""Meanings of SMPP statuses (``smpp.status``)."""
PATTERNS: Final = (
    word("it has taken nothing for {one} s: {two}"),
    word("the carrier put it off {one} times"),
    word("bind refused: {one}"),
    word("no bind: {one}"),
    word("[Errno {one}] Connect call failed {two}"),
    word("Multiple exceptions: {one}"),
    word("certificate verify failed: {one}"),
    word("not to be written in SMPP: {one}"),
    word("{one}, and the part is too long for UCS-2"),
    word("the carrier does not take {one}"),
    word("the carrier's alphabet has no {one}"),
    word("the phone wrote {one}"),
    word("the account does not send to {one}"),
    word("the number does not begin with {one}"),
    word("the number is not of {one}"),
    word("the sender is not {one}"),
    word("the label is not {one}"),
    word("the message did not come by {one}"),
    word("it is open {one}"),
    word("its priority is behind {one}"),
    word("it costs more than {one}"),
    word("it was another's turn: its share is {one}"),
    word("there is no {one} (is {two} meant?)"),
    word("there is no {one}"),
    word("{one}: {two} is expected, not {three}"),
    word("more than {one} numbers cannot behave on their own"),
)

_KNOWN: Final = frozenset({*EXACT, *STATUSES})
_LONGEST: Final = 1_000
"""Longer texts are not translated: ours are far shorter."""
_ERRNO: Final = re.compile(r"\[Errno -?[0-9]+\] (?!Connect call)(.*)", re.DOTALL).fullmatch
_ERRORS: Final = re.compile(r", (?=\[Errno )").split
_BEFORE: Final = re.compile(r"(.*?(?:\)|[^\s:;]))(: )(.*)", re.DOTALL).fullmatch

Translate = Callable[..., str]


def translate_stored(text: str, t: Translate) -> str:
    """Return a stored text in the language of ``t``; unchanged if it is not one of ours."""
    return _translate(text, t) if text and len(text) <= _LONGEST else text


def _translate(text: str, t: Translate) -> str:
    if text in _KNOWN:
        return t(text)
    if ", [Errno " in text and text.startswith("[Errno "):
        return ", ".join(_translate(piece, t) for piece in _ERRORS(text))
    for pattern, matches in _compiled():
        match = matches(text)
        if match is not None:
            return t(pattern, **{name: _translate(value, t) for name, value in match.groupdict().items()})
    if "; " in text:  # a trouble, and an error of each link
        return "; ".join(_translate(piece, t) for piece in text.split("; "))
    system = _ERRNO(text)
    if system is not None:
        return _translate(system[1], t)
    parts = _BEFORE(text)  # a route and why it was not chosen, a status and its meaning
    return text if parts is None else f"{parts[1]}{parts[2]}{_translate(parts[3], t)}"


@cache
def _compiled() -> tuple[tuple[str, Callable[[str], re.Match[str] | None]], ...]:
    """Return each pattern with its compiled expression's ``fullmatch``."""
    return tuple((pattern, re.compile(_expression(pattern), re.DOTALL).fullmatch) for pattern in PATTERNS)


def _expression(pattern: str) -> str:
    return re.sub(r"\\{(one|two|three)\\}", r"(?P<\1>.+?)", re.escape(pattern))
