"""The first lines of both READMEs, run as they are written."""

import re
import shlex

import pytest
from tests.support.processes import ROOT
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

FIRST_MINUTES = [("README.md", "The first five minutes"), ("README.es.md", "Los primeros cinco minutos")]


@pytest.mark.parametrize(("page", "heading"), FIRST_MINUTES)
def test_the_first_lines_do_what_the_page_says(palomar: Palomar, page: str, heading: str) -> None:
    start, *lines = [shlex.split(line) for line in first_lines(page, heading)]
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


def first_lines(page: str, heading: str) -> list[str]:
    """Return the lines of the shell blocks below a heading of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    return [line for block in re.findall(r"```sh\n(.*?)```", section[1], re.DOTALL) for line in block.splitlines()]
