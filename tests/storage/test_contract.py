"""The contract of a database: what every driver promises, run on both databases."""

import asyncio
import threading

import pytest

from palomar.reports.search_rows import INSERT_WORDS
from palomar.storage.database import Conflict, Database, DatabaseError, Transaction
from palomar.storage.statements import Add, Delete, Insert, Lookup, Row, Select, Update, Value, columns_of, ids_text

WORDS = Insert("words", (*columns_of("bigint", "id"), *columns_of("text", "word"), *columns_of("bytea", "raw")))
NEW_WORDS = Insert("words", WORDS.columns, ignore_conflicts=True)
CHANGE = Update("words", columns_of("bigint", "id"), (("word", "text"), ("raw", "bytea")))
REMOVE = Delete("words", ("id", "bigint"))
BY_ID = Lookup("SELECT id, word, raw FROM words WHERE id IN {keys} ORDER BY id", "bigint", lock="words")
BY_WORD = Lookup("SELECT id, word FROM words WHERE word IN {keys} ORDER BY id", "text")

LARGEST, SMALLEST = (1 << 63) - 1, -(1 << 63)
AWKWARD: list[Row] = [
    (1, "", b""),
    (2, "ñandú ÆØÅ €", b"\x00\xff"),
    (3, "\U0001f9a4\U0001f468‍\U0001f469‍\U0001f467 emoji", None),
    (4, "quote ' double \" back \\ brace {} [1,2] NULL null", b"NULL"),
    (5, None, b"\\x00"),
    (LARGEST, "العربية 漢字", bytes(range(256))),
    (SMALLEST, "line\nfeed\r\ttab", b"x" * 100_000),
]


@pytest.fixture
async def words(database: Database) -> Database:
    """Make a database with one small table, ``words``."""
    binary = "BLOB" if database.lanes == 1 else "BYTEA"

    async def script(tx: Transaction) -> None:
        await tx.execute(f"CREATE TABLE words (id BIGINT PRIMARY KEY, word TEXT, raw {binary})")

    await database.write(script)
    return database


async def put(database: Database, *rows: Row) -> None:
    async def script(tx: Transaction) -> None:
        await tx.insert(WORDS, rows)

    await database.write(script)


async def everything(database: Database) -> list[tuple[object, ...]]:
    async def script(tx: Transaction) -> list[tuple[object, ...]]:
        return await tx.select("SELECT id, word, raw FROM words ORDER BY id")

    return await database.read(script)


async def test_texts_bytes_and_numbers_are_read_as_they_were_inserted(words: Database) -> None:
    await put(words, *AWKWARD)
    assert await everything(words) == sorted(AWKWARD, key=lambda row: int(str(row[0])))


async def test_further_arguments_are_passed_on_to_the_script(words: Database) -> None:
    async def store(tx: Transaction, identity: int, *, word: str) -> int:
        await tx.insert(WORDS, [(identity, word, None)])
        return identity

    async def find(tx: Transaction, identity: int, *, otherwise: str) -> str:
        found = await tx.select("SELECT id, word FROM words WHERE id = ?", identity)
        return str(found[0][1]) if found else otherwise

    assert await words.write(store, 1, word="one") == 1
    assert await words.write_in_lane(1, store, 2, word="two") == 2
    assert await words.write_long(store, 3, word="three") == 3
    assert await words.read(find, 1, otherwise="none") == "one"
    assert await words.read_long(find, 2, otherwise="none") == "two"
    assert await words.read(find, 4, otherwise="none") == "none"


async def test_lookups_find_unusual_keys_and_leave_out_missing_ones(words: Database) -> None:
    await put(words, *AWKWARD)

    async def script(tx: Transaction) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        texts = [str(row[1]) for row in AWKWARD if row[1] is not None]
        by_id = await tx.lookup(BY_ID, [LARGEST, 99, 2, 2, SMALLEST])
        return by_id, await tx.lookup(BY_WORD, [*texts, "not there"])

    by_id, by_word = await words.write(script)
    assert [row[0] for row in by_id] == [SMALLEST, 2, LARGEST]
    assert [row[0] for row in by_word] == sorted(int(str(row[0])) for row in AWKWARD if row[1] is not None)


