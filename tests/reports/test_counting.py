"""Counting: whatever happened, in whatever order it was counted, the counts are those of a fresh count."""

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.support.counted import age_counts, count, count_changed, faults_of_counts, stored_counts
from tests.support.world import CREDIT, START_MS, TimedIds, World, outgoing, recipient
from tests.transaction.test_histories import LIFE, Histories

from palomar.app.housekeeping import RETENTIONS, delete_old
from palomar.ports import Refused
from palomar.reports.buckets import EVERYBODY, Bucket, CountRetention
from palomar.reports.count_rows import read_progress
from palomar.reports.counting import (
    AT_ONCE,
    LOOK_BACK_MS,
    Differences,
    add_differences,
    compare,
    find_uncounted,
    next_counted_minute,
    plan_recount,
    split_differences,
)
from palomar.storage.database import Transaction
from palomar.vocabulary.message import EPOCH_MS, State

MINUTE_MS = Bucket.MINUTE.start_of(START_MS)


@pytest.fixture
async def timed(world: World) -> World:
    """Make a world whose messages are accepted at its own time."""
    world.ids = TimedIds(lambda: world.now_ms, made=world.ids.serial())
    return world


def minutes_ms(numbers: set[int]) -> list[int]:
    return [EPOCH_MS + number * Bucket.MINUTE for number in numbers]


async def version(world: World) -> int:
    return (await world.database.read(read_progress)).version


async def test_a_message_is_counted_in_its_minute_hour_and_day_for_its_account_and_for_everybody(timed: World) -> None:
    account = await timed.account()
    await timed.accept(account, parts=2)
    await count_changed(timed)
    row = ("MX", "c", "foxsys", "queued", 0)
    starts = {bucket: bucket.start_of(START_MS) for bucket in Bucket}
    assert await stored_counts(timed) == {
        (int(bucket), start_ms, whose, *row): (1, 2, 2 * CREDIT)
        for bucket, start_ms in starts.items()
        for whose in (account.id, EVERYBODY)
    }


async def test_a_message_whose_state_changed_is_counted_under_its_new_state_only(timed: World) -> None:
    account = await timed.account()
    await timed.sent(account)
    await count_changed(timed)
    assert {key[6] for key in await stored_counts(timed)} == {"sent"}
    timed.now_ms += 4_999
    await timed.receipt("r1", State.DELIVERED)
    await count_changed(timed)
    assert {key[6:] for key in await stored_counts(timed)} == {("delivered", 3)}
    assert await faults_of_counts(timed) == []


async def test_credit_that_came_back_is_not_counted_as_spent(timed: World) -> None:
    message = await timed.accepted(await timed.account(), claim=State.SUBMITTING)
    await count_changed(timed)
    assert set((await stored_counts(timed)).values()) == {(1, 1, CREDIT)}
    await timed.answer(outgoing(message)[0], Refused(status=11, reason="no"))
    await count_changed(timed)
    assert set((await stored_counts(timed)).values()) == {(1, 1, 0)}


async def test_a_minute_that_has_not_changed_is_not_written_again(timed: World) -> None:
    await timed.accept(await timed.account())
    await count_changed(timed)
    before = await version(timed)
    assert await count(timed, MINUTE_MS)
    assert await version(timed) == before


async def test_wrong_counts_are_corrected_when_their_minute_is_counted(timed: World) -> None:
    await timed.accept(await timed.account(), count=3)
    await count_changed(timed)
    await timed.tell("UPDATE counts SET messages = 7 WHERE span_ms = 60000 AND account_id > 0")
    await count(timed, MINUTE_MS)
    minutes = {key: amounts for key, amounts in (await stored_counts(timed)).items() if key[0] == 60_000 and key[2]}
    assert [amounts[0] for amounts in minutes.values()] == [3]


async def test_differences_found_before_another_node_counted_are_not_added(timed: World) -> None:
    account = await timed.account()
    await timed.accept(account)
    seen_early = await timed.database.read_long(lambda tx: compare(tx, [MINUTE_MS]))
    await timed.accept(account)
    await count_changed(timed)
    for piece in split_differences(seen_early):
        assert not await timed.database.write(lambda tx, piece=piece: add_differences(tx, piece))  # type: ignore[misc]
    assert await faults_of_counts(timed) == []


async def test_many_differences_are_added_in_slices_that_each_add_up(timed: World) -> None:
    account = await timed.account(credit=10_000 * CREDIT)
    for number in range(AT_ONCE + 5):
        await timed.accept(account, carrier=f"c{number}")
    found = await timed.database.read_long(lambda tx: compare(tx, [MINUTE_MS]))
    first, second = split_differences(found)
    assert await timed.database.write(lambda tx: add_differences(tx, first))
    await _adds_up(timed)
    assert await timed.database.write(lambda tx: add_differences(tx, second))
    assert await faults_of_counts(timed) == []


