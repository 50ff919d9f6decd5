"""``parameters``: names in a text, and the value of each for every recipient.

Source: FOXSYS's page: ``[{"name": {"msisdn": "12015550123", "value": "John"}}, {"name": {"msisdn": "default", "value":
"Client"}}]``. Not here: how long the text may be with the values in it (``texts``).
"""

import asyncio
import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from palomar.dialects.foxsys.recipients import SLICE, split_numbers
from palomar.numbers.phone import NationalFormat, parse_international, to_international

Values = dict[str, dict[str, str]]
"""Values by name, then by number; the number of the fallback is ``default``."""

DEFAULT: Final = "default"


async def read_parameters(
    entries: object, *, limit: int, national_formats: tuple[NationalFormat, ...] = ()
) -> Values | None:
    """Read values by name and number, the last of several; None if this is no list of objects as above.

    A name without a usable number and value is known too, so that its text is not sent with a gap. ``limit`` is how
    many numbers one entry may have.
    """
    if not isinstance(entries, list):
        return None
    values: Values = {}
    done = 0  # numbers since the last turn of the loop
    for count, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            return None
        for name, assigned in entry.items():
            if not isinstance(assigned, dict):
                return None
            named = values.setdefault(name, {})
            value = _value(assigned)
            if value is None:
                continue
            numbers = _numbers(assigned, limit)
            for start in range(0, len(numbers), SLICE):
                if start:
                    await asyncio.sleep(0)
                _assign(named, numbers[start : start + SLICE], value, national_formats)
            done += len(numbers)
            if done >= SLICE:
                done = 0
                await asyncio.sleep(0)
        if count % SLICE == 0:
            await asyncio.sleep(0)
    return values


class Unfilled(Enum):
    """The reason why a recipient has no text."""

    NO_VALUE = "a parameter has no value"
    NOTHING_LEFT = "nothing is left of the text"
    TOO_LONG = "the text is too long"


class Template:
    """A text cut at the names between ``%`` that have entries; every other ``%`` stays as it is.

    ``unknown`` is the first name in the text that has no entries at all: a letter, then letters, digits and ``_``.
    """

    __slots__ = ("_pieces", "has_names", "unknown")

    def __init__(self, text: str, values: Values) -> None:
        self._pieces, self.unknown = _cut(text, values)
        self.has_names = any(isinstance(piece, dict) for piece in self._pieces)
        """True if recipients may get different texts."""

    @property
    def places(self) -> int:
        """Return the number of pieces of the text of one recipient."""
        return len(self._pieces)

    def filled(self, msisdn: str, *, longest: int) -> str | Unfilled:
        """Return the text of one recipient; stop as soon as it has more than ``longest`` characters. Names inside a
        value are not replaced."""
        text = []
        length = 0
        for piece in self._pieces:
            value: str | None
            if isinstance(piece, str):
                value = piece
            else:
                value = piece.get(msisdn)
                if value is None:
                    value = piece.get(DEFAULT)
                if value is None:
                    return Unfilled.NO_VALUE
            length += len(value)
            if length > longest:
                return Unfilled.TOO_LONG
            text.append(value)
        return "".join(text) or Unfilled.NOTHING_LEFT


def _value(assigned: dict[str, object]) -> str | None:
    """Return the value as a text, once for all its numbers; None if it cannot be put into a text."""
    value = assigned.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return str(value)


def _numbers(assigned: dict[str, object], limit: int) -> list[str]:
    number = assigned.get("msisdn")
    return [DEFAULT] if number == DEFAULT else split_numbers(number, limit=limit)


def _assign(
    named: dict[str, str], numbers: Iterable[str], value: str, national_formats: tuple[NationalFormat, ...]
) -> None:
    for raw in numbers:
        msisdn: str | None = DEFAULT
        if raw != DEFAULT:
            msisdn = to_international(raw, national_formats) if national_formats else parse_international(raw)
        if msisdn is not None:
            named[msisdn] = value


def _cut(text: str, values: Values) -> tuple[list[str | dict[str, str]], str | None]:
    """Cut the text into literal pieces and, in place of each name, its values; return also the first name that has
    none."""
    between = text.split("%")
    cut: list[str | dict[str, str]] = [between[0]]
    unknown = None
    position, last = 1, len(between) - 1
    while position <= last:
        word = between[position]
        named = values.get(word) if position < last else None
        if named is not None:
            cut += [named, between[position + 1]]
            position += 2
            continue
        if position < last and unknown is None and _NAME(word):
            opens_a_known_one = position + 1 < last and between[position + 1] in values
            unknown = None if opens_a_known_one else word
        cut.append("%" + word)
        position += 1
    return cut, unknown


_NAME: Final = re.compile(r"[^\W\d_]\w*").fullmatch
