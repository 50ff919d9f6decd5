"""The watch reports each stored change once, and reads nothing while nothing has changed."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from tests.support.databases import Place

from palomar.sandbox import clock_and_chaos
from palomar.sandbox.watch import SandboxWatch
from palomar.storage.database import Database, DatabaseError, Script, Transaction, Unavailable


@dataclass
class Node:
    """The jumps and scripts that a watch has reported."""

    jumps: list[int] = field(default_factory=list)
    scripts: list[Mapping[str, str]] = field(default_factory=list)

    def watch(self, database: Database) -> SandboxWatch:
        return SandboxWatch(database, jumped=self.jumps.append, changed=self.scripts.append)


@pytest.fixture
async def beside(place: Place) -> AsyncIterator[Database]:
    """Return the database as another process opens it."""
    opened = await place.open()
    yield opened
    await opened.close()


async def jump(database: Database, milliseconds: int) -> None:
    async def script(tx: Transaction) -> int:
        return await clock_and_chaos.jump(tx, milliseconds)

    await database.write(script)


async def set_script(database: Database, carrier: str, text: str) -> None:
    async def script(tx: Transaction) -> None:
        await clock_and_chaos.set_script(tx, carrier, text, now_ms=1)

    await database.write(script)


async def test_what_was_set_before_the_start_counts_after_the_first_refresh(
    database: Database, beside: Database
) -> None:
    await jump(beside, 5_000)
    await set_script(beside, "simulator", "hex-ids")
    node = Node()
    await node.watch(database).refresh()
    assert (node.jumps, node.scripts) == ([5_000], [{"simulator": "hex-ids"}])


async def test_each_jump_is_reported_once(database: Database, beside: Database) -> None:
    node = Node()
    watch = node.watch(database)
    for milliseconds in (1_000, 2_000):
        await jump(beside, milliseconds)
        for _ in range(2):
            watch.look_again()
            await watch.refresh()
    assert node.jumps == [1_000, 2_000]
    assert node.scripts == []


async def test_it_reads_nothing_until_it_is_told_to_look_again(database: Database, beside: Database) -> None:
    node = Node()
    watch = node.watch(database)
    await watch.refresh()
    await jump(beside, 1_000)
    await watch.refresh()
    assert node.jumps == []


class AwayOnce:
    """A database that cannot be reached the first time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.away = True

    async def read(self, script: Script[[], clock_and_chaos.SandboxSettings]) -> clock_and_chaos.SandboxSettings:
        if self.away:
            self.away = False
            raise Unavailable("away")
        return await self._database.read(script)


async def test_a_failed_refresh_is_repeated(database: Database, beside: Database) -> None:
    await jump(beside, 1_000)
    node = Node()
    watch = SandboxWatch(AwayOnce(database), jumped=node.jumps.append, changed=node.scripts.append)  # type: ignore[arg-type]
    with pytest.raises(DatabaseError):
        await watch.refresh()
    await watch.refresh()
    assert node.jumps == [1_000]
