"""The words of the console in its languages. English is the key; a locale says what stands in its place.

A text that pages show is written in English where it is used: ``t("…")`` in a template, ``visit.t("…")`` in a page, and
``word("…")`` where it is only named and shown elsewhere. A test holds every such text against the locales, both ways.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from palomar.console.locales.es import TEXTS as SPANISH
from palomar.net.preferences import preferred

Language = Literal["en", "es"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
NAMES: Final[Mapping[Language, str]] = {"en": "English", "es": "Español"}
"""What each language calls itself."""

_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {"en": {}, "es": SPANISH}


def word(text: str) -> str:
    """The text itself: marks one that is shown, translated, somewhere else."""
    return text


def translated(text: str, language: Language, **values: object) -> str:
    """A text in that language, with ``{names}`` in it filled in; what no locale has stays English."""
    found = _TEXTS[language].get(text, text)
    return found.format(**values) if values else found


def language_of(cookie: str, accept_language: str) -> Language:
    """The language that was chosen, else the first of ours that the browser asks for (RFC 9110 section 12.5.4)."""
    for language in LANGUAGES:
        if cookie == language:
            return language
    best = preferred(accept_language, LANGUAGES)
    return next(language for language in LANGUAGES if language == best)
