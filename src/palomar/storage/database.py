"""The seam between flows and a database: what a transaction can do, and what a driver must offer.

Two drivers stand behind it, ``sqlite`` and ``postgres``; one contract suite (``tests/storage``) runs on both. A script
is ``async def script(tx, ...) -> result`` and awaits nothing but ``tx``. What follows it is passed on to it, as by
``asyncio.to_thread``.
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Concatenate, LiteralString, ParamSpec, Protocol, TypeVar

from palomar.storage.statements import Add, Delete, Insert, Lock, Lookup, ResultRow, Row, Select, Update, Value
from palomar.vocabulary.refusals import TemporarilyUnavailable

P = ParamSpec("P")
T = TypeVar("T")


class DatabaseError(Exception):
    """What went wrong in a database, in its own words."""


class Conflict(DatabaseError, TemporarilyUnavailable):
    """The transaction lost a race and was rolled back (40001, 40P01, or a guard that failed): run it again."""


class Unavailable(DatabaseError, TemporarilyUnavailable):
    """The database cannot be reached now; nothing was written."""


class ScriptSuspended(DatabaseError):
    """A script awaited something that is not its transaction: a bug, rolled back and named."""


class Transaction(Protocol):
    """The verbs. Values are int, str, bytes or None; rows come back as plain tuples."""

    async def insert(self, statement: Insert, rows: Sequence[Row]) -> None: ...

    async def insert_new(self, statement: Insert, rows: Sequence[Row]) -> set[Any]:
        """Insert what does not conflict; the first columns of the rows that went in."""
        ...

    async def add(self, statement: Add, rows: Sequence[Row]) -> None:
        """Add to the rows with these keys, no key twice; rows that are not there are made."""
        ...

    async def update(self, statement: Update, rows: Sequence[Row]) -> None: ...

    async def delete(self, statement: Delete, keys: Sequence[Value]) -> None: ...

    async def lookup(self, statement: Lookup, keys: Sequence[Value]) -> list[ResultRow]: ...

    async def select(self, sql: LiteralString, *values: Value) -> list[ResultRow]: ...

    async def query(self, query: Select, *values: Value) -> list[ResultRow]:
        """Select with numbered values and lists of numbers."""
        ...

    async def select_locked(self, sql: LiteralString, *values: Value, lock: Lock = "update") -> list[ResultRow]:
        """Select and lock the rows until the end (on SQLite the one writer needs no row locks): to change them
        (``update``), to keep others from changing them (``share``), or only those that nobody else holds (``skip``)."""
        ...

    async def execute(self, sql: LiteralString, *values: Value) -> int:
        """Run one statement; how many rows it changed."""
        ...

    async def pause(self) -> None:
        """Let the rest of the process have a turn in the middle of a long transaction."""
        ...

    async def now_ms(self) -> int:
        """The database's own wall clock, by which leases are judged."""
        ...


Script = Callable[Concatenate[Transaction, P], Coroutine[None, None, T]]


class Database(Protocol):
    """A driver, open. ``lanes`` is how many writing transactions may be under way at once."""

    @property
    def lanes(self) -> int: ...

    async def write(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script in a transaction and commit; on any error roll back and raise."""
        ...

    async def write_in_lane(self, lane: int, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write as :meth:`write`, which is lane 0, without waiting for what is under way in another lane."""
        ...

    async def write_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Write as :meth:`write`, for as long as it takes."""
        ...

    async def read(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script in a read-only transaction over one snapshot. Keep it short: under two seconds."""
        ...

    async def read_long(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As :meth:`read`, for questions that take long: nothing else waits for them, they may wait for each other.
        What they select holds numbers, texts and None. Whoever stops waiting ends the question."""
        ...

    async def write_index(self, script: Script[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run the script in a transaction over the index of words alone, beside all others. What it wrote may be lost
        at a crash, all of one transaction or nothing: it can be made again."""
        ...

    async def change_hint(self) -> int:
        """A number that differs after another process may have written; cheap enough for twice a second."""
        ...

    async def upkeep(self) -> None:
        """Housekeeping off the commit path (a checkpoint, statistics); called every second or so."""
        ...

    async def close(self) -> None: ...
