"""Static files have addresses with one hash, types and compression; files of other projects a version and a license."""

import re
from importlib import resources

import pytest

from palomar.console.static_files import Files

CONSOLE = resources.files("palomar.console")
PAGES, STATIC = CONSOLE / "pages", CONSOLE / "static"
VENDOR = STATIC / "vendor"
FILES = Files()
MARKUP = "".join(
    file.read_text(encoding="utf-8")
    for folder in (CONSOLE, PAGES, STATIC, VENDOR / "uplot")
    for file in folder.iterdir()
    if file.name.endswith((".html", ".py", ".js"))
)
"""Where classes come from."""
SHEETS = sorted(file.name for file in STATIC.iterdir() if file.name.endswith(".css"))


def text_of(sheet: str) -> str:
    return (STATIC / sheet).read_text(encoding="utf-8")


def test_addresses_are_below_one_hash_and_lead_to_files() -> None:
    assert re.fullmatch(r"/console/static/[0-9a-f]{16}/", FILES.prefix)
    address = FILES.url("base.css")
    file = FILES.at(address)
    assert address == f"{FILES.prefix}base.css"
    assert file is not None
    assert file.content_type == b"text/css; charset=utf-8"
    assert 0 < len(file.gzipped) < len(file.body)
    assert Files().prefix == FILES.prefix


def test_unknown_addresses_have_no_file() -> None:
    for path in (
        f"{FILES.prefix}../face.py",
        f"{FILES.prefix}vendor/htmx/LICENSE",
        f"{FILES.prefix}",
        "/console/static/0/x",
    ):
        assert FILES.at(path) is None
    with pytest.raises(KeyError, match=r"nothing\.css"):
        FILES.url("nothing.css")


@pytest.mark.parametrize("sheet", SHEETS)
def test_style_sheets_name_files_that_are_there_and_nothing_else(sheet: str) -> None:
    text = text_of(sheet)
    assert "data:" not in text
    assert "@import" not in text
    for name in re.findall(r'url\("?([^)"]+)"?\)', text):
        assert FILES.at(FILES.url(name)) is not None, name


@pytest.mark.parametrize("sheet", SHEETS)
def test_style_sheets_have_no_unused_classes(sheet: str) -> None:
    rules = re.sub(r"\{[^{}]*\}", "{}", re.sub(r'"[^"]*"', "", text_of(sheet)))
    for name in set(re.findall(r"\.([a-z][a-z-]*)", rules)):
        starts = [
            name[: dash.end()] for dash in re.finditer("-", name)
        ]  # of a class whose end is a value: state-{{ … }}
        of_a_value = any(re.search(re.escape(start) + r"\$?\{", MARKUP) for start in starts)
        assert of_a_value or re.search(rf"(?<![\w-]){name}(?![\w-])", MARKUP), name


def test_scripts_of_other_projects_name_no_source_map() -> None:
    for name in ("vendor/htmx/htmx.min.js", "vendor/uplot/uPlot.iife.min.js"):
        file = FILES.at(FILES.url(name))
        assert file is not None
        assert b"sourceMappingURL" not in file.body


@pytest.mark.parametrize("folder", [entry.name for entry in VENDOR.iterdir()])
def test_files_of_other_projects_have_a_version_and_a_permissive_license(folder: str) -> None:
    version = (VENDOR / folder / "VERSION").read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    licence = (VENDOR / folder / "LICENSE").read_text()
    assert re.search(r"MIT License|Zero-Clause BSD|SIL OPEN FONT LICENSE|The MIT License", licence, re.IGNORECASE)
