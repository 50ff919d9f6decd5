"""A server's data directory, which one server uses at a time, and its database."""

import contextlib
import fcntl
import os
import platform
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import IO, Final

import structlog

from palomar.acceptance.default_sender import DefaultSenders
from palomar.app.config import Config
from palomar.app.installation import Note, is_noted
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.clock import RealClock, RealIds
from palomar.sandbox import clock_and_chaos
from palomar.storage.database import Database, DatabaseError, Transaction
from palomar.storage.migrate import migrate
from palomar.storage.sqlite import open_sqlite
from palomar.vocabulary.message import COMMAND_LINE_NODE, accepted_ms

SQLITE_FILE: Final = "palomar.db"
FIRST_ACCOUNT_FILE: Final = "demo.json"
"""The file in the data directory with the secrets that the first start made, readable for its owner alone."""

_log = structlog.get_logger(__name__)


class StartError(Exception):
    """The reason why a server cannot start, in words for the operator."""


def has_data(config: Config) -> bool:
    """Return True if the configured database exists; a PostgreSQL is assumed to."""
    return bool(config.database.url) or (config.data_dir / SQLITE_FILE).exists()


@contextlib.asynccontextmanager
async def opened_database(config: Config, *, make_directory: bool = True) -> AsyncIterator[Database]:
    """Open the configured database and bring its schema up to date; close it on leaving. With ``make_directory`` a
    missing data directory is made.

    Raises DatabaseError.
    """
    clock = RealClock()
    data_dir = _make_directory(config.data_dir) if make_directory else config.data_dir
    if config.database.url:
        from palomar.storage.postgres import open_postgres  # imported here: its driver is needed with PostgreSQL only

        session = RealIds(COMMAND_LINE_NODE).token()
        database: Database = await open_postgres(config.database.url, session=session)
        engine = "postgres"
    else:
        database = open_sqlite(data_dir / SQLITE_FILE)
        engine = "sqlite"
    try:
        for name in await migrate(database, engine=engine, now_ms=clock.wall_ms()):
            _log.info("migration applied", name=name)
        yield database
    finally:
        await database.close()


async def wall_clock(config: Config, database: Database) -> RealClock:
    """Return the clock that dates everything: ahead as the sandbox was set, if every carrier is simulated."""
    clock = RealClock()
    if config.simulated:
        clock.jump((await database.read(clock_and_chaos.read_settings)).ahead_ms)
    return clock


async def configured_senders(config: Config, database: Database) -> DefaultSenders:
    """Return the rule that chooses the sender of messages that name none."""
    required = config.sending.require_sender
    if required is None:
        required = not await database.read(is_noted, note=Note.BORROWS_VENDOR_SENDERS)
    return DefaultSenders(
        of_carriers={c.name: c.sender for c in config.carriers if isinstance(c, SmppCarrierSettings) and c.sender},
        is_real=not config.simulated,
        installation=config.sending.default_sender,
        uses_vendor_names=config.simulated or not required,
    )


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[IO[str]]:
    """Hold the lock of the data directory. Raises StartError if another server holds it."""
    with open(data_dir / "lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise StartError(f"another server (pid {owner}) uses the data directory {data_dir}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


def node_name(data_dir: Path) -> str:
    """Return the name of this server in the database, unique by machine and data directory."""
    return f"{platform.node()}:{data_dir.resolve()}"


async def last_message_ms(database: Database) -> int:
    """Return the time of the newest message id, in Unix milliseconds; 0 if there is no message."""

    async def script(tx: Transaction) -> int:
        last_id = (await tx.select("SELECT max(id) FROM messages"))[0][0]
        return 0 if last_id is None else accepted_ms(last_id)

    return await database.read(script)


def _make_directory(data_dir: Path) -> Path:
    """Make the data directory if it is missing, readable for its owner alone. Raises DatabaseError."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"the data directory {data_dir} cannot be made: {error.strerror}") from error
    return data_dir
