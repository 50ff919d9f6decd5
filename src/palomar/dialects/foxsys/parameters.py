"""``parameters``: names in a text, and what each recipient reads in their place.

Source: FOXSYS's page: ``[{"name": {"msisdn": "12015550123", "value": "John"}}, {"name": {"msisdn": "default",
"value": "Client"}}]``. Not here: how long the text may be with the values in it (``texts``).
"""

import asyncio
import re
from typing import Final

from palomar.dialects.foxsys.recipients import SLICE, written_in
from palomar.domain.phone import HomeForm, parse_international, to_international

Values = dict[str, dict[str, str]]
"""Values by name, then by number; the number of the fallback is ``default``."""

DEFAULT: Final = "default"


async def read_parameters(entries: object, *, limit: int, home_forms: tuple[HomeForm, ...] = ()) -> Values | None:
    """Values by name and number, the last of several; None if this is no list of objects as above.

    A name is known even if none of its entries has a usable number and value: its text is not sent with a hole in it.
    ``limit`` is how many numbers one entry may have.
    """
    if not isinstance(entries, list):
        return None
    values: Values = {}
    for count, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            return None
        for name, assigned in entry.items():
            if not isinstance(assigned, dict):
                return None
            _assign(values.setdefault(name, {}), assigned, limit, home_forms)
        if count % SLICE == 0:
            await asyncio.sleep(0)
    return values


class Template:
    """A text cut at those names between ``%`` that have entries; every other ``%`` stays as it is.

    ``unknown`` is the first name in the text that has no entries at all: a letter, then letters, digits and ``_``.
    """

    __slots__ = ("_pieces", "has_names", "unknown")

    def __init__(self, text: str, values: Values) -> None:
        self._pieces, self.unknown = _cut(text, values)
        self.has_names = any(isinstance(piece, dict) for piece in self._pieces)
        """Whether recipients may read different texts at all."""

    def filled(self, msisdn: str) -> str | None:
        """What one recipient reads; None if a name has no value for it. No name is looked for inside a value."""
        text = []
        for piece in self._pieces:
            if isinstance(piece, str):
                text.append(piece)
                continue
            value = piece.get(msisdn)
            if value is None:
                value = piece.get(DEFAULT)
            if value is None:
                return None
            text.append(value)
        return "".join(text)


def _assign(named: dict[str, str], assigned: dict[str, object], limit: int, home_forms: tuple[HomeForm, ...]) -> None:
    value = assigned.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return
    number = assigned.get("msisdn")
    if number == DEFAULT:
        named[DEFAULT] = str(value)
        return
    for raw in written_in(number, limit=limit):
        msisdn = to_international(raw, home_forms) if home_forms else parse_international(raw)
        if msisdn is not None:
            named[msisdn] = str(value)


def _cut(text: str, values: Values) -> tuple[list[str | dict[str, str]], str | None]:
    """Literal pieces of the text and, where a name stood, its values; and the first name that has none."""
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
