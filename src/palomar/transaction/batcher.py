"""The batcher: everything that arrives while a transaction commits becomes the next transaction.

No timer delays a command whose caller waits: while idle it is written at once; under load hundreds share a commit. A
command whose result nobody waits for may wait some milliseconds for others. Transactions run in tasks of the batcher,
so a caller that stops waiting cancels nothing.

On an unexpected error the batch is rolled back and run by halves, so only the faulty command fails. Not here: what
happens while the database is away (``batch_lane``).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from palomar.ports import Clock
from palomar.storage.database import Database, Script, Transaction
from palomar.transaction.availability import DatabaseAvailability
from palomar.transaction.batch_lane import BACKGROUND_WEIGHT, BATCH_WEIGHT, BatchLane
from palomar.transaction.context import TransactionContext
from palomar.transaction.steps import NO_LIMIT, PendingCommand, Step
from palomar.transaction.work import Work

__all__ = ["BACKGROUND_WEIGHT", "BATCH_WEIGHT", "Batcher", "Step"]

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

_CHECK_EVERY_SECONDS = 0.25
_SCRIPT_WAIT_SECONDS = 4.0


async def _each(work: Work, scripts: Sequence[Script[[], Any]]) -> list[Any]:
    return [await script(work.tx) for script in scripts]


_SCRIPT = Step[Script[[], Any], Any](
    name="script", script=_each, awaited=True, outage_wait_seconds=_SCRIPT_WAIT_SECONDS
)


class Batcher:
    """The queue of commands to be written, with one lane for each writing connection.

    ``steps`` names all steps, in the order in which those of a batch run. ``context`` makes the context of each
    transaction, and ``after_commit`` is called with the work of each.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        steps: Sequence[str],
        context: Callable[[], TransactionContext],
        after_commit: Callable[[Work], None],
    ) -> None:
        self._lanes = [BatchLane(self, number) for number in range(database.lanes)]
        self.database = database
        self.clock = clock
        self.availability = DatabaseAvailability(clock)
        self.step_order = {name: place for place, name in enumerate(steps)}
        self.context = context
        self.after_commit = after_commit

    def post(
        self,
        step: Step[C, R],
        command: C,
        done: Callable[[R], None],
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Queue a command; after the commit ``done`` is called with its result, or else ``failed`` with the error.

        Without ``failed`` the error is only logged.
        """
        lane = self._lanes[step.lane % len(self._lanes)]
        weight = 1 if step.weigh is None else step.weigh(command)
        posted_at = 0.0 if step.outage_wait_seconds == NO_LIMIT else self.clock.monotonic()
        lane.add(PendingCommand(step, command, done, failed or _ignore, weight, posted_at))

    async def run(self, step: Step[C, R], command: C) -> R:
        """Queue a command, wait for its commit, and return its result. A cancelled wait does not cancel the command."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()

        def done(result: R) -> None:
            if not future.done():
                future.set_result(result)

        def failed(error: BaseException) -> None:
            if not future.done():
                future.set_exception(error)

        self.post(step, command, done, failed)
        return await future

    async def write(self, script: Script[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run a script that needs no :class:`Work` with the next batch, and return its result after the commit."""

        async def bound(tx: Transaction) -> R:
            return await script(tx, *args, **kwargs)

        result: R = await self.run(_SCRIPT, bound)
        return result

    @property
    def waiting(self) -> int:
        """Count the commands that no transaction has taken yet."""
        count = 0
        for lane in self._lanes:  # asked for with every answer and receipt: no generator
            count += lane.waiting
        return count

    async def serve(self) -> None:
        """Run until cancelled; what is under way then is finished first."""
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(lane.serve())
            group.create_task(self._check_outages())

    def begin_shutdown(self) -> None:
        """Refuse commands at once from now on while the database is away, because the process ends."""
        for lane in self._lanes:
            lane.begin_shutdown()

    async def wait_for_undo(self) -> None:
        """Wait until every command that was refused but stored has been undone."""
        for lane in self._lanes:
            await lane.wait_for_undo()

    async def drain(self, deadline_seconds: float) -> bool:
        """Write all commands that wait, delayed or not; return False if the deadline came first."""
        end = self.clock.monotonic() + deadline_seconds
        while any(lane.busy for lane in self._lanes):
            for lane in self._lanes:
                lane.flush()
            if self.clock.monotonic() > end:
                return False
            await asyncio.sleep(0.005)
        return True

    async def _check_outages(self) -> None:
        """Check all commands by one timer: a timer for each command would cost every message something."""
        while True:
            await asyncio.sleep(_CHECK_EVERY_SECONDS)
            for lane in self._lanes:
                lane.check_outage()


def _ignore(error: BaseException) -> None:
    """Do nothing: the batcher has logged the error, and no caller waits."""
