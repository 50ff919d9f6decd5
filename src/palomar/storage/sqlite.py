"""The SQLite driver, through apsw: one writing connection, one read-only connection, WAL, every commit synced.

Statements run on the event loop, because in a thread beside a busy loop each of them would wait for the GIL. Only
COMMIT, which waits for the disk, runs in a thread, unless commits are so fast that a thread costs more. So a script
never really suspends. Not here: long reads and the search index (``sqlite_threads``).
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw

from palomar.storage.database import DatabaseError, P, Script, T, Unavailable
from palomar.storage.sqlite_threads import SqliteThreads
from palomar.storage.sqlite_transaction import SqliteTransaction, close_all, run_on_loop, translate_errors
from palomar.storage.uncancelled import wait_uncancelled

OLDEST_SAFE = (3, 51, 3)
"""In older versions two processes can corrupt a WAL database (the WAL-reset bug, 3.7.0 to 3.51.2)."""

_BUSY_WAIT_SECONDS = 0.005
_OPEN_AGAIN_SECONDS = 0.01
_OPEN_BUSY_MS = 5_000
_KEPT_STATEMENTS = 1_000
"""Prepared statements that are kept. Each row of ``executemany`` takes a place for a moment; with the default of 100
all would be replaced in one transaction, and every statement parsed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteLimits:
    """The driver's limits; the defaults were measured."""

    inline_commit_seconds: float = 0.0005
    """While commits take less than this on average, they run on the event loop: a thread would cost more."""
    busy_wait_seconds: float = 3.0
    """How long another process may hold the write lock."""
    lock_wait_seconds: float = 4.0
    """How long a transaction waits for the one before it."""
    checkpoint_pages: int = 2_000
    long_log_pages: int = 50_000


def require_safe_sqlite(version: str = "") -> None:
    """Raise DatabaseError if this version of SQLite can corrupt the database."""
    text = version or apsw.sqlite_lib_version()
    if tuple(int(piece) for piece in text.split(".")[:3]) < OLDEST_SAFE:
        oldest = ".".join(map(str, OLDEST_SAFE))
        raise DatabaseError(
            f"SQLite {text} can corrupt a WAL database; {oldest} or newer is needed (pip install -U apsw)"
        )


