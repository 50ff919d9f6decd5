"""A scheduler: in time, in order, and ahead of the clock after a skip."""

import asyncio
from functools import partial

from structlog.testing import capture_logs
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator.scheduler import Scheduler


class ActionLog:
    """The actions that ran, with their times."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.time()
        self.lines: list[tuple[str, float]] = []
        self.turns = 0

    def act(self, what: str) -> "partial[None]":
        return partial(self._note, what)

    def after(self) -> None:
        self.turns += 1

    def _note(self, what: str) -> None:
        self.lines.append((what, round(self.loop.time() - self.begun, 1)))


def scheduler(actions: ActionLog) -> Scheduler:
    return Scheduler(actions.loop.time, after=actions.after)


@in_virtual_time
async def test_actions_run_when_they_are_due_and_the_hook_after_them_runs_once() -> None:
    actions = ActionLog()
    planned = scheduler(actions)
    for what, seconds in (("late", 5), ("soon", 1), ("soon too", 1)):
        planned.call_later(seconds, actions.act(what))
    assert actions.lines == []
    await asyncio.sleep(10)
    assert actions.lines == [("soon", 1.0), ("soon too", 1.0), ("late", 5.0)]
    assert actions.turns == 2


@in_virtual_time
async def test_actions_due_in_skipped_time_run_at_once_in_order_and_the_others_earlier() -> None:
    actions = ActionLog()
    planned = scheduler(actions)
    for what, seconds in (("in two days", 172_800), ("tomorrow", 86_400), ("in an hour", 3_600)):
        planned.call_later(seconds, actions.act(what))
    await asyncio.sleep(1)
    planned.skip(86_400)
    await asyncio.sleep(1)
    assert [what for what, _ in actions.lines] == ["in an hour", "tomorrow"]
    planned.skip(86_390)
    await asyncio.sleep(7)
    assert [what for what, _ in actions.lines] == ["in an hour", "tomorrow"]
    await asyncio.sleep(3)
    assert len(actions.lines) == 3


@in_virtual_time
async def test_its_time_continues_from_where_it_was_moved() -> None:
    actions = ActionLog()
    planned = scheduler(actions)
    before = planned.now()
    planned.skip(100)
    assert planned.now() == before + 100
    planned.call_later(1, actions.act("a second later"))
    await asyncio.sleep(2)
    assert actions.lines == [("a second later", 1.0)]


@in_virtual_time
async def test_a_closed_scheduler_runs_nothing() -> None:
    actions = ActionLog()
    planned = scheduler(actions)
    planned.call_later(1, actions.act("planned before"))
    planned.close()
    planned.call_later(1, actions.act("planned after"))
    await asyncio.sleep(5)
    assert actions.lines == []


@in_virtual_time
async def test_an_action_that_fails_stops_no_other() -> None:
    def fail() -> None:
        raise RuntimeError("a bug")

    actions = ActionLog()
    planned = scheduler(actions)
    planned.call_later(1, fail)
    planned.call_later(1, actions.act("beside it"))
    planned.call_later(2, actions.act("after it"))
    with capture_logs() as logs:
        await asyncio.sleep(3)
    assert [what for what, _ in actions.lines] == ["beside it", "after it"]
    assert [entry["event"] for entry in logs] == ["simulator_act_failed"]
