"""The commands of the Spanish guides, run as they are written, in the order in which somebody reads the guides."""

import re
import shlex
from pathlib import Path

import pytest
from tests.support.processes import ROOT
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

GUIDES = ROOT / "docs/es"
CARRIERS = "\n".join(f'[carriers.{name}]\nkind = "simulator"' for name in ("main", "cheap", "backup"))
SERVERS = ("./run", "./run simulator --port")
"""Lines that start a server, which does not end by itself."""
NEEDS_A_BLOCK = "./run block lift"


def guides() -> list[Path]:
    """Return the guides in the order of the list in the Spanish README."""
    readme = (ROOT / "README.es.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[.*\]\(docs/es/(\S+\.md)\)$", readme, re.MULTILINE)
    assert set(listed) == {page.name for page in GUIDES.glob("*.md")}
    return [GUIDES / name for name in listed]


def lines_of(guide: Path) -> list[str]:
    """Return the commands of a guide that end by themselves."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line != SERVERS[0] and not line.startswith(SERVERS[1])]


def test_every_command_of_the_guides_does_what_is_written(palomar: Palomar) -> None:
    palomar.configure(CARRIERS)
    made = set()
    count = 0
    with palomar.serve() as server:
        for guide in guides():
            for line in lines_of(guide):
                command, *words = shlex.split(line)
                assert command == "./run", line
                if tuple(words[:3]) in made:
                    continue
                if words[1:2] == ["add"]:
                    made.add(tuple(words[:3]))
                count += 1
                words = [newest(palomar) if word == "ID" else word for word in words]
                done = palomar.command(*words, code=1 if line.startswith(NEEDS_A_BLOCK) else 0)
                assert not line.startswith(NEEDS_A_BLOCK) or "is not blocked" in done.stderr
        assert server.stop() == 0
    assert count > 60
    palomar.audit()


def newest(palomar: Palomar) -> str:
    """Return the id of the newest message."""
    return str(eventually(lambda: palomar.json("message", "list"), within_seconds=10, what="a message")[0]["id"])
