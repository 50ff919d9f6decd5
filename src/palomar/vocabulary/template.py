"""Templates: ``{name}`` in a text stands for a text that its account has stored.

Replaced before the text is measured, once (a template's own braces stay). Names that nobody stored stay as they are.
``%name%``, a value a recipient, is a dialect's own.
"""

import re
from collections.abc import Mapping
from typing import Final

LONGEST: Final = 2_000
"""Characters of a template."""

NAME_PATTERN: Final = "[A-Za-z0-9_-]{1,40}"
is_name: Final = re.compile(NAME_PATTERN).fullmatch

_MOST: Final = 100
"""Replacements in a text: no message is so long that it needs more, and a short text must not become a huge one."""
_place: Final = re.compile(r"\{(" + NAME_PATTERN + r")\}").sub


def expand(text: str, templates: Mapping[str, str]) -> str:
    """The text with its templates in it."""
    if not templates or "{" not in text:
        return text
    return _place(lambda found: templates.get(found[1], found[0]), text, count=_MOST)
