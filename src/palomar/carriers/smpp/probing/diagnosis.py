"""What follows from a carrier's answers: how it spells ids, dates and texts, and how much it takes at once.

Pure. What cannot be known is reported as unknown, never guessed. Not here: sending and waiting (``probe``).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from palomar.carriers.smpp.submit_answers import THROTTLED_STATUSES
from palomar.smpp import Receipt, normalize_word, parameters, receipt_time, tlvs

FindingLevel = Literal["ok", "warning", "fault", "unknown"]

PROBE_OCTETS: Final = b"probe @$_{ \xe9"
"""Read as GSM, Latin-1 or ASCII, these octets are three different texts."""
PROBE_TEXTS: Final[Mapping[str, str]] = {
    "gsm": "probe ¡¤§ä",
    "latin-1": "probe @$_{ é",
    "ascii": "probe @$_{ ?",
}
"""What a phone shows of them, by the alphabet that the carrier takes data_coding 0 for."""
_ALPHABETS_BY_NAME: Final = frozenset({parameters.CODING_ASCII, parameters.CODING_LATIN_1, parameters.CODING_UCS2})
"""Codings that say which alphabet a receipt is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was learned, in words, and as settings where there are some."""

    subject: str
    verdict: FindingLevel
    text: str
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ProbeSubmit:
    """One submit of a burst: when it left, and its answer (None: none in time)."""

    at: float
    answered_at: float = 0.0
    status: int | None = None
    unanswered_before: int = 0
    """How many that had left before it were still unanswered when its own answer came."""


def id_relation(answered: str, reported: str) -> str | None:
    """Return how a receipt's id follows from the id of the answer; None if it does not."""
    if not answered or not reported:
        return None
    if answered == reported:
        return "as it was answered"
    if answered.lower() == reported.lower():
        return "in the other case"
    if answered.lstrip("0").lower() == reported.lstrip("0").lower():
        return "with other leading zeros"
    if _number(answered, 16) == _number(reported, 10) is not None:
        return "in decimal, where the answer has it in hexadecimal"
    if _number(answered, 10) == _number(reported, 16) is not None:
        return "in hexadecimal, where the answer has it in decimal"
    return None


def describe_id(identifier: str) -> str:
    """Return length and kind of characters of an id."""
    if _number(identifier, 10) is not None:
        kind = "decimal digits"
    elif _number(identifier, 16) is not None:
        kind = "hexadecimal digits"
    else:
        kind = "characters"
    return f"{len(identifier)} {kind}" + (", leading zeros" if identifier[:1] == "0" and len(identifier) > 1 else "")


def receipt_id(receipt: Receipt, found: tlvs.Tlvs, answered: str) -> Finding:
    """Find out whether the receipt can be matched with the answer, and by what."""
    in_tlv = tlvs.RECEIPTED_MESSAGE_ID.find(found) or ""
    in_text = _id_in_text(receipt)
    places = [
        f"{place} {relation}"
        for place, reported in (("receipted_message_id", in_tlv), ("the text", in_text))
        if (relation := id_relation(answered, reported)) is not None
    ]
    if places:
        exact = answered in (in_tlv, in_text)
        return Finding(subject="receipt id", verdict="ok" if exact else "warning", text="; ".join(places))
    ids = ", ".join(reported for reported in (in_tlv, in_text) if reported)
    text = f"nothing in {ids!r} follows from {answered!r}" if ids else "the receipt has no id at all"
    return Finding(subject="receipt id", verdict="fault", text=text)


def receipt_dates(receipt: Receipt, *, now_ms: int) -> Finding:
    """Find out the format of a receipt's dates and their time zone, to the quarter of an hour."""
    raw = receipt.done_date
    moment = receipt_time(raw, UTC)
    if moment is None:
        text = f"{raw!r} is none that we read" if raw else "there are none"
        return Finding(subject="receipt dates", verdict="warning", text=text)
    digits = sum(character.isdigit() for character in raw)
    formats = {10: "YYMMDDhhmm", 12: "YYMMDDhhmmss", 14: "YYYYMMDDhhmmss"}
    apart = moment - datetime.fromtimestamp(now_ms / 1_000, UTC)
    quarters = round(apart / timedelta(minutes=15))
    sign, (hours, rest) = "-" if quarters < 0 else "+", divmod(abs(quarters), 4)
    zone = f"UTC{sign}{hours}:{rest * 15:02}" if quarters else "UTC"
    return Finding(subject="receipt dates", verdict="ok", text=f"{formats[digits]} in {zone} ({raw})")


