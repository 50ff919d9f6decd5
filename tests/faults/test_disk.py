"""SQLite on a disk that fails at the n-th write, sync or open, for every n until none fails; and on one that forgets at
a power failure what was not synced.

What must hold each time: what was accepted is there once and survives a power failure, what was refused is nowhere, and
the ledger adds up.
"""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.faulty_vfs import FaultyDisk, Verb
from tests.support.world import CREDIT, World

from palomar.acceptance.accept import Accepted, Result, accept
from palomar.acceptance.compose import Acceptance
from palomar.app.transaction_order import STEPS
from palomar.clock import RealClock
from palomar.storage.database import DatabaseError, Unavailable
from palomar.storage.migrate import migrate
from palomar.storage.sqlite import SqliteDatabase, SqliteLimits, open_sqlite
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.idempotency import Key
from palomar.vocabulary.account import Account, AccountId

FILE = "palomar.db"
PATIENCE_SECONDS = 0.25
AT_ONCE = 16
"""Trials that share the time between two tries."""
ON_THE_LOOP, IN_A_THREAD = SqliteLimits(inline_commit_seconds=float("inf")), SqliteLimits(inline_commit_seconds=0.0)
ORDINARY: list[dict[str, Any]] = [
    {"request_ref": "single"},
    {"request_ref": "batch", "count": 5},
    {"request_ref": "two parts", "parts": 2},
    {"request_ref": "scheduled", "due_ms": 1_800_000_000_000},
    {"request_ref": "idempotent", "idempotency": Key.of(["a", "key"], b"body"), "answer": lambda new: (200, b"sent")},
]
"""One request of each kind."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database with one account, closed."""
    folder = tmp_path_factory.mktemp("template")

    async def make() -> None:
        database = open_sqlite(folder / FILE)
        await migrate(database, engine="sqlite", now_ms=0)
        await World(database=database).account(credit=1_000 * CREDIT)
        await database.close()

    asyncio.run(make())
    return folder / FILE


class Trial:
    """A database on a faulty disk, requests into it, and what became of each."""

    def __init__(self, database: SqliteDatabase, disk: FaultyDisk, *, patience_seconds: float) -> None:
        self._step: Step[Acceptance, Result] = Step(
            name="accept", script=accept, awaited=True, outage_wait_seconds=patience_seconds
        )
        self.database = database
        self.disk = disk
        self.world = World(database=database)
        self.world.ids._made = 1_000
        self.account = Account(id=AccountId(1), login="account-1")
        self.world.accounts[self.account.id] = self.account
        self.batcher = Batcher(
            database, RealClock(), steps=STEPS, context=self.world.context, after_commit=lambda work: None
        )
        self.accepted: set[str] = set()
        self.refused: set[str] = set()

    async def ask(self, requests: Sequence[dict[str, Any]], *, suffix: str = "", together: bool = False) -> None:
        """Send the requests one after the other, or all at once."""
        if together:
            await asyncio.gather(*(self._ask(request, suffix) for request in requests))
            return
        for request in requests:
            await self._ask(request, suffix)

    async def _ask(self, request: dict[str, Any], suffix: str) -> None:
        request_ref = request["request_ref"] + suffix
        command = self.world.compose(self.account, **request | {"request_ref": request_ref})
        try:
            result = await self.batcher.run(self._step, command)
        except Unavailable:
            self.refused.add(request_ref)
        else:
            assert isinstance(result, Accepted), result
            self.accepted.add(request_ref)


@asynccontextmanager
async def trial(
    template: Path, folder: Path, *, limits: SqliteLimits = ON_THE_LOOP, patience_seconds: float = PATIENCE_SECONDS
) -> AsyncIterator[Trial]:
    shutil.copy(template, folder / FILE)
    disk = FaultyDisk()
    database = open_sqlite(folder / FILE, limits=limits, vfs=disk.name)
    made = Trial(database, disk, patience_seconds=patience_seconds)
    serving = asyncio.create_task(made.batcher.serve())
    try:
        yield made
    finally:
        disk.heal()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await database.close()
        disk.unregister()


def stored(file: Path) -> dict[str, int]:
    """How many messages each request has in a file, as another program reads it; fails where the file is not whole."""
    database = sqlite3.connect(file)
    try:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return dict(database.execute("SELECT request_ref, count(*) FROM messages GROUP BY request_ref").fetchall())
    finally:
        database.close()


