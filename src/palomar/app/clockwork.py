"""Clockwork: what happens by the clock, each in a loop of its own whose failed turn is logged and tried again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from palomar.accounts.directory import Directory
from palomar.app.housekeeping import KEPT, expire, forget, forget_surplus
from palomar.callbacks.sender import CallbackSender
from palomar.callbacks.targets import WATCH_EVERY_SECONDS
from palomar.inbound.receive import sweep_incomplete
from palomar.receipts import overdue
from palomar.receipts.overdue import OverdueReceipts
from palomar.receipts.record import OrphanSweep, sweep_orphans
from palomar.reports.recounter import COUNT_EVERY_SECONDS, Recounter
from palomar.reports.search_indexer import INDEX_EVERY_SECONDS, Indexer
from palomar.routing.waiting_counts import find_oldest_unclaimed
from palomar.sandbox.watch import SandboxWatch
from palomar.sending import carrier_status_recorder, stalled
from palomar.sending.carrier_status_recorder import CarrierStatusRecorder
from palomar.sending.deadlines import AT_ONCE as STALE_AT_ONCE
from palomar.sending.deadlines import end_stale
from palomar.sending.dispatcher import Dispatcher
from palomar.sending.failover import LOOK_EVERY_SECONDS
from palomar.sending.lease import RENEW_EVERY_SECONDS, Lease
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.backoff import wait_after
from palomar.vocabulary.refusals import TemporarilyUnavailable

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 10.0
_WHILE_AWAY_SECONDS = 0.5
"""How soon a turn is tried again that found the database away: the lease runs on, and people wait for its return."""
_SWEEP_AT_MOST = 200
REFRESH_SECONDS = 0.1
"""How soon a node sees what a command beside it has changed."""

_UNCLAIMED_MS = 3_000
"""What is younger is about to be claimed."""

_BETWEEN_SLICES_SECONDS = 0.05
_log = structlog.get_logger(__name__)

EXPIRE = Step(name="expire", script=expire)
SWEEP = Step(name="sweep_orphans", script=sweep_orphans)
STALE = Step(name="end_stale", script=end_stale)
SWEEP_INBOUND = Step(name="sweep_incomplete", script=sweep_incomplete)


class Clockwork:
    """The loops. :meth:`serve` runs until cancelled."""

    def __init__(
        self,
        *,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        dispatcher: Dispatcher,
        callback_sender: CallbackSender,
        lease: Lease,
        overdue_parts: OverdueReceipts,
        carrier_standings: CarrierStatusRecorder,
        tally: Recounter,
        indexer: Indexer,
        sandbox: SandboxWatch,
        renumber: Callable[[int], None],
    ) -> None:
        """``renumber`` is told the node's number whenever the lease begins again."""
        self._renumber = renumber
        self._database = database
        self._batcher = batcher
        self._directory = directory
        self._dispatcher = dispatcher
        self._callback_sender = callback_sender
        self._lease = lease
        self._overdue = overdue_parts
        self._standings = carrier_standings
        self._tally = tally
        self._indexer = indexer
        self._swept = (0, 0)
        self._sandbox = sandbox

    async def serve(self) -> None:
        """All loops, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, seconds, turn in (
                ("directory", REFRESH_SECONDS, self._refresh),
                ("claims", 1.0, self._claim),
                ("callbacks", WATCH_EVERY_SECONDS, self._watch_callbacks),
                ("failover", LOOK_EVERY_SECONDS, self._fail_over),
                ("watchdog", stalled.LOOK_EVERY_SECONDS, self._watch),
                ("stale", 1.0, self._end_stale),
                ("lease", RENEW_EVERY_SECONDS, self._keep_lease),
                ("upkeep", 1.0, self._database.upkeep),
                ("sweep", 5.0, self._sweep),
                ("overdue", overdue.LOOK_EVERY_SECONDS, self._overdue.query_overdue),
                ("standings", carrier_status_recorder.LOOK_EVERY_SECONDS, self._standings.write),
                ("forget", 60.0, self._forget),
                ("tally", COUNT_EVERY_SECONDS, self._tally.count),
                ("indexer", INDEX_EVERY_SECONDS, self._indexer.index),
                ("forget words", 60.0, self._indexer.forget),
            ):
                group.create_task(_loop(name, seconds, turn))

    async def _refresh(self) -> None:
        if await self._directory.refresh():
            self._dispatcher.wake()  # a command beside the server may have stored messages too
            self._tally.look_again()
            self._sandbox.look_again()
        await self._sandbox.refresh()

    async def _claim(self) -> None:
        self._dispatcher.look_for_work()
        self._callback_sender.look_for_work()

    async def _watch_callbacks(self) -> None:
        self._callback_sender.watch()

    async def _fail_over(self) -> None:
        self._dispatcher.fail_over()

    async def _watch(self) -> None:
        """Look at the lines even where the database cannot be asked."""
        dog, clock = self._dispatcher.watchdog, self._batcher.clock
        unclaimed: Mapping[str, int] = {}
        try:
            unclaimed = await self._database.read(
                find_oldest_unclaimed, dog.carriers, now_ms=clock.wall_ms() - _UNCLAIMED_MS
            )
        finally:
            dog.check(unclaimed, clock)

    async def _end_stale(self) -> None:
        while await self._batcher.run(STALE, STALE_AT_ONCE) == STALE_AT_ONCE:  # noqa: ASYNC110  # a slice a turn
            await asyncio.sleep(_BETWEEN_SLICES_SECONDS)

    async def _keep_lease(self) -> None:
        if not await self._lease.renew(uncounted_ms=self._tally.uncounted_ms):
            _log.error("this node's lease ran out; beginning again")
            self._dispatcher.forget()
            self._callback_sender.forget()
            node = await self._lease.begin()
            self._renumber(node.number)  # another node may have been given the number we had
        await self._lease.take_over_dead()

    async def _sweep(self) -> None:
        await self._batcher.run(EXPIRE, _SWEEP_AT_MOST)
        sweep = OrphanSweep(limit=_SWEEP_AT_MOST, after_ms=self._swept[0], after=self._swept[1])
        swept = await self._batcher.run(SWEEP, sweep)
        self._swept = (swept.last_ms, swept.last)
        await self._batcher.run(SWEEP_INBOUND, _SWEEP_AT_MOST)

    async def _forget(self) -> None:
        """What was kept for some time only, a little at a time."""
        now_ms = self._batcher.clock.wall_ms()
        for kept in KEPT:
            while await self._database.write_in_lane(1, forget, kept, now_ms=now_ms):  # noqa: ASYNC110  # waits for nothing
                await asyncio.sleep(_BETWEEN_SLICES_SECONDS)
        await self._database.write_in_lane(1, forget_surplus)


async def _loop(name: str, seconds: float, turn: Callable[[], Awaitable[None]]) -> None:
    failures, is_away = 0, False
    while True:
        try:
            await turn()
            failures, is_away = 0, False
        except TemporarilyUnavailable as error:
            if not is_away:
                _log.warning("a turn found the database away", loop=name, reason=str(error))
            is_away = True
            await asyncio.sleep(_WHILE_AWAY_SECONDS)
            continue
        except Exception as error:
            failures += 1
            pause = wait_after(failures, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
            _log.error("a turn failed", loop=name, reason=repr(error), again_in_seconds=pause, exc_info=error)
            await asyncio.sleep(pause)
        await asyncio.sleep(seconds)
