"""Portable statements: each is declared once, and has a text for each driver.

Rows are plain tuples in the declared order of columns. All other SQL is literal, with ``?`` for values (and ``{keys}``
for a list of them), and written so that SQLite and PostgreSQL both accept it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, LiteralString

import msgspec

Lock = Literal["update", "share", "skip"]
ColumnType = Literal["bigint", "text", "bytea", "tsvector"]
Columns = tuple[tuple[str, ColumnType], ...]
Value = int | str | bytes | None
Row = tuple[Value, ...]
ResultRow = tuple[Any, ...]
"""A row as a database returns it; a function beside its SQL gives its values types again."""
_encode = msgspec.json.Encoder().encode


def columns_of(kind: ColumnType, names: str) -> Columns:
    """Declare columns of one type from a space-separated list of names."""
    return tuple((name, kind) for name in names.split())


@dataclass(frozen=True)
class Insert:
    """An INSERT of many rows.

    With ``ignore_conflicts``, rows whose key exists are left out, and the first columns of the others are returned.
    """

    table: str
    columns: Columns
    ignore_conflicts: bool = False

    @cached_property
    def sqlite(self) -> str:
        marks = ", ".join("?" for _ in self.columns)
        return f"INSERT INTO {self.table} ({self._names}) VALUES ({marks}){self._tail}"

    @cached_property
    def sqlite_from_json(self) -> str:
        """Return the text that takes all rows as one JSON text: a list of lists."""
        values = ", ".join(f"value ->> {index}" for index, _ in enumerate(self.columns))
        return f"INSERT INTO {self.table} ({self._names}) SELECT {values} FROM json_each(?)"

    @cached_property
    def postgres(self) -> str:
        values = ", ".join(f"{name}::tsvector" if kind == "tsvector" else name for name, kind in self.columns)
        source = f"{_unnest(self.columns)} AS v ({self._names})"
        return f"INSERT INTO {self.table} ({self._names}) SELECT {values} FROM {source}{self._tail}"

    @property
    def _names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    @property
    def _tail(self) -> str:
        return f" ON CONFLICT DO NOTHING RETURNING {self.columns[0][0]}" if self.ignore_conflicts else ""


@dataclass(frozen=True)
class Update:
    """An UPDATE of many rows by key. A row has the key's columns, then the columns that are set."""

    table: str
    key: Columns
    columns: Columns

    @cached_property
    def sqlite(self) -> str:
        first = len(self.key)
        sets = ", ".join(f"{name} = ?{first + index}" for index, (name, _) in enumerate(self.columns, 1))
        keys = " AND ".join(f"{name} = ?{index}" for index, (name, _) in enumerate(self.key, 1))
        return f"UPDATE {self.table} SET {sets} WHERE {keys}"

    @cached_property
    def postgres(self) -> str:
        sets = ", ".join(f"{name} = v.{name}" for name, _ in self.columns)
        keys = " AND ".join(f"t.{name} = v.{name}" for name, _ in self.key)
        names = ", ".join(name for name, _ in self.key + self.columns)
        source = _unnest(self.key + self.columns)
        return f"UPDATE {self.table} AS t SET {sets} FROM {source} AS v({names}) WHERE {keys}"


@dataclass(frozen=True)
class Delete:
    """A DELETE of many rows by a key of one column."""

    table: str
    key: tuple[str, ColumnType]

    @cached_property
    def sqlite(self) -> str:
        return f"DELETE FROM {self.table} WHERE {self.key[0]} = ?"

    @cached_property
    def postgres(self) -> str:
        return f"DELETE FROM {self.table} WHERE {self.key[0]} = ANY($1::{self.key[1]}[])"


@dataclass(frozen=True)
class Add:
    """An addition to many rows by key, which inserts the rows that are missing.

    A row has the key's columns, then the amounts.
    """

    table: str
    key: Columns
    amounts: Columns

    @cached_property
    def sqlite(self) -> str:
        marks = ", ".join("?" for _ in self.key + self.amounts)
        return f"INSERT INTO {self.table} ({self._names}) VALUES ({marks}) {self._tail}"

    @cached_property
    def postgres(self) -> str:
        source = _unnest(self.key + self.amounts)
        return f"INSERT INTO {self.table} ({self._names}) SELECT * FROM {source} {self._tail}"

    @property
    def _names(self) -> str:
        return ", ".join(name for name, _ in self.key + self.amounts)

    @property
    def _tail(self) -> str:
        keys = ", ".join(name for name, _ in self.key)
        sums = ", ".join(f"{name} = {self.table}.{name} + excluded.{name}" for name, _ in self.amounts)
        return f"ON CONFLICT ({keys}) DO UPDATE SET {sums}"


@dataclass(frozen=True)
class Select:
    """A SELECT with numbered values (``{1}``, ``{2}``) that takes lists, or that differs between the databases.

    ``{ids 2}`` is a list of numbers, given as one JSON text (``ids_text``): after IN it is a set of values, elsewhere a
    table with one column, ``value``. Where PostgreSQL needs another text, it is ``postgres_sql``.
    """

    sql: LiteralString
    postgres_sql: LiteralString = ""

    @cached_property
    def sqlite(self) -> str:
        return _fill_in(self.sql, mark="?", ids="SELECT value FROM json_each(?{0})", among="IN ({0})")

    @cached_property
    def postgres(self) -> str:
        ids = "SELECT value::bigint AS value FROM json_array_elements_text(${0}::json)"
        return _fill_in(self.postgres_sql or self.sql, mark="$", ids=ids, among="= ANY(ARRAY({0}))")


@dataclass(frozen=True)
class Lookup:
    """A SELECT by a list of keys; its SQL has ``IN {keys}`` once.

    ``lock`` names the tables whose rows PostgreSQL locks. The SQL then ends in an ORDER BY that is the same for all
    statements that lock these rows.
    """

    sql: LiteralString
    key: ColumnType
    lock: str = ""

    @cached_property
    def sqlite(self) -> str:
        values = "unhex(value)" if self.key == "bytea" else "value"
        return self.sql.replace("IN {keys}", f"IN (SELECT {values} FROM json_each(?))")

    @cached_property
    def postgres(self) -> str:
        lock = f" FOR UPDATE OF {self.lock}" if self.lock else ""
        return self.sql.replace("IN {keys}", f"= ANY($1::{self.key}[])") + lock


def ids_text(ids: Iterable[int]) -> str:
    """Encode a list of numbers as the value of ``{ids n}``."""
    return _encode(list(ids)).decode()


def numbered(sql: str) -> str:
    """Replace the ``?`` marks by PostgreSQL's ``$1``, ``$2`` and so on. Our SQL has no ``?`` elsewhere."""
    pieces = sql.split("?")
    return "".join(f"{piece}${index}" for index, piece in enumerate(pieces[:-1], 1)) + pieces[-1]


def _unnest(columns: Columns) -> str:
    kinds = ("text" if kind == "tsvector" else kind for _, kind in columns)
    return "unnest(" + ", ".join(f"${index}::{kind}[]" for index, kind in enumerate(kinds, 1)) + ")"


def _fill_in(sql: str, *, mark: str, ids: str, among: str) -> str:
    sql = re.sub(r"IN \{ids (\d+)\}", lambda found: among.format(ids.format(found[1])), sql)
    sql = re.sub(r"\{ids (\d+)\}", lambda found: f"({ids.format(found[1])})", sql)
    return re.sub(r"\{(\d+)\}", lambda found: f"{mark}{found[1]}", sql)
