"""What stands between back-ticks in the documentation and looks like a name or a file of the house is one.

A name is known by its form (``module.name``, ``Class.method``, ``folder/file.py``), never by the folders that there
are: a name of what has been moved or renamed fails. What has that form and is something else is listed below.
"""

import ast
import builtins
import enum
import importlib
import pkgutil
import re
import sys
import typing
from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

import palomar
from palomar.app.config import SECTIONS
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.dialects import DIALECTS

ROOT = Path(__file__).parents[1]
SOURCE = Path(palomar.__path__[0])
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PLACES = (ROOT, SOURCE.parent, SOURCE, ROOT / "tests", ROOT / "docs")
CODE = (".py", ".css", ".html", ".sql", ".md", ".js", ".po")
DATA = (
    ".toml",
    ".json",
    ".csv",
    ".lock",
    ".db",
    ".service",
    ".conf",
    ".local",
    ".php",
    ".png",
    ".ico",
    ".txt",
    ".http",
)

OBJECTS = {
    "work": "Work",
    "gateway": "Gateway",
    "account": "Account",
    "sink": "CarrierSink",
    "context": "CommandContext SignedInContext",
    "world": "World",
    "database": "Database",
}
"""Names in the documentation for objects, each with the class, or classes, that they may be of."""

NO_NAMES = frozenset({"shop.example", "http.disconnect"})
"""A host, and an event of ASGI."""
NO_PATHS = frozenset({"go.es/aB3xY9z.", "multipart/form-data", "application/json", "var/demo.json"})
"""A link, types of contents, and a file that the first start makes."""


def spans(text: str) -> list[str]:
    """What stands between back-ticks, outside of blocks of code."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall("`([^`]+)`", prose)]


def names(span: str) -> Iterator[str]:
    """The dotted name that a span is, if it is one; a call's arguments are left out."""
    found = re.fullmatch(r"(?:await )?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?:\(.*\))?", span)
    if found is not None and not found[1].endswith(CODE + DATA):
        yield found[1]


def paths(span: str) -> Iterator[str]:
    """The words of a span that are paths of ours, and bare names of files of code."""
    for word in span.split():
        is_path = re.fullmatch(r"(?:\./)?[a-z_.][\w.-]*(?:/[\w.<>*\[\]{} -]+)+/?(?:::\w+)?", word)
        is_file = re.fullmatch(r"[\w-]+(?:\.\w+)*", word) and word.endswith(CODE)
        if is_path or is_file:
            yield word


def mentioned(kind: str) -> list[tuple[str, str]]:
    found = names if kind == "names" else paths
    return sorted(
        {
            (str(page.relative_to(ROOT)), word)
            for page in PAGES
            for span in spans(page.read_text(encoding="utf-8"))
            for word in found(span)
        }
    )


@cache
def modules() -> list[str]:
    return ["palomar", *(info.name for info in pkgutil.walk_packages(palomar.__path__, "palomar."))]


@cache
def classes() -> dict[str, set[str]]:
    """The names that each class has: methods, fields, what its methods set, and what it inherits."""
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    for file in (*SOURCE.rglob("*.py"), *(ROOT / "tests" / "support").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                own.setdefault(node.name, set()).update(attributes(node))
                bases.setdefault(node.name, set()).update(re.findall(r"\w+", " ".join(map(ast.unparse, node.bases))))
    return {name: has.union(*(own.get(base, set()) for base in bases[name])) for name, has in own.items()}


def attributes(node: ast.ClassDef) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            yield inner.name
        elif isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
            yield inner.target.id
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id
        elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store) and is_self(inner.value):
            yield inner.attr


def is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


@cache
def settings() -> frozenset[str]:
    """The keys of the file."""
    kinds = {section: [kind] for section, kind in SECTIONS.items()}
    kinds["carriers.NAME"] = [SmppCarrierSettings, SimulatorSettings]
    kinds |= {f"dialects.{dialect.name}": [dialect.settings] for dialect in DIALECTS}
    return frozenset(
        f"{section}.{field.name}" for section, found in kinds.items() for kind in found for field in fields(kind)
    ) | {"carriers.NAME.kind"}


def exists(name: str) -> bool:
    """Tell whether a dotted name is a setting, something of a class, a module, or something that one defines."""
    name = name.removeprefix("palomar.")
    head, word, *_ = [*name.split("."), ""]
    return (
        name in settings() | NO_NAMES
        or any(setting.startswith(f"{name}.") for setting in settings())
        or any(word in classes().get(kind, ()) for kind in OBJECTS.get(head, head).split())
        or is_in_a_module(name)
        or is_of_a_library(name)
    )


