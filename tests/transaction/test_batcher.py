"""The batcher: one transaction for what came meanwhile, steps in their order, and only a faulty command fails."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.contracts.virtual_time import LoopClock, in_virtual_time
from tests.support.world import CountingIds

from palomar.app.transaction_order import make_context
from palomar.callbacks.outbox import Outbox
from palomar.storage.database import Conflict, Unavailable
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.work import Work

ORDER = ("early", "blocked", "free", "look", "accept", "a", "quick", "now", "slow", "facts", "script", "late")
CONTEXT = make_context(accounts={}, renderers={}, ids=CountingIds(), node_id=1)


class Scribbling:
    """A transaction that records whether it wrote."""

    wrote = False

    async def execute(self, sql: str, *values: Any) -> int:
        self.wrote = True
        return 1


@dataclass
class FakeDatabase:
    """A database that records what each transaction did, and fails or waits as the test sets it."""

    lanes: int = 1
    commits: list[list[Any]] = field(default_factory=list)
    attempts: int = 0
    errors: list[Exception] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """Open: a COMMIT is answered."""
    door: asyncio.Event = field(default_factory=asyncio.Event)
    """Open: a transaction may begin."""
    doing: list[Any] = field(default_factory=list)
    is_full: bool = False
    """A full disk: what writes nothing succeeds."""

    def __post_init__(self) -> None:
        self.gate.set()
        self.door.set()

    async def write_in_lane(self, lane: int, script: Callable[[Any], Awaitable[Any]]) -> Any:
        self.attempts += 1
        self.doing = []
        await self.door.wait()
        transaction = Scribbling()
        result = await script(transaction)
        if self.is_full and (transaction.wrote or self.doing):
            raise Unavailable("disk full")
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.commits.append(self.doing)
        return result


@dataclass
class Bench:
    database: FakeDatabase
    batcher: Batcher
    serving: "asyncio.Task[None]"
    committed: list[Work]

    def step(self, name: str, **more: Any) -> Step[Any, str]:
        """Make a step that records its commands and returns them in capitals; a command with ``bad`` in it raises."""

        async def script(work: Work, commands: Sequence[Any]) -> list[str]:
            for command in commands:
                if "bad" in str(command):
                    raise ValueError(command)
                self.database.doing.append(f"{name}:{command}")
            return [str(command).upper() for command in commands]

        return Step(name=name, script=script, **more)


@asynccontextmanager
async def bench(**database: Any) -> AsyncIterator[Bench]:
    store = FakeDatabase(**database)
    committed: list[Work] = []
    batcher = Batcher(store, LoopClock(), steps=ORDER, context=lambda: CONTEXT, after_commit=committed.append)  # type: ignore[arg-type]
    serving = asyncio.create_task(batcher.serve())
    try:
        yield Bench(store, batcher, serving, committed)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@in_virtual_time
async def test_an_idle_batcher_writes_at_once_and_answers_after_the_commit() -> None:
    async with bench() as b:
        before = asyncio.get_running_loop().time()
        assert await b.batcher.run(b.step("a"), "one") == "ONE"
        assert b.database.commits == [["a:one"]]
        assert asyncio.get_running_loop().time() == before


@in_virtual_time
async def test_commands_that_come_during_a_commit_are_the_next_transaction() -> None:
    async with bench() as b:
        step = b.step("a")
        b.database.gate.clear()
        waiting = [asyncio.create_task(b.batcher.run(step, str(number))) for number in range(20)]
        first = asyncio.create_task(b.batcher.run(step, "first"))
        await asyncio.sleep(0.001)
        more = [asyncio.create_task(b.batcher.run(step, str(number))) for number in range(20, 60)]
        await asyncio.sleep(0.001)
        b.database.gate.set()
        await asyncio.gather(first, *waiting, *more)
        assert [len(commit) for commit in b.database.commits] == [21, 40]
        assert len(b.committed) == 2


@in_virtual_time
async def test_what_a_transaction_held_is_freed_once_it_is_answered_and_not_left_to_the_garbage_collector() -> None:
    works: list[weakref.ref[Work]] = []

    async def script(work: Work, commands: Sequence[str]) -> Sequence[str]:
        Outbox.of(work)  # a participant refers back to its work
        works.append(weakref.ref(work))
        return commands

    async with bench() as b:
        gc.disable()
        try:
            await b.batcher.run(Step(name="a", script=script), "one")
            b.committed.clear()
            await asyncio.sleep(0.001)
            assert [work() for work in works] == [None]
        finally:
            gc.enable()


@in_virtual_time
async def test_within_a_batch_steps_run_in_their_order_and_commands_in_the_order_they_came() -> None:
    async with bench() as b:
        done: list[str] = []
        late, early = b.step("late"), b.step("early")
        for step, command in ((late, "1"), (early, "2"), (late, "3"), (early, "4")):
            b.batcher.post(step, command, done.append)
        await b.batcher.drain(1.0)
        assert b.database.commits == [["early:2", "early:4", "late:1", "late:3"]]
        assert sorted(done) == ["1", "2", "3", "4"]


@in_virtual_time
async def test_a_plain_script_is_written_with_the_batch_and_answered_after_its_commit() -> None:
    async with bench() as b:
        commits = b.database.commits

        async def script(tx: Any, word: str, *, times: int) -> tuple[str, int]:
            b.database.doing.append(f"script:{word}")
            return word * times, len(commits)

        both = (b.batcher.write(script, "ab", times=2), b.batcher.run(b.step("a"), "one"))
        assert await asyncio.gather(*both) == [("abab", 0), "ONE"]
        assert b.database.commits == [["a:one", "script:ab"]]


@in_virtual_time
async def test_a_background_command_waits_for_others_and_no_longer_than_its_step_says() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        began = loop.time()
        delayed = b.step("slow", batch_delay_seconds=0.050)
        assert await b.batcher.run(delayed, "alone") == "ALONE"
        assert loop.time() - began == pytest.approx(0.050, abs=0.002)


@in_virtual_time
async def test_a_background_command_goes_with_the_first_command_whose_caller_waits() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        began = loop.time()
        done: list[str] = []
        b.batcher.post(b.step("slow", batch_delay_seconds=0.050), "company", done.append)
        await b.batcher.run(b.step("now"), "hurry")
        assert done == ["COMPANY"]
        assert loop.time() == began


@in_virtual_time
async def test_the_shortest_delay_decides() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        began = loop.time()
        b.batcher.post(b.step("slow", batch_delay_seconds=0.050), "a", lambda result: None)
        await b.batcher.run(b.step("quick", batch_delay_seconds=0.005), "b")
        assert loop.time() - began == pytest.approx(0.005, abs=0.002)
        assert len(b.database.commits) == 1


@in_virtual_time
async def test_only_the_faulty_command_fails_and_all_others_are_written() -> None:
    async with bench() as b:
        step = b.step("a")
        commands = [f"good {number}" for number in range(9)]
        commands.insert(4, "bad")
        results = await asyncio.gather(*(b.batcher.run(step, command) for command in commands), return_exceptions=True)
        assert [type(result) for result in results].count(ValueError) == 1
        assert isinstance(results[4], ValueError)
        written = [entry for commit in b.database.commits for entry in commit]
        assert sorted(written) == sorted(f"a:{command}" for command in commands if command != "bad")


@in_virtual_time
async def test_two_faulty_commands_fail_and_their_neighbors_do_not() -> None:
    async with bench() as b:
        step = b.step("a")
        results = await asyncio.gather(
            *(b.batcher.run(step, command) for command in ("bad 1", "x", "y", "bad 2")), return_exceptions=True
        )
        assert [isinstance(result, ValueError) for result in results] == [True, False, False, True]


@in_virtual_time
async def test_a_transaction_that_lost_a_race_runs_again_and_is_answered_once() -> None:
    async with bench() as b:
        b.database.errors = [Conflict("40001"), Conflict("40P01")]
        answers: list[str] = []
        b.batcher.post(b.step("a"), "one", answers.append)
        await b.batcher.drain(1.0)
        assert answers == ["ONE"]
        assert (b.database.attempts, len(b.committed)) == (3, 1)


@in_virtual_time
async def test_a_race_that_is_always_lost_fails_in_the_end_instead_of_blocking_the_lane() -> None:
    async with bench() as b:
        b.database.errors = [Conflict("always")] * 31
        with pytest.raises(Conflict):
            await b.batcher.run(b.step("a"), "one")
        assert await b.batcher.run(b.step("a"), "two") == "TWO"


@in_virtual_time
async def test_a_caller_is_refused_in_time_in_an_outage_and_facts_wait_for_its_end() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        began = loop.time()
        b.database.errors = [Unavailable("gone")] * 12
        facts: list[str] = []
        request = b.step("accept", outage_wait_seconds=4.0)
        b.batcher.post(b.step("facts"), "answer", facts.append)
        waiting = [asyncio.create_task(b.batcher.run(request, str(number))) for number in range(20)]
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert {type(result) for result in results} == {Unavailable}
        assert 4.0 < loop.time() - began < 6.5
        assert b.database.attempts < 12
        assert facts == []
        await b.batcher.drain(60.0)
        assert facts == ["ANSWER"]
        assert b.database.commits == [["facts:answer"]]


@in_virtual_time
async def test_a_command_behind_facts_that_wait_for_the_database_is_refused_in_time_and_never_written() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        b.database.errors = [Unavailable("disk full")] * 60
        request = b.step("accept", awaited=True, outage_wait_seconds=4.0)
        b.batcher.post(b.step("facts"), "fact", lambda result: None)
        for number in range(12):  # one comes each second: with the facts' batch, and behind it
            began = loop.time()
            waiting = asyncio.create_task(b.batcher.run(request, str(number)))
            if number == 3:
                await asyncio.sleep(1.0)
                waiting.cancel()  # whether its caller is still there or not
                continue
            with pytest.raises(Unavailable):
                await waiting
            assert 4.0 < loop.time() - began < 4.5
            assert b.batcher.availability.is_away
        b.database.errors.clear()
        await b.batcher.drain(60.0)
        assert b.database.commits == [["facts:fact"]]
        assert not b.batcher.availability.is_away
        assert await b.batcher.run(request, "now") == "NOW"


@in_virtual_time
async def test_a_refused_command_is_not_written_though_its_transaction_had_begun() -> None:
    async with bench() as b:
        b.database.errors = [Unavailable("gone")]
        request = b.step("accept", awaited=True, outage_wait_seconds=4.0)
        b.batcher.post(b.step("facts"), "fact", lambda result: None)
        refused = asyncio.create_task(b.batcher.run(request, "refused"))
        await asyncio.sleep(0.05)
        b.database.door.clear()  # the next attempt reaches the server and is not answered
        with pytest.raises(Unavailable):
            await refused
        b.database.door.set()
        await b.batcher.drain(60.0)
        assert b.database.commits == [["facts:fact"]]


@in_virtual_time
async def test_a_command_in_a_slow_commit_gets_its_result_and_the_command_behind_it_is_refused() -> None:
    async with bench() as b:
        request = b.step("accept", awaited=True, outage_wait_seconds=4.0)
        b.database.gate.clear()
        sealed = asyncio.create_task(b.batcher.run(request, "sealed"))
        await asyncio.sleep(0.001)
        behind = asyncio.create_task(b.batcher.run(request, "behind"))
        await asyncio.sleep(2.0)
        assert not b.batcher.availability.is_away
        with pytest.raises(Unavailable):
            await behind
        assert b.batcher.availability.is_away
        await asyncio.sleep(30.0)
        assert not sealed.done()
        b.database.gate.set()
        assert await sealed == "SEALED"
        assert b.database.commits == [["accept:sealed"]]
        assert not b.batcher.availability.is_away


@in_virtual_time
@pytest.mark.parametrize("was_committed", [True, False])
async def test_an_undoable_command_is_refused_while_its_commit_hangs_and_undone_if_it_succeeded(
    was_committed: bool,
) -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        undone: list[Any] = []

        async def undo(work: Work, done: Sequence[tuple[str, str]]) -> int:
            undone.extend(done)
            return 0

        request = b.step("accept", awaited=True, outage_wait_seconds=4.0, undo=undo, can_undo="refused".__eq__)
        facts: list[str] = []
        b.database.gate.clear()
        if not was_committed:
            b.database.errors = [Conflict("the connection was lost before the commit")]
        b.batcher.post(b.step("facts"), "fact", facts.append)
        began = loop.time()
        kept = asyncio.create_task(b.batcher.run(request, "keyed"))
        with pytest.raises(Unavailable):
            await b.batcher.run(request, "refused")
        assert 4.0 < loop.time() - began < 4.5
        clear = asyncio.create_task(b.batcher.wait_for_undo())
        await asyncio.sleep(30.0)
        assert not clear.done()
        assert not kept.done()
        assert facts == []
        b.database.gate.set()
        await clear
        await b.batcher.drain(5.0)
        assert facts == ["FACT"], "it is told once"
        written = [entry for commit in b.database.commits for entry in commit]
        assert await kept == "KEYED"
        if was_committed:
            assert sorted(written) == ["accept:keyed", "accept:refused", "facts:fact"]
            assert undone == [("refused", "REFUSED")]
        else:
            assert written == ["accept:keyed", "facts:fact"]
            assert undone == []


@in_virtual_time
async def test_a_long_transaction_of_a_healthy_database_refuses_no_command() -> None:
    async with bench() as b:
        request = b.step("accept", awaited=True, outage_wait_seconds=4.0)
        b.database.door.clear()
        waiting = [asyncio.create_task(b.batcher.run(request, str(number))) for number in range(3)]
        await asyncio.sleep(20.0)
        b.database.door.set()
        assert await asyncio.gather(*waiting) == ["0", "1", "2"]


@in_virtual_time
async def test_a_transaction_that_writes_nothing_does_not_end_an_outage() -> None:
    async with bench() as b:

        async def look(work: Work, commands: Sequence[str]) -> list[str]:
            return list(commands)

        b.database.is_full = True
        b.batcher.post(b.step("facts"), "fact", lambda result: None)
        await asyncio.sleep(1.0)
        assert b.batcher.availability.is_away
        looks = Step(name="look", script=look, awaited=True, outage_wait_seconds=4.0)
        with pytest.raises(Unavailable):
            await b.batcher.run(looks, "one")
        assert b.batcher.availability.is_away
        b.database.is_full = False
        assert await b.batcher.run(looks, "two") == "two"
        assert not b.batcher.availability.is_away


@in_virtual_time
async def test_in_an_outage_commands_are_refused_at_once_when_the_process_ends() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        request = b.step("accept", awaited=True, outage_wait_seconds=4.0)
        b.batcher.begin_shutdown()
        assert await b.batcher.run(request, "well") == "WELL"
        b.database.errors = [Unavailable("gone")] * 1_000
        began = loop.time()
        with pytest.raises(Unavailable):
            await b.batcher.run(request, "away")
        assert loop.time() - began < 0.5


@in_virtual_time
async def test_a_batcher_that_is_stopped_does_not_wait_for_an_outage_to_end() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        b.database.errors = [Unavailable("gone")] * 1_000
        failed: list[BaseException] = []
        b.batcher.post(b.step("facts"), "fact", lambda result: None, failed.append)
        await asyncio.sleep(5.0)
        began = loop.time()
        b.serving.cancel()
        await asyncio.gather(b.serving, return_exceptions=True)
        assert loop.time() - began < 1.0
        assert [type(error) for error in failed] == [Unavailable]


@in_virtual_time
async def test_a_batcher_that_is_stopped_does_not_wait_for_a_commit_without_an_answer() -> None:
    async with bench() as b:
        loop = asyncio.get_running_loop()
        b.database.gate.clear()
        b.batcher.post(b.step("facts"), "fact", lambda result: None)
        await asyncio.sleep(0.1)
        began = loop.time()
        b.serving.cancel()
        await asyncio.gather(b.serving, return_exceptions=True)
        assert loop.time() - began < 5.0


@in_virtual_time
async def test_a_caller_that_stops_waiting_cancels_nothing() -> None:
    async with bench() as b:
        b.database.gate.clear()
        waiting = asyncio.create_task(b.batcher.run(b.step("a"), "one"))
        await asyncio.sleep(0.001)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        b.database.gate.set()
        await b.batcher.drain(1.0)
        assert b.database.commits == [["a:one"]]


@in_virtual_time
async def test_a_caller_that_stops_waiting_before_a_failure_disturbs_no_other() -> None:
    async with bench() as b:
        step = b.step("a")
        leaving = asyncio.create_task(b.batcher.run(step, "bad"))
        staying = asyncio.create_task(b.batcher.run(step, "good"))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await staying == "GOOD"


@in_virtual_time
async def test_an_error_in_one_done_handler_does_not_stop_the_others() -> None:
    async with bench() as b:
        done: list[str] = []
        step = b.step("a")
        b.batcher.post(step, "one", lambda result: done[7])  # type: ignore[arg-type, return-value]
        b.batcher.post(step, "two", done.append)
        await b.batcher.drain(1.0)
        assert done == ["TWO"]


@in_virtual_time
async def test_each_command_is_prepared_once_however_often_its_transaction_runs() -> None:
    async with bench() as b:
        prepared: list[str] = []
        b.database.errors = [Conflict("again")]
        step = b.step("a", prepare=prepared.extend)
        await asyncio.gather(
            *(b.batcher.run(step, command) for command in ("one", "bad", "two")), return_exceptions=True
        )
        assert prepared == ["one", "bad", "two"]


@in_virtual_time
async def test_a_heavy_command_is_a_batch_of_its_own_and_light_ones_share() -> None:
    async with bench() as b:
        step = b.step("a", weigh=lambda command: 1_000 if command == "heavy" else 1)
        for command in ("light", "heavy", "light", "light"):
            b.batcher.post(step, command, lambda result: None)
        await b.batcher.drain(1.0)
        assert sum(len(commit) for commit in b.database.commits) == 4
        assert ["a:heavy"] in b.database.commits


@in_virtual_time
async def test_draining_writes_delayed_commands_and_reports_whether_it_could() -> None:
    async with bench() as b:
        done: list[str] = []
        b.batcher.post(b.step("slow", batch_delay_seconds=100.0), "one", done.append)
        assert await b.batcher.drain(1.0) is True
        assert done == ["ONE"]
        b.database.gate.clear()
        b.batcher.post(b.step("a"), "two", done.append)
        assert await b.batcher.drain(1.0) is False
        b.database.gate.set()


@in_virtual_time
async def test_stopping_finishes_the_transaction_that_is_under_way() -> None:
    async with bench() as b:
        done: list[str] = []
        b.database.gate.clear()
        b.batcher.post(b.step("a"), "one", done.append)
        await asyncio.sleep(0.001)
        b.serving.cancel()
        await asyncio.sleep(0.001)
        assert not b.serving.done()
        b.database.gate.set()
        await asyncio.gather(b.serving, return_exceptions=True)
        assert done == ["ONE"]


@in_virtual_time
async def test_lanes_do_not_wait_for_each_other_and_a_step_keeps_its_lane() -> None:
    async with bench(lanes=2) as b:
        blocked = b.step("blocked", lane=0)
        b.database.gate.clear()
        waiting = asyncio.create_task(b.batcher.run(blocked, "one"))
        await asyncio.sleep(0.001)
        gate, b.database.gate = b.database.gate, asyncio.Event()
        b.database.gate.set()
        assert await b.batcher.run(b.step("free", lane=1), "two") == "TWO"
        assert not waiting.done()
        gate.set()
        assert await waiting == "ONE"
