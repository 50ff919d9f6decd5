"""Migrations: numbered ``.sql`` files, applied once, in order, each in the transaction that notes its hash.

A file that was changed after it had been applied is an error, not a surprise.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import LiteralString

from palomar.storage.database import Database, DatabaseError, Transaction

_ENGINE_WORDS = {
    "sqlite": {"identity": "INTEGER", "bytes": "BLOB", "clustered": "WITHOUT ROWID", "only_postgres": "--"},
    "postgres": {"identity": "BIGINT", "bytes": "BYTEA", "clustered": "", "only_postgres": ""},
}
_HAS_TABLE: dict[str, LiteralString] = {
    "sqlite": "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'",
    "postgres": "SELECT 1 WHERE to_regclass('migrations') IS NOT NULL",
}
_LOCK = 7_016_021  # any number: names our advisory lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Return the SHA-256 of its text, in hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def all_migrations() -> list[Migration]:
    """List the migrations of this version, in order."""
    folder = files("palomar.storage") / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [
        Migration(number=int(name.split("_")[0]), name=name, sql=(folder / name).read_text(encoding="utf-8"))
        for name in names
    ]


async def migrate(database: Database, *, engine: str, now_ms: int, migrations: Sequence[Migration] = ()) -> list[str]:
    """Bring the schema up to date; return the names of the migrations that were applied.

    Raises DatabaseError if a migration that the database has is unknown here or was changed.
    """
    known_here = list(migrations) or all_migrations()

    async def script(tx: Transaction) -> list[str]:
        if engine == "postgres":
            await tx.select("SELECT pg_advisory_xact_lock(?)", _LOCK)
        await tx.execute(
            "CREATE TABLE IF NOT EXISTS migrations"
            " (number BIGINT PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL, applied_ms BIGINT NOT NULL)"
        )
        applied = {row[0]: str(row[1]) for row in await tx.select("SELECT number, digest FROM migrations")}
        _check_past(applied, known_here)
        done = []
        for migration in known_here:
            if migration.number in applied:
                continue
            for statement in _statements(migration.sql, engine):
                await tx.execute(statement)
            await tx.execute(
                "INSERT INTO migrations (number, name, digest, applied_ms) VALUES (?, ?, ?, ?)",
                migration.number,
                migration.name,
                migration.digest,
                now_ms,
            )
            done.append(migration.name)
        return done

    applied = await database.read(_applied, engine)
    _check_past(applied, known_here)
    if len(applied) == len(known_here):
        return []  # nearly always; so a command beside a busy server does not wait for the write lock
    return await database.write_long(script)


async def _applied(tx: Transaction, engine: str) -> dict[int, str]:
    """Read the digests of the migrations that were applied, by number; none if the database has no such table."""
    if not await tx.select(_HAS_TABLE[engine]):
        return {}
    return {row[0]: str(row[1]) for row in await tx.select("SELECT number, digest FROM migrations")}


def _check_past(applied: dict[int, str], known_here: Sequence[Migration]) -> None:
    known = {migration.number: migration for migration in known_here}
    for number, digest in sorted(applied.items()):
        if number not in known:
            raise DatabaseError(f"the database has migration {number}, which this version does not know: it is newer")
        if known[number].digest != digest:
            raise DatabaseError(f"migration {known[number].name} was changed after it had been applied")


def _statements(sql: str, engine: str) -> list[str]:
    for word, meaning in _ENGINE_WORDS[engine].items():
        sql = sql.replace("{" + word + "}", meaning)
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    return [statement.strip() for statement in "\n".join(lines).split(";") if statement.strip()]
