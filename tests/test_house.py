"""The documentation and the code say the same: each setting, refusal, event, state, command and path has its row, and
each row has its setting, refusal, event, state, command or path. Code blocks load, parse or compile."""

import ast
import dataclasses
import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import click
import pytest

from palomar.app import front
from palomar.app.config import ENVIRONMENT, SECTIONS, CarrierConfig, load
from palomar.carriers.simulator.chaos import script as chaos_script
from palomar.carriers.simulator.delivery_plan import table as magic_numbers
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.cli import root
from palomar.cli.trial.first_start import DEMO_NUMBER
from palomar.dialects import ACCOUNT_SETTINGS, DIALECTS
from palomar.dialects.foxsys.callbacks import desc_of
from palomar.dialects.foxsys.errors import problem_of
from palomar.net.recording import KEPT_OCTETS
from palomar.sandbox.api_calls import CALLS_PER_ACCOUNT
from palomar.sandbox.change_feed import SUBSCRIBERS_AT_MOST, SUBSCRIBERS_PER_PERSON
from palomar.sandbox.received_callbacks import CALLBACKS_PER_ACCOUNT
from palomar.smpp.tlvs import TLV_DEFINITIONS
from palomar.vocabulary.access import RIGHTS, Right, Role
from palomar.vocabulary.events import Event
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal
from palomar.vocabulary.timeline import MomentKind

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
RECIPE_LINES, RECIPE_WIDTH = 40, 130
CLAUSE_CELLS = 7
NONE = "(needed)"

Row = tuple[str, ...]


def rows(page: str, section: str) -> list[Row]:
    """The cells of the tables below a heading, up to the next heading of any level; back-ticks are taken off."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(section)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"{page} has no section {section!r}"
    lines = [line for line in found[1].splitlines() if line.startswith("| ")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]
    plain = [tuple(cell.strip().replace("\\|", "|").strip("`") for cell in row) for row in cells]
    return [
        row for row, below in zip(plain, [*plain[1:], ("",)], strict=True) if not is_rule(row) and not is_rule(below)
    ]


def is_rule(row: Row) -> bool:
    """The line of dashes below a table's head."""
    return set(row[0]) == {"-"}


def firsts(page: str, section: str) -> list[str]:
    return [row[0] for row in rows(page, section)]


def default_text(field: "dataclasses.Field[object]") -> str:
    """A default as TOML writes it; empty where there is none."""
    value = field.default
    if value is dataclasses.MISSING:
        return NONE
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    return str(list(value)) if isinstance(value, tuple) else str(value)


def settings_of(prefix: str, kind: type, *, but: Iterable[str] = ()) -> list[Row]:
    fields = dataclasses.fields(kind)
    return [(f"{prefix}.{field.name}", default_text(field)) for field in fields if field.name not in but]


SETTINGS = [
    ("HTTP", settings_of("http", SECTIONS["http"])),
    ("Database", settings_of("database", SECTIONS["database"])),
    ("Callbacks", settings_of("callbacks", SECTIONS["callbacks"])),
    ("Routing", settings_of("routing", SECTIONS["routing"])),
    ("Sending", settings_of("sending", SECTIONS["sending"])),
    ("Console", settings_of("console", SECTIONS["console"])),
    ("Carriers of kind smpp", settings_of("carriers.NAME", SmppCarrierSettings, but=["name"])),
    ("Carriers of kind simulator", settings_of("carriers.NAME", SimulatorSettings)),
]


@pytest.mark.parametrize(("section", "settings"), SETTINGS, ids=[section for section, _ in SETTINGS])
def test_every_setting_of_the_file_has_its_row_with_its_default(section: str, settings: list[Row]) -> None:
    assert [row[:2] for row in rows("configuration.md", section)] == settings


def test_every_section_of_the_file_is_documented() -> None:
    known = {"http", "database", "callbacks", "routing", "sending", "console"}
    assert set(SECTIONS) == known, "a new section needs its place in SETTINGS"
    assert firsts("configuration.md", "The file itself") == ["data_dir"]


def test_every_kind_of_carrier_is_documented() -> None:
    sections = {section for section, _ in SETTINGS}
    assert {f"Carriers of kind {kind.kind}" for kind in get_args(CarrierConfig)} <= sections, "SETTINGS lacks a kind"


