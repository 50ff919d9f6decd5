"""A transaction on one SQLite connection, and the functions that run a script in it to its end.

A script never really suspends: all that it may await is its transaction, whose methods return at once.
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Generator, Iterable, Iterator, Sequence
from typing import Any, LiteralString

import apsw
import msgspec

from palomar.storage.database import Conflict, DatabaseError, ScriptSuspended, T, Unavailable
from palomar.storage.statements import Add, Delete, Insert, Lock, Lookup, ResultRow, Row, Select, Update, Value

_RACES = (apsw.BusyError, apsw.LockedError, apsw.SchemaChangeError)
# Errors that no statement causes. A database that is read-only, corrupt or replaced is an outage too: nothing can be
# written, and an operator can end it.
_OUTAGES = (
    apsw.FullError,
    apsw.IOError,
    apsw.CantOpenError,
    apsw.NoMemError,
    apsw.ReadOnlyError,
    apsw.CorruptError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ProtocolError,
    apsw.InterruptError,
    apsw.AbortError,
)
_encode = msgspec.json.Encoder().encode


class _Pause:
    """The one thing that a script may yield: whoever runs it lets the event loop run, and goes on."""

    def __await__(self) -> Generator[Any, None, None]:
        yield self


class SqliteTransaction:
    """The methods of ``database.Transaction`` on a connection on which a transaction has begun."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._cursor = connection.cursor()
        self._connection = connection

    async def insert(self, statement: Insert, rows: Sequence[Row]) -> None:
        self._cursor.executemany(statement.sqlite, rows)

    async def insert_new(self, statement: Insert, rows: Sequence[Row]) -> set[Any]:
        return {row[0] for row in self._cursor.executemany(statement.sqlite, rows)}

    async def add(self, statement: Add, rows: Sequence[Row]) -> None:
        self._cursor.executemany(statement.sqlite, rows)

    async def update(self, statement: Update, rows: Sequence[Row]) -> None:
        self._cursor.executemany(statement.sqlite, rows)

    async def delete(self, statement: Delete, keys: Sequence[Value]) -> None:
        self._cursor.executemany(statement.sqlite, [(key,) for key in keys])

    async def lookup(self, statement: Lookup, keys: Sequence[Value]) -> list[ResultRow]:
        listed = [key.hex() for key in keys if isinstance(key, bytes)] if statement.key == "bytea" else keys
        return self._select(statement.sqlite, (_encode(listed).decode(),))

    async def select(self, sql: LiteralString, *values: Value) -> list[ResultRow]:
        return self._select(sql, values)

    async def query(self, query: Select, *values: Value) -> list[ResultRow]:
        return self._select(query.sqlite, values)

    async def select_locked(self, sql: LiteralString, *values: Value, lock: Lock = "update") -> list[ResultRow]:
        return self._select(sql, values)

    async def execute(self, sql: LiteralString, *values: Value) -> int:
        self._cursor.execute(sql, values)
        return self._connection.changes()

    async def pause(self) -> None:
        await _Pause()

    async def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def _select(self, sql: str, values: Row) -> list[ResultRow]:
        return self._cursor.execute(sql, values).fetchall()


async def run_on_loop(coroutine: Coroutine[None, None, T]) -> T:
    """Run the script on the event loop; where it pauses, other tasks run. Raises ScriptSuspended if it awaits more."""
    try:
        while isinstance(coroutine.send(None), _Pause):  # noqa: ASYNC110  # waits for nothing: other tasks run
            await asyncio.sleep(0)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        coroutine.close()
    raise _suspended(coroutine)


def run_in_thread(coroutine: Coroutine[None, None, T]) -> T:
    """Run the script in this thread, without pauses. Raises ScriptSuspended if it awaits anything else."""
    try:
        while isinstance(coroutine.send(None), _Pause):
            pass
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        coroutine.close()
    raise _suspended(coroutine)


def translate_error(error: apsw.Error) -> DatabaseError:
    """Return the error of ``database`` that an error of SQLite means."""
    if isinstance(error, _RACES):
        return Conflict(str(error))
    if isinstance(error, _OUTAGES):
        return Unavailable(f"{type(error).__name__}: {error}")
    return DatabaseError(f"{type(error).__name__}: {error}")


def close_all(connections: Iterable[apsw.Connection]) -> None:
    """Close connections in this order, and ignore errors: an unfinished checkpoint is repeated at the next start."""
    for connection in connections:
        with contextlib.suppress(apsw.Error):
            connection.close()


@contextlib.contextmanager
def translate_errors() -> Iterator[None]:
    """Translate the errors that SQLite raises inside."""
    try:
        yield
    except apsw.Error as error:
        raise translate_error(error) from error
    except MemoryError as error:
        raise Unavailable("SQLite got no memory") from error


def _suspended(coroutine: Coroutine[None, None, T]) -> ScriptSuspended:
    name = getattr(coroutine, "__qualname__", coroutine)
    return ScriptSuspended(f"{name} awaited something other than its transaction")
