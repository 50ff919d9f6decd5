"""The shape of the source: sizes of folders and functions, imports without circles, names that stand once, docstrings
that begin with a verb."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "palomar"
MODULES_A_FOLDER = 20
LINES_A_FUNCTION = 57
NO_VERB = re.compile(
    r"(the|a|an|what|whether|how|who|whose|whom|which|where|when|why|those|these|this|that|its|it|all|each|every"
    r"|nothing|everything|somebody|one|of|in|for|from|with|by|here|there|as)\b",
    re.IGNORECASE,
)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def files() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def module_of(file: Path) -> str:
    """Return the dotted name of a file below ``src``; a package's is its folder's."""
    parts = file.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(file: Path, modules: frozenset[str]) -> Iterator[str]:
    """Yield the modules of the house that a file imports as it is imported itself."""
    for node in parsed(file).body:
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("palomar"):
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield full if full in modules else node.module


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file in files():
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file, node


def test_no_folder_has_more_modules_than_one_can_read() -> None:
    counted = Counter(file.parent.relative_to(SOURCE) for file in files())
    assert {str(folder): count for folder, count in counted.items() if count > MODULES_A_FOLDER} == {}


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = {f"{file.name}: {node.name}": (node.end_lineno or 0) - node.lineno + 1 for file, node in functions()}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_A_FUNCTION} == {}


def test_no_modules_import_each_other_in_a_circle() -> None:
    named = {module_of(file): file for file in files()}
    modules = frozenset(named)
    waiting = {name: set(imports_of(file, modules)) & modules - {name} for name, file in named.items()}
    while free := [name for name, needs in waiting.items() if not needs]:
        for name in free:
            del waiting[name]
        for needs in waiting.values():
            needs.difference_update(free)
    assert waiting == {}


def test_a_class_name_stands_once_outside_the_dialects() -> None:
    """Two dialects may each have an ``Answer``: they never meet."""
    names = Counter(
        node.name
        for file in files()
        if file.relative_to(SOURCE).parts[0] != "dialects"
        for node in parsed(file).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, count in names.items() if count > 1] == []


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    openings = []
    for file, node in functions():
        text = ast.get_docstring(node)
        if text and NO_VERB.match(text):
            openings.append(f"{file.relative_to(SOURCE)}: {node.name}")
    assert openings == []


def test_every_docstring_of_a_class_says_what_it_is() -> None:
    classes = [
        f"{file.relative_to(SOURCE)}: {node.name}"
        for file in files()
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ClassDef) and (ast.get_docstring(node) or "").startswith("See ")
    ]
    assert classes == []


def test_faces_are_kept_from_every_module_of_rows() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (faces,) = [contract for contract in contracts if contract["name"].startswith("faces see no rows")]
    rows = {module_of(file) for file in files() if file.stem.endswith("_rows")}
    assert rows == {name for name in faces["forbidden_modules"] if name.endswith("_rows")}