class SqliteDatabase:
    """An open SQLite database; :func:`open_sqlite` opens one."""

    lanes = 1

    def __init__(
        self,
        *,
        writer: apsw.Connection,
        reader: apsw.Connection,
        checkpointer: apsw.Connection,
        threads: SqliteThreads,
        limits: SqliteLimits,
    ) -> None:
        self._limits = limits
        self._writer = writer
        self._reader = reader
        self._checkpointer = checkpointer
        self._threads = threads
        self._writing = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "sqlite-commit")
        self._checkpoint_thread = ThreadPoolExecutor(1, "sqlite-checkpoint")
        self._commit_seconds = 0.0
        self._wal_pages = 0
        writer.set_wal_hook(self._on_wal)

    async def write(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write, as :class:`Database` declares. Raises Unavailable if another process keeps the write lock."""
        async with self._locked():
            with translate_errors():
                await self._begin()
                try:
                    result = await run_on_loop(script(SqliteTransaction(self._writer), *args, **kwargs))
                    await self._commit()
                except BaseException:
                    _roll_back(self._writer)
                    raise
                return result

    async def write_in_lane(self, lane: int, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write in the only lane there is."""
        return await self.write(script, *args, **kwargs)

    async def write_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write; no statement has a deadline here."""
        return await self.write(script, *args, **kwargs)

    async def read(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read on the event loop; the script runs to its end."""
        async with self._reading:
            with translate_errors():
                self._reader.execute("BEGIN")
                try:
                    return await run_on_loop(script(SqliteTransaction(self._reader), *args, **kwargs))
                finally:
                    _roll_back(self._reader)

    async def read_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read in a thread, on a connection of its own."""
        return await self._threads.read_long(lambda tx: script(tx, *args, **kwargs))

    async def write_index(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write the search index in a thread; it is a file of its own."""
        return await self._threads.write_index(lambda tx: script(tx, *args, **kwargs))

    async def change_hint(self) -> int:
        with translate_errors():
            return int(self._reader.pragma("data_version"))

    async def upkeep(self) -> None:
        """Checkpoint: copy the write-ahead log into the database, on a connection and in a thread of its own.

        SQLite begins the log anew only when all of it has been copied, which does not happen under steady load. So when
        the log has grown long, writers wait while the last pages are copied.
        """
        if self._wal_pages < self._limits.checkpoint_pages:
            return
        loop = asyncio.get_running_loop()
        with translate_errors():
            await loop.run_in_executor(self._checkpoint_thread, _checkpoint, self._checkpointer)
            if self._wal_pages >= self._limits.long_log_pages:
                async with self._locked():
                    await loop.run_in_executor(self._checkpoint_thread, _checkpoint, self._checkpointer)

    async def close(self) -> None:
        """Finish the commit under way, checkpoint, close."""
        await self._threads.close()
        async with self._writing, self._reading:
            self._thread.shutdown(wait=True)
            self._checkpoint_thread.shutdown(wait=True)
            close_all((self._reader, self._checkpointer, self._writer))

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Take the lock of the one writer. Raises Unavailable after a while, as when the disk has stopped."""
        if self._writing.locked():
            try:
                async with asyncio.timeout(self._limits.lock_wait_seconds):
                    await self._writing.acquire()
            except TimeoutError as error:
                raise Unavailable("another transaction does not end") from error
        else:
            await self._writing.acquire()
        try:
            yield
        finally:
            self._writing.release()

    async def _begin(self) -> None:
        end = time.monotonic() + self._limits.busy_wait_seconds
        while True:
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                return
            except apsw.BusyError as error:
                if time.monotonic() > end:
                    raise Unavailable("another process holds the database's write lock") from error
                await asyncio.sleep(_BUSY_WAIT_SECONDS)

    async def _commit(self) -> None:
        started = time.perf_counter()
        if self._commit_seconds < self._limits.inline_commit_seconds:
            self._writer.execute("COMMIT")
        else:
            # A task that is cancelled here must wait: the thread is still using the connection.
            await wait_uncancelled(
                asyncio.get_running_loop().run_in_executor(self._thread, self._writer.execute, "COMMIT")
            )
        self._commit_seconds += (time.perf_counter() - started - self._commit_seconds) * 0.1

    def _on_wal(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK


def open_sqlite(path: Path, *, limits: SqliteLimits = SqliteLimits(), vfs: str | None = None) -> SqliteDatabase:
    """Open or create the database file. Raises DatabaseError with a reason that a person can act on.

    ``vfs`` names another file layer (https://www.sqlite.org/vfs.html); tests have one that fails.
    """
    require_safe_sqlite()
    opened: list[apsw.Connection] = []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = apsw.Connection(str(path), vfs=vfs, statementcachesize=_KEPT_STATEMENTS)
        opened.append(writer)
        writer.set_busy_timeout(_OPEN_BUSY_MS)
        _switch_to_wal(writer)
        writer.pragma("synchronous", "FULL")
        writer.pragma("wal_autocheckpoint", 0)
        writer.pragma("cache_size", -65_536)
        writer.pragma("temp_store", "MEMORY")
        writer.set_busy_timeout(0)  # from here on the driver waits itself, so that the event loop goes on
        reader = apsw.Connection(
            str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs, statementcachesize=_KEPT_STATEMENTS
        )
        opened.append(reader)
        reader.set_busy_timeout(2_000)
        reader.pragma("cache_size", -16_384)
        checkpointer = apsw.Connection(str(path), vfs=vfs)
        opened.append(checkpointer)
        checkpointer.set_busy_timeout(_OPEN_BUSY_MS)
        checkpointer.execute("SELECT count(*) FROM sqlite_schema")  # a connection that never read checkpoints nothing
        checkpointer.set_busy_timeout(0)
        return SqliteDatabase(
            writer=writer, reader=reader, checkpointer=checkpointer, threads=SqliteThreads(path, vfs=vfs), limits=limits
        )
    except (apsw.Error, OSError) as error:
        close_all(opened)
        raise DatabaseError(f"cannot open the SQLite database {path}: {error}") from error


def _roll_back(connection: apsw.Connection) -> None:
    """Roll back, if a transaction is open: SQLite ends it by itself after some errors, and when a ROLLBACK fails."""
    if connection.in_transaction:
        with contextlib.suppress(apsw.Error):
            connection.execute("ROLLBACK")


def _switch_to_wal(writer: apsw.Connection) -> None:
    """Switch to WAL, and wait while another process creates the same file: SQLite's own time-out does not cover
    that."""
    end = time.monotonic() + _OPEN_BUSY_MS / 1_000
    while True:
        try:
            writer.pragma("journal_mode", "WAL")
            return
        except apsw.BusyError:
            if time.monotonic() > end:
                raise
            time.sleep(_OPEN_AGAIN_SECONDS)


def _checkpoint(connection: apsw.Connection) -> None:
    with contextlib.suppress(apsw.BusyError):  # another process checkpoints; try again with the next upkeep
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
