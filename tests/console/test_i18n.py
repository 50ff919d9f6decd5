"""Each catalog has exactly the console's texts, and no page has untranslated text."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from palomar.console.formats import Language
from palomar.console.i18n import LANGUAGES, Plural, language_names, language_of, plural, translated

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "src/palomar/console"


def faults_of_catalogs(console: Path) -> list[str]:
    command = [sys.executable, str(ROOT / "tools/make-catalogs"), "--check", "--console", str(console)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.stderr == ""
    assert checked.returncode == (1 if checked.stdout else 0)
    return checked.stdout.splitlines()


def test_every_text_of_templates_and_code_is_translated_in_every_catalog_and_nothing_else_is_in_them() -> None:
    assert len(LANGUAGES) > 1
    assert faults_of_catalogs(CONSOLE) == []


def test_the_check_of_catalogs_names_each_fault(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '{{ t("One") }} {{ t("To {name}", name=x) }} {{ t(plural("{count} part", "{count} parts"), count=n) }}'
    )
    (tmp_path / "code.py").write_text('NAMED = word("Two")\nvisit.t("New")\n')
    catalog = tmp_path / "locales/es/LC_MESSAGES/palomar.po"
    catalog.parent.mkdir(parents=True)
    header = (CONSOLE / "locales/es/LC_MESSAGES/palomar.po").read_text(encoding="utf-8").split("\n\n")[0]
    entries = (
        '#, fuzzy\nmsgid "One"\nmsgstr "Uno"',
        'msgid "To {name}"\nmsgstr "A {nombre}"',
        'msgid "{count} part"\nmsgid_plural "{count} parts"\nmsgstr[0] "{count} parte"\nmsgstr[1] ""',
        'msgid "Two"\nmsgstr ""',
        'msgid "Gone"\nmsgstr "Ya no"',
        '#~ msgid "Old"\n#~ msgstr "Viejo"',
    )
    catalog.write_text("\n\n".join((header, *entries)) + "\n", encoding="utf-8")
    assert faults_of_catalogs(tmp_path) == [
        "es: not in the catalog: 'New'",
        "es: nothing uses: 'Gone'",
        "es: obsolete: 'Old'",
        "es: fuzzy: 'One'",
        "es: other placeholders: 'To {name}'",
        "es: not translated: ('{count} part', '{count} parts')",
        "es: not translated: 'Two'",
    ]


def test_making_catalogs_keeps_translations_adds_what_is_new_and_drops_what_is_gone(tmp_path: Path) -> None:
    shutil.copytree(CONSOLE, tmp_path / "console")
    before = (tmp_path / "console/locales/es/LC_MESSAGES/palomar.po").read_text(encoding="utf-8")
    command = [sys.executable, str(ROOT / "tools/make-catalogs"), "--console", str(tmp_path / "console")]
    (tmp_path / "console/new.py").write_text('word("Never said before")\n')
    subprocess.run(command, check=True)
    assert faults_of_catalogs(tmp_path / "console") == [
        f"{language.replace('-', '_')}: not translated: 'Never said before'" for language in LANGUAGES[1:]
    ]
    (tmp_path / "console/new.py").unlink()
    subprocess.run([*command, "eo"], check=True)
    assert (tmp_path / "console/locales/es/LC_MESSAGES/palomar.po").read_text(encoding="utf-8") == before
    assert len(faults_of_catalogs(tmp_path / "console")) > 500  # all of the new language


def words_of(language: str) -> dict[str, str]:
    """The glossary's word for each concept, cut to what its forms have in common (``mensa`` of ``mensagem``)."""
    table = (ROOT / "docs/glossary.md").read_text(encoding="utf-8").split("## In the console's languages")[1]
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line[:1] == "|"
    ]
    columns = [number for number, heading in enumerate(head) if f"(`{language}`)" in heading]
    assert columns, f"docs/glossary.md has no column of the language {language}"
    return {row[0]: row[columns[0]].removesuffix("m").removesuffix("ción") for row in rows}


@pytest.mark.parametrize("language", [language.replace("-", "_") for language in LANGUAGES[1:]])
def test_one_thing_has_one_word_everywhere(language: str) -> None:
    with (CONSOLE / f"locales/{language}/LC_MESSAGES/palomar.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    met = set()
    for message in catalog:
        english, said = (text[-1] if message.pluralizable else text for text in (message.id, message.string))
        english = re.sub(r"\{\w+\}|/\S+|\./run.*|No route to host", "", english)
        for word, ours in words_of(language).items():
            if re.search(rf"(?<!short )\b{word}s?\b", english, re.IGNORECASE):
                met.add(word)
                form = " ".join(rf"\b{piece}\w*" for piece in ours.split())
                assert re.search(form, said, re.IGNORECASE), f"{english!r} has {word!r}, {said!r} has no {ours!r}"
    assert met >= words_of(language).keys() - {"block"}


def test_no_template_has_untranslated_text() -> None:
    """Between tags stands nothing but what a template writes and signs that are the same in every language."""
    for page in CONSOLE.rglob("*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        bare = re.sub(r"<code>.*?</code>|<[^>]*>", "", text, flags=re.DOTALL)
        words = [word for word in re.findall(r"[A-Za-z]{3,}", bare) if word not in ("Palomar",)]
        assert words == [], page.name


def test_names_are_filled_in_and_braces_in_values_do_nothing() -> None:
    assert translated("The password of {login}", "en", login="{x}") == "The password of {x}"
    assert translated("The password of {login}", "es", login="ana") == "La contraseña de ana"
    assert translated("what nobody has translated", "es") == "what nobody has translated"


COUNTED = plural("{count} attempt", "{count} attempts")


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 0, "0 attempts"),
        ("en", 1, "1 attempt"),
        ("en", 12_345, "12,345 attempts"),
        ("es", 0, "0 intentos"),
        ("es", 1, "1 intento"),
        ("es", 12_345, "12.345 intentos"),
        ("pt-BR", 0, "0 tentativa"),
        ("pt-BR", 1, "1 tentativa"),
        ("pt-BR", 12_345, "12.345 tentativas"),
    ],
)
def test_a_number_chooses_the_form_and_is_written_as_the_language_does(
    language: Language, count: int, said: str
) -> None:
    assert translated(COUNTED, language, count=count) == said
    assert translated(Plural("{count} pear", "{count} pears"), language, count=1) == "1 pear"


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        ("es", "en", "es"),
        ("xx", "es-MX,es;q=0.9,en;q=0.8", "es"),
        ("", "xx,en;q=0.5,es;q=0.7", "es"),
        ("", "es;q=0, en;q=0.1", "en"),
        ("", "xx-XX", "en"),
        ("", "", "en"),
        ("", "es;q=nonsense", "en"),
        ("../es", "ES-mx", "es"),
        ("pt-BR", "en", "pt-BR"),
        ("", "pt-BR,pt;q=0.9,en;q=0.8", "pt-BR"),
        ("", "pt-PT, en;q=0.9", "pt-BR"),
        ("pt", "en", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(cookie: str, accept: str, language: Language) -> None:
    assert language_of(cookie, accept) == language


def test_every_language_has_its_own_name() -> None:
    names = language_names()
    assert names.keys() == set(LANGUAGES)
    assert names.items() >= {"en": "English", "es": "Español", "pt-BR": "Português (Brasil)"}.items()