def is_in_a_module(name: str) -> bool:
    """Tell whether some module's path ends with the first words, and the rest is in it."""
    words = name.split(".")
    for count in range(len(words), 0, -1):
        path = "." + ".".join(words[:count])
        for module in modules():
            if module.endswith(path) and is_at_home(module, words[count:]):
                return True
    return False


def is_at_home(module: str, words: list[str]) -> bool:
    """Tell whether a name is defined in a module, not only imported there."""
    found = importlib.import_module(module)
    return not words or (words[0] in defined(str(found.__file__)) and has(found, words))


@cache
def defined(file: str) -> set[str]:
    tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return named | {getattr(node, "name", "") for node in tree.body}


def is_of_a_library(name: str) -> bool:
    head, *rest = name.split(".")
    is_there = head in sys.stdlib_module_names or head in ("msgspec", "babel", "lxml")
    return is_there and has(importlib.import_module(head), rest)


def has(thing: object, words: list[str]) -> bool:
    for word in words:
        if not hasattr(thing, word):
            return word in getattr(thing, "__annotations__", {})
        thing = getattr(thing, word)
    return True


@cache
def files() -> frozenset[str]:
    """The names of all files of the repository that are code."""
    folders = ("src", "tests", "docs", "tools", "bench")
    found = {file.name for folder in folders for file in (ROOT / folder).rglob("*")}
    return frozenset(found | {file.name for file in ROOT.iterdir()})


def is_there(path: str) -> bool:
    """Tell whether a file or folder is there, with the test or the name in it that the path says."""
    path, _, test = path.removeprefix("./").partition("::")
    if path in NO_PATHS:
        return True
    if "/" not in path:
        return path in files()
    certain = re.split(r"/[^/]*[<*{\[]", path)[0].rstrip("/")
    for place in PLACES:
        file = place / certain
        if file.is_dir() or (file.is_file() and (not test or re.search(rf"(def|class) {test}\b", file.read_text()))):
            return True
    return is_in_a_module(path.replace("/", "."))


def test_every_dotted_name_exists() -> None:
    found = mentioned("names")
    assert len(found) > 30
    assert [f"{page}: {name}" for page, name in found if not exists(name)] == []


GUIDES = [*sorted((ROOT / "docs" / "recipes").glob("*.md")), ROOT / "docs" / "architecture.md"]
OTHER_WORDS = frozenset(
    {"Accept-Language", "BIGINT", "COMMIT", "LIMIT", "SPACE", "WITHOUT", "ROWID", "FOR", "UPDATE", "SKIP", "LOCKED"}
)
"""Words of HTTP and of SQL."""


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_every_class_and_table_that_a_recipe_or_the_architecture_names_exists(guide: Path) -> None:
    """Names without a dot, as ``PageReply`` and ``HEADINGS``: of a class, of a constant, or of Python itself."""
    text = guide.read_text(encoding="utf-8")
    named = {word for span in spans(text) for word in re.findall(r"(?<![\w./\"'{-])[A-Z][\w-]+(?![\w.]*\")", span)}
    known = classes().keys() | constants() | set(dir(builtins)) | set(dir(typing)) | set(dir(enum))
    assert sorted(named - known - OTHER_WORDS) == []


@cache
def constants() -> frozenset[str]:
    """The names in capitals, and the types, that modules of the code and its tests assign."""
    folders = (SOURCE, ROOT / "tests", ROOT / "tools")
    return frozenset(name for folder in folders for file in folder.rglob("*.py") for name in defined(str(file)))


def test_every_file_exists() -> None:
    found = mentioned("paths")
    assert len(found) > 200
    assert [f"{page}: {path}" for page, path in found if not is_there(path)] == []


@pytest.mark.parametrize(
    "name",
    [
        "flow.accept.accept",
        "palomar.house.House",
        "Server._carrier_of_the_day",
        "work.leave_no_queue",
        "accept.Request",
        "carriers.NAME.colour",
        "http.nothing",
        "os.nothing",
        "nobody.knows",
    ],
)
def test_a_name_that_is_nowhere_is_found(name: str) -> None:
    assert list(names(f"{name}")) == list(names(f"await {name}(tx, a.b)")) == [name]
    assert not exists(name)


@pytest.mark.parametrize(
    "path", ["flow/accept.py", "nothing.py", "tests/test_docs.py::test_nothing", "./src/nothing/<vendor>/api.py"]
)
def test_a_file_that_is_nowhere_is_found(path: str) -> None:
    assert path in paths(f"./test {path} -k word")
    assert not is_there(path)


@pytest.mark.parametrize(
    "name", ["palomar.app.server.Server.running", "server.Server", "Server.running", "msgspec.Struct", "http.port"]
)
def test_a_name_is_known_by_its_last_words(name: str) -> None:
    assert exists(name)
