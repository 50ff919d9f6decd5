"""Long reads and the search index of the SQLite driver, each on a connection and in a thread of its own.

Each step of a statement releases the GIL and, beside a busy event loop, waits milliseconds to get it back. So here all
rows of a statement are passed in one step, as one JSON text.

The search index is a file of its own beside the database. It can be built again from the messages, so its commits do
not wait for the disk and do not delay those of the database; copies of the database leave it out. It is built anew if
it is missing or belongs to another database.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import msgspec

from palomar.storage.database import Conflict, DatabaseError, Script, T, Unavailable
from palomar.storage.sqlite_transaction import SqliteTransaction, close_all, run_in_thread, translate_error
from palomar.storage.statements import Insert, ResultRow, Row
from palomar.storage.uncancelled import wait_uncancelled

_VERSION = 1
"""The version of the index's schema; a file of another version is built anew."""

# Tokens are split, folded and marked before they come here, so this tokenizer only separates them again. Positions are
# kept although phrases are not searched: without them prefixes were found five times slower.
_SCHEMA = (
    "DROP TABLE IF EXISTS message_words",
    "DROP TABLE IF EXISTS indexed",
    "CREATE VIRTUAL TABLE message_words"
    " USING fts5(body, content='', contentless_delete=1, tokenize=\"ascii tokenchars '=_'\")",
    # Half the merges that 4 makes, and searches are as fast.
    "INSERT INTO message_words (message_words, rank) VALUES ('automerge', 8)",
    "CREATE TABLE indexed (id INTEGER PRIMARY KEY, to_id BIGINT NOT NULL, checked_id BIGINT NOT NULL)",
    "INSERT INTO indexed (id, to_id, checked_id) VALUES (1, 0, 0)",
    "CREATE TABLE IF NOT EXISTS origin (id INTEGER PRIMARY KEY, made_ms BIGINT NOT NULL)",
)
_OPEN_BUSY_MS = 5_000
_INTERRUPT_EVERY_SECONDS = 0.02
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[Any, ...]]).decode


class ThreadTransaction(SqliteTransaction):
    """A transaction in a thread: all rows of a statement go in one step."""

    async def insert(self, statement: Insert, rows: Sequence[Row]) -> None:
        self._cursor.execute(statement.sqlite_from_json, (_encode(rows).decode(),))

    async def pause(self) -> None:
        """Do nothing: no other task waits for this thread."""

    def _select(self, sql: str, values: Row) -> list[ResultRow]:
        found: list[tuple[Any, ...]] = self._cursor.execute(_as_one_row(self._connection, sql), values).fetchall()
        return _decode(found[0][0])


class SqliteThreads:
    """The connections and threads for long reads and the search index. Both are opened on first use."""

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        self._path = path
        self._vfs = vfs
        self._executor = ThreadPoolExecutor(2, "sqlite-threads")
        self._opening, self._reading_long, self._indexing = asyncio.Lock(), asyncio.Lock(), asyncio.Lock()
        self._connections: _Connections | None = None

    async def read_long(self, script: Script[[], T]) -> T:
        """Run a read-only script on one snapshot; if the caller is cancelled, its statement is interrupted."""
        async with self._reading_long:
            reader = (await self._opened()).reader
            return await self._run(lambda: _run_in_transaction(reader, "BEGIN", "ROLLBACK", script), reader)

    async def write_index(self, script: Script[[], T]) -> T:
        """Run a script in a transaction on the search index."""
        async with self._indexing:
            indexer = (await self._opened()).indexer
            return await self._run(lambda: _run_in_transaction(indexer, "BEGIN IMMEDIATE", "COMMIT", script), indexer)

    async def close(self) -> None:
        """Interrupt what is under way, and close both connections."""
        if self._connections is not None:
            self._connections.reader.interrupt()
            self._connections.indexer.interrupt()
        async with self._reading_long, self._indexing:
            self._executor.shutdown(wait=True)
            if self._connections is not None:
                close_all((self._connections.reader, self._connections.indexer))

    async def _opened(self) -> "_Connections":
        async with self._opening:
            if self._connections is None:
                opening = asyncio.get_running_loop().run_in_executor(self._executor, _open, self._path, self._vfs)
                self._connections = await wait_uncancelled(opening)
            return self._connections

    async def _run(self, work: Callable[[], T], connection: apsw.Connection) -> T:
        future = asyncio.get_running_loop().run_in_executor(self._executor, work)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            # The connection must be free before the next script uses it.
            await wait_uncancelled(asyncio.ensure_future(_interrupt_until_done(future, connection)))
            raise


