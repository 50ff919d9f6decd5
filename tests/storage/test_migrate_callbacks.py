"""A database of before its outbox was called ``callbacks``: what waits is sent, and what has failed is replayed."""

from tests.support.databases import Place, migrate_with_old_data

from palomar.callbacks import backlog, callback_rows
from palomar.callbacks.callback_rows import CallbackRow
from palomar.storage.database import Database, Transaction
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

BEFORE = 22
ACCOUNT = AccountId(1)
WAITING, GIVEN_UP = 1, 2
TARGET = 5
INDEXES = {"unclaimed", "unclaimed_of_message", "failed", "failed_of_target", "troubled"}
_INSERT = (
    "INSERT INTO webhooks (id, message_id, account_id, dialect, method, url, body, due_ms, attempts, failed, node_id,"
    " target, step) VALUES (?, 256, 1, 'foxsys', 'POST', 'http://x.example/', ?, ?, ?, ?, NULL, 5, 2)"
)


async def store(tx: Transaction) -> None:
    """Write a callback that waits and one that was given up, as the version before did."""
    await tx.execute(_INSERT, WAITING, b"one", 7, 0, 0)
    await tx.execute(_INSERT, GIVEN_UP, b"two", 8, 6, 1)


async def names(database: Database, engine: str) -> set[str]:
    """Read the names of all tables and indexes."""
    if engine == "postgres":
        own = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        sql = f"{own} AND relkind IN ('r', 'i')"
    else:
        sql = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'index')"
    return {str(row[0]) for row in await database.read(lambda tx: tx.select(sql))}


async def test_callbacks_stored_before_the_table_was_renamed_are_sent_and_replayed(empty_place: Place) -> None:
    database = await empty_place.open()
    try:
        await migrate_with_old_data(database, empty_place.engine, number=BEFORE, store=store)
        due = callback_rows.read_callbacks(
            await database.read(lambda tx: tx.select(callback_rows.SELECT_DUE_OF_TARGET, ACCOUNT, TARGET, 9, 10))
        )
        assert due == [
            CallbackRow(
                id=WAITING,
                message_id=MessageId(256),
                account_id=ACCOUNT,
                dialect="foxsys",
                method="POST",
                url="http://x.example/",
                body=b"one",
                due_ms=7,
                target=TARGET,
                step=2,
            )
        ]
        (failed,) = await database.read(lambda tx: backlog.list_callbacks(tx, backlog.FAILED, account_id=ACCOUNT))
        assert (failed.row.id, failed.row.body, failed.row.attempts) == (GIVEN_UP, b"two", 6)
        assert await database.write(lambda tx: backlog.replay(tx, GIVEN_UP, now_ms=9))
        waiting = await database.read(lambda tx: backlog.list_callbacks(tx, backlog.WAITING, account_id=ACCOUNT))
        assert [callback.row.id for callback in waiting] == [WAITING, GIVEN_UP]
        found = await names(database, empty_place.engine)
        assert {f"callbacks_{name}" for name in INDEXES} <= found
        assert not {name for name in found if name.startswith("webhooks")}
    finally:
        await database.close()
