"""The composition root: builds the house from a :class:`Config`, starts it in order, stops it in reverse.

The only module that names a database driver, a carrier's protocol or a listener.
"""

import asyncio
import contextlib
import dataclasses
import fcntl
import os
import platform
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import structlog
from starlette.types import ASGIApp

from palomar.apidocs.samples import Sampler
from palomar.carriers.simulator import script as chaos_script
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.submitting import submit_maker
from palomar.carriers.smpp.wording import languages
from palomar.clock import RealClock, RealIds
from palomar.config import CONVERGIA_PORT, CarrierConfig, Config
from palomar.console.face import Console
from palomar.dialects import DIALECTS, convergia
from palomar.domain.account import AccountId
from palomar.domain.languages import Language
from palomar.domain.message import COMMAND_LINE_NODE, born_ms
from palomar.engine.attempts import Attempts
from palomar.engine.batcher import Batcher
from palomar.engine.clicks import Clicks
from palomar.engine.clockwork import Clockwork
from palomar.engine.directory import Directory
from palomar.engine.dispatcher import Dispatcher, LineSink
from palomar.engine.gateway import Gateway
from palomar.engine.indexer import Indexer
from palomar.engine.leases import Lease
from palomar.engine.logins import Logins
from palomar.engine.notifier import Notifier
from palomar.engine.overdue import Overdue
from palomar.engine.passwords import Passwords
from palomar.engine.router import Router
from palomar.engine.sandbox import SandboxWatch
from palomar.engine.standings import Standings
from palomar.engine.tally import Tally
from palomar.engine.topups import TopUps
from palomar.engine.viewer import Viewers
from palomar.flows import sandbox
from palomar.flows.claim import adopt_strays
from palomar.flows.lookup import awaiting_receipt
from palomar.flows.work import House, Work
from palomar.links.redirect import Redirect
from palomar.net.callback_client import CallbackClient
from palomar.net.limited_protocol import Limits
from palomar.net.networks import AddressGuard, TrustedProxies, is_listed
from palomar.net.server import HttpListener, ListenError, TlsFiles
from palomar.net.signing import CallbackSigner
from palomar.ports import Carrier, Ids, OutgoingPart, WebhookRenderer
from palomar.sandbox import FIRST_ACCOUNT_FILE, SandboxParts
from palomar.smpp import SubmitSm
from palomar.storage.database import Database, DatabaseError, Transaction
from palomar.storage.migrate import migrate
from palomar.storage.postgres import open_postgres
from palomar.storage.sqlite import open_sqlite
from palomar.storage.webhooks import WebhookRow
from palomar.web import Front, Health

SQLITE_FILE = "palomar.db"
STOP_SECONDS = 13.0
"""SIGTERM stops within 15 s; this is what the parts share."""

_log = structlog.get_logger(__name__)


class StartError(Exception):
    """Why the server cannot start, for the operator."""


@contextlib.asynccontextmanager
async def opened_database(config: Config) -> AsyncIterator[Database]:
    """The configured database, its schema up to date; the data directory is made too. Raises DatabaseError."""
    clock, data_dir = RealClock(), _made_data_dir(config.data_dir)
    if config.database.url:
        session = RealIds(COMMAND_LINE_NODE).token()
        database: Database = await open_postgres(config.database.url, session=session)
        engine = "postgres"
    else:
        database = open_sqlite(data_dir / SQLITE_FILE)
        engine = "sqlite"
    try:
        for name in await migrate(database, engine=engine, now_ms=clock.wall_ms()):
            _log.info("migration applied", name=name)
        yield database
    finally:
        await database.close()


async def wall_clock(config: Config, database: Database) -> RealClock:
    """The clock that everything is dated by: as far ahead as the sandbox's, where nothing real can be sent."""
    clock = RealClock()
    if config.simulated:
        clock.jump((await database.read(sandbox.read)).ahead_ms)
    return clock


def renderers() -> Mapping[str, WebhookRenderer]:
    """How each dialect calls back."""
    return {dialect.name: dialect.renderer for dialect in DIALECTS}