async def test_every_method_accepts_an_empty_list_of_rows(words: Database) -> None:
    async def script(tx: Transaction) -> tuple[set[int], list[tuple[object, ...]]]:
        await tx.insert(WORDS, [])
        new = await tx.insert_new(NEW_WORDS, [])
        await tx.update(CHANGE, [])
        await tx.delete(REMOVE, [])
        return new, await tx.lookup(BY_ID, [])

    assert await words.write(script) == (set(), [])


async def test_insert_new_returns_the_rows_that_were_inserted_and_keeps_the_others(words: Database) -> None:
    await put(words, (1, "first", None))

    async def script(tx: Transaction) -> set[int]:
        return await tx.insert_new(NEW_WORDS, [(1, "again", None), (2, "two", b"2"), (2, "twice", None), (3, "", None)])

    assert await words.write(script) == {2, 3}
    assert await everything(words) == [(1, "first", None), (2, "two", b"2"), (3, "", None)]


async def test_update_changes_the_rows_with_these_keys_and_no_others(words: Database) -> None:
    await put(words, (1, "one", None), (2, "two", None), (3, "three", b"3"))

    async def script(tx: Transaction) -> None:
        await tx.update(CHANGE, [(1, "uno", b"1"), (3, None, None), (9, "nueve", None)])

    await words.write(script)
    assert await everything(words) == [(1, "uno", b"1"), (2, "two", None), (3, None, None)]


async def test_delete_removes_the_rows_with_these_keys_and_no_others(words: Database) -> None:
    await put(words, (1, "one", None), (2, "two", None), (3, "three", None))

    async def script(tx: Transaction) -> None:
        await tx.delete(REMOVE, [1, 3, 9])

    await words.write(script)
    assert await everything(words) == [(2, "two", None)]


async def test_execute_returns_how_many_rows_it_changed(words: Database) -> None:
    await put(words, (1, "one", None), (2, "two", None), (3, "three", None))

    async def script(tx: Transaction) -> list[int]:
        return [
            await tx.execute("UPDATE words SET word = ? WHERE id > ?", "many", 1),
            await tx.execute("UPDATE words SET word = ? WHERE id = ?", "none", 9),
            await tx.execute("DELETE FROM words WHERE word = ?", "many"),
            await tx.execute("DELETE FROM words WHERE word = ?", "many"),
        ]

    assert await words.write(script) == [2, 0, 2, 0]


@pytest.mark.parametrize("lock", ["update", "share", "skip"])
async def test_select_locked_finds_what_select_finds(words: Database, lock: str) -> None:
    await put(words, (1, "one", None), (2, "two", None), (3, "three", None))

    async def script(tx: Transaction) -> list[tuple[object, ...]]:
        sql = "SELECT id, word FROM words WHERE id > ? ORDER BY id DESC LIMIT ?"
        return await tx.select_locked(sql, 1, 5, lock=lock)  # type: ignore[arg-type]  # one of the three

    assert await words.write(script) == [(3, "three"), (2, "two")]


async def test_a_transaction_sees_its_own_writes_and_a_reader_does_not_before_the_commit(words: Database) -> None:
    seen = []

    async def script(tx: Transaction) -> None:
        await tx.insert(WORDS, [(1, "one", None)])
        seen.append(await tx.select("SELECT id FROM words"))
        await tx.pause()

    async def reader() -> None:
        while not seen:
            await asyncio.sleep(0)
        seen.append(await everything(words))

    async with asyncio.TaskGroup() as group:
        group.create_task(words.write(script))
        group.create_task(reader())
    assert seen[0] == [(1,)]
    assert await everything(words) == [(1, "one", None)]


