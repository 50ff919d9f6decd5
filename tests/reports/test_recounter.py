"""The recounter: changed minutes are counted, changes it was not told of are found, and it rests in between."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.counted import count, faults_of_counts
from tests.support.world import CREDIT, TimedIds, World

from palomar.reports.buckets import Bucket
from palomar.reports.recounter import LOOK_AGAIN_SECONDS, REST_FACTOR, Recounter
from palomar.storage.database import Database, Script, Unavailable
from palomar.vocabulary.message import State


@dataclass
class HandClock:
    """``ports.Clock`` that the test turns, and that goes on by so much at each look."""

    now: float = 100.0
    wall: int = 0
    step: float = 0.0

    def wall_ms(self) -> int:
        return self.wall

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


@dataclass
class Meddled:
    """A database in which something happens before a transaction, or instead of it."""

    database: Database
    before_write: Callable[[], Any] | None = None
    fails: bool = False

    async def read_long(self, script: Script[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.fails:
            raise Unavailable("not now")
        return await self.database.read_long(script, *args, **kwargs)

    async def write_in_lane(self, lane: int, script: Script[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.before_write is not None:
            await self.before_write()
        return await self.database.write_in_lane(lane, script, *args, **kwargs)


@pytest.fixture
async def world(database: Database) -> World:
    """Make a world of this very moment, because the retention of counts is by the database's clock."""
    world = World(database=database)
    world.now_ms = await database.read(lambda tx: tx.now_ms())
    world.ids = TimedIds(lambda: world.now_ms)
    return world


def recounter_of(world: World, clock: HandClock | None = None, database: Any = None) -> Recounter:
    return Recounter(database or world.database, clock or HandClock(wall=world.now_ms))


async def turn(world: World, recounter: Recounter) -> None:
    """Tell the recounter what has changed, and let it count once."""
    changed, world.changed = world.changed, set()
    recounter.mark_changed(changed)
    await recounter.count()


async def version(world: World) -> int:
    (row,) = await world.ask("SELECT version FROM tally")
    return int(row[0])


async def test_what_a_transaction_changed_is_counted_in_the_next_turn(world: World) -> None:
    recounter, account = recounter_of(world), await world.account()
    for minutes in (0, 3, 90):
        world.now_ms += minutes * Bucket.MINUTE
        await world.sent(account, reference=f"m{minutes}-")
    await turn(world, recounter)
    assert await faults_of_counts(world) == []
    assert recounter.waiting == 0
    await world.receipt("m3-1", State.DELIVERED)
    assert await faults_of_counts(world) != []
    await turn(world, recounter)
    assert await faults_of_counts(world) == []


async def test_a_node_that_begins_counts_what_was_never_counted(world: World) -> None:
    account = await world.account(credit=1_000 * CREDIT)
    first_ms = world.now_ms
    for days in (200, 50, 6, 1, 0):
        world.now_ms = first_ms - days * Bucket.DAY
        await world.accept(account, count=3)
    recounter = recounter_of(world)
    await recounter.count()
    assert await faults_of_counts(world) == []
    assert not recounter.is_behind


async def test_a_node_that_begins_counts_again_what_had_not_ended(world: World) -> None:
    account, first_ms = await world.account(), world.now_ms
    for days in (8, 2):
        world.now_ms = first_ms - days * Bucket.DAY
        await world.sent(account, reference=f"d{days}-")
    world.now_ms = first_ms
    await turn(world, recounter_of(world))
    await world.receipt("d8-1", State.DELIVERED)
    await world.receipt("d2-1", State.UNDELIVERED)
    assert len(await faults_of_counts(world)) > 0
    await recounter_of(world).count()
    assert await faults_of_counts(world) == []


async def test_a_recounter_that_is_told_to_looks_again_at_most_once_a_minute(world: World) -> None:
    clock = HandClock(wall=world.now_ms)
    recounter, account = recounter_of(world, clock), await world.account()
    await recounter.count()
    await world.accept(account)
    recounter.look_again()
    await recounter.count()
    assert await faults_of_counts(world) != []
    clock.now += LOOK_AGAIN_SECONDS
    await recounter.count()
    assert await faults_of_counts(world) == []


async def test_wrong_counts_are_found_when_there_is_nothing_else_to_do(world: World) -> None:
    recounter, account = recounter_of(world), await world.account()
    for _ in range(3):
        await world.accept(account)
        world.now_ms += Bucket.MINUTE
    await turn(world, recounter)
    right = await world.ask("SELECT * FROM counts WHERE span_ms = 60000 AND account_id > 0 ORDER BY start_ms")
    await world.tell("UPDATE counts SET parts = parts + 5 WHERE span_ms = 60000 AND account_id > 0")
    for _ in range(4):
        await recounter.count()
    assert await world.ask("SELECT * FROM counts WHERE span_ms = 60000 AND account_id > 0 ORDER BY start_ms") == right


