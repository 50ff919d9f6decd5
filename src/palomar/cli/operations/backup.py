"""``palomar backup``: one consistent file of a SQLite database, also beside a running server."""

import sys
from pathlib import Path

import click

from palomar.app.data_directory import SQLITE_FILE
from palomar.cli.root import configured, fail
from palomar.storage.database import DatabaseError
from palomar.storage.sqlite_copy import copy_to

_STEPS = 100


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Copy the SQLite database to FILE, which must not exist (of PostgreSQL, use pg_dump)."""
    config = configured()
    if config.database.url:
        fail("the database is a PostgreSQL: pg_dump makes a copy of it")
    try:
        with click.progressbar(length=_STEPS, label="Copying", file=sys.stderr) as bar:
            octets = copy_to(
                config.data_dir / SQLITE_FILE, file, progress=lambda share: bar.update(round(share * _STEPS) - bar.pos)
            )
    except DatabaseError as error:
        fail(str(error))
    file.chmod(0o600)
    click.echo(f"{file} has {octets:,} octets, for your eyes alone: it holds texts and numbers.")