def receipt_words(receipt: Receipt, sent_text: str, known_words: Collection[str] = ()) -> Finding:
    """Report the receipt's stat word, and whether the receipt repeats the beginning of the message; ``known_words`` are
    those of the settings."""
    known = receipt.state is not None or normalize_word(receipt.stat) in known_words
    repeats = (
        "repeats the text"
        if receipt.text and sent_text.startswith(receipt.text.rstrip())
        else (f"has another text, {receipt.text!r}" if receipt.text else "does not repeat the text")
    )
    text = f"stat {receipt.stat or '(none)'}, err {receipt.err or '(none)'}; {repeats}"
    if not known:
        text += (
            f"; nobody knows what {receipt.stat!r} means: set receipt_words" if receipt.stat else "; it says no state"
        )
    return Finding(subject="receipt text", verdict="ok" if known else "warning", text=text)


def alphabet(echo: str, data_coding: int) -> Finding:
    """Find out the alphabet that the carrier takes data_coding 0 for, by its receipt's echo of :data:`PROBE_OCTETS`.

    An echo in data_coding 0 says nothing, unless it was translated into another alphabet all the same: its octets may
    be copied, or written in the very alphabet in question, in which they are the same.
    """
    subject = "alphabet of coding 0"
    is_named = data_coding in _ALPHABETS_BY_NAME
    if "¡¤§" in echo:
        return Finding(subject=subject, verdict="ok", text="GSM: the receipt shows ¡¤§", settings={"alphabet": "gsm"})
    if "@$_" in echo and is_named:
        name = "latin-1" if "é" in echo else "ascii"
        text = f"{'Latin-1' if name == 'latin-1' else 'ASCII'}: the receipt shows {echo[6:]!r}"
        return Finding(subject=subject, verdict="ok", text=text, settings={"alphabet": name})
    shows = "; ".join(f"{text!r} is {name}" for name, text in PROBE_TEXTS.items())
    why = f"the receipt has {echo!r} in coding {data_coding}" if echo else "the receipt has no text"
    if echo and not is_named:
        why += ", which is the alphabet that is asked for"
    return Finding(subject=subject, verdict="unknown", text=f"cannot be told: {why}; look at the phone: {shows}")


def pace(burst: Sequence[ProbeSubmit]) -> list[Finding]:
    """Find out window and rate, from the answers to submits that left together, in the order in which they left."""
    count = len(burst)
    taken = [sent for sent in burst if sent.status == 0]
    throttled = [sent for sent in burst if sent.status in THROTTLED_STATUSES]
    silent = sum(sent.status is None for sent in burst)
    first = min(throttled, key=lambda sent: sent.answered_at, default=None)
    if first is not None and first.unanswered_before and first.unanswered_before == burst.index(first):
        window = first.unanswered_before
        return [
            Finding(subject="window", verdict="ok", text=f"{window} unanswered, more are throttled",
                    settings={"window": window}),
            Finding(subject="rate", verdict="unknown", text="the window came first"),
        ]  # fmt: skip
    if silent:
        text = f"of {count} sent at once {silent} were not answered in time: it stalls behind {count - silent}"
        return [Finding(subject="window", verdict="warning", text=text, settings={"window": max(count - silent, 1)})]
    window_text = f"{count} at once were all answered; more were not tried"
    findings = [Finding(subject="window", verdict="ok", text=window_text)]
    if first is None:
        text = f"{count} at once were not throttled; more were not tried"
        return [*findings, Finding(subject="rate", verdict="ok", text=text)]
    passed = sum(sent.answered_at <= first.answered_at for sent in taken)
    seconds = max(first.answered_at - burst[0].at, 1.0)
    rate = max(int(passed / seconds), 1)
    text = f"throttled after {passed} within {'a second' if seconds == 1 else f'{seconds:.1f} s'}"
    return [*findings, Finding(subject="rate", verdict="ok", text=text, settings={"parts_per_second": rate})]


_TEXT_FIELD = re.compile(r"\btext\s*:", re.IGNORECASE | re.ASCII)
_ID = re.compile(r"\bid\s*:\s*([^\s,;\0]+)", re.IGNORECASE | re.ASCII)


def _id_in_text(receipt: Receipt) -> str:
    """Return the id in the receipt's text, even if a parameter has one too."""
    receipt_head = _TEXT_FIELD.split(receipt.raw.decode("latin-1"), maxsplit=1)[0]
    found = _ID.search(receipt_head)
    return found[1] if found is not None else ""


def _number(text: str, base: int) -> int | None:
    """Read a text of digits of this base and nothing else; None for anything else."""
    digits = "0123456789abcdef"[:base]
    return int(text, base) if text and all(character in digits for character in text.lower()) else None
