"""The PostgreSQL driver: lost connections, lost answers to COMMIT, row locks between lanes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from tests.support.databases import Place
from tests.support.postgres import PostgresServer
from tests.support.postgres_proxy import Cut, PostgresProxy

from palomar.storage.database import Conflict, Database, DatabaseError, Transaction, Unavailable
from palomar.storage.postgres import PostgresDatabase, open_postgres
from palomar.storage.statements import Lookup, Update, columns_of

BY_ID = Lookup("SELECT id, word FROM words WHERE id IN {keys} ORDER BY id", "bigint", lock="words")
CHANGE = Update("words", columns_of("bigint", "id"), columns_of("text", "word"))


@pytest.fixture
async def postgres(postgres_place: Place) -> AsyncIterator[PostgresDatabase]:
    """Open the driver on a table ``words`` of three rows."""
    database = await open_postgres(postgres_place.where, session="tests")
    await database.write(create)
    yield database
    await database.close()


async def create(tx: Transaction) -> None:
    await tx.execute("CREATE TABLE words (id BIGINT PRIMARY KEY, word TEXT)")
    await tx.execute("INSERT INTO words (id, word) VALUES (1, 'one'), (2, 'two'), (3, 'three')")


def add(identity: int) -> Callable[[Transaction], Awaitable[str]]:
    """Make a script that inserts one row."""

    async def script(tx: Transaction) -> str:
        await tx.execute("INSERT INTO words (id, word) VALUES (?, ?)", identity, "added")
        return f"added {identity}"

    return script


async def ids(database: Database) -> list[int]:
    async def script(tx: Transaction) -> list[int]:
        return [row[0] for row in await tx.select("SELECT id FROM words ORDER BY id")]

    return await database.read(script)


@asynccontextmanager
async def behind_proxy(
    server: PostgresServer, place: Place, proxy: PostgresProxy
) -> AsyncIterator[tuple[PostgresProxy, PostgresDatabase]]:
    """Open a driver whose octets all go through a proxy that can cut the connection."""
    async with proxy.listening(server.socket):
        database = await open_postgres(place.where.replace(str(server.socket.parent), proxy.folder), session="cut")
        try:
            yield proxy, database
        finally:
            await database.close()


@pytest.mark.parametrize("commits_before", [0, 2])
@pytest.mark.parametrize("cut", list(Cut))
async def test_a_commit_whose_answer_was_lost_is_looked_up_before_the_caller_gets_a_result(
    postgres: PostgresDatabase,
    postgres_server: PostgresServer,
    postgres_place: Place,
    cut: Cut,
    commits_before: int,
) -> None:
    async with behind_proxy(postgres_server, postgres_place, PostgresProxy()) as (proxy, database):
        for number in range(commits_before):
            await database.write(add(10 + number))
        proxy.cut = cut
        if cut is Cut.BEFORE_COMMIT:
            with pytest.raises(Conflict):
                await database.write(add(99))
            assert 99 not in await ids(postgres)
            assert await database.write(add(99)) == "added 99"
        else:
            assert await database.write(add(99)) == "added 99"
        assert proxy.cuts == 1
        assert 99 in await ids(postgres)
        assert await database.write(add(100)) == "added 100"


async def test_a_server_that_cannot_be_reached_is_an_outage_until_it_is_back(
    postgres: PostgresDatabase, postgres_server: PostgresServer, postgres_place: Place
) -> None:
    async with behind_proxy(postgres_server, postgres_place, PostgresProxy()) as (proxy, database):
        await database.write(add(10))
        proxy.refuse()
        for attempt in (database.write(add(11)), ids(database), database.change_hint(), database.write(add(12))):
            with pytest.raises(Unavailable):
                await attempt
        proxy.refusing = False
        await database.write(add(13))
        assert await ids(database) == [1, 2, 3, 10, 13]


@pytest.mark.parametrize("verb", ["write", "read"])
async def test_a_server_that_shuts_down_during_a_transaction_is_an_outage(
    postgres: PostgresDatabase, verb: str
) -> None:
    async def cut_off(tx: Transaction) -> None:
        await tx.select("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Unavailable):
        await getattr(postgres, verb)(cut_off)
    assert await postgres.write(add(10)) == "added 10"


async def test_a_connection_that_died_while_idle_is_an_outage_at_most_once(postgres: PostgresDatabase) -> None:
    async def kill_others(tx: Transaction) -> None:
        await tx.select(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    await postgres.write_in_lane(0, add(10))
    await postgres.write_in_lane(1, kill_others)
    for identity in (11, 12, 13):
        try:
            await postgres.write_in_lane(0, add(identity))
        except Unavailable:
            assert identity == 11
    assert 13 in await ids(postgres)


async def test_two_lanes_that_wait_for_each_other_are_a_conflict_of_one_and_rolled_back(
    postgres: PostgresDatabase,
) -> None:
    first_locks = asyncio.Barrier(2)

    async def lock_both(tx: Transaction, first: int, second: int) -> None:
        await tx.execute("SET LOCAL deadlock_timeout = '10ms'")
        await tx.execute("UPDATE words SET word = 'locked' WHERE id = ?", first)
        await first_locks.wait()
        await tx.execute("UPDATE words SET word = 'locked' WHERE id = ?", second)

    results = await asyncio.gather(
        postgres.write_in_lane(0, lambda tx: lock_both(tx, 1, 2)),
        postgres.write_in_lane(1, lambda tx: lock_both(tx, 2, 1)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]


async def test_locked_rows_are_skipped_shared_or_waited_for_by_the_kind_of_lock(postgres: PostgresDatabase) -> None:
    locked, seen = asyncio.Event(), asyncio.Event()
    found: dict[str, list[object]] = {}

    async def holder(tx: Transaction) -> None:
        await tx.select_locked("SELECT id FROM words WHERE id = 1", lock="update")
        await tx.select_locked("SELECT id FROM words WHERE id = 2", lock="share")
        locked.set()
        await seen.wait()

    async def looker(tx: Transaction) -> None:
        await locked.wait()
        skipped = await tx.select_locked("SELECT id FROM words ORDER BY id LIMIT ?", 9, lock="skip")
        shared = await tx.select_locked("SELECT id FROM words WHERE id = 2", lock="share")
        found.update(skip=[row[0] for row in skipped], share=[row[0] for row in shared])
        seen.set()

    async with asyncio.timeout(10):
        await asyncio.gather(postgres.write_in_lane(0, holder), postgres.write_in_lane(1, looker))
    assert found == {"skip": [3], "share": [2]}


async def test_a_locking_lookup_waits_for_the_other_lane_and_sees_what_it_wrote(postgres: PostgresDatabase) -> None:
    locked = asyncio.Event()

    async def writer(tx: Transaction) -> None:
        await tx.lookup(BY_ID, [2])
        locked.set()
        await until_somebody_waits(tx)
        await tx.update(CHANGE, [(2, "changed")])

    async def until_somebody_waits(tx: Transaction) -> None:
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
        while not await tx.select(waiting):
            await tx.pause()

    async def looker(tx: Transaction) -> list[tuple[object, ...]]:
        await locked.wait()
        return await tx.lookup(BY_ID, [1, 2])

    async with asyncio.timeout(10):
        _, rows = await asyncio.gather(postgres.write_in_lane(0, writer), postgres.write_in_lane(1, looker))
    assert rows == [(1, "one"), (2, "changed")]


async def test_a_lane_works_again_after_a_cancelled_statement(postgres: PostgresDatabase) -> None:
    begun = asyncio.Event()

    async def slow(tx: Transaction) -> None:
        await tx.execute("INSERT INTO words (id, word) VALUES (9, 'nine')")
        begun.set()
        await tx.select("SELECT pg_sleep(60)")

    task = asyncio.create_task(postgres.write(slow))
    await begun.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await postgres.write(add(10)) == "added 10"
    assert await ids(postgres) == [1, 2, 3, 10]


async def test_a_commit_in_progress_survives_a_cancellation(
    postgres: PostgresDatabase, postgres_server: PostgresServer, postgres_place: Place
) -> None:
    async with behind_proxy(postgres_server, postgres_place, PostgresProxy()) as (proxy, database):
        task = asyncio.create_task(database.write(add(9)))
        proxy.at_commit = task.cancel
        with pytest.raises(asyncio.CancelledError):
            await task
        proxy.at_commit = bool
        assert await ids(postgres) == [1, 2, 3, 9]
        assert await database.write(add(10)) == "added 10"


async def test_two_drivers_with_the_same_name_do_not_take_each_others_marks(postgres_place: Place) -> None:
    one = await open_postgres(postgres_place.where, session="same")
    two = await open_postgres(postgres_place.where, session="same")

    async def nothing(tx: Transaction) -> None:
        await tx.pause()

    async def marks(tx: Transaction) -> int:
        return int((await tx.select("SELECT count(*) FROM commits WHERE lane LIKE 'same%'"))[0][0])

    await one.write(nothing)
    await two.write(nothing)
    assert await one.read(marks) == 2
    await one.close()
    await two.close()


@pytest.mark.parametrize("url", ["postgresql://nobody@/nothing?host=/nowhere", "postgresql://x@127.0.0.1:1/x", "junk:"])
async def test_the_error_of_a_database_that_cannot_be_opened_has_the_reason(url: str) -> None:
    with pytest.raises(DatabaseError, match="cannot open the PostgreSQL database"):
        await open_postgres(url, session="tests")


async def test_upkeep_updates_the_planner_s_statistics(postgres: PostgresDatabase) -> None:
    async def fill(tx: Transaction) -> None:
        await tx.execute("INSERT INTO queue SELECT n, 1, 'c', n, NULL FROM generate_series(1, 1000) n")

    async def estimate(tx: Transaction) -> int:
        return int((await tx.select("SELECT reltuples::bigint FROM pg_class WHERE relname = 'queue'"))[0][0])

    await postgres.write(fill)
    for _ in range(2):
        await postgres.upkeep()
    assert await postgres.read(estimate) == 1000
