"""``docs/dialects/foxsys.md``: a row for all there is; quick starts that work as they are written."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.dialects.foxsys.fake_gateway import FakeGateway, api_of
from tests.dialects.transcript import transcripts_of
from tests.support.needs import program
from tests.support.server import Palomar, Server
from tests.support.waiting import eventually

from palomar.dialects.foxsys.documents import SendDocument
from palomar.dialects.foxsys.errors import Code

PAGE = (Path(__file__).parents[3] / "docs/dialects/foxsys.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \|.*\|$", PAGE, flags=re.MULTILINE)

STARTS = {"English": PAGE.partition("\n## Quick start\n")[2].partition("\n## ")[0]}
STARTS["Spanish"] = PAGE.partition("\n## Inicio rápido\n")[2]


def blocks(language: str, kind: str) -> list[str]:
    """Return the blocks of code of a quick start."""
    return re.findall(rf"```{kind}\n(.*?)```", STARTS[language], flags=re.DOTALL)


def test_every_field_has_its_row() -> None:
    assert [name for name in SendDocument.__struct_fields__ if f"`{name}`" not in ROWS] == []


def test_every_code_has_its_row() -> None:
    assert [code for code in Code if code.value not in ROWS] == []


def test_every_endpoint_has_its_row() -> None:
    paths = {path.rstrip("/") for path in api_of(FakeGateway())._routes}
    assert [path for path in paths if not any(row.endswith(f" {path}`") for row in ROWS)] == []


def test_the_transcripts_named_are_the_transcripts_there_are() -> None:
    files = {path.name[:3] for path in transcripts_of("foxsys")}
    named = set(re.findall(r"\b0\d\d\b", PAGE))
    assert named == files


def test_both_languages_show_the_same_code() -> None:
    for kind in ("diff", "python"):
        assert blocks("English", kind) == blocks("Spanish", kind)


@pytest.mark.journey
@pytest.mark.parametrize("language", STARTS)
def test_the_quick_start_works_as_it_is_written(language: str, tmp_path: Path) -> None:
    program("curl")
    palomar = Palomar(tmp_path / "application")
    with palomar.serve() as server:
        token = palomar.demo["api_key"]
        send, balance, ask = blocks(language, "sh")[1].splitlines()
        assert shell(send, server, TOKEN=token)["subid"] == "first"
        assert shell(balance, server, TOKEN=token)["credits"] == "999.00"
        eventually(
            lambda: shell(ask, server, TOKEN=token)["status"] == "handset",
            within_seconds=10,
            what="the phone has the message",
        )
        code = blocks(language, "python")[0].replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(
            [sys.executable, "-c", code], env={"TOKEN": token}, capture_output=True, text=True, timeout=30, check=False
        )
        assert done.stdout.strip() == "Message has been successfully sent.", done.stderr


def shell(line: str, server: Server, **environment: str) -> Any:
    """Do what a person does who pastes the line."""
    done = subprocess.run(
        ["sh", "-c", line.replace("http://127.0.0.1:8080", server.url).replace("curl ", "curl -s ", 1)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