async def assert_true(made: Trial, folder: Path, requests: Sequence[dict[str, Any]], *, suffix: str = "") -> None:
    """What was said of each request is so: now, and after a power failure."""
    wanted = {r["request_ref"] + s: r.get("count", 1) for r in requests for s in ("", suffix)}
    right = {request_ref: wanted[request_ref] for request_ref in made.accepted}
    rows = await made.world.ask("SELECT request_ref, count(*) FROM messages GROUP BY request_ref")
    assert dict(rows) == right
    assert not made.refused & made.accepted
    assert await made.world.faults() == []
    spent = (await made.world.ask("SELECT coalesce(sum(price_microcredits), 0) FROM messages"))[0][0]
    assert sum(await made.world.balance(made.account)) == 1_000 * CREDIT
    assert (await made.world.balance(made.account))[1] == spent
    for number, pieces in enumerate([None, random.Random(1), random.Random(2)]):
        left = folder / f"power-{number}"
        left.mkdir(exist_ok=True)
        made.disk.power_failure(left, pieces=pieces)
        assert stored(left / FILE) == right
        shutil.rmtree(left)


@pytest.mark.parametrize("error", ["IOERR", "FULL"])
@pytest.mark.parametrize("verb", ["write", "sync"])
async def test_one_that_fails_once_is_only_slower_wherever_it_fails(
    template: Path, tmp_path: Path, verb: Verb, error: str
) -> None:
    async def one(number: int) -> int:
        folder = tmp_path / str(number)
        folder.mkdir()
        async with trial(template, folder, patience_seconds=60.0) as made:
            made.disk.fail(verb, number, error)
            await made.ask(ORDINARY)
            assert made.refused == set()
            await assert_true(made, folder, ORDINARY)
            failed = made.disk.failed
        shutil.rmtree(folder)
        return failed

    for first in range(1, 1_000, AT_ONCE):
        failed = await asyncio.gather(*(one(number) for number in range(first, first + AT_ONCE)))
        if not all(failed):
            assert first + sum(failed) > len(ORDINARY), "each request writes and syncs"
            return
    pytest.fail("it never ended")


@pytest.mark.parametrize("error", ["IOERR", "FULL"])
@pytest.mark.parametrize("verb", ["write", "sync"])
@pytest.mark.parametrize("limits", [ON_THE_LOOP, IN_A_THREAD], ids=["on the loop", "in a thread"])
async def test_one_that_fails_from_then_on_refuses_what_it_does_not_store(
    template: Path, tmp_path: Path, verb: Verb, error: str, limits: SqliteLimits
) -> None:
    for number in (1, 2, 3, 5, 8, 13):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with trial(template, folder, limits=limits) as made:
            made.disk.fail(verb, number, error, times=1_000_000)
            await made.ask(ORDINARY, together=True)
            assert made.accepted | made.refused == {request["request_ref"] for request in ORDINARY}
            away = made.batcher.availability.is_away
            assert away == bool(made.refused)
            made.disk.heal()
            await made.ask(ORDINARY[:4], suffix=" later")
            assert {f"{request['request_ref']} later" for request in ORDINARY[:4]} <= made.accepted
            assert not made.batcher.availability.is_away
            await assert_true(made, folder, ORDINARY, suffix=" later")
        shutil.rmtree(folder)


async def test_a_key_whose_request_was_refused_is_free_for_the_next_try(template: Path, tmp_path: Path) -> None:
    async with trial(template, tmp_path) as made:
        made.disk.fail("write", 1, "FULL", times=1_000_000)
        await made.ask(ORDINARY[4:])
        assert made.refused == {"idempotent"}
        made.disk.heal()
        await made.ask(ORDINARY[4:], suffix=" again")
        assert made.accepted == {"idempotent again"}


@pytest.mark.parametrize("error", ["IOERR", "CANTOPEN"])
async def test_one_that_cannot_be_opened_says_why_wherever_it_fails(template: Path, tmp_path: Path, error: str) -> None:
    shutil.copy(template, tmp_path / FILE)
    refused = 0
    for number in range(1, 100):
        disk = FaultyDisk()
        disk.fail("open", number, error)
        try:
            database = open_sqlite(tmp_path / FILE, vfs=disk.name)
        except DatabaseError:
            refused += 1
            disk.unregister()
            continue
        with_surveys = 0
        try:
            await database.read_long(lambda tx: tx.select("SELECT count(*) FROM messages"))
        except DatabaseError:
            with_surveys = 1
        assert await database.read_long(lambda tx: tx.select("SELECT count(*) FROM messages")) == [(0,)]
        await database.close()
        disk.unregister()
        if not disk.failed:
            assert refused >= 3
            return
        refused += with_surveys
    pytest.fail("it never ended")


async def test_what_is_not_synced_is_lost_at_a_power_failure_so_this_disk_can_tell(
    template: Path, tmp_path: Path
) -> None:
    async with trial(template, tmp_path) as made:
        made.database._writer.pragma("synchronous", "OFF")
        await made.ask(ORDINARY[:1])
        left = tmp_path / "left"
        left.mkdir()
        made.disk.power_failure(left)
        assert made.accepted == {"single"}
        assert stored(left / FILE) == {}