def test_every_setting_of_a_dialect_has_its_row_with_its_default() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `(dialects\.\S+)` \| (.*?) \| ", text.replace(r"\|", "¦"), re.MULTILINE)
    wanted = [row for dialect in DIALECTS for row in settings_of(f"dialects.{dialect.name}", dialect.settings)]
    assert sorted((name, default.strip("`").replace("¦", "|")) for name, default in documented) == sorted(wanted)


def test_every_setting_of_an_account_has_its_row_with_its_default() -> None:
    documented = [row[:2] for row in rows("configuration.md", "An account")]
    assert documented == [(name, default) for name, default, _ in ACCOUNT_SETTINGS.rows()]


MAY_NAME_A_VENDOR = ("app/config.py", "app/listeners.py")
"""Outside the dialects, the console and the commands: a setting, a variable and a port are called after a vendor."""
_VENDOR = re.compile("|".join({name for one in DIALECTS for name in (one.name, one.title.split()[0])}), re.IGNORECASE)


def test_the_core_names_no_vendor() -> None:
    source = ROOT / "src/palomar"
    rooms = {"dialects", "console", "cli"}
    core = [path for path in source.rglob("*.py") if path.relative_to(source).parts[0] not in rooms]
    core += source.rglob("*.sql")
    named = {str(path.relative_to(source)) for path in core if _VENDOR.search(path.read_text(encoding="utf-8"))}
    assert named == set(MAY_NAME_A_VENDOR)


def test_every_variable_of_the_environment_has_its_row() -> None:
    assert rows("configuration.md", "Environment") == [tuple(entry) for entry in ENVIRONMENT]


def test_every_refusal_has_its_row_with_foxsys_code() -> None:
    documented = [(row[0], row[2]) for row in rows("refusals.md", "Refusals")]
    assert documented == [(refusal.value, problem_of(refusal).code.value) for refusal in Refusal]


def test_every_event_has_its_row() -> None:
    assert firsts("callbacks.md", "Callbacks") == [event.__name__ for event in get_args(Event)]


def test_every_word_that_foxsys_says_of_a_failure_has_its_row() -> None:
    documented = rows("callbacks.md", "FOXSYS's delivery callback")
    assert set(documented) == {(desc, state.value) for state in State if (desc := desc_of(state)) is not None}


def test_every_state_and_every_moment_has_its_row() -> None:
    assert firsts("cli.md", "States") == [state.value for state in State]
    assert firsts("cli.md", "The timeline") == [kind.value for kind in MomentKind]


def test_every_magic_number_has_its_row() -> None:
    assert rows("operations.md", "The simulator") == magic_numbers()


def test_every_item_of_a_chaos_script_has_its_row() -> None:
    assert rows("operations.md", "Chaos") == chaos_script.table()


def test_every_role_has_its_row_with_what_it_may() -> None:
    columns = (
        {Right.VIEW},
        {Right.EXPORT},
        {Right.REPLAY},
        {Right.RESEND},
        {Right.USE_SANDBOX},
        {Right.MAKE_KEYS, Right.MANAGE_USERS},
    )
    assert set().union(*columns) == set(Right)
    assert [row[:-1] for row in rows("console.md", "Who may what")] == [
        (role.value, *("yes" if rights <= RIGHTS[role] else "no" for rights in columns)) for role in Role
    ]


def test_the_bounds_of_the_sandbox_are_those_in_the_docs() -> None:
    text = " ".join((DOCS / "console.md").read_text(encoding="utf-8").split())
    for said in (
        f"At most {CALLS_PER_ACCOUNT} an account, of each body the first {KEPT_OCTETS // 1024} KiB",
        f"a person has at most {SUBSCRIBERS_PER_PERSON}, a server {SUBSCRIBERS_AT_MOST}",
        f"The page shows the last {CALLBACKS_PER_ACCOUNT} of them",
        f"the first account has {DEMO_NUMBER}",
    ):
        assert said in text


def test_every_path_has_its_row() -> None:
    fixed = ["/health/live", "/health/ready", front.CONSOLE, front.SANDBOX_CALLBACK]
    prefixes = [f"/{prefix}" for dialect in DIALECTS for prefix in dialect.prefixes]
    at_root = ["/" for dialect in DIALECTS if dialect.root_parameters]
    there, wanted = set(firsts("operations.md", "What answers")), {*fixed, *prefixes, *at_root}
    assert not wanted - there, f"docs/operations.md, What answers, has no row for {sorted(wanted - there)}"
    assert not there - wanted, f"docs/operations.md, What answers, has rows for what is no path: {there - wanted}"


