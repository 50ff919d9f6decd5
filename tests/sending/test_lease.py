"""A node's lease ends here before it ends in the database, and work of dead nodes is taken over once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.world import World

from palomar.app.transaction_order import STEPS
from palomar.sending.lease import Lease
from palomar.sending.nodes import LEASE_MS
from palomar.storage.database import Database, Transaction
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.message import State

LEASE_SECONDS = LEASE_MS / 1_000


@dataclass
class SetClock:
    """``ports.Clock`` that stands until it is set."""

    now: float = 100.0

    def wall_ms(self) -> int:
        return 1_760_000_000_000 + int(self.now * 1_000)

    def monotonic(self) -> float:
        return self.now


@dataclass
class Node:
    """One process: its clock, its lease, its batcher."""

    clock: SetClock
    lease: Lease
    freed: list[bool]


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.fixture
async def nodes(world: World) -> AsyncIterator[Any]:
    """Makes nodes that run until the end of the test."""
    tasks: list[asyncio.Task[None]] = []

    def make(name: str) -> Node:
        clock, freed = SetClock(), []
        lease = Lease(world.database, clock, name=name, on_freed=lambda: freed.append(True))
        batcher = Batcher(world.database, clock, steps=STEPS, context=world.context, after_commit=lambda work: None)
        lease.attach(batcher)
        tasks.append(asyncio.create_task(batcher.serve()))
        return Node(clock, lease, freed)

    yield make
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def expire_in_the_database(world: World, identity: int) -> None:
    async def script(tx: Transaction) -> None:
        await tx.execute("UPDATE nodes SET lease_until_ms = 0 WHERE id = ?", identity)

    await world.database.write(script)


async def test_a_node_that_has_not_begun_may_claim_nothing(nodes: Any) -> None:
    node = nodes("one")
    assert node.lease.node_id is None
    assert await node.lease.renew() is False


async def test_a_lease_is_measured_from_before_its_request_and_ends_by_itself(nodes: Any) -> None:
    node = nodes("one")
    begun = await node.lease.begin()
    assert node.lease.node_id == begun.id
    node.clock.now += LEASE_SECONDS - 0.001
    assert node.lease.node_id == begun.id
    node.clock.now += 0.001
    assert node.lease.node_id is None


async def test_a_renewed_lease_runs_on(nodes: Any) -> None:
    node = nodes("one")
    begun = await node.lease.begin()
    for _ in range(5):
        node.clock.now += LEASE_SECONDS / 2
        assert await node.lease.renew() is True
    assert node.lease.node_id == begun.id


async def test_a_lease_that_ran_out_here_is_lost_though_the_database_would_still_renew_it(nodes: Any) -> None:
    node = nodes("one")
    first = await node.lease.begin()
    node.clock.now += LEASE_SECONDS
    assert await node.lease.renew() is False
    second = await node.lease.begin()
    assert second.id != first.id
    assert node.lease.node_id == second.id


async def test_a_lease_that_ran_out_in_the_database_is_lost_though_it_runs_here(world: World, nodes: Any) -> None:
    node = nodes("one")
    begun = await node.lease.begin()
    await expire_in_the_database(world, begun.id)
    assert await node.lease.renew() is False


async def test_a_node_takes_over_dead_nodes_and_its_own_earlier_starts_and_reports_the_freed_work(
    world: World, nodes: Any
) -> None:
    dead, earlier, living = nodes("dead"), nodes("ours"), nodes("living")
    account = await world.account()
    for node in (dead, earlier, living):
        world.node_id = (await node.lease.begin()).id
        await world.accept(account, claim=State.QUEUED)
    await expire_in_the_database(world, dead.lease.node.id)
    ours = nodes("ours")
    await ours.lease.begin()
    await ours.lease.take_over_dead()
    assert sorted(str(owner) for owner in (await world.queue()).values()) == sorted(
        ["None", "None", str(living.lease.node.id)]
    )
    assert ours.freed == [True, True]
    await ours.lease.take_over_dead()
    assert ours.freed == [True, True]


async def test_a_node_that_stops_gives_back_its_messages_and_its_row(world: World, nodes: Any) -> None:
    node = nodes("one")
    world.node_id = (await node.lease.begin()).id
    await world.accept(await world.account(), claim=State.QUEUED, count=3)
    await node.lease.end()
    assert set((await world.queue()).values()) == {None}
    assert await world.ask("SELECT id FROM nodes") == []
    assert node.lease.node_id is None