class App:
    """The server. ``async with App(config).running(database)`` starts it and stops it."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self.clock = RealClock()
        self.database = database
        self.simulators: dict[str, SimulatorSmsc] = {}
        self.ready = False
        self._listeners: list[HttpListener] = []
        self._scripts: Mapping[str, str] = {}
        self._lived_until_ms = 0
        self._watch = SandboxWatch(database, jumped=self._on_jump, changed=self._on_scripts)
        self._sandbox: SandboxParts | None = None
        """Only while a carrier is simulated."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["App"]:
        """Start everything in order; on leaving, stop it in reverse within the deadline."""
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(_locked(self.config.data_dir))
            self._lease = Lease(
                self.database, self.clock, name=_node_name(self.config.data_dir), on_freed=self._on_freed
            )
            node = await self._lease.begin()
            await self._watch.refresh()
            ids = RealIds(
                node.number,
                clock=self.clock,
                after_ms=await _youngest_ms(self.database),
                serials_after_ms=self._lived_until_ms,
            )
            await self._build(ids)
            await self._adopt_strays()
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            batching = tasks.create_task(self.batcher.serve())
            stack.callback(batching.cancel)
            await self.directory.begin(secrets.token_bytes(32))
            await self._lease.take_over_dead()
            clockwork = tasks.create_task(self._clockwork.serve())
            stack.push_async_callback(self._stop_engine, clockwork)
            for carrier in self.carriers.values():
                await carrier.start(LineSink(self.dispatcher, carrier.name))
            stack.push_async_callback(self._stop_carriers)
            await self._remind_simulators()
            stack.push_async_callback(self._stop_listening)
            await self._listen()
            stack.callback(self._passwords.close)
            self.ready = True
            yield self
            self.ready = False

    def health(self) -> Health:
        """What is in the way of taking messages. A carrier without a link is not: messages wait for it."""
        faults = [] if self.ready else ["starting or stopping"]
        if self.ready and self._lease.node_id is None:
            faults.append("this node's lease ran out: the database cannot be reached")
        return Health(faults=faults, carriers={name: carrier.live for name, carrier in self.carriers.items()})

    @property
    def urls(self) -> list[str]:
        """Where we listen."""
        return [listener.url for listener in self._listeners]

    def reload_tls(self) -> None:
        """Read the certificates again, for connections from now on."""
        for listener in self._listeners:
            listener.reload_tls()
        _log.info("certificates read again")

    async def _build(self, ids: RealIds) -> None:
        config = self.config
        self.carriers = {carrier.name: self._carrier(carrier.name, ids) for carrier in config.carriers}
        if self.simulators:
            self._sandbox = SandboxParts(
                self.simulators,
                is_whole=config.simulated,
                clock=self.clock,
                secret_of=self._callback_secret,
                in_force=self._in_force,
                first_account=config.data_dir / FIRST_ACCOUNT_FILE,
            )
        self.directory = Directory(self.database)
        self.router = Router(
            self.carriers,
            self.clock,
            plan=lambda: self.directory.snapshot.plan,
            failover_seconds=config.routing.failover_seconds,
        )
        self.dispatcher = Dispatcher(self.carriers, self.router)
        self._client = CallbackClient(
            guard=AddressGuard(allow_networks=config.callback_networks),
            slots_a_host=config.callbacks.slots_a_host,
            timeout_seconds=config.callbacks.timeout_seconds,
            tls=ssl.create_default_context(),
        )
        self._signer = CallbackSigner(secret_of=self._callback_secret, wall_ms=self.clock.wall_ms)
        self.notifier = Notifier(self._client, headers=self._callback_headers)
        self._renderers = renderers()
        self._ids: Ids = ids
        self.batcher = Batcher(self.database, self.clock, house=self._house, committed=self._committed)
        for part in (self.dispatcher, self.notifier, self._lease):
            part.attach(self.batcher)
        self.standings = Standings(
            self.database,
            self.clock,
            self.router,
            self.carriers,
            node_id=lambda: self._lease.node_id,
            waiting=lambda: self.dispatcher.waiting_parts,
        )
        self.tally = Tally(self.database, self.clock)
        self._clockwork = Clockwork(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            dispatcher=self.dispatcher,
            notifier=self.notifier,
            lease=self._lease,
            overdue_parts=Overdue(
                self.database,
                self.clock,
                self.carriers,
                _query_after_seconds(config),
                plan=lambda: self.directory.snapshot.plan,
            ),
            carrier_standings=self.standings,
            tally=self.tally,
            indexer=Indexer(self.database, self.clock, is_busy=lambda: self.batcher.waiting > 0),
            sandbox=self._watch,
            renumber=ids.renumber,
        )
        self._topups = TopUps(self.batcher, self.clock)
        self._passwords = Passwords(self.directory, self.clock)
        self.gateway = Gateway(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            dispatcher=self.dispatcher,
            passwords=self._passwords,
            clock=self.clock,
            ids=ids,
            public_url=self._public_url,
            languages=_languages_of_all(config.carriers),
        )

    def _carrier(self, name: str, ids: Ids) -> Carrier:
        entry = next(carrier for carrier in self.config.carriers if carrier.name == name)
        if isinstance(entry, SmppCarrierSettings):
            return SmppCarrier(entry, clock=self.clock, chance=ids.chance)
        smsc = SimulatorSmsc(entry.settings, clock=self.clock, chance=ids.chance)
        self.simulators[name] = smsc
        self._on_scripts(self._scripts)
        return SmppCarrier(
            _inside(name, entry.settings), clock=self.clock, chance=ids.chance, connect=smsc.connect_memory
        )

    def _house(self) -> House:
        return House(
            accounts=self.directory.snapshot.by_id,
            renderers=self._renderers,
            ids=self._ids,
            node_id=self._lease.node_id,
            has_blocked_numbers=self.directory.snapshot.has_blocked_numbers,
            webhook_room=self.notifier.room,
            router=self.router.look(),
            spellings=self.directory.snapshot.spellings,
        )

    def _public_url(self) -> str:
        """How the outside reaches us, without a slash at the end."""
        return (self.config.http.public_url or self.urls[0]).rstrip("/")

    def _callback_headers(self, webhook: WebhookRow) -> tuple[tuple[str, str], ...]:
        if self._sandbox is not None:
            self._sandbox.leaving(webhook)
        return self._signer.headers(webhook.account_id, webhook.url, webhook.body)

    def _callback_secret(self, account_id: AccountId) -> str:
        account = self.directory.snapshot.by_id.get(account_id)
        return account.settings.callback_secret if account else ""

    def _committed(self, work: Work) -> None:
        self.tally.changed(work.minutes)
        if self._sandbox is not None:
            self._sandbox.committed(work)
        if work.blocked_numbers:
            self.directory.number_blocked()
        if work.born_webhooks:
            self.notifier.born(work.born_webhooks, work.house.node_id)
        if work.low:
            self._topups.low(work.low)
        for account_id in work.told_low:
            _log.warning("an account's balance is low", account_id=account_id)

    def _on_jump(self, milliseconds: int) -> None:
        """The sandbox clock has jumped: what became due in the meantime is due now. Real carriers live in real time."""
        if not self.config.simulated:
            self._lived_until_ms = self.clock.wall_ms() + milliseconds
            _log.warning("the sandbox clock is ahead, which counts for nothing beside a real carrier")
            return
        _log.info("the sandbox clock jumps", milliseconds=milliseconds)
        self.clock.jump(milliseconds)
        for smsc in self.simulators.values():
            smsc.skip(milliseconds / 1_000)
        if self.ready:
            self.dispatcher.wake()
            self.notifier.look_for_work()

    def _on_scripts(self, scripts: Mapping[str, str]) -> None:
        """What each simulator does wrong: what was set beside the server, else what the configuration says."""
        self._scripts = scripts
        for name, smsc in self.simulators.items():
            wanted = chaos_script.parse(scripts.get(name, smsc.settings.chaos))
            if wanted != smsc.chaos:
                _log.info("chaos", carrier=name, script=chaos_script.written(wanted))
                smsc.set_chaos(wanted)

    async def _in_force(self) -> None:
        """What was just set about the sandbox begins now, not with the next look."""
        self._watch.look_again()
        await self._watch.refresh()

    def _on_freed(self) -> None:
        self.tally.look_again()
        self.dispatcher.wake()
        self.notifier.look_for_work()

    async def _adopt_strays(self) -> None:
        async def script(tx: Transaction) -> int:
            return await adopt_strays(tx, list(self.carriers))

        await self.database.write(script)

    async def _remind_simulators(self) -> None:
        """The simulator inside keeps nothing: what it took before this start and had not reported, it is told again."""
        for name, smsc in self.simulators.items():
            inside = _inside(name, smsc.settings)
            submit, after = submit_maker(inside, wall_ms=self.clock.wall_ms), 0
            while True:

                async def script(
                    tx: Transaction, name: str = name, after: int = after
                ) -> list[tuple[str, OutgoingPart]]:
                    return await awaiting_receipt(tx, name, after=after)

                found = await self.database.read(script)
                for reference, part in found:
                    if isinstance(pdu := submit(part), SubmitSm):
                        smsc.recall(inside.system_id, reference, pdu)
                if not found:
                    break
                after = found[-1][1].part_id

    async def _listen(self) -> None:
        http = self.config.http
        proxies = TrustedProxies(http.trusted_proxies)
        faces = {
            dialect.name: dialect.face(self.gateway, proxies, http.body_limit, self.config.dialects[dialect.name])
            for dialect in DIALECTS
        }
        if self._sandbox is not None:
            faces = {name: self._sandbox.recorded(name, face) for name, face in faces.items()}
        front = Front(
            dialects={prefix: faces[dialect.name] for dialect in DIALECTS for prefix in dialect.prefixes},
            links=Redirect(Clicks(self.database, self.batcher), clock=self.clock, proxies=proxies),
            console=self._console(proxies),
            at_root=next(((faces[d.name], d.root_parameters) for d in DIALECTS if d.root_parameters), None),
            health=self.health,
            took_callback=self._sandbox.took_callback if self._sandbox is not None else None,
        )
        await self._listen_on(http.port, front)
        try:
            if http.convergia_port != 0:
                await self._listen_on(http.convergia_port or CONVERGIA_PORT, faces[convergia.NAME])
        except ListenError as error:
            if http.convergia_port is not None:
                raise
            _log.warning("CONVERGIA has no port of its own", reason=str(error))

    def _console(self, proxies: TrustedProxies) -> Console:
        attempts = Attempts(self.database, self.clock)
        logins = Logins(
            database=self.database,
            batcher=self.batcher,
            directory=self.directory,
            passwords=self._passwords,
            attempts=attempts,
            clock=self.clock,
            ids=self._ids,
            is_listed=is_listed,
        )
        viewers = Viewers(
            database=self.database,
            directory=self.directory,
            passwords=self._passwords,
            attempts=attempts,
            logins=logins,
            clock=self.clock,
            ids=self._ids,
            carriers=lambda: list(self.carriers),
            mask_for_support=self.config.console.mask_for_support,
            sandbox=self._sandbox.sandbox if self._sandbox is not None else None,
        )
        samplers = [Sampler(name=dialect.name, title=dialect.title, make=dialect.sample) for dialect in DIALECTS]
        return Console(viewers, logins, proxies=proxies, clock=self.clock, ids=self._ids, samplers=samplers)

    async def _listen_on(self, port: int, face: ASGIApp) -> None:
        http = self.config.http
        tls = None
        if http.tls_certificate and http.tls_key:
            tls = TlsFiles(certificate=http.tls_certificate, key=http.tls_key)
        listener = HttpListener(face, host=http.host, port=port, tls=tls, limits=Limits())
        await listener.start()
        self._listeners.append(listener)

    async def _stop_listening(self) -> None:
        self.ready = False
        if self._sandbox is not None:
            self._sandbox.stop()
        await asyncio.gather(*(listener.stop(STOP_SECONDS / 4) for listener in self._listeners))

    async def _stop_carriers(self) -> None:
        self.dispatcher.stop_taking()
        self.notifier.stop_taking()
        await asyncio.gather(*(carrier.stop(STOP_SECONDS / 3) for carrier in self.carriers.values()))
        for name, smsc in self.simulators.items():
            smsc.close()
            _log.info("the simulator has counted", carrier=name, **dataclasses.asdict(smsc.stats))

    async def _stop_engine(self, clockwork: asyncio.Task[None]) -> None:
        clockwork.cancel()
        await _within(self._callbacks_done(), STOP_SECONDS / 6)
        await self._client.close()
        if not await self.batcher.drain(STOP_SECONDS / 6):
            _log.warning("stopping with work unwritten; it will be found again", commands=self.batcher.waiting)
        await _within(self._lease.end(), STOP_SECONDS / 6)

    async def _callbacks_done(self) -> None:
        while self.notifier.under_way:  # noqa: ASYNC110  # once, at the end
            await asyncio.sleep(0.01)


