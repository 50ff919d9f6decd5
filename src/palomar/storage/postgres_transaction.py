"""A transaction on one PostgreSQL connection."""

import asyncio
from collections.abc import Sequence
from typing import Any, LiteralString

import asyncpg

from palomar.storage.statements import (
    Add,
    Delete,
    Insert,
    Lock,
    Lookup,
    ResultRow,
    Row,
    Select,
    Update,
    Value,
    numbered,
)

_LOCKS = {"update": " FOR UPDATE", "share": " FOR SHARE", "skip": " FOR UPDATE SKIP LOCKED"}
_numbered: dict[str, str] = {}


class PostgresTransaction:
    """The methods of ``database.Transaction`` on a connection on which a transaction has begun."""

    def __init__(
        self, connection: asyncpg.Connection | asyncpg.pool.PoolConnectionProxy, *, timeout: float | None = None
    ) -> None:
        """Use a connection. ``timeout`` is how many seconds a statement may take; None: as the connection was
        opened."""
        self._connection = connection
        self._timeout = timeout

    async def insert(self, statement: Insert, rows: Sequence[Row]) -> None:
        if rows:
            await self._connection.execute(statement.postgres, *_columns(rows), timeout=self._timeout)

    async def insert_new(self, statement: Insert, rows: Sequence[Row]) -> set[Any]:
        if not rows:
            return set()
        return {
            row[0] for row in await self._connection.fetch(statement.postgres, *_columns(rows), timeout=self._timeout)
        }

    async def add(self, statement: Add, rows: Sequence[Row]) -> None:
        if rows:
            await self._connection.execute(statement.postgres, *_columns(rows), timeout=self._timeout)

    async def update(self, statement: Update, rows: Sequence[Row]) -> None:
        if rows:
            await self._connection.execute(statement.postgres, *_columns(rows), timeout=self._timeout)

    async def delete(self, statement: Delete, keys: Sequence[Value]) -> None:
        await self._connection.execute(statement.postgres, list(keys), timeout=self._timeout)

    async def lookup(self, statement: Lookup, keys: Sequence[Value]) -> list[ResultRow]:
        return _tuples(await self._connection.fetch(statement.postgres, list(keys), timeout=self._timeout))

    async def select(self, sql: LiteralString, *values: Value) -> list[ResultRow]:
        return _tuples(await self._connection.fetch(_dollars(sql), *values, timeout=self._timeout))

    async def query(self, query: Select, *values: Value) -> list[ResultRow]:
        return _tuples(await self._connection.fetch(query.postgres, *values, timeout=self._timeout))

    async def select_locked(self, sql: LiteralString, *values: Value, lock: Lock = "update") -> list[ResultRow]:
        return _tuples(await self._connection.fetch(_dollars(sql) + _LOCKS[lock], *values, timeout=self._timeout))

    async def execute(self, sql: LiteralString, *values: Value) -> int:
        status = await self._connection.execute(_dollars(sql), *values, timeout=self._timeout)
        count = status.rpartition(" ")[2]
        return int(count) if count.isdigit() else 0

    async def pause(self) -> None:
        await asyncio.sleep(0)

    async def now_ms(self) -> int:
        sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        return int(await self._connection.fetchval(sql, timeout=self._timeout))


def _columns(rows: Sequence[Row]) -> list[tuple[Value, ...]]:
    return list(zip(*rows, strict=True))


def _tuples(records: list[asyncpg.Record]) -> list[ResultRow]:
    return [tuple(record) for record in records]


def _dollars(sql: str) -> str:
    text = _numbered.get(sql)
    if text is None:
        text = _numbered[sql] = numbered(sql)
    return text
