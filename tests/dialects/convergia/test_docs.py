"""``docs/dialects/convergia.md``: a row for all there is; quick starts that work as they are written."""

import dataclasses
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.dialects.convergia.test_transcripts import FILES
from tests.support.needs import program
from tests.support.server import Palomar
from tests.support.waiting import eventually

from palomar.dialects.convergia import PARAMETERS
from palomar.dialects.convergia.errors import Code, StatusCode
from palomar.dialects.convergia.operations import OPERATIONS
from palomar.dialects.convergia.settings import ConvergiaSettings

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/dialects/convergia.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.+?) \|(.*)\|$", PAGE, flags=re.MULTILINE)
NAMES = {name for name, _ in ROWS}
STARTS = {"English": PAGE.partition("\n## Quick start\n")[2].partition("\n## ")[0]}
STARTS["Spanish"] = PAGE.partition("\n## Inicio rápido\n")[2]


def blocks(language: str, kind: str) -> list[str]:
    """Return the blocks of code of a quick start."""
    return re.findall(rf"```{kind}\n(.*?)```", STARTS[language], flags=re.DOTALL)


def test_every_code_and_every_digit_has_its_row() -> None:
    assert [code.value for code in (*Code, *StatusCode) if code.value not in NAMES] == []


def test_every_parameter_has_its_row() -> None:
    parameters = PARAMETERS | {part for operation in OPERATIONS for part in operation.parts}
    assert [name for name in sorted(parameters) if f"`{name}`" not in NAMES] == []


def test_every_operation_has_its_row_with_its_parts() -> None:
    rows = dict(ROWS)
    for operation in OPERATIONS:
        assert re.findall("`(\\w+)`", rows[f"`{operation.name}`"]) == [*operation.parts, "return"]


def test_every_setting_has_its_row_as_it_is() -> None:
    written = {name: [cell.strip() for cell in rest.replace("\\|", "¦").split("|")] for name, rest in ROWS}
    for field in dataclasses.fields(ConvergiaSettings):
        default, text = written[f"`{field.name}`"]
        assert default.strip("`").replace("¦", "|") == str(field.default).replace("False", "false")
        assert text.replace("`", "") == field.metadata["help"]


def test_rows_name_existing_tests_and_every_transcript_is_named() -> None:
    named = set(re.findall(r"`(\w+\.(?:http|py))`", PAGE))
    assert {file.name for file in FILES} <= named
    there = {file.name for file in Path(__file__).parent.rglob("*")}
    assert named <= there


def test_both_languages_show_the_same_code() -> None:
    for kind in ("diff", "php"):
        assert blocks("English", kind) == blocks("Spanish", kind)
    assert blocks("English", "sh")[1:] == blocks("Spanish", "sh")[1:]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Start a server for the first time, with CONVERGIA on a port of its own; return its address and the password that
    it prints."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    palomar = Palomar(tmp_path / "application", PALOMAR_CONVERGIA_PORT=str(port))
    with palomar.serve():
        yield f"127.0.0.1:{port}", palomar.demo["password"]


@pytest.mark.journey
@pytest.mark.parametrize("language", STARTS)
def test_the_quick_start_works_as_it_is_written(language: str, started: tuple[str, str]) -> None:
    address, password = started
    program("curl")
    send, ask = (
        line.replace("127.0.0.1:8181", address)
        for line in blocks(language, "sh")[1].replace("curl", "curl -s").splitlines()
    )
    assert shell(send, password) == "100|10000"
    eventually(lambda: shell(ask, password) == "3", within_seconds=10, what="the message is delivered")
    code = blocks(language, "php")[0].replace("127.0.0.1:8181", address).removeprefix("<?php\n")
    command = [program("php"), "-d", "soap.wsdl_cache_enabled=0", "-r", code]
    assert run(command, password) == "100|10001"


def shell(line: str, password: str) -> str:
    return run(["sh", "-c", line], password)


def run(command: list[str], password: str) -> str:
    done = subprocess.run(
        command,
        env={"PASSWORD": password, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