async def _adds_up(world: World) -> None:
    """Check that accounts add up to everybody, minutes to hours, and hours to days."""
    sums: dict[tuple[int, bool], int] = {}
    for (span_ms, _, account_id, *_), (messages, _, _) in (await stored_counts(world)).items():
        key = (span_ms, account_id == EVERYBODY)
        sums[key] = sums.get(key, 0) + messages
    assert set(sums.values()) == {AT_ONCE}


async def test_what_is_older_than_minutes_are_kept_is_counted_by_the_hour_then_by_the_day(timed: World) -> None:
    account = await timed.account()
    ages_ms = [0, 6 * Bucket.DAY, 101 * Bucket.DAY]
    for age_ms in ages_ms:
        timed.now_ms = START_MS - age_ms
        await timed.accept(account)
    timed.now_ms = START_MS
    await age_counts(timed)
    await count_changed(timed)
    spans = sorted((key[1], key[0]) for key in await stored_counts(timed) if key[2] == EVERYBODY)
    kept = [list(Bucket), [Bucket.HOUR, Bucket.DAY], [Bucket.DAY]]
    assert spans == sorted(
        (bucket.start_of(START_MS - age_ms), bucket)
        for age_ms, buckets in zip(ages_ms, kept, strict=True)
        for bucket in buckets
    )


async def test_a_message_that_ends_when_its_minute_is_forgotten_moves_its_hour_and_its_day(timed: World) -> None:
    account = await timed.account()
    await timed.sent(account)
    await timed.sent(account, reference="other")
    await count_changed(timed)
    timed.now_ms += 6 * Bucket.DAY
    await age_counts(timed)
    await forget_old(timed)
    assert {key[0] for key in await stored_counts(timed)} == {Bucket.HOUR, Bucket.DAY}
    await timed.receipt("r1", State.DELIVERED)
    await count_changed(timed)
    assert await faults_of_counts(timed) == []
    assert sorted(amounts[0] for amounts in (await stored_counts(timed)).values()) == [1] * 8


async def test_minutes_are_not_forgotten_before_they_are_counted_by_the_hour(timed: World) -> None:
    """The clock of the node that forgets does not matter."""
    await timed.accept(await timed.account())
    await count_changed(timed)
    timed.now_ms += 6 * Bucket.DAY
    await forget_old(timed)
    assert Bucket.MINUTE in {key[0] for key in await stored_counts(timed)}


async def forget_old(world: World) -> None:
    for kept in RETENTIONS:
        await world.database.write(lambda tx, kept=kept: delete_old(tx, kept, now_ms=world.now_ms))  # type: ignore[misc]


async def test_a_node_that_begins_finds_what_has_not_ended_and_what_was_never_counted(timed: World) -> None:
    account = await timed.account()
    await timed.sent(account)
    await timed.accept(account, recipients=[recipient(state=State.NOFORMAT)])
    await count_changed(timed)
    timed.now_ms += 10 * Bucket.MINUTE
    await timed.accept(account, recipients=[recipient(state=State.NOFORMAT)])
    await count_changed(timed)
    timed.now_ms += 10 * Bucket.MINUTE
    await timed.accept(account)
    found = await timed.database.read_long(plan_recount)
    assert found.minutes == [MINUTE_MS]
    young = await timed.database.read_long(lambda tx: find_uncounted(tx, since_ms=MINUTE_MS + Bucket.MINUTE, limit=1))
    assert (young.minutes, young.next_ms) == ([MINUTE_MS + 10 * Bucket.MINUTE], MINUTE_MS + 11 * Bucket.MINUTE)
    rest = await timed.database.read_long(lambda tx: find_uncounted(tx, since_ms=young.next_ms or 0, limit=5))
    assert (rest.minutes, rest.next_ms) == ([MINUTE_MS + 20 * Bucket.MINUTE], None)


async def test_the_progress_never_passes_what_is_still_to_be_counted(timed: World) -> None:
    await timed.accept(await timed.account())
    await count(timed, MINUTE_MS, uncounted_ms=MINUTE_MS - 5)
    assert (await timed.database.read_long(plan_recount)).uncounted_ms == MINUTE_MS - 5
    await timed.accept(await timed.account())
    await count(timed, MINUTE_MS)
    now_ms = await timed.database.read(lambda tx: tx.now_ms())
    assert abs((await timed.database.read_long(plan_recount)).uncounted_ms - (now_ms - LOOK_BACK_MS)) < Bucket.HOUR