class Mishap(Exception):
    """An error of a script's own."""


async def test_an_exception_in_the_script_rolls_back_and_is_raised_unchanged(words: Database) -> None:
    async def script(tx: Transaction) -> None:
        await tx.insert(WORDS, [(1, "one", None)])
        await tx.pause()
        raise Mishap

    with pytest.raises(Mishap):
        await words.write(script)
    assert await everything(words) == []
    await put(words, (2, "the next transaction is not disturbed", None))
    assert len(await everything(words)) == 1


async def test_a_duplicate_key_is_a_database_error_that_names_it_and_rolls_back(words: Database) -> None:
    await put(words, (1, "one", None))
    with pytest.raises(DatabaseError, match="words") as raised:
        await put(words, (2, "two", None), (1, "again", None))
    assert not isinstance(raised.value, Conflict)
    assert await everything(words) == [(1, "one", None)]


@pytest.mark.parametrize("row", [(1 << 63, "too large", None), (1, "lone \ud800 surrogate", None)])
async def test_a_value_that_does_not_fit_is_an_error_and_not_an_outage(words: Database, row: Row) -> None:
    with pytest.raises((DatabaseError, ValueError, OverflowError)) as raised:
        await put(words, (5, "neighbour", None), row)
    assert type(raised.value).__name__ not in ("Unavailable", "Conflict")
    assert await everything(words) == []


async def test_a_read_cannot_write(words: Database) -> None:
    async def script(tx: Transaction) -> None:
        await tx.insert(WORDS, [(1, "one", None)])

    with pytest.raises(DatabaseError):
        await words.read(script)
    assert await everything(words) == []


async def test_a_read_sees_one_snapshot_in_all_its_statements(words: Database) -> None:
    await put(words, (1, "one", None))
    looks: list[int] = []

    async def script(tx: Transaction) -> None:
        for _ in range(2):
            looks.append(len(await tx.select("SELECT id FROM words")))
            while len(looks) == 1 and not written.is_set():
                await tx.pause()

    async def writer() -> None:
        while not looks:
            await asyncio.sleep(0)
        await put(words, (2, "two", None))
        written.set()

    written = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(words.read(script))
        group.create_task(writer())
    assert looks == [1, 1]
    assert len(await everything(words)) == 2


async def test_a_conflict_that_a_script_raises_rolls_back_and_is_raised_unchanged(words: Database) -> None:
    async def script(tx: Transaction) -> None:
        await tx.insert(WORDS, [(1, "one", None)])
        raise Conflict("the balance was spent meanwhile")

    with pytest.raises(Conflict, match="meanwhile"):
        await words.write(script)
    assert await everything(words) == []


async def test_pause_lets_other_tasks_run_and_the_transaction_goes_on(words: Database) -> None:
    turns: list[str] = []

    async def script(tx: Transaction) -> str:
        asyncio.get_running_loop().call_soon(turns.append, "somebody else")
        await tx.insert(WORDS, [(1, "one", None)])
        await tx.pause()
        await tx.pause()
        turns.append("the script")
        return "its result"

    assert await words.write(script) == "its result"
    assert turns == ["somebody else", "the script"]


async def test_the_database_s_clock_shows_the_present_time_and_runs(database: Database) -> None:
    async def script(tx: Transaction) -> tuple[int, int]:
        return await tx.now_ms(), await tx.now_ms()

    first, second = await database.write(script)
    assert 1_700_000_000_000 < first <= second < 4_000_000_000_000


async def test_writes_of_every_lane_are_stored(words: Database) -> None:
    async def write(lane: int, identity: int) -> None:
        async def script(tx: Transaction) -> None:
            await tx.insert(WORDS, [(identity, f"lane {lane}", None)])
            await tx.pause()

        await words.write_in_lane(lane, script)

    async with asyncio.TaskGroup() as group:
        for identity in range(20):
            group.create_task(write(identity % 4, identity))
    assert [row[0] for row in await everything(words)] == list(range(20))


