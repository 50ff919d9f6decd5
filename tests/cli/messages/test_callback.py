"""``palomar callback``: what has failed is listed and tried again."""

import asyncio
from pathlib import Path
from typing import LiteralString

from tests.support.server import Palomar

from palomar.storage.database import Transaction
from palomar.storage.sqlite import open_sqlite


def with_callbacks(acme: Palomar, *, failed: int, waiting: int) -> None:
    """Send a message and put callbacks about it into the outbox."""
    acme.command("message", "send", "--account", "acme", "--to", "34600000001", "--text", "hi")

    async def fill(path: Path) -> None:
        async def script(tx: Transaction) -> None:
            for number in range(failed + waiting):
                await tx.execute(
                    "INSERT INTO callbacks (id, message_id, account_id, dialect, method, url, body, due_ms, attempts,"
                    " failed) SELECT ?, max(id), max(account_id), 'foxsys', 'GET', 'http://x/', NULL, 0, 6, ?"
                    " FROM messages",
                    number + 1,
                    int(number < failed),
                )

        database = open_sqlite(path)
        await database.write(script)
        await database.close()

    asyncio.run(fill(acme.data_dir / "palomar.db"))


def sql(acme: Palomar, statement: LiteralString) -> None:
    """Change the tables."""

    async def script(tx: Transaction) -> int:
        return await tx.execute(statement)

    async def change() -> None:
        database = open_sqlite(acme.data_dir / "palomar.db")
        await database.write(script)
        await database.close()

    asyncio.run(change())


def test_callbacks_are_listed_with_their_message(acme: Palomar) -> None:
    with_callbacks(acme, failed=1, waiting=1)
    (message,) = acme.json("message", "list")
    failed, waiting = acme.json("callback", "list")
    assert (failed["id"], failed["account"], failed["about"], failed["failed"]) == (1, "acme", message["id"], True)
    assert (waiting["id"], waiting["failed"]) == (2, False)
    assert [entry["id"] for entry in acme.json("callback", "list", "--failed", "--account", "acme")] == [1]
    assert "http://x/" in acme.command("callback", "list").stdout


def test_one_failed_callback_is_replayed(acme: Palomar) -> None:
    with_callbacks(acme, failed=1, waiting=1)
    assert acme.json("callback", "replay", "1") == {"replayed": 1}
    assert [(e["failed"], e["attempts"]) for e in acme.json("callback", "list")] == [(False, 6), (False, 0)]
    assert "no failed callback 2" in acme.command("callback", "replay", "2", code=1).stderr


def test_all_are_replayed_however_many_there_are(acme: Palomar) -> None:
    with_callbacks(acme, failed=1_001, waiting=0)
    acme.command("account", "add", "other")
    assert acme.json("callback", "replay", "--all", "--account", "other") == {"replayed": 0}
    assert acme.json("callback", "replay", "--all", "--account", "acme") == {"replayed": 1_001}
    assert acme.json("callback", "list", "--failed") == []
    assert len(acme.json("callback", "list")) == 1_001


def test_failed_callbacks_are_listed_before_waiting_ones(acme: Palomar) -> None:
    with_callbacks(acme, failed=1, waiting=2)
    sql(acme, "UPDATE callbacks SET id = 4 WHERE id = 1")
    sql(acme, "UPDATE callbacks SET attempts = 0 WHERE id = 2")
    assert [(e["id"], e["failed"], e["attempts"]) for e in acme.json("callback", "list")] == [
        (4, True, 6),
        (3, False, 6),
        (2, False, 0),
    ]


def test_a_target_that_is_off_is_named_by_doctor_and_resumed_in_order(acme: Palomar) -> None:
    with_callbacks(acme, failed=600, waiting=0)
    sql(acme, "UPDATE callbacks SET target = 42")
    sql(
        acme,
        "INSERT INTO callback_targets (id, account_id, origin, since_ms, failures, off_ms)"
        " SELECT 42, max(account_id), 'http://x', 0, 105, 1772107200000 FROM messages",
    )
    words = [verdict["text"] for verdict in acme.json("doctor") if verdict["verdict"] == "warning"]
    assert (
        "callbacks of acme to http://x are off since 2026-02-26 12:00:00 GMT, after 105 failures"
        " (palomar callback resume)" in words
    )
    acme.command("account", "add", "other")
    assert acme.json("callback", "resume", "--account", "other") == []
    assert acme.json("callback", "resume", "--url", "http://y") == []
    assert acme.json("callback", "resume") == [
        {"account": "acme", "url": "http://x", "off_since": "2026-02-26 12:00:00", "replayed": 600}
    ]
    assert acme.json("callback", "list", "--failed") == []
    assert not [verdict for verdict in acme.json("doctor") if "are off" in verdict["text"]]
    assert "No target is off" in acme.command("callback", "resume").stdout


def test_replay_requires_either_an_id_or_all(acme: Palomar) -> None:
    assert "an ID or --all" in acme.command("callback", "replay", code=2).stderr
    assert "an ID or --all" in acme.command("callback", "replay", "1", "--all", code=2).stderr
