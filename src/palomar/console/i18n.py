"""Translates the console's texts: English in templates and code, other languages in gettext catalogs below ``locales``.

A text is written in English where it is shown: ``t("…")`` in a template, ``context.t("…")`` in a page. ``word("…")``
marks a text that is written in one place and shown in another, ``plural("…", "…")`` one that depends on a number. A
language is a file, ``locales/<language>/LC_MESSAGES/palomar.po``; ``tools/make-catalogs`` writes new texts into each.
"""

from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from typing import Final

from palomar.console.formats import Language, integer, load_formats
from palomar.net.content_negotiation import preferred_language

LOCALES: Final = Path(__file__).parent / "locales"
LANGUAGES: Final[tuple[Language, ...]] = (
    "en",
    *sorted(folder.name.replace("_", "-") for folder in LOCALES.iterdir() if (folder / "LC_MESSAGES").is_dir()),
)
"""The languages of the console. English is first, because the texts are written in it."""


@dataclass(frozen=True, slots=True)
class Plural:
    """A text for one thing and for several, with the number as ``{count}``."""

    one: str
    several: str


def word(text: str) -> str:
    """Return the text unchanged: the call marks it for translation where it is shown."""
    return text


def plural(one: str, several: str) -> Plural:
    """Mark a text that depends on a number; the value ``count`` chooses its form when it is translated."""
    return Plural(one, several)


def translated(text: str | Plural, language: Language, **values: object) -> str:
    """Return a text in that language with its ``{names}`` filled in. A text without a translation stays English.

    A :class:`Plural` needs ``count``, an integer, which is written with the language's separators.
    """
    catalog = _catalog(language)
    if isinstance(text, Plural):
        count = values["count"]
        assert isinstance(count, int)
        if catalog is not None:
            found = catalog.ngettext(text.one, text.several, count)
        else:
            found = text.one if count == 1 else text.several
        return found.format(**{**values, "count": integer(count, language)})
    found = text if catalog is None else catalog.gettext(text)
    return found.format(**values) if values else found


def language_of(cookie: str, accept_language: str) -> Language:
    """Return the language of the cookie, else the one that the browser prefers (RFC 9110 section 12.5.4)."""
    return cookie if cookie in LANGUAGES else preferred_language(accept_language, LANGUAGES)


def load(language: Language) -> None:
    """Load a language's catalog and formats, so that the first page in it need not wait."""
    _catalog(language)
    load_formats(language)


@cache
def language_names() -> dict[Language, str]:
    """Return each language's name in that language."""
    from babel import Locale  # here: commands that translate nothing need not load it

    names = {language: str(Locale.parse(language, sep="-").get_display_name()) for language in LANGUAGES}
    return {language: name[0].upper() + name[1:] for language, name in names.items()}


@cache
def _catalog(language: Language) -> GNUTranslations | None:
    """Read and compile a language's catalog once, when it is first needed; English has none."""
    if language == "en":
        return None
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    with (LOCALES / language.replace("-", "_") / "LC_MESSAGES/palomar.po").open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return GNUTranslations(compiled)
