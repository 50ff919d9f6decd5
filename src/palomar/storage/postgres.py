"""PostgreSQL through asyncpg: the same scripts, waiting for the server.

Two lanes, one connection each: acceptance does not wait behind receipts. Reads have a small pool. A COMMIT whose answer
was lost is looked up by the transaction's own mark before it is answered or run again.
"""

import asyncio
import ssl
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import asyncpg

from palomar.storage.database import Conflict, DatabaseError, Script, Unavailable
from palomar.storage.pending import to_its_end
from palomar.storage.postgres_transaction import PostgresTransaction

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
_ANALYZED_TABLES = ("messages", "parts", "queue", "events", "webhooks", "balances", "counts")
_ANALYZE_EVERY_TURNS = 30
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresIOError,
    OSError,
    TimeoutError,
)
_RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_MARK = "INSERT INTO commits (lane, mark) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET mark = excluded.mark"
# Touching our own row waits until a half-dead backend has ended its transaction, even where that was our first.
_READ_MARK = (
    "INSERT INTO commits (lane, mark) VALUES ($1, 0)"
    " ON CONFLICT (lane) DO UPDATE SET mark = commits.mark RETURNING mark"
)
_FORGET_MARKS = "DELETE FROM commits WHERE mark < $1"
_MARKS_KEPT_NS = 7 * 24 * 3_600 * 1_000_000_000
# Tables grow by millions after a plan was made, so the plan is made once and for large tables: by index, row by row.
_LANE_SETTINGS = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
# A long question is planned for its own values, by index where there is one, and leaves the server's other processors
# to those who send.
_BESIDE_SETTINGS = {
    "jit": "off",
    "plan_cache_mode": "force_custom_plan",
    "enable_seqscan": "off",
    "max_parallel_workers_per_gather": "0",
}
_BESIDE_CONNECTIONS = 3


