"""Templates become pages: Jinja2 with everything escaped, nothing undefined, and our own ways to write things.

Imported when the first page is asked for, because commands and servers without a console need not pay for Jinja2.
Templates are compiled and languages read then, once. What other people wrote (texts of messages, labels, words of
carriers) goes through :func:`shown`, which keeps their marks of direction and controls from doing anything to the rest
of the page.
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
from palomar.console.reasons import told
from palomar.console.request import Visit, url_of
from palomar.console.static_files import Files
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT
from palomar.vocabulary.message import State, born_ms, public_id

_HARMLESS_CONTROLS: Final = frozenset("\n\t\u200d")
"""Line ends, and what joins the pieces of an emoji."""
_BIDIRECTIONAL: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class JinjaRenderer:
    """A ``palomar.console.request.Renderer``."""

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
            born=born_ms,
            languages=LANGUAGES,
            language_names=language_names(),
            role_names=ROLES,
            why_names=CALLBACK_ERRORS,
            icon=lambda name: _icon(files, name),
        )
        self._environment.filters.update(
            shown=shown,
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

    def render(self, template: str, visit: Visit, values: Mapping[str, object]) -> bytes:
        """Make the template's page for this visit. Raises what only a fault of a template raises."""
        manner, who = visit.manner, visit.viewer
        page = self._environment.get_template(template).render(
            **_ways_to_write(manner),
            t=visit.t,
            told=lambda text: told(text, visit.t),
            visit=visit,
            viewer=who,
            manner=manner,
            **values,
        )
        return page.encode("utf-8", "replace")


def shown(text: object) -> Markup:
    """What somebody else wrote, isolated: a direction ends with it, and controls are told by their number."""
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
    """One of the sprite's; it says nothing that the words beside it do not."""
    address = f"{files.url('vendor/icons/icons.svg')}#{name}"
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>').format(address)


def _priced(microcredits: int, language: Language) -> str:
    whole, rest = divmod(microcredits, MICROCREDITS_A_CREDIT)
    unit = translated(plural("credit", "credits"), language, count=2 if rest else abs(whole))
    return f"{formats.credits_text(microcredits, language)} {unit}"


def _ways_to_write(manner: Preferences) -> Mapping[str, Any]:
    """What templates call to write times, amounts and states as this visitor wants them."""
    language = manner.language

    def moment(at_ms: int) -> Markup:
        words = formats.moment_text(at_ms, manner)
        mark = '<time datetime="{}" title="{}">{}</time>'
        return Markup(mark).format(formats.iso_text(at_ms), formats.utc_text(at_ms), words)

    def badge(state: State) -> Markup:
        words = STATES[state]
        mark = '<span class="state state-{}">{}</span>'
        return Markup(mark).format(words.tone, translated(words.text, language))

    return {
        "moment": moment,
        "badge": badge,
        "day": lambda at_ms: formats.day_text(at_ms, manner),
        "span": lambda milliseconds: formats.span_text(milliseconds, language),
        "priced": lambda microcredits: _priced(microcredits, language),
        "credits": lambda microcredits: formats.credits_text(microcredits, language),
        "credits_in_short": lambda microcredits: formats.large_credits_text(microcredits, language),
        "integer": lambda number: formats.integer(number, language),
        "percent": lambda share: formats.percent_text(share, language),
        "days": lambda number: formats.days_text(number, language),
        "within": formats.within_text,
        "started": lambda at_ms, grain: formats.start_text(at_ms, grain, manner),
    }
