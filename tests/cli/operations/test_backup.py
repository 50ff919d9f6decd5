"""``palomar backup``: the copy is a whole database, for its owner alone."""

from pathlib import Path

from tests.support.server import Palomar


def test_a_server_can_run_on_the_copy(acme: Palomar, tmp_path: Path) -> None:
    copy = tmp_path / "copy" / "palomar.db"
    copy.parent.mkdir()
    assert "octets" in acme.command("backup", str(copy)).stdout
    assert copy.stat().st_mode & 0o077 == 0
    restored = Palomar(copy.parent)
    restored.data_dir.mkdir(exist_ok=True)
    copy.rename(restored.data_dir / "palomar.db")
    assert [account["login"] for account in restored.json("account", "list")] == ["acme"]


def test_an_existing_file_is_not_overwritten_and_a_missing_database_is_not_copied(
    palomar: Palomar, acme: Palomar, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    assert "exists already" in acme.command("backup", str(there), code=1).stderr
    assert there.read_text() == "mine"
    assert "there is no database" in Palomar(tmp_path / "empty").command("backup", str(tmp_path / "x"), code=1).stderr


def test_for_postgresql_the_command_points_to_pg_dump(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, PALOMAR_DATABASE_URL="postgresql://nobody@127.0.0.1:9/x")
    assert "pg_dump" in palomar.command("backup", str(tmp_path / "x"), code=1).stderr
