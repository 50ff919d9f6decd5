"""Estimate how many values a JSON body has, before any of them is made.

An octet of JSON may become eighty of memory (``[],[],[]``), so a limit on octets alone limits nothing. Not here:
reading the body (each dialect reads its own shapes).
"""

import re
from typing import Final

_SMALL: Final = 64 * 1024
"""Octets of a body up to which its values are not counted."""


def has_more_values(body: bytes, most: int) -> bool:
    """Return True if a body may hold more than ``most`` values: every value but the first stands behind a comma or in a
    bracket of its own. What stands in texts is left out if it matters."""
    if len(body) <= _SMALL or _marks(body) <= most:
        return False
    found = 0
    for stretch in _STRETCH.finditer(body):
        found += _marks(_TEXT.sub(b"", stretch[0]))
        if found > most:
            return True
    return False


_STRING: Final = rb'"(?:[^"\\]++|\\.)*+"?'
"""A JSON string, or one that never ends, so that each octet is scanned once."""
_TEXT: Final = re.compile(_STRING, re.DOTALL)
_STRETCH: Final = re.compile(rb'(?:[^"]++|%b){1,10000}+' % _STRING, re.DOTALL)
"""Some strings and what is between them: all of a body at once could be millions of pieces."""


def _marks(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")
