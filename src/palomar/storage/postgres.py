"""PostgreSQL through asyncpg: the same scripts, waiting for the server.

Two lanes, one connection each: acceptance does not wait behind receipts. Reads have a small pool. A COMMIT whose answer
was lost is looked up by the transaction's own mark before it is answered or run again.
"""

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any, LiteralString, TypeVar

import asyncpg

from palomar.storage.database import Conflict, DatabaseError, Script, Unavailable
from palomar.storage.statements import Delete, Found, Insert, Lock, Lookup, Row, Update, Value, numbered

T = TypeVar("T")

_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
_ANALYZED_TABLES = ("messages", "parts", "queue", "events", "webhooks", "balances")
_ANALYZE_EVERY_TURNS = 30
_LOST = (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, ConnectionError, OSError, TimeoutError)
_RACES = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_MARK = "INSERT INTO commits (lane, mark) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET mark = excluded.mark"
_LOCKS = {"update": " FOR UPDATE", "share": " FOR SHARE", "skip": " FOR UPDATE SKIP LOCKED"}
_numbered: dict[str, str] = {}


class PostgresTransaction:
    """The verbs on one connection inside its transaction."""

    def __init__(self, connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy) -> None:
        self._connection = connection

    async def insert(self, statement: Insert, rows: Sequence[Row]) -> None:
        await self._connection.execute(statement.postgres, *_columns(rows))

    async def insert_new(self, statement: Insert, rows: Sequence[Row]) -> set[Any]:
        return {row[0] for row in await self._connection.fetch(statement.postgres, *_columns(rows))}

    async def update(self, statement: Update, rows: Sequence[Row]) -> None:
        await self._connection.execute(statement.postgres, *_columns(rows))

    async def delete(self, statement: Delete, keys: Sequence[Value]) -> None:
        await self._connection.execute(statement.postgres, list(keys))

    async def lookup(self, statement: Lookup, keys: Sequence[Value]) -> list[Found]:
        return _tuples(await self._connection.fetch(statement.postgres, list(keys)))

    async def select(self, sql: LiteralString, *values: Value) -> list[Found]:
        return _tuples(await self._connection.fetch(_dollars(sql), *values))

    async def select_locked(self, sql: LiteralString, *values: Value, lock: Lock = "update") -> list[Found]:
        return _tuples(await self._connection.fetch(_dollars(sql) + _LOCKS[lock], *values))

    async def execute(self, sql: LiteralString, *values: Value) -> int:
        status = await self._connection.execute(_dollars(sql), *values)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def pause(self) -> None:
        await asyncio.sleep(0)

    async def now_ms(self) -> int:
        sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        return int(await self._connection.fetchval(sql))


