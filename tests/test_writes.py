"""Every write of a running server is part of a batch, except those that the documentation names with their reason."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import palomar

SOURCE = Path(palomar.__path__[0])
PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
WRITES = ("write", "write_in_lane", "write_long")
COMMANDS = "cli"
"""Each command is a process of its own, and has no batcher."""


def own_writes(tree: ast.Module) -> Iterator[str]:
    """List the classes and functions that write to a database beside the batcher."""
    for owner, node in walk(tree, ""):
        if isinstance(node, ast.Attribute) and node.attr in WRITES:
            receiver = ast.unparse(node.value)
            if node.attr != "write" or receiver.rpartition(".")[2].strip("_") == "database":
                yield owner


def walk(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield every node below, with the class and the function (of a module or a class) that it is in."""
    for child in ast.iter_child_nodes(node):
        named = owner
        if isinstance(child, ast.ClassDef):
            named = child.name
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not is_inside_function(owner):
            named = f"{owner}.{child.name}".strip(".")
        yield named, child
        yield from walk(child, named)


def is_inside_function(owner: str) -> bool:
    return "." in owner or owner[:1].islower()


def documented() -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    section = re.search(r"^## Writes beside the batcher\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    lines = [line.split("|")[1] for line in section[1].splitlines() if line.startswith("| `")]
    return [name for line in lines for name in re.findall(r"`([^`]+)`", line)]


def test_the_documentation_names_all_writes_beside_the_batcher() -> None:
    found = set()
    for file in sorted(SOURCE.rglob("*.py")):
        if file.relative_to(SOURCE).parts[0] not in (COMMANDS, "storage"):
            found.update(own_writes(ast.parse(file.read_text(encoding="utf-8"))))
    found.discard("BatchLane._write_until_done")
    found.discard("BatchLane._undo_until_done")  # these two are the batcher
    names = documented()
    assert sorted(found) == sorted(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "source",
    [
        "class A:\n async def f(self):\n  await self._database.write(g)",
        "class A:\n async def f(self):\n  await self._told(self.owner.database.write_in_lane(1, g))",
        "class A:\n async def f(self):\n  async def inside():\n   await database.write(g)\n  await inside()",
        "class A:\n async def f(self):\n  later = self._database.write",
        "class A:\n async def f(self):\n  await self._store.write_long(g)",
    ],
)
def test_a_write_beside_the_batcher_is_found(source: str) -> None:
    assert set(own_writes(ast.parse(source))) == {"A.f"}


def test_a_write_of_a_batch_or_of_octets_is_not_counted() -> None:
    source = "class A:\n async def f(self):\n  await self._batcher.write(g)\n  self._transport.write(b'')"
    assert list(own_writes(ast.parse(source))) == []