async def test_counted_minutes_come_one_after_the_other(timed: World) -> None:
    account = await timed.account()
    for _ in range(2):
        await timed.accept(account)
        timed.now_ms += 2 * Bucket.MINUTE
    await count_changed(timed)

    async def after(minute_ms: int) -> int | None:
        return await timed.database.read_long(lambda tx: next_counted_minute(tx, after_ms=minute_ms))

    assert [await after(0), await after(MINUTE_MS)] == [MINUTE_MS, MINUTE_MS + 2 * Bucket.MINUTE]
    assert await after(MINUTE_MS + 2 * Bucket.MINUTE) is None


def test_the_retention_begins_with_whole_hours_and_days_and_never_goes_back() -> None:
    retention = CountRetention(0, 0).advanced(START_MS)
    assert retention.minutes_since_ms % Bucket.HOUR == retention.hours_since_ms % Bucket.DAY == 0
    assert retention.advanced(START_MS - Bucket.DAY) == retention
    assert retention.advanced(START_MS + Bucket.DAY).minutes_since_ms == retention.minutes_since_ms + Bucket.DAY


# --- whatever happens


class CountedHistories(Histories):
    """Beside what happens to messages, two nodes count them: at once, or later what they saw earlier; they crash, and
    retention rise."""

    async def _begin(self) -> None:
        await super()._begin()  # its messages are of the first minute that there is, and soon old
        self.held: list[tuple[set[int], Differences]] = []
        self.world.ids = TimedIds(lambda: self.world.now_ms, made=self.world.ids.serial())

    @rule(some=st.booleans())
    def count_now(self, some: bool) -> None:
        self.run_now(self._count(set(sorted(self.world.changed)[:2]) if some else set(self.world.changed)))

    @rule()
    def look_only(self) -> None:
        taken, self.world.changed = self.world.changed, set()
        found = self.run_now(self.world.database.read_long(lambda tx: compare(tx, minutes_ms(taken))))
        self.held.append((taken, found))

    @rule()
    def add_what_was_compared(self) -> None:
        for taken, found in self.held:
            self.run_now(self._add(taken, found))
        self.held = []

    @rule()
    def crash(self) -> None:
        """Lose what was only in memory."""
        self.world.changed, self.held = set(), []
        self.run_now(self._begin_again())

    @rule()
    def grow_old(self) -> None:
        self.run_now(age_counts(self.world))
        self.run_now(forget_old(self.world))

    @rule()
    def count_all(self) -> None:
        self.add_what_was_compared()
        while self.world.changed:
            self.run_now(self._count(set(self.world.changed)))
        assert self.run_now(faults_of_counts(self.world)) == []

    @invariant()
    def nothing_disagrees(self) -> None:
        """Skip this check of the world; other tests make it."""

    money_is_conserved = ends_are_final_and_told_once = nothing_disagrees

    async def _count(self, taken: set[int]) -> None:
        self.world.changed -= taken
        found = await self.world.database.read_long(lambda tx: compare(tx, minutes_ms(taken)))
        await self._add(taken, found)

    async def _add(self, taken: set[int], found: Differences) -> None:
        uncounted_ms = min([self.world.now_ms - LOOK_BACK_MS, *minutes_ms(taken | self._uncounted())])
        for piece in split_differences(found):

            async def script(tx: Transaction, piece: Differences = piece) -> bool:
                return await add_differences(tx, piece, uncounted_ms=uncounted_ms)

            if not await self.world.database.write(script):
                self.world.changed |= taken
                return

    def _uncounted(self) -> set[int]:
        return self.world.changed.union(*(taken for taken, _ in self.held))

    async def _begin_again(self) -> None:
        found = await self.world.database.read_long(plan_recount)
        more = await self.world.database.read_long(
            lambda tx: find_uncounted(tx, since_ms=found.uncounted_ms, limit=100_000)
        )
        self.world.changed |= {(minute_ms - EPOCH_MS) // Bucket.MINUTE for minute_ms in (*found.minutes, *more.minutes)}


TestCountedHistories = CountedHistories.TestCase
TestCountedHistories.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("seed", range(8))
def test_a_long_random_history_is_counted_exactly(seed: int) -> None:
    chance = random.Random(seed)
    machine = CountedHistories()
    machine.begin()
    try:
        for _ in range(150):
            chance.choice(_COUNTED_LIFE)(machine, chance)
        machine.count_all()
    finally:
        machine.teardown()


def _one(name: str) -> Any:
    return lambda machine, chance: getattr(machine, name)()


def _count_some(machine: CountedHistories, chance: random.Random) -> None:
    machine.count_now(some=chance.random() < 0.5)


def _wait(machine: CountedHistories, chance: random.Random) -> None:
    machine.wait(minutes=chance.choice([1, 30]))


_COUNTED_LIFE = [
    *LIFE,
    *LIFE,
    _count_some,
    _count_some,
    _count_some,
    _wait,
    _one("look_only"),
    _one("add_what_was_compared"),
    _one("crash"),
    _one("grow_old"),
    _one("count_all"),
]