class PostgresDatabase:
    """The driver. Open it with :func:`open_postgres`."""

    lanes = 2

    def __init__(self, url: str, pool: asyncpg.Pool, beside: asyncpg.Pool, session: str) -> None:
        self._url = url
        self._pool = pool
        self._beside = beside
        self._session = session
        self._connections: list[asyncpg.Connection | None] = [None] * self.lanes
        self._locks = [asyncio.Lock() for _ in range(self.lanes)]
        self._mark = time.time_ns()
        self._turns = 0

    async def write(self, script: Script[T], *, lane: int = 0) -> T:
        """See :class:`Database`. Raises Unavailable while the server cannot be reached."""
        lane %= self.lanes
        async with self._locks[lane]:
            connection = await self._connection(lane)
            self._mark += 1
            mark = self._mark
            try:
                with _in_our_words(connection):
                    await connection.execute("BEGIN")
                    transaction = PostgresTransaction(connection)
                    result = await script(transaction)
                    await transaction.execute(_MARK, self._lane_key(lane), mark)
            except BaseException as error:
                await self._roll_back(lane, connection, drop=isinstance(error, Unavailable))
                raise
            await self._commit(lane, connection, mark)
            return result

    async def read(self, script: Script[T]) -> T:
        """See :class:`Database`; one snapshot."""
        with _in_our_words():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                return await script(PostgresTransaction(connection))

    async def survey(self, script: Script[T]) -> T:
        """See :class:`Database`; one snapshot."""
        with _in_our_words():
            async with (
                self._beside.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                return await script(PostgresTransaction(connection))

    async def index(self, script: Script[T]) -> T:
        """See :class:`Database`."""
        with _in_our_words():
            async with self._beside.acquire() as connection, connection.transaction():
                return await script(PostgresTransaction(connection))

    async def change_hint(self) -> int:
        with _in_our_words():
            return int(await self._pool.fetchval("SELECT version FROM changes WHERE id = 1"))

    async def upkeep(self) -> None:
        """Statistics early: fresh growing tables and prepared statements once gave plans of a second."""
        self._turns += 1
        if self._turns != 2 and self._turns % _ANALYZE_EVERY_TURNS:
            return
        with _in_our_words():
            for table in _ANALYZED_TABLES:
                await self._pool.execute(f"ANALYZE {table}")
            await self._pool.execute(_FORGET_MARKS, time.time_ns() - _MARKS_KEPT_NS)

    async def close(self) -> None:
        for lane, lock in enumerate(self._locks):
            async with lock:
                connection, self._connections[lane] = self._connections[lane], None
                if connection is not None:
                    await _close(connection)
        await self._beside.close()
        await self._pool.close()

    async def _connection(self, lane: int) -> asyncpg.Connection:
        connection = self._connections[lane]
        if connection is None or connection.is_closed():
            connection = await _connect(self._url)
            self._connections[lane] = connection
        return connection

    async def _roll_back(self, lane: int, connection: asyncpg.Connection, *, drop: bool = False) -> None:
        """Leave no transaction behind: a connection that cannot even roll back is dropped."""
        try:
            if not drop:
                await connection.execute("ROLLBACK", timeout=_CONNECT_SECONDS)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            drop = True
        except asyncio.CancelledError:
            self._drop(lane, connection)
            raise
        if drop:
            self._drop(lane, connection)

    async def _commit(self, lane: int, connection: asyncpg.Connection, mark: int) -> None:
        try:
            with _in_our_words(connection):
                await to_its_end(asyncio.ensure_future(connection.execute("COMMIT")))
        except Unavailable as error:
            self._drop(lane, connection)
            if not await self._was_committed(lane, mark):
                raise Conflict("the connection was lost before the commit") from error
        except DatabaseError:
            await self._roll_back(lane, connection)
            raise

    async def _was_committed(self, lane: int, mark: int) -> bool:
        """Ask a fresh connection, for as long as it takes: nobody may be answered before this is known."""
        pause = 0.1
        while True:
            try:
                with _in_our_words():
                    connection = await self._connection(lane)
                    return int(await connection.fetchval(_READ_MARK, self._lane_key(lane))) == mark
            except (Conflict, Unavailable):
                self._drop(lane, self._connections[lane])
            await asyncio.sleep(pause)
            pause = min(pause * 2, 5.0)

    def _drop(self, lane: int, connection: asyncpg.Connection | None) -> None:
        self._connections[lane] = None
        if connection is not None:
            connection.terminate()

    def _lane_key(self, lane: int) -> str:
        return f"{self._session}/{lane}"


async def open_postgres(url: str, *, session: str) -> PostgresDatabase:
    """Connect; raises DatabaseError with a reason a person can act on. ``session`` only helps people to read the marks
    of commits; what makes them ours alone is added."""
    try:
        pool = await asyncpg.create_pool(
            url, min_size=1, max_size=4, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS
        )
        beside = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=_BESIDE_CONNECTIONS,
            timeout=_CONNECT_SECONDS,
            command_timeout=_STATEMENT_SECONDS,
            server_settings=_BESIDE_SETTINGS,
        )
    except (
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        OSError,
        TimeoutError,
        ValueError,
        ssl.SSLError,
    ) as error:
        raise DatabaseError(f"cannot open the PostgreSQL database: {error}") from error
    return PostgresDatabase(url, pool, beside, f"{session}/{uuid.uuid4().hex}")


async def _connect(url: str) -> asyncpg.Connection:
    try:
        connection: asyncpg.Connection = await asyncpg.connect(
            url, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS, server_settings=_LANE_SETTINGS
        )
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise Unavailable(f"PostgreSQL cannot be reached: {error}") from error
    return connection


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=_CONNECT_SECONDS)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        connection.terminate()


@contextmanager
def _in_our_words(connection: asyncpg.Connection | None = None) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        translated = _translated(error, connection)
        if translated is error:
            raise
        raise translated from error


def _translated(error: Exception, connection: asyncpg.Connection | None = None) -> Exception:
    """In the seam's words. A value that does not fit (DataError) is no lost connection, though asyncpg derives both
    from InterfaceError: taking it for one would try it again for ever."""
    if isinstance(error, _RACES):
        return Conflict(str(error))
    closed = isinstance(error, asyncpg.InterfaceError) and not isinstance(error, asyncpg.DataError)
    if isinstance(error, _LOST) or (closed and (connection is None or connection.is_closed())):
        return Unavailable(f"PostgreSQL cannot be reached: {error}")
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return DatabaseError(f"{type(error).__name__}: {error}")
    return error
