"""Where a test's own database is, on either engine, and how to open it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from palomar.storage.database import Database, Transaction
from palomar.storage.migrate import all_migrations, migrate
from palomar.storage.postgres import open_postgres
from palomar.storage.sqlite import open_sqlite

Engine = Literal["sqlite", "postgres"]
ENGINES: tuple[Engine, ...] = ("sqlite", "postgres")


@dataclass(frozen=True, kw_only=True)
class Place:
    """An empty, migrated database: the file of SQLite or the URL of PostgreSQL."""

    engine: Engine
    where: str

    async def open(self) -> Database:
        """Open another driver; the caller closes it."""
        if self.engine == "sqlite":
            return open_sqlite(Path(self.where))
        return await open_postgres(self.where, session="tests")


async def migrated(place: Place) -> None:
    """Bring the place up to date."""
    database = await place.open()
    try:
        await migrate(database, engine=place.engine, now_ms=0)
    finally:
        await database.close()


async def migrate_with_old_data(
    database: Database, engine: Engine, *, number: int, store: Callable[[Transaction], Awaitable[None]]
) -> None:
    """Migrate an empty database up to a number, store rows as the version of then did, and migrate it to the end."""
    old = [migration for migration in all_migrations() if migration.number <= number]
    await migrate(database, engine=engine, now_ms=0, migrations=old)
    await database.write(store)
    await migrate(database, engine=engine, now_ms=0)
