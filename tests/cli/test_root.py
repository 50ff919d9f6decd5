"""All commands: their help, and what they say of a data directory or database that cannot be used."""

import os
from pathlib import Path

from tests.support.server import Palomar


def test_an_unreachable_database_is_reported_in_one_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}&port=1"
    palomar = Palomar(tmp_path, PALOMAR_DATABASE_URL=url)
    refused = palomar.command("message", "list", code=1)
    assert refused.stderr.startswith("palomar: ")
    assert "Traceback" not in refused.stderr
    assert "fault" in palomar.command("doctor", code=1).stdout
    assert not palomar.data_dir.exists(), "whoever only looks makes no directory, wherever the database is"


def test_an_impossible_data_directory_is_reported_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    palomar = Palomar(tmp_path, PALOMAR_DATA_DIR=str(tmp_path / "taken"))
    for command in ("serve", "migrate"):
        refused = palomar.command(command, code=1)
        assert refused.stderr == f"palomar: the data directory {tmp_path / 'taken'} cannot be made: File exists\n"


def test_every_command_explains_itself(palomar: Palomar) -> None:
    assert "serve" in palomar.command("--help").stdout
    assert "doctor" in palomar.command("-h").stdout
    assert palomar.command("--version").stdout.startswith("palomar, version ")
    assert "No such command" in palomar.command("frobnicate", code=2).stderr


def test_files_of_the_data_directory_are_readable_for_their_owner_only(acme: Palomar) -> None:
    others = [file.name for file in acme.data_dir.iterdir() if os.stat(file).st_mode & 0o077]
    assert others == [] or os.stat(acme.data_dir).st_mode & 0o077 == 0
