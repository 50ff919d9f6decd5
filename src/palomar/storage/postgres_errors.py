"""The errors of asyncpg as those of ``database``.

An error that no statement caused is an outage, whatever the driver calls it: a connection that dies during a statement
may be reported as an error of the server, of the operating system, or of the driver itself.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

import asyncpg

from palomar.storage.database import Conflict, DatabaseError, Unavailable

_RACES: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)
_OUTAGES: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, restarting, not yet up, a statement cancelled from outside
    asyncpg.InsufficientResourcesError,  # no disk, no memory, no connection left
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that was the primary a moment ago
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the driver's state is broken: its connection died in between
    asyncio.IncompleteReadError,
    OSError,
    TimeoutError,
)


class ClosableConnection(Protocol):
    """A connection that knows whether it is closed."""

    def is_closed(self) -> bool: ...


@contextmanager
def translate_errors(connection: ClosableConnection | None = None) -> Iterator[None]:
    """Translate the errors raised inside. Any error on a ``connection`` that has been closed is an outage."""
    try:
        yield
    except Exception as error:
        found = translate_error(error, connection)
        if found is error:
            raise
        raise found from error


def translate_error(error: Exception, connection: ClosableConnection | None = None) -> Exception:
    """Return the error of ``database`` that this error means, or the error itself if it is not the driver's.

    A value that does not fit (DataError) is not a lost connection, though asyncpg derives both from InterfaceError: as
    an outage it would be tried again for ever.
    """
    if isinstance(error, DatabaseError | asyncpg.DataError):
        return error if isinstance(error, DatabaseError) else DatabaseError(f"{type(error).__name__}: {error}")
    if isinstance(error, _RACES):
        return Conflict(str(error))
    is_closed = connection is not None and connection.is_closed()
    if isinstance(error, _OUTAGES) or is_closed or (connection is None and isinstance(error, asyncpg.InterfaceError)):
        return Unavailable(f"PostgreSQL cannot be reached: {type(error).__name__}: {error}")
    if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError):
        return DatabaseError(f"{type(error).__name__}: {error}")
    return error
