"""``docs/dialects/foxsys.md`` has a row for every field, code and endpoint, and names every transcript."""

import re
from pathlib import Path

from tests.dialects.foxsys.fake_gateway import FakeGateway, api_of
from tests.dialects.foxsys.transcript import FOLDER

from palomar.dialects.foxsys.documents import SendDocument
from palomar.dialects.foxsys.errors import Code

PAGE = (Path(__file__).parents[3] / "docs/dialects/foxsys.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \|.*\|$", PAGE, flags=re.MULTILINE)


def test_every_field_has_its_row() -> None:
    assert [name for name in SendDocument.__struct_fields__ if f"`{name}`" not in ROWS] == []


def test_every_code_has_its_row() -> None:
    assert [code for code in Code if code.value not in ROWS] == []


def test_every_endpoint_has_its_row() -> None:
    paths = {path.rstrip("/") for path in api_of(FakeGateway())._routes}
    assert [path for path in paths if not any(row.endswith(f" {path}`") for row in ROWS)] == []


def test_the_transcripts_named_are_the_transcripts_there_are() -> None:
    files = {path.name[:3] for path in FOLDER.glob("*.http")}
    named = set(re.findall(r"\b0\d\d\b", PAGE))
    assert named == files