async def _within(work: Awaitable[None], seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(work, seconds)


async def _youngest_ms(database: Database) -> int:
    async def script(tx: Transaction) -> int:
        youngest = (await tx.select("SELECT max(id) FROM messages"))[0][0]
        return 0 if youngest is None else born_ms(youngest)

    return await database.read(script)


def _query_after_seconds(config: Config) -> dict[str, float]:
    """When each carrier is asked for a receipt that is overdue."""
    return {
        carrier.name: carrier.query_after_seconds
        for carrier in config.carriers
        if isinstance(carrier, SmppCarrierSettings)
    }


def _languages_of_all(carriers: Sequence[CarrierConfig]) -> frozenset[Language]:
    """The languages whose tables every carrier takes: a message may go by any of them."""
    taken = [languages(entry.languages if isinstance(entry, SmppCarrierSettings) else ()) for entry in carriers]
    return frozenset.intersection(*taken) if taken else frozenset()


def _inside(name: str, settings: SimulatorSettings) -> SmppCarrierSettings:
    """The link to the simulator inside the process. It is never far away, so it is soon tried again."""
    return SmppCarrierSettings(
        name=name,
        host="",
        port=0,
        system_id="palomar",
        password="",
        window=1_000,
        response_timeout_seconds=settings.answer_timeout_seconds,
        enquire_link_seconds=settings.answer_timeout_seconds,
        reconnect_min_seconds=0.1,
        reconnect_max_seconds=1,
    )


def _node_name(data_dir: Path) -> str:
    return f"{platform.node()}:{data_dir.resolve()}"


def _made_data_dir(data_dir: Path) -> Path:
    """Made for its owner alone: it will hold texts, numbers and secrets."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"the data directory {data_dir} cannot be made: {error.strerror}") from error
    return data_dir


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[IO[str]]:
    """One server a data directory."""
    with open(data_dir / "lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise StartError(f"another server (pid {owner}) uses the data directory {data_dir}") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock


__all__ = ["App", "DatabaseError", "StartError", "opened_database", "renderers", "wall_clock"]
