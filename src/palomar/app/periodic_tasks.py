"""What runs by the clock while the server runs, each task in a loop of its own.

A turn that fails is logged and tried again. Not here: what each task does (the capabilities' modules).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from palomar.accounts.directory import Directory
from palomar.app.housekeeping import RETENTIONS, delete_old, delete_surplus_callers, expire
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
from palomar.sending.failover import CHECK_EVERY_SECONDS
from palomar.sending.lease import RENEW_EVERY_SECONDS, Lease
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.backoff import wait_after
from palomar.vocabulary.refusals import TemporarilyUnavailable

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 10.0
_OUTAGE_PAUSE_SECONDS = 0.5
"""The pause after a turn that could not reach the database: short, because the lease runs out meanwhile."""
_SWEEP_LIMIT = 200
REFRESH_SECONDS = 0.1
"""The pause between looks for changes that commands or other nodes have made."""

_UNCLAIMED_MS = 3_000
"""Parts that have waited less are about to be claimed."""

_BETWEEN_SLICES_SECONDS = 0.05
_log = structlog.get_logger(__name__)

EXPIRE = Step(name="expire", script=expire)
SWEEP = Step(name="sweep_orphans", script=sweep_orphans)
STALE = Step(name="end_stale", script=end_stale)
SWEEP_INBOUND = Step(name="sweep_incomplete", script=sweep_incomplete)


class PeriodicTasks:
    """All periodic tasks of a server; :meth:`serve` runs them until it is cancelled."""

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
        status_recorder: CarrierStatusRecorder,
        recounter: Recounter,
        indexer: Indexer,
        sandbox: SandboxWatch,
        renumber: Callable[[int], None],
    ) -> None:
        """Take what the tasks work on. ``renumber`` is called with the node's number whenever its lease begins
        again."""
        self._renumber = renumber
        self._database = database
        self._batcher = batcher
        self._directory = directory
        self._dispatcher = dispatcher
        self._callback_sender = callback_sender
        self._lease = lease
        self._overdue = overdue_parts
        self._status_recorder = status_recorder
        self._recounter = recounter
        self._indexer = indexer
        self._swept_up_to = (0, 0)
        self._sandbox = sandbox

    async def serve(self) -> None:
        """Run all loops until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, seconds, turn in (
                ("directory", REFRESH_SECONDS, self._refresh),
                ("claims", 1.0, self._claim),
                ("callbacks", WATCH_EVERY_SECONDS, self._watch_callbacks),
                ("failover", CHECK_EVERY_SECONDS, self._fail_over),
                ("watchdog", stalled.CHECK_EVERY_SECONDS, self._watch),
                ("stale", 1.0, self._end_stale),
                ("lease", RENEW_EVERY_SECONDS, self._keep_lease),
                ("upkeep", 1.0, self._database.upkeep),
                ("sweep", 5.0, self._sweep),
                ("overdue", overdue.CHECK_EVERY_SECONDS, self._overdue.query_overdue),
                ("carrier status", carrier_status_recorder.CHECK_EVERY_SECONDS, self._status_recorder.write),
                ("forget", 60.0, self._delete_old),
                ("recounter", COUNT_EVERY_SECONDS, self._recounter.count),
                ("indexer", INDEX_EVERY_SECONDS, self._indexer.index),
                ("forget words", 60.0, self._indexer.forget),
            ):
                group.create_task(_loop(name, seconds, turn))

    async def _refresh(self) -> None:
        if await self._directory.refresh():
            self._dispatcher.recheck_all()  # a command beside the server may have stored messages too
            self._recounter.look_again()
            self._sandbox.look_again()
        await self._sandbox.refresh()

    async def _claim(self) -> None:
        self._dispatcher.claim_due()
        self._callback_sender.look_for_work()

    async def _watch_callbacks(self) -> None:
        self._callback_sender.watch()

    async def _fail_over(self) -> None:
        self._dispatcher.fail_over()

    async def _watch(self) -> None:
        """Check the send queues for parts that do not leave, even if the database cannot be read."""
        watchdog, clock = self._dispatcher.watchdog, self._batcher.clock
        unclaimed: Mapping[str, int] = {}
        try:
            unclaimed = await self._database.read(
                find_oldest_unclaimed, watchdog.carriers, now_ms=clock.wall_ms() - _UNCLAIMED_MS
            )
        finally:
            watchdog.check(unclaimed, clock)

    async def _end_stale(self) -> None:
        while await self._batcher.run(STALE, STALE_AT_ONCE) == STALE_AT_ONCE:  # noqa: ASYNC110  # a slice a turn
            await asyncio.sleep(_BETWEEN_SLICES_SECONDS)

    async def _keep_lease(self) -> None:
        if not await self._lease.renew(uncounted_ms=self._recounter.uncounted_ms):
            _log.error("this node's lease ran out; beginning again")
            self._dispatcher.drop_claimed()
            self._callback_sender.forget()
            node = await self._lease.begin()
            self._renumber(node.number)  # another node may have been given the number we had
        await self._lease.take_over_dead()

    async def _sweep(self) -> None:
        await self._batcher.run(EXPIRE, _SWEEP_LIMIT)
        sweep = OrphanSweep(limit=_SWEEP_LIMIT, after_ms=self._swept_up_to[0], after=self._swept_up_to[1])
        swept = await self._batcher.run(SWEEP, sweep)
        self._swept_up_to = (swept.last_ms, swept.last)
        await self._batcher.run(SWEEP_INBOUND, _SWEEP_LIMIT)

    async def _delete_old(self) -> None:
        """Delete rows that are older than they are kept for, a slice at a time."""
        now_ms = self._batcher.clock.wall_ms()
        for retention in RETENTIONS:
            while await self._database.write_in_lane(1, delete_old, retention, now_ms=now_ms):  # noqa: ASYNC110  # waits for nothing
                await asyncio.sleep(_BETWEEN_SLICES_SECONDS)
        await self._database.write_in_lane(1, delete_surplus_callers)


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
            await asyncio.sleep(_OUTAGE_PAUSE_SECONDS)
            continue
        except Exception as error:
            failures += 1
            pause = wait_after(failures, first=_FIRST_PAUSE_SECONDS, longest=_LONGEST_PAUSE_SECONDS)
            _log.error("a turn failed", loop=name, reason=repr(error), again_in_seconds=pause, exc_info=error)
            await asyncio.sleep(pause)
        await asyncio.sleep(seconds)
