"""The search index of SQLite: a file of its own, built if it is missing or belongs to another database."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.support.databases import Place

from palomar.reports.search_rows import INSERT_WORDS
from palomar.storage.database import Database, DatabaseError, ScriptSuspended, Transaction
from palomar.storage.sqlite import open_sqlite
from palomar.storage.sqlite_threads import index_file

SELECT_WORDS = "SELECT rowid FROM message_words WHERE rowid > 0 ORDER BY rowid DESC"


@pytest.fixture
async def database(sqlite_place: Place) -> AsyncIterator[Database]:
    opened = await sqlite_place.open()
    yield opened
    await opened.close()


async def put(database: Database, *ids: int) -> None:
    async def script(tx: Transaction) -> None:
        await tx.insert(INSERT_WORDS, [(identity, "'word' 'a=1'") for identity in ids])

    await database.write_index(script)


async def words(database: Database) -> list[int]:
    return [row[0] for row in await database.read_long(lambda tx: tx.select(SELECT_WORDS))]


async def test_the_search_index_is_not_in_the_database_s_file(database: Database, sqlite_place: Place) -> None:
    file = index_file(Path(sqlite_place.where))
    assert not file.exists(), "a command that does not search has no need of it"
    await put(database, 1, 2)
    assert file.exists()
    assert await words(database) == [2, 1]
    tables = await database.read(
        lambda tx: tx.select("SELECT name FROM sqlite_schema WHERE name LIKE 'message_words%'")
    )
    assert tables == []


async def test_the_search_index_is_kept_over_a_restart(sqlite_place: Place) -> None:
    first = await sqlite_place.open()
    await put(first, 1)
    await first.close()
    second = await sqlite_place.open()
    assert await words(second) == [1]
    await second.close()


async def test_a_removed_search_index_is_built_anew_and_empty(sqlite_place: Place) -> None:
    first = await sqlite_place.open()
    await put(first, 1)
    await first.close()
    index_file(Path(sqlite_place.where)).unlink()
    second = await sqlite_place.open()
    assert await words(second) == []
    assert await second.read_long(lambda tx: tx.select("SELECT to_id FROM indexed")) == [(0,)]
    await second.close()


@pytest.mark.parametrize(
    "spoil",
    ["PRAGMA user_version = 99", "UPDATE origin SET made_ms = 77"],
    ids=["of another version", "of another database"],
)
async def test_a_search_index_of_another_database_is_built_anew(sqlite_place: Place, spoil: str) -> None:
    first = await sqlite_place.open()
    await put(first, 1)
    await first.close()
    other = apsw.Connection(str(index_file(Path(sqlite_place.where))))
    other.execute(spoil)
    other.close()
    second = await sqlite_place.open()
    assert await words(second) == []
    await put(second, 5)
    await second.close()
    third = await sqlite_place.open()
    assert await words(third) == [5]
    await third.close()


async def test_two_drivers_share_one_search_index(database: Database, sqlite_place: Place) -> None:
    other = await sqlite_place.open()
    await put(database, 1)
    await put(other, 2)
    assert await words(database) == await words(other) == [2, 1]
    await other.close()


async def test_the_error_names_a_search_index_that_cannot_be_opened(sqlite_place: Place) -> None:
    file = index_file(Path(sqlite_place.where))
    file.write_text("this is no database, and long enough that SQLite looks at it" * 20)
    opened = await sqlite_place.open()
    with pytest.raises(DatabaseError, match=r"words\.db"):
        await words(opened)
    await opened.close()


async def test_a_database_that_was_never_searched_closes(tmp_path: Path) -> None:
    await open_sqlite(tmp_path / "palomar.db").close()


async def test_a_long_read_that_awaits_something_else_is_reported_by_name(database: Database) -> None:
    async def script(tx: Transaction) -> None:
        await asyncio.sleep(0)

    with pytest.raises(ScriptSuspended, match="script"):
        await database.read_long(script)
    assert await database.read_long(lambda tx: tx.select("SELECT 1")) == [(1,)]


async def test_a_long_read_returns_many_rows_of_many_columns_in_order(database: Database) -> None:
    series = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    sql = f"{series} SELECT i, 'x' || i, NULL FROM n ORDER BY i DESC"
    found = await database.read_long(lambda tx: tx.select(sql, 5_000))  # type: ignore[arg-type]  # two literals
    assert found == [(number, f"x{number}", None) for number in range(5_000, 0, -1)]