class PostgresDatabase:
    """The driver. Open it with :func:`open_postgres`; ``session`` names this process among the marks of commits."""

    lanes = 2

    def __init__(self, url: str, pool: asyncpg.Pool, session: str) -> None:
        self._url = url
        self._pool = pool
        self._session = session
        self._connections: list[asyncpg.Connection | None] = [None] * self.lanes
        self._locks = [asyncio.Lock() for _ in range(self.lanes)]
        self._written = 0
        self._turns = 0

    async def write(self, script: Script[T], *, lane: int = 0) -> T:
        """See :class:`Database`. Raises Unavailable while the server cannot be reached."""
        async with self._locks[lane % self.lanes]:
            lane %= self.lanes
            connection = await self._connection(lane)
            self._written += 1
            mark = self._written
            try:
                await connection.execute("BEGIN")
                transaction = PostgresTransaction(connection)
                result = await script(transaction)
                await transaction.execute(_MARK, f"{self._session}/{lane}", mark)
            except BaseException as error:
                await self._roll_back(lane, connection)
                raise _translated(error) from error
            await self._commit(lane, connection, mark)
            return result

    async def read(self, script: Script[T]) -> T:
        """See :class:`Database`; one snapshot."""
        try:
            async with self._pool.acquire() as connection:
                async with connection.transaction(isolation="repeatable_read", readonly=True):
                    return await script(PostgresTransaction(connection))
        except BaseException as error:
            raise _translated(error) from error

    async def change_hint(self) -> int:
        try:
            return int(await self._pool.fetchval("SELECT version FROM changes WHERE id = 1"))
        except BaseException as error:
            raise _translated(error) from error

    async def upkeep(self) -> None:
        """Statistics early: fresh growing tables and prepared statements once gave plans of a second."""
        self._turns += 1
        if self._turns == 2 or self._turns % _ANALYZE_EVERY_TURNS == 0:
            for table in _ANALYZED_TABLES:
                await self._pool.execute(f"ANALYZE {table}")

    async def close(self) -> None:
        for lane, lock in enumerate(self._locks):
            async with lock:
                connection = self._connections[lane]
                if connection is not None:
                    await _close(connection)
        await self._pool.close()

    async def _connection(self, lane: int) -> asyncpg.Connection:
        connection = self._connections[lane]
        if connection is None or connection.is_closed():
            connection = await _connect(self._url)
            self._connections[lane] = connection
        return connection

    async def _roll_back(self, lane: int, connection: asyncpg.Connection) -> None:
        """Leave no transaction behind: a connection that cannot even roll back is dropped."""
        try:
            await asyncio.shield(asyncio.wait_for(connection.execute("ROLLBACK"), _CONNECT_SECONDS))
        except BaseException:
            connection.terminate()
            self._connections[lane] = None

    async def _commit(self, lane: int, connection: asyncpg.Connection, mark: int) -> None:
        commit = asyncio.ensure_future(connection.execute("COMMIT"))
        try:
            await asyncio.shield(commit)
        except asyncio.CancelledError:
            await asyncio.wait([commit])
            raise
        except _LOST as error:
            connection.terminate()
            self._connections[lane] = None
            if not await self._was_committed(lane, mark):
                raise Conflict("the connection was lost before the commit") from error
        except _RACES as error:
            raise Conflict(str(error)) from error

    async def _was_committed(self, lane: int, mark: int) -> bool:
        """Ask a fresh connection, for as long as it takes: nobody may be answered before this is known."""
        pause = 0.1
        while True:
            try:
                connection = await self._connection(lane)
                # Locking our own row waits until a half-dead backend has ended its transaction.
                row = await connection.fetchrow(
                    "SELECT mark FROM commits WHERE lane = $1 FOR UPDATE", self._lane_key(lane)
                )
            except (*_LOST, Unavailable):
                self._connections[lane] = None
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
                continue
            return row is not None and int(row["mark"]) == mark

    def _lane_key(self, lane: int) -> str:
        return f"{self._session}/{lane}"


async def open_postgres(url: str, *, session: str) -> PostgresDatabase:
    """Connect; raises DatabaseError with a reason a person can act on."""
    try:
        pool = await asyncpg.create_pool(
            url, min_size=1, max_size=4, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS
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
    return PostgresDatabase(url, pool, session)


async def _connect(url: str) -> asyncpg.Connection:
    try:
        connection: asyncpg.Connection = await asyncpg.connect(
            url, timeout=_CONNECT_SECONDS, command_timeout=_STATEMENT_SECONDS, server_settings={"jit": "off"}
        )
    except (asyncpg.PostgresError, *_LOST) as error:
        raise Unavailable(f"PostgreSQL cannot be reached: {error}") from error
    return connection


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=_CONNECT_SECONDS)
    except (asyncpg.PostgresError, *_LOST):
        connection.terminate()


def _translated(error: BaseException) -> BaseException:
    if isinstance(error, _RACES):
        return Conflict(str(error))
    if isinstance(error, _LOST):
        return Unavailable(f"PostgreSQL cannot be reached: {error}")
    return error


def _columns(rows: Sequence[Row]) -> list[tuple[Value, ...]]:
    return list(zip(*rows, strict=True))


def _tuples(records: list[asyncpg.Record]) -> list[Found]:
    return [tuple(record) for record in records]


def _dollars(sql: str) -> str:
    text = _numbered.get(sql)
    if text is None:
        text = _numbered[sql] = numbered(sql)
    return text
