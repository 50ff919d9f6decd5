"""Makes HTML from the pages' templates with Jinja2: everything is escaped, and an undefined name is an error.

This module is imported with the first page, so that commands and servers whose console nobody opens need not load
Jinja2. Templates are compiled and catalogs read then, once. Text that other people wrote (texts of messages, labels,
words of carriers) goes through :func:`isolated`, so that its direction marks and control characters cannot change the
rest of the page.
"""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import jinja2
from markupsafe import Markup, escape

from palomar.callbacks.history import host_of
from palomar.console import formats
from palomar.console.formats import Language, Preferences
from palomar.console.i18n import LANGUAGES, language_names, load, plural, translated
from palomar.console.labels import CALLBACK_ERRORS, ROLES, STATES
from palomar.console.request import PageContext, url_of
from palomar.console.static_files import Files
from palomar.console.stored_texts import translate_stored
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT
from palomar.vocabulary.message import State, accepted_ms, public_id

_HARMLESS_CONTROLS: Final = frozenset("\n\t\u200d")
"""Line ends, tab, and the joiner within an emoji."""
_BIDIRECTIONAL: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class JinjaRenderer:
    """The ``console.request.Renderer`` of the server."""

    def __init__(self, files: Files) -> None:
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("palomar.console", "pages"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            auto_reload=False,
            bytecode_cache=None,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(
            static=files.url,
            url=url_of,
            plural=plural,
            born=accepted_ms,
            languages=LANGUAGES,
            language_names=language_names(),
            role_names=ROLES,
            why_names=CALLBACK_ERRORS,
            icon=lambda name: _icon(files, name),
        )
        self._environment.filters.update(
            isolated=isolated,
            public=public_id,
            host=host_of,
            phone=formats.number_text,
            utc=formats.utc_text,
            iso=formats.iso_text,
        )
        for language in LANGUAGES:
            load(language)
        for name in self._environment.list_templates():
            if name.endswith(".html"):
                self._environment.get_template(name)

    def render(self, template: str, context: PageContext, values: Mapping[str, object]) -> bytes:
        """Make HTML from a template for this context. Raise Jinja2's errors for a faulty template."""
        preferences = context.preferences
        page = self._environment.get_template(template).render(
            **_formatters(preferences),
            t=context.t,
            translate_stored=lambda text: translate_stored(text, context.t),
            context=context,
            viewer=context.viewer,
            preferences=preferences,
            **values,
        )
        return page.encode("utf-8", "replace")


def isolated(text: object) -> Markup:
    """Escape a text that somebody else wrote, end its direction with it, and replace control characters by their
    codes."""
    text = str(text)
    if text.isprintable():  # nearly always: no control, no mark, no line end among it
        return Markup(f"<bdi>{escape(text)}</bdi>")  # it is escaped
    pieces = [_visible(character) if _is_control(character) else escape(character) for character in text]
    return Markup("<bdi>{}</bdi>").format(Markup("").join(pieces))


def _is_control(character: str) -> bool:
    if " " <= character <= "~":
        return False
    if character in _BIDIRECTIONAL:
        return True
    return character not in _HARMLESS_CONTROLS and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _visible(character: str) -> Markup:
    name = unicodedata.name(character, "control")
    code = f"U+{ord(character):04X}"
    return Markup('<span class="control" title="{} {}">{}</span>').format(code, name, code)


def _icon(files: Files, name: str) -> Markup:
    """Return an icon of the sprite, hidden from screen readers: the words beside it say the same."""
    address = f"{files.url('vendor/icons/icons.svg')}#{name}"
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>').format(address)


def _priced(microcredits: int, language: Language) -> str:
    whole, rest = divmod(microcredits, MICROCREDITS_A_CREDIT)
    unit = translated(plural("credit", "credits"), language, count=2 if rest else abs(whole))
    return f"{formats.credits_text(microcredits, language)} {unit}"


def _formatters(preferences: Preferences) -> Mapping[str, Any]:
    """Return the functions with which templates write times, amounts and states in the visitor's language."""
    language = preferences.language

    def moment(at_ms: int) -> Markup:
        words = formats.moment_text(at_ms, preferences)
        mark = '<time datetime="{}" title="{}">{}</time>'
        return Markup(mark).format(formats.iso_text(at_ms), formats.utc_text(at_ms), words)

    def badge(state: State) -> Markup:
        words = STATES[state]
        mark = '<span class="state state-{}">{}</span>'
        return Markup(mark).format(words.tone, translated(words.text, language))

    return {
        "moment": moment,
        "badge": badge,
        "day": lambda at_ms: formats.day_text(at_ms, preferences),
        "span": lambda milliseconds: formats.span_text(milliseconds, language),
        "priced": lambda microcredits: _priced(microcredits, language),
        "credits": lambda microcredits: formats.credits_text(microcredits, language),
        "credits_in_short": lambda microcredits: formats.large_credits_text(microcredits, language),
        "integer": lambda number: formats.integer(number, language),
        "percent": lambda share: formats.percent_text(share, language),
        "days": lambda number: formats.days_text(number, language),
        "within": formats.within_text,
        "started": lambda at_ms, bucket: formats.start_text(at_ms, bucket, preferences),
    }
