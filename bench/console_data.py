"""Measures the console's questions on a database with a million messages.

    python bench/console_data.py                        SQLite, a million messages of 2,000 accounts
    python bench/console_data.py --postgres start       the same on PostgreSQL
    python bench/console_data.py --keep DIR             keep the database there, and use it again the next time

The tables are filled by SQL. Then the messages are counted and their words indexed, by the parts of the server that do
it, and each question of the overview and of the search is asked. Times are those of the server: from the question to
its answer in Python, without HTML. The exit status is 1 if a question took longer than 300 ms at its median.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import stored_messages
from console_questions import questions
from machine import machine
from palomar.clock import RealClock
from palomar.reports.counting import compare
from palomar.reports.recounter import Recounter
from palomar.reports.search_index import add_slice, next_slice
from palomar.reports.search_indexer import SLICE, Indexer
from palomar.storage.database import Database, Transaction
from palomar.storage.migrate import migrate
from palomar.storage.postgres import open_postgres
from palomar.storage.sqlite import open_sqlite
from postgres import START, Postgres

LIMIT_MS = 300.0
_FILL_AT_ONCE = 5_000
_SETTLED_MS = 6_000
"""The age of the youngest message, because the index stays some seconds behind the clock."""


async def _measure(options: argparse.Namespace, directory: Path) -> list[str]:
    """Fill, count, index and ask; return the questions that took too long."""
    postgres = Postgres(options.postgres) if options.postgres else None
    try:
        if postgres is None:
            database: Database = open_sqlite(directory / "console.db")
        else:
            database = await open_postgres(await postgres.open(directory), session="bench")
        try:
            return await _measured(options, database, engine="postgres" if postgres else "sqlite")
        finally:
            await database.close()
    finally:
        if postgres is not None:
            await postgres.close()


async def _measured(options: argparse.Namespace, database: Database, *, engine: str) -> list[str]:
    await migrate(database, engine=engine, now_ms=int(time.time() * 1_000))
    if not await database.read(lambda tx: tx.select("SELECT id FROM messages LIMIT 1")):
        await _timed("filled", _fill(options, database, engine=engine))
    if engine == "postgres":
        await database.write(lambda tx: tx.execute("ANALYZE"))
    await _count(database)
    await _index(database)
    print(f"\n| question | median, ms | worst of {options.repeat}, ms | answer |\n| --- | ---: | ---: | --- |")
    slow = []
    for name, ask in await database.read_long(lambda tx: questions(tx, account_count=options.accounts)):
        took_ms, answer = await _time_question(database, ask, options.repeat)
        median_ms = statistics.median(took_ms)
        print(f"| {name} | {median_ms:.1f} | {max(took_ms):.1f} | {answer} |", flush=True)
        if median_ms > LIMIT_MS:
            slow.append(name)
    return slow


async def _time_question(
    database: Database, ask: Callable[[Transaction], Awaitable[Any]], repeat: int
) -> tuple[list[float], str]:
    took_ms, answer = [], ""
    for _ in range(repeat):

        async def script(tx: Transaction) -> str:
            return _summary_of(await ask(tx))

        began = time.perf_counter()
        answer = await database.read_long(script)
        took_ms.append((time.perf_counter() - began) * 1_000)
    return took_ms, answer


def _summary_of(answer: Any) -> str:
    if hasattr(answer, "messages") and hasattr(answer, "older"):
        return f"{len(answer.messages)} messages" + ("" if answer.older is None else ", and more before")
    if isinstance(answer, list | dict):
        return f"{len(answer)} entries"
    return type(answer).__name__


async def _fill(options: argparse.Namespace, database: Database, *, engine: str) -> str:
    until_ms = int(time.time() * 1_000) - _SETTLED_MS
    rows = stored_messages.message_rows(
        options.messages, account_count=options.accounts, until_ms=until_ms, days=options.days
    )
    await _put(database, engine, "accounts", *stored_messages.account_rows(options.accounts))
    await _put(database, engine, "balances", *stored_messages.balance_rows(options.accounts))
    await _put(database, engine, "callbacks", *stored_messages.callback_rows(5_000))
    await _put(database, engine, "orphans", *stored_messages.orphan_rows(5_000, until_ms))
    for some in _pieces(rows, _FILL_AT_ONCE):
        await _put(database, engine, "messages", stored_messages.MESSAGE_COLUMNS, [row for row, _ in some])
        await _put(database, engine, "parts", stored_messages.PART_COLUMNS, [row for _, row in some])
    return f"{options.messages:,} messages"


async def _put(database: Database, engine: str, table: str, columns: list[str], rows: list[Any]) -> None:
    if engine == "postgres":
        async with database._pool.acquire() as connection:  # type: ignore[attr-defined]  # COPY is no verb of ours
            await connection.copy_records_to_table(table, records=rows, columns=columns)
        return
    marks = ", ".join("?" for _ in columns)
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"

    async def script(tx: Transaction) -> None:
        tx._cursor.executemany(sql, rows)  # type: ignore[attr-defined]  # nor is this

    await database.write(script)


def _pieces(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while some := list(islice(rows, size)):
        yield some


async def _count(database: Database) -> None:
    """Count the messages turn by turn, as the server does, without the rests between turns."""
    clock, timed = _RestlessClock(), _TimedWrites(database)
    recounter, turns = Recounter(timed, clock), []  # type: ignore[arg-type]  # all that it uses
    while True:
        began = time.perf_counter()
        await recounter.count()
        turns.append((time.perf_counter() - began) * 1_000)
        clock.rest()
        if not recounter.waiting and not recounter.is_behind:
            break
    print(f"counted in {sum(turns) / 1_000:.1f} s, {len(turns)} turns: {_spread(turns)}")
    print(f"its writing transactions, on the loop: {_spread(timed.took_ms)}")
    now_ms = clock.wall_ms()
    minutes = [now_ms - now_ms % 60_000 - number * 60_000 for number in range(1, 4)]
    took_ms, _ = await _time_question(database, lambda tx: compare(tx, minutes), 20)
    print(f"three minutes looked at again: {_spread(took_ms)}")


async def _index(database: Database) -> None:
    """Index slice by slice, as the server does when it is idle; each slice is timed by its two transactions."""
    reads, adds = [], []
    while True:
        began = time.perf_counter()
        some = await database.read_long(lambda tx: next_slice(tx, limit=SLICE))
        read = time.perf_counter()
        if not some.rows:
            break
        await database.write_index(lambda tx, some=some: add_slice(tx, some))  # type: ignore[misc]
        reads.append((read - began) * 1_000)
        adds.append((time.perf_counter() - read) * 1_000)
    if reads:
        print(
            f"indexed in {(sum(reads) + sum(adds)) / 1_000:.1f} s; read a slice of {SLICE}: {_spread(reads)};", end=" "
        )
        print(f"add it: {_spread(adds)}")
    began = time.perf_counter()
    await Indexer(database, RealClock(), is_busy=lambda: False).index()
    print(f"one turn that checks what was committed late: {(time.perf_counter() - began) * 1_000:.0f} ms")


class _TimedWrites:
    """A database that notes how long its writing transactions took."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.read_long = database.read_long
        self.took_ms: list[float] = []

    async def write_in_lane(self, lane: int, script: Any, *args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        result = await self._database.write_in_lane(lane, script, *args, **kwargs)
        self.took_ms.append((time.perf_counter() - began) * 1_000)
        return result


class _RestlessClock(RealClock):
    """A clock on which hours pass between two turns, so that none of them rests."""

    def __init__(self) -> None:
        super().__init__()
        self._rested = 0.0

    def rest(self) -> None:
        self._rested += 3_600.0

    def monotonic(self) -> float:
        return super().monotonic() + self._rested


def _spread(took_ms: list[float]) -> str:
    ordered = sorted(took_ms)
    median, most = statistics.median(ordered), ordered[len(ordered) * 99 // 100]
    return f"median {median:.1f} ms, 99 % {most:.1f}, worst {ordered[-1]:.1f}"


async def _timed(what: str, work: Awaitable[str]) -> None:
    began = time.perf_counter()
    print(f"{what}: {await work} in {time.perf_counter() - began:.0f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--messages", type=int, default=1_000_000)
    add("--accounts", type=int, default=2_000)
    add("--days", type=int, default=30, help="over which the messages are spread")
    add("--repeat", type=int, default=20, help="how often each question is asked")
    add("--postgres", metavar="URL", default="", help=f"a new database there; {START!r}: a new server")
    add("--keep", metavar="DIR", default="", help="where SQLite's database stays")
    options = parser.parse_args()
    here = machine()
    print(f"{here['cpu']}, {here['cores']} cores, Python {here['python']}, load {here['load_before']}")
    with tempfile.TemporaryDirectory(prefix="palomar-console-") as temporary:
        directory = Path(options.keep or temporary)
        directory.mkdir(parents=True, exist_ok=True)
        slow = asyncio.run(_measure(options, directory))
    for name in slow:
        print(f"longer than {LIMIT_MS:.0f} ms: {name}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
