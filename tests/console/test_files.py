"""Static files: one hash for all, types, packing; and every file of others with its version and licence."""

import re
from importlib import resources

import pytest

from palomar.console.files import Files

VENDOR = resources.files("palomar.console") / "static" / "vendor"
FILES = Files()


def test_addresses_are_below_one_hash_and_lead_to_files() -> None:
    assert re.fullmatch(r"/console/static/[0-9a-f]{16}/", FILES.prefix)
    address = FILES.url("console.css")
    file = FILES.at(address)
    assert address == f"{FILES.prefix}console.css"
    assert file is not None
    assert file.kind == b"text/css; charset=utf-8"
    assert 0 < len(file.packed) < len(file.body)
    assert Files().prefix == FILES.prefix


def test_what_is_no_file_of_ours_is_none() -> None:
    for path in (
        f"{FILES.prefix}../face.py",
        f"{FILES.prefix}vendor/htmx/LICENSE",
        f"{FILES.prefix}",
        "/console/static/0/x",
    ):
        assert FILES.at(path) is None
    with pytest.raises(KeyError, match=r"nothing\.css"):
        FILES.url("nothing.css")


def test_style_sheets_name_files_that_are_there_and_nothing_else() -> None:
    for sheet in ("console.css", "vendor/tabler/tabler.min.css"):
        file = FILES.at(FILES.url(sheet))
        assert file is not None
        text = file.body.decode("utf-8")
        assert "data:" not in text
        assert "@import" not in text
        folder = sheet.rpartition("/")[0]
        for name in re.findall(r'url\("?([^)"]+)"?\)', text):
            assert FILES.at(FILES.url(f"{folder}/{name}".lstrip("/"))) is not None, name


def test_scripts_of_others_name_no_source_map() -> None:
    for name in ("vendor/htmx/htmx.min.js", "vendor/uplot/uPlot.iife.min.js"):
        file = FILES.at(FILES.url(name))
        assert file is not None
        assert b"sourceMappingURL" not in file.body


@pytest.mark.parametrize("folder", [entry.name for entry in VENDOR.iterdir()])
def test_what_others_wrote_has_its_version_and_a_permissive_licence(folder: str) -> None:
    version = (VENDOR / folder / "VERSION").read_text().strip()
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    licence = (VENDOR / folder / "LICENSE").read_text()
    assert re.search(r"MIT License|Zero-Clause BSD|SIL OPEN FONT LICENSE|The MIT License", licence, re.IGNORECASE)
