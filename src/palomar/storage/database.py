"""The interface to a database: what a transaction can do, and what a driver offers.

There are two drivers, ``sqlite`` and ``postgres``; one contract suite (``tests/storage``) runs on both. What runs in a
transaction is a script: ``async def script(tx, ...) -> result``, which awaits nothing but ``tx``. The methods of a
driver pass further arguments on to the script, as ``asyncio.to_thread`` does.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, LiteralString, ParamSpec, Protocol, TypeVar

from palomar.storage.statements import Add, Delete, Insert, Lock, Lookup, ResultRow, Row, Select, Update, Value
from palomar.vocabulary.refusals import TemporarilyUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseError(Exception):
    """An error of the database, in its own words."""


class Conflict(DatabaseError, TemporarilyUnavailable):
    """The transaction lost a race and was rolled back (40001, 40P01, or a check of its own failed): run it again."""


class Unavailable(DatabaseError, TemporarilyUnavailable):
    """The database cannot be reached now; nothing was written."""


class ScriptSuspended(DatabaseError):
    """A script awaited something other than its transaction. That is a bug; the transaction was rolled back."""


class Transaction(Protocol):
    """An open transaction. Values are int, str, bytes or None; rows come back as plain tuples."""

    async def insert(self, statement: Insert, rows: Sequence[Row]) -> None: ...

    async def insert_new(self, statement: Insert, rows: Sequence[Row]) -> set[Any]:
        """Insert the rows that do not conflict; return the first column of each row that was inserted."""
        ...

    async def add(self, statement: Add, rows: Sequence[Row]) -> None:
        """Add amounts to the rows with these keys, and insert the rows that are missing. No key may come twice."""
        ...

    async def update(self, statement: Update, rows: Sequence[Row]) -> None: ...

    async def delete(self, statement: Delete, keys: Sequence[Value]) -> None: ...

    async def lookup(self, statement: Lookup, keys: Sequence[Value]) -> list[ResultRow]: ...

    async def select(self, sql: LiteralString, *values: Value) -> list[ResultRow]: ...

    async def query(self, query: Select, *values: Value) -> list[ResultRow]:
        """Run a declared select with numbered values and lists of numbers."""
        ...

    async def select_locked(self, sql: LiteralString, *values: Value, lock: Lock = "update") -> list[ResultRow]:
        """Select rows and lock them until the end of the transaction. SQLite has one writer and needs no row locks.

        ``update`` locks them to change them, ``share`` keeps others from changing them, and ``skip`` selects only rows
        that no other transaction has locked.
        """
        ...

    async def execute(self, sql: LiteralString, *values: Value) -> int:
        """Run one statement; return how many rows it changed."""
        ...

    async def pause(self) -> None:
        """Let the event loop run other tasks in the middle of a long transaction."""
        ...

    async def now_ms(self) -> int:
        """Return the wall time of the database's own clock, by which leases are judged."""
        ...


Script = Callable[Concatenate[Transaction, P], Coroutine[None, None, T]]


class Database(Protocol):
    """An open database. ``lanes`` is how many writing transactions may be under way at once."""

    @property
    def lanes(self) -> int: ...

    async def write(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script in a transaction and commit; on any error roll back and raise."""
        ...

    async def write_in_lane(self, lane: int, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write as :meth:`write` does, which uses lane 0, without waiting for a transaction in another lane."""
        ...

    async def write_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write as :meth:`write` does, without a limit of time."""
        ...

    async def read(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script in a read-only transaction over one snapshot. Keep it short: under two seconds."""
        ...

    async def read_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read as :meth:`read` does, for statements that take long.

        Nothing else waits for them, but they may wait for each other. Their rows hold numbers, texts and None. If the
        caller is cancelled, the statement is interrupted.
        """
        ...

    async def write_index(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script in a transaction over the search index, independent of all other transactions.

        A crash may lose the last transactions, each as a whole, because the index can be built again.
        """
        ...

    async def change_hint(self) -> int:
        """Return a number that changes when another process has written; cheap enough for twice a second."""
        ...

    async def upkeep(self) -> None:
        """Do what commits must not wait for (a checkpoint, statistics). Called every second or so."""
        ...

    async def close(self) -> None: ...
