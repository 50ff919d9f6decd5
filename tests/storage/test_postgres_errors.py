"""The errors of asyncpg and what they mean: an outage is tried again, a bug is not."""

import asyncio

import asyncpg
import pytest

from palomar.storage.database import Conflict, DatabaseError, Unavailable
from palomar.storage.postgres_errors import translate_error, translate_errors


class Connection:
    def __init__(self, *, closed: bool) -> None:
        self._closed = closed

    def is_closed(self) -> bool:
        return self._closed


OPEN, CLOSED = Connection(closed=False), Connection(closed=True)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InternalClientError("got result for unknown protocol state 3"),
        asyncpg.ProtocolError("what?"),
        asyncpg.OutdatedSchemaCacheError("changed"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.AdminShutdownError("terminating"),
        asyncpg.CrashShutdownError("crash"),
        asyncpg.QueryCanceledError("statement timeout"),
        asyncpg.IdleInTransactionSessionTimeoutError("idle"),
        asyncpg.DiskFullError("no space left on device"),
        asyncpg.OutOfMemoryError("memory"),
        asyncpg.TooManyConnectionsError("too many"),
        asyncpg.PostgresIOError("io"),
        asyncpg.ReadOnlySQLTransactionError("cannot execute INSERT in a read-only transaction"),
        ConnectionResetError("reset"),
        BrokenPipeError("pipe"),
        TimeoutError(),
        asyncio.IncompleteReadError(b"", 5),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_no_statement_caused_is_an_outage_even_on_an_open_connection(error: Exception) -> None:
    assert isinstance(translate_error(error, OPEN), Unavailable)


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("connection is closed"),
        AttributeError("'NoneType' object has no attribute 'write'"),
        asyncpg.UniqueViolationError("told in the last moment"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_any_error_on_a_closed_connection_is_an_outage(error: Exception) -> None:
    assert isinstance(translate_error(error, CLOSED), Unavailable)


@pytest.mark.parametrize("connection", [OPEN, CLOSED, None])
def test_a_value_that_does_not_fit_is_never_an_outage(connection: Connection | None) -> None:
    found = translate_error(asyncpg.DataError("value out of int64 range"), connection)
    assert isinstance(found, DatabaseError)
    assert not isinstance(found, Unavailable)


@pytest.mark.parametrize(
    "error",
    [asyncpg.SerializationError("40001"), asyncpg.DeadlockDetectedError("40P01"), asyncpg.LockNotAvailableError("")],
)
def test_a_lost_race_is_a_conflict(error: Exception) -> None:
    assert isinstance(translate_error(error, OPEN), Conflict)


def test_an_error_in_a_statement_is_a_database_error_and_one_in_a_script_stays_as_it_is() -> None:
    found = translate_error(asyncpg.UndefinedTableError("no such table"), OPEN)
    assert type(found) is DatabaseError
    mine = ValueError("a script's own")
    assert translate_error(mine, OPEN) is mine
    with pytest.raises(ValueError, match="own"), translate_errors(OPEN):
        raise mine


def test_a_translated_error_stays_as_it_is() -> None:
    away = Unavailable("gone")
    assert translate_error(away, OPEN) is away
