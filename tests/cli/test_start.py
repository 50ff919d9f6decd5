"""A command starts quickly because it imports what it needs, and nothing of the server."""

import subprocess
import sys

import pytest

HEAVY = (
    "asyncpg",
    "babel",
    "cryptography.x509",
    "jinja2",
    "jwt",
    "lxml",
    "palomar.app.server",
    "palomar.carriers.smpp.carrier",
    "palomar.console.app",
    "palomar.dialects.foxsys.api",
    "palomar.smpp",
    "starlette.routing",
    "uvloop",
    "wcwidth",
)

PROGRAM = """
import sys
from palomar.cli.root import root

try:
    root(["migrate"], standalone_mode=False)
    root(sys.argv[1:], prog_name="palomar")
except SystemExit as end:
    assert not end.code, end.code
print(*sorted(sys.modules), sep="\\n")
"""


@pytest.mark.parametrize("command", ["config --json", "account list", "message list --json", "price --help"])
def test_a_short_command_imports_nothing_of_the_server(command: str, tmp_path: object) -> None:
    environment = {"PALOMAR_DATA_DIR": str(tmp_path), "PYTHONPATH": ":".join(sys.path)}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *command.split()], env=environment, capture_output=True, text=True, check=True
    )
    modules = ended.stdout.splitlines()
    assert "palomar.app.config" in modules
    assert [name for name in HEAVY if name in modules] == []
