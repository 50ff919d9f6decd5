"""``docs/dialects/sofmex.md``: a row for all there is; quick starts that work as they are written."""

import dataclasses
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.dialects.transcript import transcripts_of
from tests.support.needs import program
from tests.support.server import Palomar, Server
from tests.support.waiting import eventually

from palomar.dialects.sofmex.errors import BatchCode, RecordCode
from palomar.dialects.sofmex.openapi import OPERATIONS
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.dialects.sofmex.states import status_words_of
from palomar.dialects.sofmex.wire import Record
from palomar.vocabulary.message import State

PAGE = (Path(__file__).parents[3] / "docs/dialects/sofmex.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \|(.*)\|$", PAGE, flags=re.MULTILINE)
NAMES = {name for name, _ in ROWS}
STARTS = {"English": PAGE.partition("\n## Quick start\n")[2].partition("\n## ")[0]}
STARTS["Spanish"] = PAGE.partition("\n## Inicio rápido\n")[2]


def blocks(language: str, kind: str) -> list[str]:
    """Return the blocks of code of a quick start."""
    return re.findall(rf"```{kind}\n(.*?)```", STARTS[language], flags=re.DOTALL)


def table(head: str) -> set[str]:
    """Return the names in the table whose first column has this heading."""
    rows = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {row.split("|")[1].strip() for row in rows}


def test_every_operation_field_code_and_word_has_its_row_and_no_row_has_more() -> None:
    assert {f"`{operation.method} {operation.path}`" for operation in OPERATIONS} <= NAMES
    assert table("field") == {f"`{name}`" for name in Record.__struct_fields__}
    assert table("status of a record") == {str(code.value) for code in RecordCode}
    assert table("statusBatch") == {str(code.value) for code in BatchCode}
    assert table("status of a message") == {status_words_of(state).status for state in State}


def test_every_setting_has_its_row_as_it_is() -> None:
    written = {name: [cell.strip() for cell in rest.split("|")] for name, rest in ROWS}
    for field in dataclasses.fields(SofmexSettings):
        default, text = written[f"`{field.name}`"]
        assert default.strip("`") == str(field.default).replace("False", "false")
        assert text == field.metadata["help"]
    assert table("setting") == {f"`{field.name}`" for field in dataclasses.fields(SofmexSettings)}


def test_rows_name_existing_tests_and_every_transcript_is_named() -> None:
    files = {path.name[:3] for path in transcripts_of("sofmex")}
    assert set(re.findall(r"\b0\d\d\b", PAGE)) == files
    there = {path.name for path in Path(__file__).parent.iterdir()}
    assert set(re.findall(r"`(test_\w+\.py)`", PAGE)) <= there


def test_both_languages_show_the_same_code() -> None:
    for kind in ("diff", "python"):
        assert blocks("English", kind) == blocks("Spanish", kind)


@pytest.fixture
def palomar(tmp_path: Path) -> Palomar:
    return Palomar(tmp_path / "application")


@pytest.mark.journey
@pytest.mark.parametrize("language", STARTS)
def test_the_quick_start_works_as_it_is_written(language: str, palomar: Palomar) -> None:
    program("curl")
    with palomar.serve() as server:
        login, _, send, ask = blocks(language, "sh")[1].splitlines()
        answer = shell(login, server, PASSWORD=palomar.demo["password"])
        assert answer["status"] == 0
        token = answer["message"]
        sent = shell(send, server, TOKEN=token)
        assert (sent["statusBatch"], sent["registros"][0]["status"]) == (0, 0)
        ask = re.sub(r'("idBatch": )"[^"]*"', rf'\1"{sent["idBatch"]}"', ask)
        eventually(
            lambda: shell(ask, server, TOKEN=token)["registros"][0]["status"] == "ENTREGADO",
            within_seconds=10,
            what="the message is ENTREGADO",
        )
        code = blocks(language, "python")[0].replace("http://127.0.0.1:8080", server.url)
        issued = palomar.command("token", "add", "demo").stdout.strip()
        assert eventually_accepted(code, issued) == "OK"


def eventually_accepted(code: str, token: str) -> str:
    """Try a token that was issued beside the server until it is accepted, for a second."""

    def run() -> str:
        done = subprocess.run(
            [sys.executable, "-c", code], env={"TOKEN": token}, capture_output=True, text=True, timeout=30, check=False
        )
        return done.stdout.strip()

    return eventually(run, within_seconds=10, what="the program's message is accepted")


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
