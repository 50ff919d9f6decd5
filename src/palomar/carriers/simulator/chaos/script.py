"""The written form of a chaos script: ``lose-answers=3%,ids=hex-decimal,throttle=20/s,drop-at-pdu=500,seed=7``.

``parse`` reads it, ``to_text`` writes it. Not here: the effect of the items (``faults``); their table is shown in the
documentation.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, get_args

from palomar.carriers.simulator.chaos.faults import CALM, EVERYTHING, Alphabet, ChaosScript, DateDigits
from palomar.carriers.simulator.chaos.ids import IdDialect


class ScriptError(ValueError):
    """What is wrong with a script, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One setting of a script: ``name=value``, or ``name`` alone where that has a meaning."""

    name: str
    field: str
    shape: str
    """The form of a value, for people."""
    does: str
    read: Callable[[str], Any]
    """Raises ValueError for a value of another form; an empty text is the name alone."""
    write: Callable[[Any], str]


PRESETS: Final = MappingProxyType({"everything": EVERYTHING, "calm": CALM})
SHORTHANDS: Final = MappingProxyType({"hex-ids": "ids=hex-decimal", "no-echo": "echo=off"})


def parse(text: str) -> ChaosScript:
    """Read a script: items and presets separated by commas or lines, the later ones winning; ``#`` begins a comment.
    Raises ScriptError."""
    script = CALM
    for word in _words(text):
        word = SHORTHANDS.get(word, word)
        if word in PRESETS:
            script = replace(PRESETS[word], seed=script.seed)
            continue
        name, equals, value = word.partition("=")
        item = _BY_NAME.get(name.strip())
        if item is None:
            raise ScriptError(_unknown(name.strip()))
        script = _set_item(script, item, value.strip(), bare=not equals)
    return script


def to_text(script: ChaosScript) -> str:
    """Return the shortest text that :func:`parse` reads as this script; ``calm`` for one that does nothing."""
    items = [f"{item.name}={item.write(getattr(script, item.field))}" for item in ITEMS if _differs(script, item)]
    return ",".join(items) or "calm"


def table() -> list[tuple[str, str]]:
    """List the items with the form of their values, and what each does, for documentation and help."""
    return [(f"{item.name}={item.shape}", item.does) for item in ITEMS]


def _words(text: str) -> Iterable[str]:
    lines = (line.partition("#")[0] for line in text.splitlines())
    return (word.strip() for line in lines for word in line.split(",") if word.strip())


def _set_item(script: ChaosScript, item: Item, value: str, *, bare: bool) -> ChaosScript:
    if value == "off":
        return replace(script, **{item.field: _OFF[item.field]})
    try:
        if not value and not bare:
            raise ValueError
        return replace(script, **{item.field: item.read(value)})
    except ValueError:
        raise ScriptError(f"{item.name}: {item.shape} is expected, not {value!r}") from None


def _unknown(name: str) -> str:
    close = get_close_matches(name, [*_BY_NAME, *PRESETS, *SHORTHANDS], n=1)
    return f"there is no {name!r}" + (f" (is {close[0]!r} meant?)" if close else "")


def _differs(script: ChaosScript, item: Item) -> bool:
    return bool(getattr(script, item.field) != getattr(CALM, item.field))


# --- shapes of values

_SPAN = re.compile(r"([0-9]*\.?[0-9]+)(ms|s|m)", re.ASCII)
_SPAN_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}
_MOST = 1_000_000_000


def _share(text: str) -> float:
    """Read ``3%`` or ``0.03``; the name alone is every message."""
    if not text:
        return 1.0
    try:
        value = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except InvalidOperation:
        raise ValueError from None
    if value.is_nan() or not 0 <= value <= 1:
        raise ValueError
    return float(value)


def _write_share(value: float) -> str:
    return f"{(Decimal(str(value)) * 100).normalize():f}%"


def _seconds(text: str) -> float:
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError
    return float(found[1]) * _SPAN_SECONDS[found[2]]


def _rate(text: str) -> float:
    value = float(text.removesuffix("/s"))
    if not text.endswith("/s") or not 0 < value <= _MOST:
        raise ValueError
    return value


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST):
        raise ValueError
    return int(text)


def _one_of(choices: tuple[Any, ...]) -> Callable[[str], Any]:
    by_text = {str(choice): choice for choice in choices}

    def read(text: str) -> Any:
        if text not in by_text:
            raise ValueError
        return by_text[text]

    return read


def _switch(text: str) -> bool:
    if text not in ("", "on"):
        raise ValueError
    return True


def _share_item(name: str, field: str, does: str) -> Item:
    return Item(name=name, field=field, shape="3%", does=does, read=_share, write=_write_share)


def _span_item(name: str, field: str, does: str) -> Item:
    return Item(name=name, field=field, shape="3s", does=does, read=_seconds, write="{:.12g}s".format)


def _count_item(name: str, field: str, does: str) -> Item:
    return Item(name=name, field=field, shape="500", does=does, read=_count, write=str)


def _choice_item(name: str, field: str, choices: tuple[Any, ...], does: str) -> Item:
    shape = "|".join(map(str, choices))
    return Item(name=name, field=field, shape=shape, does=does, read=_one_of(choices), write=str)


ITEMS: Final = (
    _share_item("lose-answers", "lose_answers", "the message is taken, its answer never comes"),
    _share_item("delay-answers", "delay_answers", "the answer comes late"),
    _span_item("answer-delay", "answer_delay_seconds", "how late at most; half of it at least"),
    _share_item("double-answers", "double_answers", "the answer comes twice"),
    _share_item("reorder-answers", "reorder_answers", "the answer is overtaken by those behind it"),
    _share_item("wrong-sequences", "wrong_sequences", "the answer has a sequence number that nobody sent"),
    _share_item("receipts-first", "receipts_first", "the answer comes after the receipt"),
    _share_item("lose-receipts", "lose_receipts", "the message is delivered, its receipt never comes"),
    _share_item("delay-receipts", "delay_receipts", "the receipt comes later than it would"),
    _span_item("receipt-delay", "receipt_delay_seconds", "how much later at most; half of it at least"),
    _share_item("double-receipts", "double_receipts", "the receipt comes twice"),
    _share_item("reorder-receipts", "reorder_receipts", "the receipt is overtaken by those behind it"),
    _share_item("garbage", "garbage", "unknown commands, broken PDUs and plain noise before the answer"),
    _share_item("half-open", "half_open", "from this message on the connection is dead, and nobody closes it"),
    _count_item("drop-at-pdu", "drop_at_pdu", "every connection is closed at its PDU of that number"),
    Item(
        name="throttle",
        field="throttle_per_second",
        shape="20/s",
        does="more submits within a second are answered ESME_RTHROTTLED",
        read=_rate,
        write="{:.12g}/s".format,
    ),
    _count_item("window", "window", "more submits without an answer than that are answered ESME_RTHROTTLED"),
    _choice_item("ids", "ids", get_args(IdDialect), "how answer and receipt spell the message's id"),
    _choice_item(
        "alphabet", "alphabet", get_args(Alphabet), "how data_coding 0 is read; receipts repeat it in Latin-1"
    ),
    _choice_item("dates", "date_digits", get_args(DateDigits), "digits of the dates in receipts"),
    Item(
        name="echo",
        field="repeats_text",
        shape="on",
        does="receipts repeat the beginning of the text (as they do; echo=off switches it off)",
        read=_switch,
        write=lambda value: "on" if value else "off",
    ),
    _count_item("seed", "seed", "another seed, other messages"),
)
"""In the order in which they are written."""

_BY_NAME: Final = MappingProxyType({item.name: item for item in ITEMS})
_OFF: Final[dict[str, Any]] = {field.name: field.default for field in fields(ChaosScript)} | {"repeats_text": False}