async def test_a_cancelled_write_stores_nothing_and_the_next_one_works(words: Database) -> None:
    begun = asyncio.Event()

    async def endless(tx: Transaction) -> None:
        await tx.insert(WORDS, [(1, "one", None)])
        begun.set()
        while True:
            await tx.pause()

    task = asyncio.create_task(words.write(endless))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(words, (2, "two", None))
    assert await everything(words) == [(2, "two", None)]


async def test_the_change_hint_differs_after_another_process_has_written(place: object) -> None:
    own, other = await place.open(), await place.open()  # type: ignore[attr-defined]  # a Place
    try:
        before = await own.change_hint()

        async def script(tx: Transaction) -> None:
            await tx.execute("UPDATE changes SET version = version + 1 WHERE id = 1")

        await other.write(script)
        assert await own.change_hint() != before
    finally:
        await own.close()
        await other.close()


async def test_upkeep_may_be_called_at_any_time_and_repeatedly(words: Database) -> None:
    await put(words, *((identity, "w" * 2_000, None) for identity in range(5_000)))
    for _ in range(3):
        await words.upkeep()
    assert len(await everything(words)) == 5_000


async def test_bulk_values_of_one_column_may_all_be_none(words: Database) -> None:
    rows: list[tuple[Value, ...]] = [(identity, None, None) for identity in range(3)]
    await put(words, *rows)
    assert await everything(words) == rows


# --- amounts


AMOUNTS = Add("amounts", (("id", "bigint"), ("word", "text")), columns_of("bigint", "one two"))


@pytest.fixture
async def amounts(database: Database) -> Database:
    """Make a database with a table of amounts by two keys."""
    columns = "id BIGINT, word TEXT, one BIGINT NOT NULL, two BIGINT NOT NULL, PRIMARY KEY (id, word)"

    async def script(tx: Transaction) -> None:
        await tx.execute(f"CREATE TABLE amounts ({columns})")  # type: ignore[arg-type]  # two literals

    await database.write(script)
    return database


async def test_amounts_are_added_to_existing_rows_and_missing_rows_are_inserted(amounts: Database) -> None:
    async def script(tx: Transaction) -> list[tuple[object, ...]]:
        await tx.add(AMOUNTS, [])
        await tx.add(AMOUNTS, [(1, "a", 5, 7), (1, "b", 1, 0)])
        await tx.add(AMOUNTS, [(1, "a", -5, 1), (2, "a", 3, 3)])
        return await tx.select("SELECT id, word, one, two FROM amounts ORDER BY id, word")

    assert await amounts.write(script) == [(1, "a", 0, 8), (1, "b", 1, 0), (2, "a", 3, 3)]


# --- questions


ASKED = Select(
    "SELECT id, word FROM words WHERE id IN {ids 2} AND id > {1} ORDER BY id DESC",
)
JOINED = Select("SELECT u.value, w.word FROM {ids 1} u JOIN words w ON w.id = u.value + {2} ORDER BY u.value")
OF_EACH = Select("SELECT 'sqlite' WHERE {1} > 0", "SELECT 'postgres' WHERE {1} > 0")


async def test_selects_take_numbered_values_and_lists(words: Database) -> None:
    await put(words, *((number, f"w{number}", None) for number in range(1, 6)))

    async def script(tx: Transaction) -> list[list[tuple[object, ...]]]:
        return [
            await tx.query(ASKED, 2, ids_text([1, 2, 3, 5, 99])),
            await tx.query(ASKED, 2, ids_text([])),
            await tx.query(JOINED, ids_text([1, 3]), 1),
            await tx.query(OF_EACH, 1),
        ]

    expected = [[(5, "w5"), (3, "w3")], [], [(1, "w2"), (3, "w4")]]
    engine = "sqlite" if words.lanes == 1 else "postgres"
    assert await words.read(script) == [*expected, [(engine,)]]
    assert await words.read_long(script) == [*expected, [(engine,)]]


