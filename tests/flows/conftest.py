"""A world for every flow test; after each of them the books and the counters must agree, whatever it did."""

from collections.abc import AsyncIterator

import pytest
from tests.support.world import World

from palomar.flows.claim import register
from palomar.storage.database import Database, Transaction


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """A database with one node, whose lease runs for an hour."""
    world = World(database=database)
    world.node_id = await new_node(world, "first")
    yield world
    assert await world.faults() == []


async def new_node(world: World, name: str, *, lease_ms: int = 3_600_000) -> int:
    async def script(tx: Transaction) -> int:
        return (await register(tx, name=name, lease_ms=lease_ms)).id

    return await world.database.write(script)
