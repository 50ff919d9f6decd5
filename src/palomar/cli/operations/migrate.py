"""``palomar migrate``: bring the database's schema up to date without starting a server."""

import asyncio

import click

from palomar.app.data_directory import opened_database
from palomar.cli.root import configured, fail, json_option, show_json
from palomar.storage.database import DatabaseError


@click.command()
@json_option
def migrate(as_json: bool) -> None:
    """Bring the database's schema up to date (serve does it too)."""
    config = configured()

    async def work() -> list[str]:
        async with opened_database(config) as database:
            return [
                row[0]
                for row in await database.read(lambda tx: tx.select("SELECT name FROM migrations ORDER BY number"))
            ]

    try:
        names = asyncio.run(work())
    except DatabaseError as error:
        fail(str(error))
    if as_json:
        show_json(names)
    else:
        click.echo(f"The database is up to date: {', '.join(names)}")
