"""The plans of long reads: they may read many rows, but only those within their bounds."""

import re

import apsw
import pytest
from tests.storage.test_plans import ROWS, Filled, fill
from tests.support.databases import Place

from palomar.reports import count_rows, search_rows
from palomar.reports.buckets import Bucket, Dimension
from palomar.storage.database import Database, Transaction
from palomar.storage.statements import Lookup, Select, Value, ids_text, numbered

IDS, LOW, HIGH = ids_text([256, 512]), 256, ROWS * 256
MINUTES = ids_text([60_000, 120_000])
LARGE = ("messages", "counts", "message_words")
OF_THE_OPEN = ("messages_open", "counts_open")
"""Indexes that have only what has not ended: they may be read whole."""

Asked = tuple[Select | Lookup | str, tuple[Value, ...]]

SURVEYED: dict[str, Asked] = {
    "how messages and counts differ": (count_rows.SELECT_DIFFERENCES, (60_000, MINUTES)),
    "what has not ended": (count_rows.SELECT_OPEN, ()),
    "the next message": (count_rows.SELECT_NEXT_MESSAGE, (LOW,)),
    "the next minute": (count_rows.SELECT_NEXT_COUNTED, (60_000, 60_000)),
    "traffic": (count_rows.select_counts(by=(), in_time=True, many=False), (60_000, MINUTES, IDS)),
    "totals of many": (
        count_rows.select_counts(by=(Dimension.CARRIER, Dimension.COUNTRY), in_time=False, many=True),
        (60_000, 0, 600_000, IDS),
    ),
    "the largest accounts": (count_rows.SELECT_LARGEST, (60_000, 0, 600_000, 5)),
    "promising hours": (count_rows.select_spans(state=True, carrier=True), (60_000, MINUTES, IDS, "sent", "c")),
    "messages in hours": (
        search_rows.select_in_spans(among=True, state=True, carrier=True),
        (MINUTES, 60_000, LOW, HIGH, 50, IDS, "sent", "c"),
    ),
    "the newest": (
        search_rows.select_newest("all", among=True, state=True, carrier=False),
        (LOW, HIGH, 500, 50, IDS, "sent"),
    ),
    "an account's newest": (
        search_rows.select_newest("account", among=False, state=False, carrier=True),
        (LOW, HIGH, 500, 50, 7, "c"),
    ),
    "those open": (
        search_rows.select_newest("open", among=False, state=True, carrier=False),
        (LOW, HIGH, 500, 50, "sent"),
    ),
    "how many are open": (search_rows.COUNT_OPEN, (500,)),
    "where a walk ended": (search_rows.SELECT_LAST_OF_ALL, (LOW, HIGH, 500)),
    "where an account's walk ended": (search_rows.SELECT_LAST_OF_ACCOUNT, (LOW, HIGH, 500, 7)),
    "candidates": (search_rows.SELECT_CANDIDATES, ('("hello" AND "r=1"*)', LOW, HIGH, 50)),
    "facts of candidates": (search_rows.LOOKUP_FACTS, (IDS,)),
    "what is younger than the index": (search_rows.SELECT_UNINDEXED, (LOW, HIGH, 50)),
    "what the index lacks": (search_rows.SELECT_TO_INDEX, (LOW, HIGH, 50)),
    "whether the index lacks some": (search_rows.SELECT_TO_CHECK, (LOW, HIGH, 50)),
}

UNSORTED = ("the newest", "an account's newest", "what is younger than the index", "what the index lacks", "candidates")
"""What stops when it has found enough: on SQLite, where a sort would have to see all."""


@pytest.fixture(params=["empty", "full"])
async def filled(database: Database, request: pytest.FixtureRequest) -> Filled:
    """Make a database without rows, and one with rows and statistics."""
    return await fill(database, full=request.param == "full")


async def test_no_long_read_scans_rows_outside_its_bounds(filled: Filled, place: Place) -> None:
    for name, asked in SURVEYED.items():
        plan = await plan_of(filled, place, *asked)
        lines = [line for line in plan.splitlines() if not any(index in line for index in OF_THE_OPEN)]
        whole = re.findall(r"Seq Scan on (\w+)|^SCAN (\w+)(?! VIRTUAL)", "\n".join(lines), re.MULTILINE)
        assert not {table for pair in whole for table in pair if table in LARGE}, f"{name}:\n{plan}"
        for line, after in zip(lines, [*lines[1:], ""], strict=False):
            if re.search(r"Index (Only )?Scan.* on (messages|counts)", line):
                assert "Index Cond" in after, f"{name} reads a whole index:\n{plan}"
        if name in UNSORTED and filled.engine == "sqlite":
            assert "TEMP B-TREE" not in plan, f"{name} sorts:\n{plan}"


async def plan_of(filled: Filled, place: Place, statement: Select | Lookup | str, values: tuple[Value, ...]) -> str:
    """Explain a statement in a long read, with these values."""
    if filled.engine == "postgres":
        text = numbered(statement) if isinstance(statement, str) else statement.postgres
        asked = [[256, 512]] if isinstance(statement, Lookup) else list(values)

        async def explain(tx: Transaction) -> str:
            rows = await tx._connection.fetch(f"EXPLAIN (COSTS OFF) {text}", *asked)  # type: ignore[attr-defined]
            return "\n".join(str(row[0]) for row in rows)

        return await filled.database.read_long(explain)
    await filled.database.read_long(lambda tx: tx.select("SELECT 1"))  # from now on the index has its file
    connection = apsw.Connection(place.where)
    connection.execute("ATTACH ? AS search_index", (place.where.replace(".db", ".words.db"),))
    sql = statement if isinstance(statement, str) else statement.sqlite
    plan = "\n".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", values))
    connection.close()
    return plan


def test_the_plans_are_made_for_the_ids_of_a_minute() -> None:
    assert Bucket.MINUTE == 60_000