@dataclass(frozen=True, slots=True)
class _Connections:
    reader: apsw.Connection
    indexer: apsw.Connection


def index_file(path: Path) -> Path:
    """Return the path of a database's search index."""
    return path.with_name(f"{path.stem}.words{path.suffix}")


async def _interrupt_until_done(future: "asyncio.Future[T]", connection: apsw.Connection) -> None:
    """Interrupt the connection until its script has ended: an interrupt between two statements has no effect."""
    while not future.done():
        connection.interrupt()
        await asyncio.wait([future], timeout=_INTERRUPT_EVERY_SECONDS)
    future.exception()  # read it, so that asyncio does not log it as never retrieved


def _run_in_transaction(connection: apsw.Connection, begin: str, end: str, script: Script[[], T]) -> T:
    try:
        connection.execute(begin)
        try:
            result = run_in_thread(script(ThreadTransaction(connection)))
            connection.execute(end)
            return result
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    except apsw.Error as error:
        raise translate_error(error) from error


def _open(path: Path, vfs: str | None) -> _Connections:
    opened: list[apsw.Connection] = []
    try:
        reader = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs)
        opened.append(reader)
        reader.set_busy_timeout(_OPEN_BUSY_MS)
        reader.pragma("cache_size", -32_768)
        reader.pragma("temp_store", "MEMORY")
        indexer = apsw.Connection(str(index_file(path)), vfs=vfs)
        opened.append(indexer)
        indexer.set_busy_timeout(_OPEN_BUSY_MS)
        indexer.pragma("journal_mode", "WAL")
        indexer.pragma("synchronous", "NORMAL")
        _make_index(indexer, origin_ms=_made_ms(reader))
        reader.execute("ATTACH ? AS search_index", (str(index_file(path)),))
        return _Connections(reader, indexer)
    except apsw.Error as error:
        close_all(opened)
        kind = Unavailable if isinstance(translate_error(error), Unavailable | Conflict) else DatabaseError
        raise kind(f"cannot open the index of words {index_file(path)}: {error}") from error


def _make_index(indexer: apsw.Connection, *, origin_ms: int) -> None:
    """Build an empty index, unless the file is an index of this database already."""
    if _is_current(indexer, origin_ms):
        return
    with indexer:
        for statement in _SCHEMA:
            indexer.execute(statement)
        indexer.execute("INSERT OR REPLACE INTO origin (id, made_ms) VALUES (1, ?)", (origin_ms,))
        indexer.pragma("user_version", _VERSION)


def _is_current(indexer: apsw.Connection, origin_ms: int) -> bool:
    if indexer.pragma("user_version") != _VERSION:
        return False
    return indexer.execute("SELECT made_ms FROM origin").fetchall() == [(origin_ms,)]


def _made_ms(reader: apsw.Connection) -> int:
    """Read when the database was made, by which another database in its place is recognized."""
    made: list[tuple[Any, ...]] = reader.execute("SELECT min(applied_ms) FROM migrations").fetchall()
    return int(made[0][0])


_by_sql: dict[str, str] = {}


def _as_one_row(connection: apsw.Connection, sql: str) -> str:
    """Wrap a select so that it returns all its rows as one JSON text."""
    text = _by_sql.get(sql)
    if text is None:
        import apsw.ext  # slow to import, and short commands have no long reads

        columns = len(apsw.ext.query_info(connection, sql).description)
        names = ", ".join(f"c{number}" for number in range(columns))
        text = f"WITH answer ({names}) AS ({sql}) SELECT json_group_array(json_array({names})) FROM answer"
        _by_sql[sql] = text
    return text
