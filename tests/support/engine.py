"""A small engine over a real SQLite database: batcher, dispatcher, counting carriers, a node with a lease."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.contracts.virtual_time import LoopClock
from tests.support.carriers import CountingCarrier
from tests.support.world import World, new_node

from palomar.acceptance.accept import Result, accept
from palomar.acceptance.compose import Acceptance
from palomar.app.transaction_order import STEPS
from palomar.routing.router import Router
from palomar.sending.dispatcher import Dispatcher, DispatcherSink
from palomar.storage.database import Conflict, Database, Script
from palomar.storage.migrate import migrate
from palomar.storage.sqlite import SqliteLimits, open_sqlite
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.context import TransactionContext
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account


class ShakyDatabase:
    """A database whose transactions fail now and then, after they have run: races, and bugs."""

    lanes = 1

    def __init__(self, database: Database) -> None:
        self._database = database
        self.races = self.bugs = 0.0
        self.chance = random.Random(1)

    async def write(self, script: Script[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await self.write_in_lane(0, script, *args, **kwargs)

    async def write_in_lane(self, lane: int, script: Script[..., Any], *args: Any, **kwargs: Any) -> Any:
        async def shaky(tx: Any) -> Any:
            result = await script(tx, *args, **kwargs)
            if self.chance.random() < self.races:
                raise Conflict("another was quicker")
            if self.chance.random() < self.bugs:
                raise RuntimeError("a bug")
            return result

        return await self._database.write_in_lane(lane, shaky)


@dataclass(kw_only=True)
class Engine:
    """What a test needs of the house, wired as ``app`` wires it."""

    world: World
    carriers: dict[str, CountingCarrier]
    dispatcher: Dispatcher
    router: Router
    batcher: Batcher
    database: ShakyDatabase
    leased: bool = True
    results: list[Any] = field(default_factory=list)
    accept_step: Step[Acceptance, Result]

    @property
    def carrier(self) -> CountingCarrier:
        return next(iter(self.carriers.values()))

    def post(self, account: Account, **asked: Any) -> Acceptance:
        """Post a request, as the gateway does."""
        self.world.now_ms = self.batcher.clock.wall_ms()
        command = self.world.compose(account, **asked)

        def done(result: Result) -> None:
            self.dispatcher.accepted(result, command)
            self.results.append(result)

        def failed(error: BaseException) -> None:
            self.dispatcher.not_accepted(command)
            self.results.append(error)

        self.batcher.post(self.accept_step, command, done, failed)
        return command

    async def settle(self) -> None:
        """Until nothing waits to be written any more."""
        for _ in range(4):
            assert await self.batcher.drain(60.0)
            await asyncio.sleep(0)

    async def ready(self) -> None:
        """Wait until the first look into the database is over: from then on messages are claimed when they are
        stored."""
        self.dispatcher.claim_due()
        await self.settle()


@contextlib.asynccontextmanager
async def engine(folder: Path, *carriers: CountingCarrier) -> AsyncIterator[Engine]:
    """Run an engine, and stop it afterwards."""
    store = open_sqlite(folder / "palomar.db", limits=SqliteLimits(inline_commit_seconds=float("inf")))
    await migrate(store, engine="sqlite", now_ms=0)
    world = World(database=store)
    world.node_id = await new_node(world, "node")
    by_name = {carrier.name: carrier for carrier in carriers or (CountingCarrier(),)}
    clock = LoopClock()
    router = Router(by_name, clock, plan=lambda: world.plan)
    dispatcher = Dispatcher(by_name, router)
    shaky = ShakyDatabase(store)

    def context() -> TransactionContext:
        world.now_ms = batcher.clock.wall_ms()
        world.router = router.snapshot()
        made = world.context()
        return made if built.leased else made.without_node()

    def committed(work: Work) -> None:
        """Callbacks are another test's business."""

    batcher = Batcher(shaky, clock, steps=STEPS, context=context, after_commit=committed)  # type: ignore[arg-type]
    dispatcher.attach(batcher)
    step = Step(
        name="accept",
        script=accept,
        prepare=dispatcher.claim_new_messages,
        weigh=lambda command: len(command.messages),
    )
    built = Engine(
        world=world,
        carriers=by_name,
        dispatcher=dispatcher,
        router=router,
        batcher=batcher,
        database=shaky,
        accept_step=step,  # type: ignore[arg-type]
    )
    for carrier in by_name.values():
        await carrier.start(DispatcherSink(dispatcher, carrier.name))
    serving = asyncio.create_task(batcher.serve())
    try:
        yield built
        assert await world.faults() == []
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await store.close()