# --- beside the rest


async def test_a_long_read_returns_the_same_numbers_and_texts_as_a_read(words: Database) -> None:
    await put(words, *AWKWARD)

    async def script(tx: Transaction) -> list[list[tuple[object, ...]]]:
        return [
            await tx.select("SELECT id, word FROM words ORDER BY word, id DESC"),
            await tx.select("SELECT id FROM words WHERE id = ?", 99),
            await tx.select_locked("SELECT count(*), max(id) FROM words") if words.lanes == 1 else [],
            await tx.lookup(BY_WORD, [str(row[1]) for row in AWKWARD if row[1] is not None]),
        ]

    assert await words.read_long(script) == await words.read(script)


async def test_a_long_read_sees_one_snapshot_and_delays_no_other_transaction(words: Database) -> None:
    began, may_end = threading.Event(), threading.Event()
    seen = []

    async def long(tx: Transaction) -> None:
        seen.append(await everything_of(tx))
        began.set()
        while not may_end.is_set():
            if words.lanes == 1:
                may_end.wait(5)  # in its thread
            else:
                await asyncio.sleep(0)
        seen.append(await everything_of(tx))

    long_read = asyncio.create_task(words.read_long(long))
    while not began.is_set():
        await asyncio.sleep(0)
    await put(words, (1, "one", None))
    assert len(await everything(words)) == 1
    may_end.set()
    await long_read
    assert seen == [[], []]


async def everything_of(tx: Transaction) -> list[tuple[object, ...]]:
    return await tx.select("SELECT id, word FROM words ORDER BY id")


async def test_a_long_read_cannot_write(words: Database) -> None:
    async def script(tx: Transaction) -> None:
        await tx.execute("DELETE FROM words")

    with pytest.raises(DatabaseError):
        await words.read_long(script)


async def test_a_cancelled_long_read_ends_and_the_next_one_is_answered(words: Database) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    began = threading.Event()

    async def script(tx: Transaction) -> None:
        began.set()
        await tx.select(endless)

    long_read = asyncio.create_task(words.read_long(script))
    while not began.is_set():
        await asyncio.sleep(0)
    long_read.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long_read
    assert await words.read_long(lambda tx: tx.select("SELECT 1")) == [(1,)]


async def test_an_error_in_a_long_read_is_a_database_error_and_spoils_nothing(words: Database) -> None:
    with pytest.raises(DatabaseError):
        await words.read_long(lambda tx: tx.select("SELECT nothing FROM nowhere"))

    async def mishap(tx: Transaction) -> None:
        raise Mishap

    with pytest.raises(Mishap):
        await words.read_long(mishap)
    assert await words.read_long(lambda tx: tx.select("SELECT 1")) == [(1,)]


async def test_the_search_index_is_written_while_another_transaction_is_open(words: Database) -> None:
    row = (7, "'hello' 'r=123'")

    async def fill(tx: Transaction) -> None:
        await tx.insert(INSERT_WORDS, [row])

    async def outer(tx: Transaction) -> None:
        await tx.insert(WORDS, [(1, "one", None)])
        started.set()
        while not done.is_set():
            await tx.pause()

    started, done = asyncio.Event(), asyncio.Event()
    writing = asyncio.create_task(words.write(outer))
    await started.wait()
    await words.write_index(fill)
    done.set()
    await writing
    assert await words.read_long(lambda tx: tx.select("SELECT rowid FROM message_words")) == [(7,)]


async def test_a_failed_write_of_the_search_index_stores_nothing(words: Database) -> None:
    async def script(tx: Transaction) -> None:
        await tx.insert(INSERT_WORDS, [(7, "'hello'"), (8, "'there'")])
        raise Mishap

    with pytest.raises(Mishap):
        await words.write_index(script)
    assert await words.read_long(lambda tx: tx.select("SELECT rowid FROM message_words")) == []
