"""The server: it builds everything from a :class:`Config`, starts it in order, and stops it in reverse.

Its data directory is in ``data_directory``, its carriers are in ``carriers``, its callbacks in ``callbacks``, its faces
and ports in ``listeners``.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

import structlog

from palomar.access.admission import Admission
from palomar.access.passwords import Passwords
from palomar.access.sign_in import SignIn
from palomar.access.sign_in_throttle import SignInThrottle
from palomar.accounts.blacklist import PhonesOwnBlocks
from palomar.accounts.directory import Directory
from palomar.app.callbacks import Callbacks
from palomar.app.carriers import Carriers
from palomar.app.config import Config
from palomar.app.data_directory import FIRST_ACCOUNT_FILE, configured_senders, last_message_ms, locked, node_name
from palomar.app.front import Readiness
from palomar.app.listeners import Listeners
from palomar.app.periodic_tasks import PeriodicTasks
from palomar.app.sandbox import SandboxParts
from palomar.app.transaction_order import STEPS, make_context
from palomar.billing.low_balance import LowBalances
from palomar.billing.topups import TopUpPoster
from palomar.callbacks.outbox import Outbox
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.clock import RealClock, RealIds
from palomar.console.viewer.viewer import Viewers
from palomar.dialects import renderers
from palomar.gateway import Gateway
from palomar.net.networks import is_listed
from palomar.ports import Carrier, Ids
from palomar.receipts.overdue import OverdueReceipts
from palomar.reports.recounter import Recounter
from palomar.reports.search_indexer import Indexer
from palomar.routing.router import Router
from palomar.sandbox.watch import SandboxWatch
from palomar.sending.carrier_status_recorder import CarrierStatusRecorder
from palomar.sending.dispatcher import Dispatcher, DispatcherSink
from palomar.sending.lease import Lease
from palomar.sending.nodes import clear_unknown_carriers
from palomar.short_links.click_recorder import ClickRecorder
from palomar.storage.database import Database
from palomar.text.times import format_gmt
from palomar.transaction.batcher import Batcher
from palomar.transaction.context import TransactionContext
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId

STOP_SECONDS: Final = 13.0
"""Seconds that all steps of a stop may take together: SIGTERM ends the process within 15 s."""

_log = structlog.get_logger(__name__)


Hook = Callable[[], Awaitable[None]]
"""A step that the caller runs during the start."""


async def _nothing() -> None:
    """Do nothing."""


class Server:
    """A Palomar server. ``async with Server(config, database).running()`` starts it, and stops it on leaving."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self.clock = RealClock()
        self.database = database
        self.ready = False
        self._carriers = Carriers(self.clock)
        self._ids_used_until_ms = 0
        self._sandbox_watch = SandboxWatch(database, jumped=self._on_jump, changed=self._carriers.set_scripts)
        self._sandbox: SandboxParts | None = None
        """Only while a carrier is simulated."""

    @contextlib.asynccontextmanager
    async def running(self, *, before: Hook = _nothing, listening: Hook = _nothing) -> AsyncIterator["Server"]:
        """Start everything in order; on leaving, stop it in reverse within the deadline.

        ``before`` runs when the data directory is ours and nothing is started yet; ``listening`` when the ports are
        open and ``/health/ready`` does not yet say so.
        """
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(locked(self.config.data_dir))
            await before()
            self._lease = Lease(
                self.database, self.clock, name=node_name(self.config.data_dir), on_freed=self._on_work_freed
            )
            node = await self._lease.begin()
            await self._sandbox_watch.refresh()
            ids = RealIds(
                node.number,
                clock=self.clock,
                after_ms=await last_message_ms(self.database),
                serials_after_ms=self._ids_used_until_ms,
            )
            await self._build(ids)
            await self._clear_unknown_carriers()
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            batching = tasks.create_task(self.batcher.serve())
            stack.callback(batching.cancel)
            await self.directory.begin(secrets.token_bytes(32))
            await self.admission.callers.begin(self.database)
            without_sender = self._senders.accounts_without_sender(self.directory.snapshot.by_id.values())
            if without_sender:
                _log.warning("accounts_without_sender", accounts=without_sender[:20], count=len(without_sender))
            await self._lease.take_over_dead()
            periodic = tasks.create_task(self._periodic_tasks.serve())
            stack.push_async_callback(self._stop_background, periodic)
            for carrier in self.carriers.values():
                await carrier.start(DispatcherSink(self.dispatcher, carrier.name))
            stack.push_async_callback(self._stop_carriers)
            await self._carriers.restore_simulators(self.database)
            stack.push_async_callback(self._stop_listening)
            await self._listen()
            stack.callback(self._passwords.close)
            await listening()
            self.ready = True
            yield self
            self.ready = False

    def health(self) -> Readiness:
        """Return what keeps the server from accepting messages. A carrier without a link does not: messages wait for
        it."""
        faults = [] if self.ready else ["starting or stopping"]
        if self.ready and self._lease.node_id is None:
            faults.append("this node's lease ran out: the database cannot be reached")
        if self.ready and self.batcher.availability.is_away:
            faults.append(self.batcher.availability.fault)
        idle = self.dispatcher.watchdog.idle
        stalled = [one for one in idle.values() if one.stalled]
        return Readiness(
            faults=faults,
            carriers={name: carrier.live for name, carrier in self.carriers.items()},
            stalled_parts=sum(one.parts for one in stalled),
            stalled_since=format_gmt(min(one.since_ms for one in stalled)) if stalled else None,
            waiting={
                name: {"parts": one.parts, "since": format_gmt(one.since_ms), "why": one.hindrance.value}
                for name, one in idle.items()
            },
        )

    @property
    def carriers(self) -> Mapping[str, Carrier]:
        """Return the carriers by name."""
        return self._carriers.by_name

    @property
    def simulators(self) -> Mapping[str, SimulatorSmsc]:
        """Return the simulators inside this process, by their carriers' names."""
        return self._carriers.simulators

    @property
    def urls(self) -> list[str]:
        """Return the URLs that the server listens at."""
        return self._listeners.urls

    def adjust_carriers(self, config: Config) -> None:
        """Apply changed settings to running carriers, as far as they can take them."""
        self._carriers.adjust(config.carriers)

    def reload_tls(self) -> None:
        """Read the certificates again, for connections from now on."""
        self._listeners.reload_tls()

    async def _build(self, ids: RealIds) -> None:
        config = self.config
        self._carriers.build(config.carriers, ids)
        if self.simulators:
            self._sandbox = SandboxParts(
                self.simulators,
                all_simulated=config.simulated,
                clock=self.clock,
                secret_of=self._callback_secret,
                apply=self._apply_sandbox_settings,
                first_account=config.data_dir / FIRST_ACCOUNT_FILE,
            )
        self._senders = await configured_senders(config, self.database)
        self._listeners = Listeners(config, sandbox=self._sandbox)
        self.directory = Directory(self.database)
        self.router = Router(
            self.carriers,
            self.clock,
            plan=lambda: self.directory.snapshot.plan,
            failover_seconds=config.routing.failover_seconds,
        )
        self.dispatcher = Dispatcher(self.carriers, self.router)
        self._callbacks = Callbacks(
            config,
            clock=self.clock,
            secret_of=self._callback_secret,
            expect=self._sandbox.expect_callback if self._sandbox is not None else None,
        )
        self._renderers = renderers()
        self._ids: Ids = ids
        self.batcher = Batcher(
            self.database, self.clock, steps=STEPS, context=self._context, after_commit=self._after_commit
        )
        for part in (self.dispatcher, self._callbacks.sender, self._lease):
            part.attach(self.batcher)
        self.status_recorder = CarrierStatusRecorder(
            self.database,
            self.clock,
            self.router,
            self.carriers,
            node_id=lambda: self._lease.node_id,
            idle=lambda: self.dispatcher.watchdog.idle,
        )
        self.recounter = Recounter(self.database, self.clock)
        self._periodic_tasks = self._build_periodic_tasks(ids)
        self._topups = TopUpPoster(self.batcher, self.clock)
        self._build_gateway(ids)

    def _build_gateway(self, ids: RealIds) -> None:
        """Build the one gate of all faces, and the gateway of the dialects behind it."""
        self._passwords = Passwords(self.directory, self.clock)
        self.admission = Admission(
            directory=self.directory,
            batcher=self.batcher,
            clock=self.clock,
            passwords=self._passwords,
            is_listed=is_listed,
        )
        self.gateway = Gateway(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            dispatcher=self.dispatcher,
            admission=self.admission,
            clock=self.clock,
            ids=ids,
            public_url=lambda: self._listeners.public_url,
            languages=self._carriers.languages,
            senders=self._senders,
        )

    def _build_periodic_tasks(self, ids: RealIds) -> PeriodicTasks:
        """Build the tasks that run by the clock."""
        return PeriodicTasks(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            dispatcher=self.dispatcher,
            callback_sender=self._callbacks.sender,
            lease=self._lease,
            overdue_parts=OverdueReceipts(
                self.database,
                self.clock,
                self.carriers,
                self._carriers.query_after_seconds,
                plan=lambda: self.directory.snapshot.plan,
            ),
            status_recorder=self.status_recorder,
            recounter=self.recounter,
            indexer=Indexer(self.database, self.clock, is_busy=lambda: self.batcher.waiting > 0),
            sandbox=self._sandbox_watch,
            renumber=ids.renumber,
        )

    def _context(self) -> TransactionContext:
        return make_context(
            accounts=self.directory.snapshot.by_id,
            renderers=self._renderers,
            ids=self._ids,
            node_id=self._lease.node_id,
            has_blocked_numbers=self.directory.snapshot.has_blocked_numbers,
            callbacks=self._callbacks.sender,
            off_after=self._callbacks.off_after,
            router=self.router.snapshot(),
            receipt_id_formats=self.directory.snapshot.receipt_id_formats,
            one_receipt=self._carriers.one_receipt,
        )

    def _callback_secret(self, account_id: AccountId) -> str:
        account = self.directory.snapshot.by_id.get(account_id)
        return account.settings.callback_secret if account else ""

    def _after_commit(self, work: Work) -> None:
        self.recounter.mark_changed(work.changed_minutes)
        if self._sandbox is not None:
            self._sandbox.committed(work)
        if work.joined(PhonesOwnBlocks) is not None:
            self.directory.note_blocked_number()
        outbox = work.joined(Outbox)
        if outbox is not None:
            self._callbacks.committed(outbox, work.context.node_id)
        low = work.joined(LowBalances)
        if low is not None:
            self._topups.post(low.need_topup)
            for account_id in low.called_back:
                _log.warning("an account's balance is low", account_id=account_id)

    def _on_jump(self, milliseconds: int) -> None:
        """Jump the clock and do what became due. Beside a real carrier the clock does not jump."""
        if not self.config.simulated:
            self._ids_used_until_ms = self.clock.wall_ms() + milliseconds
            _log.warning("the sandbox clock is ahead, which counts for nothing beside a real carrier")
            return
        _log.info("the sandbox clock jumps", milliseconds=milliseconds)
        self.clock.jump(milliseconds)
        self._carriers.skip(milliseconds)
        if self.ready:
            self.dispatcher.recheck_all()
            self._callbacks.sender.look_for_work()

    async def _apply_sandbox_settings(self) -> None:
        """Apply stored settings of the sandbox now, not with the next look at the change counter."""
        self._sandbox_watch.look_again()
        await self._sandbox_watch.refresh()

    def _on_work_freed(self) -> None:
        self.recounter.look_again()
        self.dispatcher.recheck_all()
        self._callbacks.sender.look_for_work()

    async def _clear_unknown_carriers(self) -> None:
        await self.database.write(clear_unknown_carriers, list(self.carriers))

    async def _listen(self) -> None:
        throttle = SignInThrottle(self.database, self.clock)
        sign_in = SignIn(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            admission=self.admission,
            throttle=throttle,
            clock=self.clock,
            ids=self._ids,
        )
        viewers = Viewers(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            passwords=self._passwords,
            throttle=throttle,
            sign_in=sign_in,
            clock=self.clock,
            ids=self._ids,
            carriers=lambda: list(self.carriers),
            mask_for_support=self.config.console.mask_for_support,
            sandbox=self._sandbox.sandbox if self._sandbox is not None else None,
            senders=self._senders,
        )
        await self._listeners.listen(
            self.gateway,
            clicks=ClickRecorder(self.database, self.batcher),
            viewers=viewers,
            sign_in=sign_in,
            health=self.health,
            clock=self.clock,
            ids=self._ids,
        )

    async def _stop_listening(self) -> None:
        self.ready = False
        self.batcher.begin_shutdown()
        await self._listeners.stop(STOP_SECONDS / 4)

    async def _stop_carriers(self) -> None:
        self.dispatcher.stop_claiming()
        self._callbacks.sender.stop_taking()
        await self._carriers.stop(STOP_SECONDS / 3)

    async def _stop_background(self, periodic: asyncio.Task[None]) -> None:
        periodic.cancel()
        await self._callbacks.stop(STOP_SECONDS / 6)
        if not await self.batcher.drain(STOP_SECONDS / 6):
            _log.warning("stopping with work unwritten; it will be found again", commands=self.batcher.waiting)
        await _wait_at_most(self._lease.end(), STOP_SECONDS / 6)


async def _wait_at_most(work: Awaitable[None], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(work, seconds)