async def test_turns_without_any_change_write_nothing(world: World) -> None:
    recounter, account = recounter_of(world), await world.account()
    await world.accept(account)
    await turn(world, recounter)
    before = await version(world)
    for _ in range(3):
        await recounter.count()
    assert await version(world) == before


async def test_after_work_it_rests_in_proportion(world: World) -> None:
    clock = HandClock(wall=world.now_ms)
    recounter, account = recounter_of(world, clock), await world.account()
    await recounter.count()
    clock.step = 1.0
    began = clock.now
    await world.accept(account)
    await turn(world, recounter)
    assert await faults_of_counts(world) == []
    worked, clock.step = clock.now - began - 1, 0.0
    await world.accept(account)
    clock.now += REST_FACTOR * worked - 1
    await turn(world, recounter)
    assert await faults_of_counts(world) != []
    clock.now += 2
    await recounter.count()
    assert await faults_of_counts(world) == []


async def test_a_long_turn_ends_and_the_next_goes_on(world: World) -> None:
    clock = HandClock(wall=world.now_ms)
    recounter, account = recounter_of(world, clock), await world.account(credit=1_000 * CREDIT)
    await recounter.count()
    for _ in range(40):
        await world.accept(account)
        world.now_ms -= Bucket.MINUTE
    clock.step = 1.0
    await turn(world, recounter)
    waiting = recounter.waiting
    assert 0 < waiting < 40
    clock.step, clock.now = 0.0, clock.now + 1_000
    await recounter.count()
    assert recounter.waiting == 0
    assert await faults_of_counts(world) == []


async def test_differences_found_before_another_node_counted_are_computed_again(world: World) -> None:
    account, meddled = await world.account(), Meddled(world.database)
    recounter = recounter_of(world, database=meddled)
    await recounter.count()
    await world.accept(account)

    async def another_counts() -> None:
        meddled.before_write = None
        world.now_ms += Bucket.MINUTE
        await world.accept(account)
        assert await count(world, Bucket.MINUTE.start_of(world.now_ms))

    meddled.before_write = another_counts
    await turn(world, recounter)
    assert await faults_of_counts(world) == []


async def test_what_could_not_be_counted_waits(world: World) -> None:
    meddled, account = Meddled(world.database), await world.account()
    recounter = recounter_of(world, database=meddled)
    await recounter.count()
    await world.accept(account)
    meddled.fails = True
    with pytest.raises(Unavailable):
        await turn(world, recounter)
    assert recounter.waiting == 1
    meddled.fails = False
    await recounter.count()
    assert await faults_of_counts(world) == []


async def test_two_recounters_count_the_same_messages_once(world: World) -> None:
    one, other, account = recounter_of(world), recounter_of(world), await world.account()
    await world.accept(account, count=5)
    one.mark_changed(world.changed)
    other.mark_changed(world.changed)
    await one.count()
    await other.count()
    assert await faults_of_counts(world) == []


async def test_it_knows_for_how_long_something_has_waited_to_be_counted(world: World) -> None:
    clock = HandClock(wall=world.now_ms)
    recounter, account = recounter_of(world, clock), await world.account()
    await turn(world, recounter)
    await turn(world, recounter)
    assert recounter.uncounted_ms == 0
    await world.accept(account)
    recounter.mark_changed(world.changed)
    clock.wall += 240_000
    recounter.mark_changed(world.changed)  # it changes again, and has waited since the first time
    assert recounter.uncounted_ms == 240_000
    world.changed = set()
    clock.now += 1_000
    await recounter.count()
    assert recounter.uncounted_ms == 0


async def test_while_the_database_is_away_the_waiting_time_grows(world: World) -> None:
    clock = HandClock(wall=world.now_ms)
    meddled = Meddled(world.database)
    recounter, account = recounter_of(world, clock, meddled), await world.account()
    await turn(world, recounter)
    await world.accept(account)
    meddled.fails = True
    clock.now += 1_000
    with pytest.raises(Unavailable):
        await turn(world, recounter)
    clock.wall += 5_000
    assert recounter.uncounted_ms == 5_000
    meddled.fails = False
    clock.now += 1_000
    await recounter.count()
    assert recounter.uncounted_ms == 0


async def test_after_a_command_may_have_stored_messages_it_is_behind_until_it_has_looked(world: World) -> None:
    clock = HandClock(wall=world.now_ms)
    recounter, account = recounter_of(world, clock), await world.account()
    await turn(world, recounter)
    await world.accept(account)
    world.changed = set()  # nobody tells of it
    recounter.look_again()
    clock.wall += 7_000
    assert recounter.uncounted_ms == 7_000
    clock.now += LOOK_AGAIN_SECONDS + 1
    await recounter.count()
    assert recounter.uncounted_ms == 0
    assert await faults_of_counts(world) == []
