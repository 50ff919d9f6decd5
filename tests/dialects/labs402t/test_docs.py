"""``docs/dialects/labs402t.md``: a row for all there is; quick starts that work as they are written."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.dialects.transcript import transcripts_of
from tests.support.needs import program
from tests.support.server import Palomar, Server
from tests.support.waiting import eventually

from palomar.dialects.labs402t.errors import HTTP_STATUSES, MESSAGES
from palomar.dialects.labs402t.openapi import OPERATIONS
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.labs402t.states import Word

PAGE = (Path(__file__).parents[3] / "docs/dialects/labs402t.md").read_text(encoding="utf-8")
STARTS = {"English": PAGE.partition("\n## Quick start\n")[2].partition("\n## ")[0]}
STARTS["Spanish"] = PAGE.partition("\n## Inicio rápido\n")[2]


def blocks(language: str, kind: str) -> list[str]:
    """Return the blocks of code of a quick start."""
    return re.findall(rf"```{kind}\n(.*?)```", STARTS[language], flags=re.DOTALL)


def rows(head: str) -> list[list[str]]:
    """Return the rows of the table whose first column has this heading."""
    lines = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_operation_has_its_row_and_no_row_has_more() -> None:
    described = {f"`{operation.method} {operation.path}`" for operation in OPERATIONS}
    assert {row[0] for row in rows("operation")} == described | {"`GET /docs`", "`GET /openapi.json`", "callbacks"}


def test_every_code_has_its_row_with_its_message_and_status() -> None:
    written = [(row[0], row[1], row[2]) for row in rows("code")]
    assert written == [(str(code.value), text, str(HTTP_STATUSES[code])) for code, text in MESSAGES.items()]


def test_every_state_has_its_row() -> None:
    assert [row[0] for row in rows("state of a message")] == list(get_args(Word))


def test_every_setting_has_its_row_as_it_is() -> None:
    assert rows("setting") == [
        [f"`{field.name}`", f"`{field.default}`", field.metadata["help"]]
        for field in dataclasses.fields(Labs402tSettings)
    ]


def test_rows_name_existing_tests_and_every_transcript_is_named() -> None:
    files = {path.name[:3] for path in transcripts_of("labs402t")}
    assert set(re.findall(r"\b0\d\d\b", PAGE)) == files
    there = {path.name for path in Path(__file__).parent.iterdir()}
    assert set(re.findall(r"`(test_\w+\.py)`", PAGE)) <= there


def test_both_languages_show_the_same_code() -> None:
    for kind in ("diff", "python"):
        assert blocks("English", kind) == blocks("Spanish", kind)


@pytest.mark.journey
@pytest.mark.parametrize("language", STARTS)
def test_the_quick_start_works_as_it_is_written(language: str, tmp_path: Path) -> None:
    program("curl")
    palomar = Palomar(tmp_path / "application")
    with palomar.serve() as server:
        key = palomar.demo["api_key"]
        send, ask, balance = blocks(language, "sh")[1].splitlines()
        sent = shell(send, server, key)
        assert (sent["status"], sent["data"]["state"]) == (0, "PENDIENTE")
        ask = ask.replace("GUID", sent["data"]["guid"])
        eventually(
            lambda: shell(ask, server, key)["state"] == "ENTREGADO", within_seconds=10, what="the message is ENTREGADO"
        )
        assert shell(balance, server, key)["data"] == {"login": "demo", "balance": 999.0}
        code = blocks(language, "python")[0].replace("http://127.0.0.1:8080", server.url)
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"API_KEY": key},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.stdout == "OK\n", done.stderr
        assert server.stop() == 0


def shell(line: str, server: Server, key: str) -> Any:
    """Do what a person does who pastes the line."""
    done = subprocess.run(
        ["sh", "-c", line.replace("http://127.0.0.1:8080", server.url).replace("curl ", "curl -s ", 1)],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "API_KEY": key},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
