"""``output.py``: a stderr that loses what it cannot say and counts it, and a stdout whose failure ends the command."""

import io
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from tests.support.processes import clean_environment, palomar_command

from palomar.cli.output import Unfailing


def stream(descriptor: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(Unfailing(descriptor), encoding="utf-8", errors="backslashreplace", line_buffering=True)


def lost(text: io.TextIOWrapper) -> int:
    assert isinstance(text.buffer, Unfailing)
    return text.buffer.lost


def test_a_full_disk_loses_lines_and_blocks_nothing() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    text = stream(full)
    for number in range(3):
        print(f"line {number}", file=text, flush=True)
    assert lost(text) == 3
    os.close(full)
    print("and its descriptor is closed", file=text, flush=True)
    assert lost(text) == 4


def test_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    text = stream(writing)
    print("nobody hears this", file=text, flush=True)
    assert lost(text) == 1
    os.close(writing)


def test_a_full_pipe_blocks_nothing_and_gets_the_count_of_lost_lines_later() -> None:
    reading, writing = os.pipe()
    text = stream(writing)
    began = time.monotonic()
    for number in range(2_000):
        print(f"{number} {'x' * 200}", file=text, flush=True)
    assert time.monotonic() - began < 5.0
    missing = lost(text)
    assert 0 < missing < 2_000
    os.set_blocking(reading, False)
    received = os.read(reading, 1 << 20)
    assert received.startswith(b"0 x")
    print("back", file=text, flush=True)
    count, line = os.read(reading, 1 << 20).splitlines()
    assert json.loads(count) == {"event": "log lines could not be written", "lost": missing, "level": "warning"}
    assert line == b"back"
    assert lost(text) == missing
    for end in (reading, writing):
        os.close(end)


def test_what_can_be_written_is_written_whole() -> None:
    reading, writing = os.pipe()
    text = stream(writing)
    assert not text.isatty()
    print("ñ \udc80 " + "y" * 10_000, file=text, flush=True)
    assert os.read(reading, 1 << 20).decode() == "ñ \\udc80 " + "y" * 10_000 + "\n"
    for end in (reading, writing):
        os.close(end)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return clean_environment(PALOMAR_DATA_DIR=str(tmp_path_factory.mktemp("data")))


def test_a_command_whose_output_cannot_be_written_fails_with_a_message(environment: dict[str, str]) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            palomar_command("migrate"), env=environment, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert done.stderr == b"palomar: the output cannot be written: No space left on device\n"


def test_a_reader_that_closes_the_pipe_early_gets_no_traceback(environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        palomar_command("--help"), env=environment, stdout=writing, stderr=subprocess.PIPE, check=False
    )
    os.close(writing)
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


def test_a_command_with_a_closed_stderr_still_has_its_exit_code(environment: dict[str, str], tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            palomar_command("account", "set", "nobody", "enabled=on"), env=environment, stderr=full, check=False
        )
    assert done.returncode == 1
