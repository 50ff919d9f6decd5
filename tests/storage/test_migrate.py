"""Migrations: each once, in order, never changed afterwards, also with two processes at the same time."""

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence

import pytest
from tests.support.databases import Place

from palomar.storage.database import Database, DatabaseError, Transaction
from palomar.storage.migrate import Migration, all_migrations, migrate

_MIGRATE = """
import asyncio, sys
from tests.support.databases import Place
from palomar.storage.migrate import migrate

async def main():
    place = Place(engine=sys.argv[1], where=sys.argv[2])
    database = await place.open()
    sys.stdin.readline()
    names = await migrate(database, engine=place.engine, now_ms=1)
    await database.close()
    print(len(names))

asyncio.run(main())
"""

SHIPPED = all_migrations()
NEXT = Migration(
    number=SHIPPED[-1].number + 1,
    name="9999_next.sql",
    sql="-- a comment; with a semicolon\nCREATE TABLE later (id BIGINT);\nCREATE INDEX later_by_id ON later (id);\n",
)


@pytest.fixture
async def empty(empty_place: Place) -> AsyncIterator[Database]:
    """Open a database with nothing in it."""
    database = await empty_place.open()
    yield database
    await database.close()


def engine_of(database: Database) -> str:
    return "sqlite" if database.lanes == 1 else "postgres"


async def apply(database: Database, migrations: Sequence[Migration]) -> list[str]:
    return await migrate(database, engine=engine_of(database), now_ms=7, migrations=migrations)


async def tables(database: Database) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_schema WHERE type = 'table'"
        if engine_of(database) == "sqlite"
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )

    async def script(tx: Transaction) -> set[str]:
        return {str(row[0]) for row in await tx.select(sql)}  # type: ignore[arg-type]  # one of two literals

    return await database.read(script)


async def test_an_empty_database_gets_all_migrations_once(empty: Database) -> None:
    assert await apply(empty, SHIPPED) == [migration.name for migration in SHIPPED]
    assert {"accounts", "ledger", "messages", "parts", "queue", "callbacks"} <= await tables(empty)
    assert await apply(empty, SHIPPED) == []


async def test_a_later_version_applies_only_what_is_new(empty: Database) -> None:
    await apply(empty, SHIPPED)
    assert await apply(empty, [*SHIPPED, NEXT]) == [NEXT.name]
    assert "later" in await tables(empty)


async def test_a_file_changed_after_it_was_applied_is_refused_by_name(empty: Database) -> None:
    await apply(empty, SHIPPED)
    changed = dataclasses.replace(SHIPPED[0], sql=SHIPPED[0].sql + "CREATE TABLE sly (id BIGINT);")
    with pytest.raises(DatabaseError, match=r"0001_first\.sql was changed"):
        await apply(empty, [changed, *SHIPPED[1:], NEXT])
    assert not {"sly", "later"} & await tables(empty)


async def test_a_database_of_a_newer_version_is_refused(empty: Database) -> None:
    await apply(empty, [*SHIPPED, NEXT])
    with pytest.raises(DatabaseError, match="newer"):
        await apply(empty, SHIPPED)


async def test_a_migration_that_fails_changes_nothing(empty: Database) -> None:
    await apply(empty, SHIPPED)
    broken = dataclasses.replace(NEXT, sql="CREATE TABLE half (id BIGINT); CREATE TABLE half (id BIGINT);")
    with pytest.raises(DatabaseError, match="half"):
        await apply(empty, [*SHIPPED, broken])
    assert "half" not in await tables(empty)
    assert await apply(empty, [*SHIPPED, NEXT]) == [NEXT.name]


async def test_two_processes_that_start_together_apply_all_migrations_once(empty_place: Place) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MIGRATE, empty_place.engine, empty_place.where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": ":".join(sys.path)},
            text=True,
        )
        for _ in range(2)
    ]
    ended = await asyncio.gather(*(asyncio.to_thread(process.communicate, "\n", 60) for process in processes))
    assert sorted(out.strip() for out, _ in ended) == ["0", str(len(SHIPPED))], ended


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [migration.number for migration in SHIPPED] == list(range(1, len(SHIPPED) + 1))
    assert all(migration.name.startswith(f"{migration.number:04}_") for migration in SHIPPED)


def test_no_key_of_whole_numbers_costs_sqlite_a_second_index() -> None:
    for migration in SHIPPED:
        assert "BIGINT PRIMARY KEY" not in migration.sql, f"{migration.name}: spell it {{identity}}"
