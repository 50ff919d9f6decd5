"""Templates: ``{name}`` in a text stands for a text that its account has stored under that name.

Templates are replaced before the text is measured, once: a template's own braces stay. Unknown names stay as they are.
Not here: ``%name%``, a value for each recipient, which is a dialect's own.
"""

import re
from collections.abc import Mapping
from typing import Final

LONGEST: Final = 2_000
"""The most characters of a template."""

NAME_PATTERN: Final = "[A-Za-z0-9_-]{1,40}"
is_name: Final = re.compile(NAME_PATTERN).fullmatch

_MOST: Final = 100
"""The most replacements in a text. No message is long enough to need more, and a short text must not become a huge one.
"""
_place: Final = re.compile(r"\{(" + NAME_PATTERN + r")\}").sub


def expand(text: str, templates: Mapping[str, str]) -> str:
    """Replace the templates in a text."""
    if not templates or "{" not in text:
        return text
    return _place(lambda found: templates.get(found[1], found[0]), text, count=_MOST)
