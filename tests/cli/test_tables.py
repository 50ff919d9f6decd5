"""``cli/tables.py``: cells are measured as a terminal shows them, and a row is cut to the terminal, but to
nothing else."""

import os
import pty
import subprocess
import sys
import termios

import pytest

from palomar.cli.tables import table_lines, width_of

HEADINGS = ("id", "sender", "text")
ROWS = (
    ("1", "Palomar", "Su código es 482913"),
    ("2", "银行", "您的验证码是 482913, 请勿告诉他人"),
    ("3", "ana", "👨‍👩‍👧 ¡Feliz cumpleaños! 🎂🎂🎂 Nos vemos mañana"),
)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", 0),
        ("abc", 3),
        ("ñandú", 5),
        ("n\u0303", 1),
        ("验证", 4),
        ("🎂", 2),
        ("👨‍👩‍👧", 2),
        ("👍🏽", 2),
        ("🇧🇷", 2),
        ("नमस्ते", 4),
    ],
)
def test_a_text_takes_the_places_that_a_terminal_gives_it(text: str, places: int) -> None:
    assert width_of(text) == places


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    heading, *lines = table_lines(HEADINGS, ROWS)
    assert heading == "id  sender   text"
    assert lines == [
        "1   Palomar  Su código es 482913",
        "2   银行     您的验证码是 482913, 请勿告诉他人",
        "3   ana      👨‍👩‍👧 ¡Feliz cumpleaños! 🎂🎂🎂 Nos vemos mañana",
    ]


@pytest.mark.parametrize("columns", range(23, 70))
def test_no_row_is_wider_than_the_terminal_and_none_is_cut_that_fits(columns: int) -> None:
    whole, cut = table_lines(HEADINGS, ROWS), table_lines(HEADINGS, ROWS, columns=columns)
    assert max(map(width_of, cut)) <= columns
    if max(map(width_of, whole)) <= columns:
        assert cut == whole
    else:
        assert "…" in cut[-1]


def test_the_widest_column_is_cut_first_and_no_character_is_halved() -> None:
    assert table_lines(HEADINGS, ROWS, columns=24) == [
        "id  sender   text",
        "1   Palomar  Su código…",
        "2   银行     您的验证码…",
        "3   ana      👨‍👩‍👧 ¡Feliz…",
    ]
    assert table_lines(("a", "b", "c"), (("1", "2", "验证码是请"),), columns=14)[1] == "1  2  验证码…"


def test_first_columns_figures_and_tables_of_two_columns_are_never_cut() -> None:
    rows = (("a-long-login@example.com", "2026-05-12 10:00:00", "+34600000001", "a long label of some message"),)
    headings = ("login", "made", "number", "label")
    assert table_lines(headings, rows, columns=40)[1] == (
        "a-long-login@example.com  2026-05-12 10:00:00  +34600000001  a lon…"
    )
    assert table_lines(("", ""), (("API key", "k" * 64),), columns=40)[1] == "API key  " + "k" * 64


def test_a_table_without_rows_is_its_headings_and_a_narrow_terminal_keeps_some_of_each_column() -> None:
    assert table_lines(HEADINGS, (), columns=10)[0].split() == list(HEADINGS)
    assert table_lines(HEADINGS, ROWS[:1], columns=1) == ["id  sender  text", "1   Palom…  Su có…"]


PROGRAM = """
from palomar.cli.root import show_table
show_table(("id", "to", "text"), [("1", "a", "x" * 200), ("2", "b", "验" * 50)])
"""


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return {**kept, "PYTHONPATH": ":".join(sys.path), "PYTHONIOENCODING": "utf-8", "TERM": "xterm"}


def test_a_command_cuts_its_table_on_a_terminal() -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 40))
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment(), stdin=theirs, stdout=theirs, check=True)
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    _, first, second = shown.decode().splitlines()
    assert first == "1   a   " + "x" * 31 + "…"
    assert second == "2   b   " + "验" * 15 + "…"


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # Linux says so at the end
        return b""


def test_a_command_writes_its_table_whole_into_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment(), capture_output=True, check=True)
    assert done.stdout.decode().splitlines() == ["id  to  text", "1   a   " + "x" * 200, "2   b   " + "验" * 50]
