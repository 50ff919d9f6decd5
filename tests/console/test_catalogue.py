"""The words: everything that pages say has its Spanish, and the Spanish says nothing that no page says."""

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from palomar.console.catalogue import LANGUAGES, NAMES, Language, language_of, translated
from palomar.console.locales.es import TEXTS as SPANISH

CONSOLE = Path(__file__).parents[2] / "src/palomar/console"
IN_TEMPLATES = re.compile(r'\bt\("((?:[^"\\]|\\.)*)"')
SAYING = ("t", "word", "translated")


def said() -> Iterator[str]:
    """Every text that is written where it is shown."""
    for page in CONSOLE.rglob("*.html"):
        yield from IN_TEMPLATES.findall(page.read_text(encoding="utf-8"))
    for module in CONSOLE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                function = node.func
                name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
                if name in SAYING and isinstance(node.args[0].value, str):
                    yield node.args[0].value


def test_every_text_has_its_spanish_and_no_spanish_is_left_over() -> None:
    texts = set(said())
    assert len(texts) > 200
    assert {"missing": texts - SPANISH.keys(), "unused": SPANISH.keys() - texts} == {"missing": set(), "unused": set()}


def test_a_translation_fills_in_the_same_names() -> None:
    def names(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    assert [english for english, spanish in SPANISH.items() if names(english) != names(spanish)] == []


def test_no_template_says_anything_untranslated() -> None:
    """Between tags stands nothing but what a template writes and signs that are the same in every language."""
    for page in CONSOLE.rglob("*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        bare = re.sub(r"<code>.*?</code>|<[^>]*>", "", text, flags=re.DOTALL)
        words = [word for word in re.findall(r"[A-Za-z]{3,}", bare) if word not in ("Palomar",)]
        assert words == [], page.name


def test_names_are_filled_in_and_braces_of_others_do_nothing() -> None:
    assert translated("The password of {login}", "en", login="{x}") == "The password of {x}"
    assert translated("The password of {login}", "es", login="ana") == "La contraseña de ana"
    assert translated("what nobody has translated", "es") == "what nobody has translated"


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        ("es", "en", "es"),
        ("fr", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "fr,en;q=0.5,es;q=0.7", "es"),
        ("", "es;q=0, en;q=0.1", "en"),
        ("", "de-DE", "en"),
        ("", "", "en"),
        ("", "es;q=nonsense", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_what_the_browser_asks_for(
    cookie: str, accept: str, language: Language
) -> None:
    assert language_of(cookie, accept) == language


def test_every_language_has_its_own_name() -> None:
    assert set(NAMES) == set(LANGUAGES)
