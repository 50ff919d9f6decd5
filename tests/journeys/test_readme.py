"""The README's first minute, line by line."""

import re
import shlex

import pytest
from tests.support.processes import ROOT
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey


def test_the_lines_of_the_first_minute_do_what_the_readme_says(palomar: Palomar) -> None:
    start, *lines = [shlex.split(line) for line in first_minute()]
    assert start == ["./run"]
    with palomar.serve() as server:
        for command, *arguments in lines:
            assert command == "./run"
            palomar.command(*arguments)
        eventually(
            lambda: [message["state"] for message in palomar.json("message", "list")] == ["undelivered", "delivered"],
            within_seconds=10,
            what="both messages have ended as the README says",
        )
        assert server.stop() == 0


def first_minute() -> list[str]:
    """The lines of code below that heading."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.search(r"^## One minute\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    return [line for block in re.findall(r"```sh\n(.*?)```", section[1], re.DOTALL) for line in block.splitlines()]
