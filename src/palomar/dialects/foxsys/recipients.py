"""``recipient``: the numbers of a request, as clients write them.

Source: FOXSYS's page: a list of objects with ``msisdn``, each a number or several with commas between; clients send
strings and integers, with or without ``+``, spaces and dashes. Not here: the text of each of them (``requests``).
"""

import asyncio
import re
from itertools import islice
from typing import Final

from msgspec import Struct

from palomar.dialects.foxsys.errors import Code, Problem
from palomar.numbers.phone import Msisdn, NationalFormat, parse_international, to_international

SLICE: Final = 500
"""Recipients that are read between two turns of the loop: a request of thousands must not hold up the others."""


class Numbers(Struct):
    """The numbers of a request: valid ones in order; invalid ones as they were written; and for each repetition of a
    number its place in ``valid``."""

    valid: list[Msisdn]
    invalid: list[str]
    repeated: list[int]


async def read_numbers(
    recipient: object, *, limit: int, national_formats: tuple[NationalFormat, ...] = (), once: bool = False
) -> Numbers | Problem:
    """Read the list of numbers, or return code 23 or 24. An entry of any other shape is a number of bad format; a list
    over ``limit`` is not read to its end.

    With ``once`` no number is valid twice: in one request it would get the same text again.
    """
    if not isinstance(recipient, list):
        return Problem(Code.NO_RECIPIENTS)
    numbers = Numbers([], [], [])
    valid = numbers.valid
    places: dict[Msisdn, int] = {}
    judged = 0
    for entry in recipient:
        for raw in split_numbers(entry.get("msisdn") if isinstance(entry, dict) else None, limit=limit):
            msisdn = to_international(raw, national_formats) if national_formats else parse_international(raw)
            if msisdn is None:
                numbers.invalid.append(printable(raw))
            elif not once or (place := places.setdefault(msisdn, len(valid))) == len(valid):
                valid.append(msisdn)
            else:
                numbers.repeated.append(place)
            judged += 1
            if judged % SLICE == 0:
                await asyncio.sleep(0)
        if judged > limit:
            return Problem(Code.TOO_MANY_RECIPIENTS)
    return numbers if valid else Problem(Code.NO_RECIPIENTS)


def split_numbers(msisdn: object, *, limit: int) -> list[str]:
    """Split an ``msisdn`` into one text a number, at most one more than ``limit``; a value that is neither text nor
    natural number is one empty text."""
    if isinstance(msisdn, str):
        if "," not in msisdn:
            return [msisdn.strip()]
        return [found[0].strip() for found in islice(_BETWEEN_COMMAS(msisdn), limit + 1)] or [""]
    if isinstance(msisdn, int) and not isinstance(msisdn, bool) and msisdn >= 0:
        return [str(msisdn)]
    return [""]


def printable(raw: str) -> str:
    """Return a number as it was written, short and printable, for the history."""
    return "".join(character if character.isprintable() else "?" for character in raw[:_SHOWN])


_BETWEEN_COMMAS: Final = re.compile("[^, ][^,]*").finditer
_SHOWN: Final = 32
