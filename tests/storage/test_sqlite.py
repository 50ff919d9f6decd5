"""The SQLite driver: scripts that never suspend, commits in a thread, other processes."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest
from tests.support.databases import Place

from palomar.storage.database import DatabaseError, ScriptSuspended, Transaction, Unavailable
from palomar.storage.sqlite import SqliteDatabase, SqliteLimits, open_sqlite, require_safe_sqlite
from palomar.storage.uncancelled import wait_uncancelled

_HOLDER = """
import sys, apsw
connection = apsw.Connection(sys.argv[1])
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
connection.close()
"""


ORDINARY = SqliteLimits()
ALWAYS_THE_THREAD = SqliteLimits(inline_commit_seconds=0.0)
ALWAYS_THE_LOOP = SqliteLimits(inline_commit_seconds=float("inf"))


@pytest.fixture
async def sqlite(sqlite_place: Place) -> AsyncIterator[SqliteDatabase]:
    """Open the driver on a table ``words``."""
    async with opened(sqlite_place) as database:
        yield database


@asynccontextmanager
async def opened(place: Place, limits: SqliteLimits = ORDINARY) -> AsyncIterator[SqliteDatabase]:
    database = open_sqlite(Path(place.where), limits=limits)
    try:
        await database.write(create)
        yield database
    finally:
        await database.close()


async def create(tx: Transaction) -> None:
    await tx.execute("CREATE TABLE IF NOT EXISTS words (word TEXT)")


async def add_one(tx: Transaction) -> None:
    await tx.execute("INSERT INTO words (word) VALUES ('one')")


async def count(database: SqliteDatabase) -> int:
    async def script(tx: Transaction) -> int:
        return int((await tx.select("SELECT count(*) FROM words"))[0][0])

    return await database.read(script)


@pytest.mark.parametrize("verb", ["write", "read"])
async def test_a_script_that_awaits_something_else_is_reported_by_name_and_rolled_back(
    sqlite: SqliteDatabase, verb: str
) -> None:
    async def naps_in_its_transaction(tx: Transaction) -> None:
        if verb == "write":
            await add_one(tx)
        await asyncio.sleep(0.001)

    with pytest.raises(ScriptSuspended, match="naps_in_its_transaction"):
        await getattr(sqlite, verb)(naps_in_its_transaction)
    assert await count(sqlite) == 0
    await sqlite.write(add_one)
    assert await count(sqlite) == 1


async def test_a_commit_in_progress_survives_however_many_cancellations(sqlite_place: Place) -> None:
    async with opened(sqlite_place, ALWAYS_THE_THREAD) as sqlite:
        task = asyncio.create_task(sqlite.write(add_one))
        for _ in range(4):
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await count(sqlite) == 1
        await sqlite.write(add_one)
        assert await count(sqlite) == 2


async def test_a_cancelled_task_waits_for_its_commit_and_raises_the_cancellation_then() -> None:
    commit: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(wait_uncancelled(commit))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    commit.set_exception(DatabaseError("the disk is full"))
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_commit_without_a_cancellation_returns_its_result_or_raises_its_error() -> None:
    loop = asyncio.get_running_loop()
    good: asyncio.Future[str] = loop.create_future()
    bad: asyncio.Future[str] = loop.create_future()
    loop.call_soon(good.set_result, "done")
    loop.call_soon(bad.set_exception, DatabaseError("the disk is full"))
    assert await wait_uncancelled(good) == "done"
    with pytest.raises(DatabaseError, match="full"):
        await wait_uncancelled(bad)


@pytest.mark.parametrize("limits", [ALWAYS_THE_LOOP, ALWAYS_THE_THREAD])
async def test_commits_in_the_thread_and_on_the_loop_are_both_stored(sqlite_place: Place, limits: SqliteLimits) -> None:
    async with opened(sqlite_place, limits) as sqlite:
        for _ in range(3):
            await sqlite.write(add_one)
    async with opened(sqlite_place) as sqlite:
        assert await count(sqlite) == 3


async def test_a_write_lock_of_another_process_delays_a_write_but_not_the_loop(
    sqlite: SqliteDatabase, sqlite_place: Place
) -> None:
    with Holder(sqlite_place.where) as holder:
        writing = asyncio.create_task(sqlite.write(add_one))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not writing.done()
        assert await count(sqlite) == 0
        holder.release()
        await writing
    assert await count(sqlite) == 1


async def test_a_lock_held_too_long_is_an_outage_and_nothing_was_written(sqlite_place: Place) -> None:
    async with opened(sqlite_place, SqliteLimits(busy_wait_seconds=0.0)) as sqlite:
        with Holder(sqlite_place.where) as holder:
            with pytest.raises(Unavailable):
                await sqlite.write(add_one)
            holder.release()
        assert await count(sqlite) == 0


async def test_a_full_disk_is_an_outage_and_nothing_was_written(sqlite: SqliteDatabase) -> None:
    async def large(tx: Transaction) -> None:
        await tx.execute("PRAGMA max_page_count = 1")  # no more than there are
        await tx.execute("INSERT INTO words (word) VALUES (?)", "w" * 1_000_000)

    with pytest.raises(Unavailable, match="full"):
        await sqlite.write(large)
    assert await count(sqlite) == 0


async def test_upkeep_copies_a_long_log_into_the_database(sqlite: SqliteDatabase, sqlite_place: Place) -> None:
    async def much(tx: Transaction) -> None:
        await tx.execute("INSERT INTO words (word) VALUES (?)", "w" * 10_000_000)

    await sqlite.write(much)
    before = Path(sqlite_place.where).stat().st_size
    await sqlite.upkeep()
    assert Path(sqlite_place.where).stat().st_size > before + 9_000_000
    assert await count(sqlite) == 1


async def test_a_log_under_steady_load_begins_anew(sqlite_place: Place) -> None:
    log = Path(sqlite_place.where + "-wal")
    stop = asyncio.Event()

    async def write_without_rest() -> None:
        while not stop.is_set():
            await sqlite.write(add_page)

    async def add_page(tx: Transaction) -> None:
        await tx.execute("INSERT INTO words (word) VALUES (?)", "w" * 40_000)
        await tx.pause()

    async with (
        opened(sqlite_place, SqliteLimits(checkpoint_pages=50, long_log_pages=200)) as sqlite,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(write_without_rest())
        while await count(sqlite) < 150:
            await sqlite.upkeep()
            await asyncio.sleep(0)
        stop.set()
        longest = log.stat().st_size
    assert longest < 1_000 * 4_096


async def test_every_commit_is_synced_and_the_log_is_a_wal(sqlite: SqliteDatabase) -> None:
    async def script(tx: Transaction) -> tuple[object, object]:
        return (await tx.select("PRAGMA journal_mode"))[0][0], (await tx.select("PRAGMA synchronous"))[0][0]

    assert await sqlite.write(script) == ("wal", 2)


async def test_after_closing_all_data_is_in_one_file(sqlite_place: Place) -> None:
    database = open_sqlite(Path(sqlite_place.where))
    await database.write(create)
    await database.write(add_one)
    await database.close()
    assert [entry.name for entry in Path(sqlite_place.where).parent.iterdir()] == ["palomar.db"]
    again = open_sqlite(Path(sqlite_place.where))
    assert await count(again) == 1
    await again.close()


@pytest.mark.parametrize("version", ["3.7.0", "3.46.1", "3.51.2"])
def test_a_sqlite_that_can_corrupt_a_wal_database_is_refused(version: str) -> None:
    with pytest.raises(DatabaseError, match=r"3\.51\.3 or newer"):
        require_safe_sqlite(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "3.54.1", "4.0.0"])
def test_a_sqlite_without_that_bug_is_accepted(version: str) -> None:
    require_safe_sqlite(version)


def test_the_sqlite_that_we_ship_with_is_safe() -> None:
    require_safe_sqlite(apsw.sqlite_lib_version())


def test_the_error_names_a_path_where_no_database_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatabaseError, match="cannot open the SQLite database"):
        open_sqlite(tmp_path / "file" / "palomar.db")


def test_the_error_names_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "palomar.db").write_text("something else, and long enough to be looked at " * 100)
    with pytest.raises(DatabaseError, match="not a database"):
        open_sqlite(tmp_path / "palomar.db")


class Holder:
    """Another process, which holds the write lock until it is told to commit."""

    def __init__(self, path: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "held\n"

    def release(self) -> None:
        """Let it commit and end."""
        self._process.communicate("\n", timeout=10)

    def __enter__(self) -> "Holder":
        return self

    def __exit__(self, *error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