def test_every_dialect_has_its_page() -> None:
    there, wanted = {page.stem for page in (DOCS / "dialects").glob("*.md")}, {dialect.name for dialect in DIALECTS}
    assert not wanted - there, f"there is no docs/dialects/NAME.md for {wanted - there}"
    assert there == wanted


def commands(group: click.Group, path: Row = ()) -> Iterator[tuple[Row, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield (*path, name), command


def test_every_command_has_its_row_with_its_arguments_and_options() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z][^`]*)` \| .*? \| (.*?) *\|$", text, re.MULTILINE)
    wanted = set()
    for path, command in commands(root):
        context = click.Context(command)
        arguments = [entry.make_metavar(context) for entry in command.params if isinstance(entry, click.Argument)]
        options = [max(entry.opts, key=len) for entry in command.params if isinstance(entry, click.Option)]
        wanted.add((" ".join((*path, *arguments)), " ".join(f"`{option}`" for option in options)))
    assert {"missing": wanted - set(documented), "too many": set(documented) - wanted} == {
        "missing": set(),
        "too many": set(),
    }


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of each block of code in that language."""
    found = []
    for page in PAGES:
        for text in re.findall(
            rf"^```{language}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ):
            found.append((str(page.relative_to(ROOT)), text))
    return found


def test_every_configuration_in_the_docs_is_one(tmp_path: Path) -> None:
    examples = blocks("toml")
    assert examples
    for page, text in examples:
        assert tomllib.loads(text), page
        (tmp_path / "palomar.toml").write_text(text, encoding="utf-8")
        load({}, here=tmp_path)


def test_every_command_in_the_docs_is_understood() -> None:
    lines = [(page, line) for page, text in blocks("sh") for line in text.splitlines() if line.startswith("./run ")]
    assert len(lines) > 10
    for page, line in lines:
        words = shlex.split(line, comments=True)[1:]
        command: click.Command = root
        while isinstance(command, click.Group):
            if command.invoke_without_command and (not words or words[0].startswith("-")):
                break
            assert words, f"{page}: {line}"
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, f"{page}: {line}"
            command = found
        command.make_context(line, words)


def test_every_setting_of_an_account_that_the_docs_set_exists() -> None:
    lines = [line for _, text in blocks("sh") for line in text.splitlines() if line.startswith("./run account set ")]
    given = {word.partition("=")[0] for line in lines for word in shlex.split(line, comments=True)[4:]}
    assert len(given) > 10
    assert given - {name for name, _, _ in ACCOUNT_SETTINGS.rows()} == {"enabled"}


def test_every_program_in_the_docs_compiles() -> None:
    for page, text in blocks("python"):
        compile(text, page, "exec")


def test_every_link_in_the_docs_leads_somewhere() -> None:
    broken = []
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


SPANISH = sorted([ROOT / "README.es.md", *(DOCS / "es").glob("*.md")])


@pytest.mark.parametrize("page", SPANISH, ids=[page.stem for page in SPANISH])
def test_a_spanish_page_names_what_it_mirrors_and_says_no_name_that_the_english_pages_lack(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    head = " ".join(text.split("\n\n", 2)[1:])
    english = " ".join(other.read_text(encoding="utf-8") for other in PAGES if other not in SPANISH)
    if page.parent == DOCS / "es":
        assert re.search(r"en inglés \[[^\]]+\]\(\.\./", head), "it names the English page that it mirrors"
        assert f"docs/es/{page.name}" in (ROOT / "README.es.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([a-z]\w*(?:[_.]\w+)+)`", text))
    assert {name for name in names if name not in english} == set()


@pytest.mark.parametrize("page", ["README.md", "README.es.md", "CONTRIBUTING.md", "SECURITY.md", "docs/promises.md"])
def test_every_file_that_a_page_tells_to_run_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"(?<=[ `])(?:tests|bench)/[\w/]+(?:\.py)?", text)
    assert named
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_file_and_test_that_a_clause_of_smpp_names_exists() -> None:
    clauses = [row for row in sections_of("smpp.md") if len(row) == CLAUSE_CELLS and row[0] != "clause"]
    assert len(clauses) > 100
    missing = []
    for row in clauses:
        files, tests = named_in(row[-2]), named_in(row[-1])
        assert files, row
        assert tests, row
        missing += [name for name in files if not (ROOT / "src/palomar" / name).is_file()]
        for name in tests:
            file, _, function = name.partition("::")
            path = ROOT / "tests" / file
            if not path.is_file() or (function and f"def {function}(" not in path.read_text(encoding="utf-8")):
                missing.append(name)
    assert missing == []


def test_every_optional_parameter_has_its_clause() -> None:
    subjects = {row[1] for row in sections_of("smpp.md") if row[0].startswith("5.3.2.")}
    assert subjects == {"destination_port" if d.name == "dest_port" else d.name for d in TLV_DEFINITIONS.values()}


def sections_of(page: str) -> list[Row]:
    """The cells of every table of a page, the rules left out."""
    lines = [line for line in (DOCS / page).read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("| ").split(" | ")) for line in lines]
    return [row for row in cells if not is_rule(row)]


def named_in(cell: str) -> list[str]:
    """What stands between back-ticks."""
    return re.findall("`([^`]+)`", cell)


def test_decisions_are_numbered_from_one_each_number_once() -> None:
    numbers = sorted(int(page.name[:4]) for page in (DOCS / "decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_recipes_are_short() -> None:
    pages = {page.name: page.read_text(encoding="utf-8").splitlines() for page in (DOCS / "recipes").glob("*.md")}
    assert {name for name, lines in pages.items() if len(lines) > RECIPE_LINES} == set()
    assert {name for name, lines in pages.items() if max(map(len, lines)) > RECIPE_WIDTH} == set()


def test_the_imports_that_the_architecture_draws_are_those_that_are_checked() -> None:
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    drawn = " -> ".join(f"{{ {layer} }}" if "|" in layer else layer for layer in layers)
    assert drawn in " ".join((DOCS / "architecture.md").read_text(encoding="utf-8").split())


def test_the_signature_in_the_docs_is_what_the_program_in_the_docs_accepts() -> None:
    text = (DOCS / "callbacks.md").read_text(encoding="utf-8")
    query = re.search(r"^GET \S+?\?(\S+)$", text, re.MULTILINE)
    header = re.search(r"^Palomar-Signature: (\S+)$", text, re.MULTILINE)
    assert query is not None
    assert header is not None
    names: dict[str, object] = {}
    ((_, program),) = [block for block in blocks("python") if block[0] == "docs/callbacks.md"]
    exec(compile(program, "callbacks.md", "exec"), names)  # noqa: S102  # our own page
    is_ours = names["is_ours"]
    assert callable(is_ours)
    assert is_ours(b"secret", header[1], query[1].encode())
    assert not is_ours(b"secrets", header[1], query[1].encode())


MAY_IMPORT = (
    "acceptance.accept",
    "acceptance.compose",
    "access.admission",
    "access.password_rule",
    "accounts.account_commands",
    "accounts.blocks",
    "accounts.settings",
    "accounts.store",
    "apidocs",
    "billing.prices",
    "callbacks.account_callbacks",
    "gateway",
    "net",
    "numbers",
    "ports",
    "short_links.shorten",
    "text",
    "transaction.idempotency",
    "vocabulary",
)
"""What a dialect may import of the house beside its own modules: a module, or a package with all that is in it."""


def imported(file: Path) -> Iterator[str]:
    """Yield what a file imports of the house, below ``palomar``."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name.name}" for name in node.names]
        yield from (name.removeprefix("palomar.") for name in names if name.startswith("palomar."))


def test_a_dialect_imports_only_what_a_dialect_may() -> None:
    others = {
        f"{file.parent.name}/{file.name}: {name}"
        for file in (ROOT / "src/palomar/dialects").glob("*/*.py")
        for name in imported(file)
        if not any(f"{name}.".startswith(f"{one}.") for one in (*MAY_IMPORT, f"dialects.{file.parent.name}"))
        and name not in ("dialects.Dialect", "dialects.NoSettings")
    }
    assert others == set()


def test_every_table_has_its_row_and_its_statements_stand_where_the_row_says() -> None:
    made: set[str] = set()
    for file in sorted((ROOT / "src/palomar/storage/migrations").glob("*.sql")):
        sql = file.read_text(encoding="utf-8")
        made.update(re.findall(r"CREATE TABLE (\w+)", sql))
        for old, new in re.findall(r"ALTER TABLE (\w+) RENAME TO (\w+)", sql):
            made.remove(old)
            made.add(new)
        made.difference_update(re.findall(r"DROP TABLE (\w+)", sql))
    documented = rows("tables.md", "Tables")
    assert [row[0] for row in documented] == sorted(made)
    for table, _, module in documented:
        assert re.search(rf"\b{table}\b", (ROOT / "src/palomar" / module).read_text(encoding="utf-8")), (table, module)
