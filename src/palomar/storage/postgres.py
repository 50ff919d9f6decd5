"""The PostgreSQL driver, through asyncpg.

It has two lanes with a connection each, so acceptance does not wait behind receipts. Reads have a small pool. Each
transaction writes a mark of its own: where the answer to a COMMIT was lost, the mark tells whether it succeeded.

The time limits build on each other: a statement or connection that takes more than 3 s is an outage, which is less than
the 4 s that a request waits, which is less than the 10 s of a lease. Not here: what the driver's errors mean
(``postgres_errors``).
"""

import asyncio
import ssl
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from palomar.storage.database import Conflict, DatabaseError, P, Script, T, Unavailable
from palomar.storage.postgres_errors import translate_errors
from palomar.storage.postgres_transaction import PostgresTransaction
from palomar.storage.uncancelled import wait_uncancelled
from palomar.vocabulary.backoff import wait_after

_CONNECT_SECONDS = 3.0
_STATEMENT_SECONDS = 3.0
_READ_LONG_SECONDS = 15.0
_LONG_SECONDS = 24 * 3_600.0
"""A migration may take as long as it needs."""
_LOCK_SECONDS = 4.0
_CLOSE_SECONDS = 2.0
_RETRY_WITHIN_SECONDS = 0.5
_ANALYZED_TABLES = ("messages", "parts", "queue", "events", "callbacks", "balances", "counts")
_ANALYZE_EVERY_TURNS = 30
_MARK = "INSERT INTO commits (lane, mark) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET mark = excluded.mark"
# Writing our own row waits until a dying backend has ended its transaction, even if that was our first one.
_READ_MARK = (
    "INSERT INTO commits (lane, mark) VALUES ($1, 0)"
    " ON CONFLICT (lane) DO UPDATE SET mark = commits.mark RETURNING mark"
)
_FORGET_MARKS = "DELETE FROM commits WHERE mark < $1"
_MARKS_KEPT_NS = 7 * 24 * 3_600 * 1_000_000_000
# While the server cannot be reached, it must not keep our locks from other nodes, nor receive our COMMIT much later.
_GUARD = {"idle_in_transaction_session_timeout": "5000"}
# Tables grow by millions after a plan was made, so the plan is made once and for large tables: by index, row by row.
_LANE_SETTINGS = {
    **_GUARD,
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# A long read is planned for its own values, by index where there is one, and leaves the server's other processors to
# the transactions that send.
_READ_LONG_SETTINGS = {
    **_GUARD,
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
}
_READ_LONG_CONNECTIONS = 3


class PostgresDatabase:
    """An open PostgreSQL database; :func:`open_postgres` opens one."""

    lanes = 2

    def __init__(self, url: str, pool: asyncpg.Pool, read_long_pool: asyncpg.Pool, session: str) -> None:
        self._url = url
        self._pool = pool
        self._read_long_pool = read_long_pool
        self._session = session
        self._connections: list[asyncpg.Connection | None] = [None] * self.lanes
        self._locks = [asyncio.Lock() for _ in range(self.lanes)]
        self._mark = time.time_ns()
        self._turns = 0

    async def write(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write, as :class:`Database` declares. Raises Unavailable while the server cannot be reached."""
        return await self._write(0, lambda tx: script(tx, *args, **kwargs))

    async def write_in_lane(self, lane: int, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._write(lane, lambda tx: script(tx, *args, **kwargs))

    async def write_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._write(0, lambda tx: script(tx, *args, **kwargs), _LONG_SECONDS)

    async def _write(self, lane: int, script: Script[[], T], statement_seconds: float | None = None) -> T:
        lane %= self.lanes
        async with self._locked(lane):
            connection = await self._begin(lane)
            self._mark += 1
            mark = self._mark
            try:
                with translate_errors(connection):
                    transaction = PostgresTransaction(connection, timeout=statement_seconds)
                    result = await script(transaction)
                    await transaction.execute(_MARK, self._lane_key(lane), mark)
            except BaseException as error:
                await self._roll_back(lane, connection, drop=isinstance(error, Unavailable))
                raise
            await self._commit(lane, connection, mark)
            return result

    async def read(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read from one snapshot, on a pool of connections. If a connection has died while idle, try once more on
        another."""
        began = time.monotonic()
        try:
            return await self._snapshot(self._pool, lambda tx: script(tx, *args, **kwargs))
        except Unavailable:
            if time.monotonic() - began > _RETRY_WITHIN_SECONDS:
                raise
        return await self._snapshot(self._pool, lambda tx: script(tx, *args, **kwargs))

    async def read_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read from one snapshot, on a pool of its own."""
        return await self._snapshot(self._read_long_pool, lambda tx: script(tx, *args, **kwargs))

    async def write_index(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write the search index, on the pool of the long reads."""
        async with self._borrowed(self._read_long_pool) as connection:
            await connection.execute("BEGIN")
            result = await script(PostgresTransaction(connection), *args, **kwargs)
            await connection.execute("COMMIT")
            return result

    async def change_hint(self) -> int:
        async with self._borrowed(self._pool) as connection:
            return int(await connection.fetchval("SELECT version FROM changes WHERE id = 1"))

    async def upkeep(self) -> None:
        """Analyze the growing tables soon after the start and then regularly, and delete old marks.

        Without early statistics, prepared statements on new tables had plans that took a second.
        """
        self._turns += 1
        if self._turns != 2 and self._turns % _ANALYZE_EVERY_TURNS:
            return
        async with self._borrowed(self._read_long_pool) as connection:
            for table in _ANALYZED_TABLES:
                await connection.execute(f"ANALYZE {table}", timeout=_LONG_SECONDS)
            await connection.execute(_FORGET_MARKS, time.time_ns() - _MARKS_KEPT_NS)

    async def close(self) -> None:
        """Close every connection; cut one that does not answer."""
        for lane, lock in enumerate(self._locks):
            with suppress(TimeoutError):
                await asyncio.wait_for(lock.acquire(), _CLOSE_SECONDS)
            connection, self._connections[lane] = self._connections[lane], None
            if connection is not None:
                await _close(connection)
        for pool in (self._read_long_pool, self._pool):
            try:
                await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)
            except Exception:
                pool.terminate()

    @asynccontextmanager
    async def _locked(self, lane: int) -> AsyncIterator[None]:
        """Wait for the lane, but not for a server that does not answer: raises Unavailable."""
        lock = self._locks[lane]
        if lock.locked():
            try:
                async with asyncio.timeout(_LOCK_SECONDS):
                    await lock.acquire()
            except TimeoutError as error:
                raise Unavailable("another transaction does not end") from error
        else:
            await lock.acquire()
        try:
            yield
        finally:
            lock.release()

    async def _begin(self, lane: int) -> asyncpg.Connection:
        """Begin a transaction on the lane's connection, or on a new one if it died while idle; return the
        connection."""
        connection, is_new = self._connections[lane], False
        while True:
            if connection is None or connection.is_closed():
                connection, is_new = await _connect(self._url), True
                self._connections[lane] = connection
            try:
                with translate_errors(connection):
                    await connection.execute("BEGIN")
                return connection
            except Unavailable as error:
                self._drop(lane, connection)
                if is_new or isinstance(error.__cause__, TimeoutError):
                    raise
                connection = None
            except BaseException:
                self._drop(lane, connection)
                raise

    @asynccontextmanager
    async def _borrowed(self, pool: asyncpg.Pool) -> AsyncIterator[Any]:
        """Borrow a connection of a pool. Errors inside are translated, and leave no transaction behind."""
        with translate_errors():
            async with pool.acquire(timeout=_CONNECT_SECONDS) as connection:
                try:
                    with translate_errors(connection):
                        yield connection
                except BaseException as error:
                    await _roll_back_or_cut(connection, drop=isinstance(error, Unavailable))
                    raise

    async def _snapshot(self, pool: asyncpg.Pool, script: Script[[], T]) -> T:
        async with self._borrowed(pool) as connection:
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            result = await script(PostgresTransaction(connection))
            await connection.execute("COMMIT")
            return result

    async def _roll_back(self, lane: int, connection: asyncpg.Connection, *, drop: bool = False) -> None:
        """Roll the lane's transaction back; drop a connection that cannot even do that."""
        try:
            await _roll_back_or_cut(connection, drop=drop)
        finally:
            if connection.is_closed():
                self._drop(lane, connection)

    async def _commit(self, lane: int, connection: asyncpg.Connection, mark: int) -> None:
        try:
            with translate_errors(connection):
                await wait_uncancelled(asyncio.ensure_future(connection.execute("COMMIT")))
        except Unavailable as error:
            self._drop(lane, connection)
            if not await self._is_committed(lane, mark):
                raise Conflict("the connection was lost before the commit") from error
        except DatabaseError:
            await self._roll_back(lane, connection)
            raise

    async def _is_committed(self, lane: int, mark: int) -> bool:
        """Find out by its mark whether a transaction was committed, on a new connection, for as long as it takes.

        No caller may get a result before this is known.
        """
        looks = 0
        while True:
            try:
                with translate_errors():
                    connection = self._connections[lane]
                    if connection is None or connection.is_closed():
                        connection = self._connections[lane] = await _connect(self._url)
                    return int(await connection.fetchval(_READ_MARK, self._lane_key(lane))) == mark
            except (Conflict, Unavailable):
                self._drop(lane, self._connections[lane])
            looks += 1
            await asyncio.sleep(wait_after(looks, first=0.1, longest=1.0))

    def _drop(self, lane: int, connection: asyncpg.Connection | None) -> None:
        self._connections[lane] = None
        if connection is not None:
            connection.terminate()

    def _lane_key(self, lane: int) -> str:
        return f"{self._session}/{lane}"


async def open_postgres(url: str, *, session: str) -> PostgresDatabase:
    """Open the database. Raises DatabaseError with a reason that a person can act on.

    ``session`` helps people to read the marks of commits; a part that makes it unique is added.
    """
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=1,
            max_size=4,
            timeout=_CONNECT_SECONDS,
            command_timeout=_STATEMENT_SECONDS,
            server_settings=_GUARD,
        )
        read_long_pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=_READ_LONG_CONNECTIONS,
            timeout=_CONNECT_SECONDS,
            command_timeout=_READ_LONG_SECONDS,
            server_settings=_READ_LONG_SETTINGS,
        )
    except (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
        ValueError,
        ssl.SSLError,
    ) as error:
        raise DatabaseError(f"cannot open the PostgreSQL database: {error}") from error
    return PostgresDatabase(url, pool, read_long_pool, f"{session}/{uuid.uuid4().hex}")


async def _connect(url: str) -> asyncpg.Connection:
    try:
        connection: asyncpg.Connection = await asyncpg.connect(
            url, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS, server_settings=_LANE_SETTINGS
        )
    except Exception as error:  # the server has answered before, so any error now is an outage
        raise Unavailable(f"PostgreSQL cannot be reached: {type(error).__name__}: {error}") from error
    return connection


async def _roll_back_or_cut(connection: Any, *, drop: bool) -> None:
    """Roll back; cut the connection if it is to be dropped or cannot roll back in time."""
    try:
        if not drop:
            async with asyncio.timeout(_CONNECT_SECONDS):
                await connection.execute("ROLLBACK")
    except Exception:
        drop = True
    except BaseException:
        connection.terminate()
        raise
    if drop:
        connection.terminate()


async def _close(connection: asyncpg.Connection) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.close(timeout=_CLOSE_SECONDS)
    except Exception:
        connection.terminate()
