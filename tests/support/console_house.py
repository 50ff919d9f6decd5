"""The console over a real database, without sockets: a house with accounts and users, and browsers with cookies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import argon2
from tests.support.databases import Place
from tests.support.world import START_MS, CountingIds, World, recipient

from palomar.access.admission import Admission
from palomar.access.passwords import Passwords
from palomar.access.sign_in import SignedIn, SignIn
from palomar.access.sign_in_throttle import SignInThrottle
from palomar.access.users import NewUser, User, add_user
from palomar.accounts.directory import Directory
from palomar.accounts.store import NewAccount, add_account
from palomar.apidocs.samples import Sampler
from palomar.app.sandbox import SandboxParts
from palomar.app.transaction_order import STEPS
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.console.app import Console
from palomar.console.viewer.viewer import Viewer, Viewers
from palomar.dialects import DIALECTS
from palomar.net.networks import TrustedProxies, is_listed
from palomar.sandbox.watch import SandboxWatch
from palomar.smpp import SubmitSm
from palomar.storage.database import Transaction
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.access import ClientAddress, Role
from palomar.vocabulary.account import Account, AccountSettings
from palomar.vocabulary.message import MessageId, make_message_id

PASSWORD = "correct horse battery"
CREDIT = 1_000_000
NO_FILE = Path("/nowhere/demo.json")
_QUICK = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class SetClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_ms = START_MS

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic(self) -> float:
        return self.now_ms / 1_000

    def jump(self, milliseconds: int) -> None:
        self.now_ms += milliseconds


class TimedIds(CountingIds):
    """Messages are born when the clock says."""

    def __init__(self, clock: SetClock) -> None:
        super().__init__()
        self._clock = clock

    def message_id(self) -> MessageId:
        return MessageId(make_message_id(at_ms=self._clock.now_ms, node=0, sequence=0) + (self.serial() << 8))


@dataclass(kw_only=True)
class House:
    """What a test needs of the house, wired as ``app`` wires it."""

    world: World
    clock: SetClock
    directory: Directory
    batcher: Batcher
    sign_in: SignIn
    viewers: Viewers
    console: Console
    smsc: SimulatorSmsc | None = None
    """The simulated carrier ``c``, in a house with a sandbox."""
    sandbox: SandboxParts | None = None

    def wait(self, milliseconds: int) -> None:
        """Let time pass."""
        self.clock.now_ms += milliseconds
        self.world.now_ms = self.clock.now_ms

    async def written(self) -> None:
        """Wait until what was posted is committed."""
        serving = asyncio.create_task(self.batcher.serve())
        assert await self.batcher.drain(10.0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    def browser(self, **headers: str) -> "Browser":
        return Browser(self.console, headers)

    async def account(
        self, login: str, *, parent: Account | None = None, credit: int = 100 * CREDIT, **settings: Any
    ) -> Account:
        new = NewAccount(
            login=login,
            name="",
            password_hash=_QUICK.hash(PASSWORD),
            key=f"key of {login}",
            settings=AccountSettings(**settings),
            credit_microcredits=credit,
            parent_id=parent.id if parent else None,
        )

        async def script(tx: Transaction) -> Any:
            return await add_account(tx, self.world.context(), new, now_ms=self.clock.now_ms)

        account = await self.world.database.write(script)
        assert isinstance(account, Account)
        self.world.accounts[account.id] = account
        await self.directory.reload()
        return account

    async def user(self, login: str, *, role: Role = Role.OWNER, account: Account | None = None) -> User:
        new = NewUser(
            id=self.world.ids.serial(),
            login=login,
            name=f"The one called {login}",
            password_hash=_QUICK.hash(PASSWORD),
            role=role,
            account_id=account.id if account else None,
        )

        async def script(tx: Transaction) -> User | None:
            return await add_user(tx, new, now_ms=self.clock.now_ms)

        user = await self.world.database.write(script)
        assert user is not None
        return user

    async def sent(self, account: Account, text: str, *, number: int = 1, reference: str = "r", **asked: Any) -> str:
        """Store a message that the carrier ``c`` accepted under this reference; return the phone's number."""
        self.wait(1_000)
        await self.world.sent(account, reference=reference, recipients=[recipient(number, text=text)], **asked)
        return recipient(number).msisdn

    async def arrives(self, number: str, text: str, *, reference: str, sender: str = "FOXSYS") -> None:
        """Deliver one whole message to its simulated phone, under its carrier's reference."""
        assert self.smsc is not None, "a house with a sandbox"
        pdu = SubmitSm(source_addr=sender, destination_addr=number, short_message=text.encode("ascii"))
        arrived = asyncio.Event()
        leave = self.smsc.subscribe(lambda arrival: arrived.set())
        self.smsc.restore("palomar", reference, pdu)
        self.smsc.skip(60)  # what it does within a minute it does now
        async with asyncio.timeout(5):
            await arrived.wait()
        leave()

    async def signed_in(self, login: str) -> SignedIn:
        """Open a session of this login, with :data:`PASSWORD`."""
        result = await self.sign_in.log_in(login, PASSWORD, ClientAddress("192.0.2.7"), agent="a test")
        assert result is not None
        signed_in = await self.sign_in.signed_in(result.token)  # type: ignore[union-attr]  # it was not refused
        assert signed_in is not None
        return signed_in

    async def viewer(self, login: str) -> Viewer:
        return self.viewers.of(await self.signed_in(login))


@asynccontextmanager
async def house_in(
    place: Place,
    *,
    mask_for_support: bool = True,
    sandbox: Literal["", "whole", "beside"] = "",
    first_account: Path = NO_FILE,
) -> AsyncIterator[House]:
    """Build a house on this database, and close it afterwards; its carriers are ``c`` and ``d``. With a sandbox
    ``c`` is simulated, and with ``whole`` every other one too."""
    database = await place.open()
    clock = SetClock()
    world = World(database=database, ids=TimedIds(clock))
    directory = Directory(database)
    await directory.begin(b"secret of at least thirty-two octets")
    passwords = Passwords(directory, clock)
    throttle = SignInThrottle(database, clock)
    batcher = Batcher(database, clock, steps=STEPS, context=world.context, after_commit=lambda work: None)
    admission = Admission(directory=directory, batcher=batcher, clock=clock, passwords=passwords, is_listed=is_listed)
    sign_in = SignIn(
        database=database,
        batcher=batcher,
        directory=directory,
        admission=admission,
        throttle=throttle,
        clock=clock,
        ids=world.ids,
    )
    smsc, parts, watch = None, None, SandboxWatch(database, jumped=clock.jump, changed=lambda scripts: None)
    await watch.refresh()
    if sandbox:
        smsc = SimulatorSmsc(clock=clock, chance=lambda: 0.5)

        async def apply() -> None:
            watch.look_again()
            await watch.refresh()

        parts = SandboxParts(
            {"c": smsc},
            all_simulated=sandbox == "whole",
            clock=clock,
            secret_of=lambda account_id: directory.snapshot.by_id[account_id].settings.callback_secret,
            apply=apply,
            first_account=first_account,
        )
    viewers = Viewers(
        database=database,
        batcher=batcher,
        directory=directory,
        passwords=passwords,
        throttle=throttle,
        sign_in=sign_in,
        clock=clock,
        ids=world.ids,
        carriers=lambda: ["c", "d"],
        mask_for_support=mask_for_support,
        sandbox=parts.sandbox if parts is not None else None,
    )
    console = Console(
        viewers,
        sign_in,
        proxies=TrustedProxies(),
        clock=clock,
        ids=world.ids,
        samplers=[Sampler(name=dialect.name, title=dialect.title, make=dialect.sample) for dialect in DIALECTS],
    )
    serving = asyncio.create_task(batcher.serve())
    try:
        yield House(
            world=world,
            clock=clock,
            directory=directory,
            batcher=batcher,
            sign_in=sign_in,
            viewers=viewers,
            console=console,
            smsc=smsc,
            sandbox=parts,
        )
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        if smsc is not None:
            smsc.close()
        passwords.close()
        await database.close()


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def location(self) -> str:
        return self.header("location")

    def header(self, name: str) -> str:
        """Return the first header of that name; empty if there is none."""
        return next((value for key, value in self.headers if key == name), "")


class Browser:
    """Keeps cookies and says where its forms come from, as browsers do. ``headers`` go with every request."""

    def __init__(self, console: Console, headers: dict[str, str]) -> None:
        self.cookies: dict[str, str] = {}
        self.set_cookies: list[str] = []
        self._console = console
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    async def log_in(self, login: str, password: str = PASSWORD) -> Answer:
        return await self.post("/console/login", login=login, password=password)

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, **form: str) -> Answer:
        """Send a form of a page of ours."""
        return await self.ask("POST", path, headers={"sec-fetch-site": "same-origin"}, form=form)

    async def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, form: dict[str, str] | None = None
    ) -> Answer:
        body = urlencode(form or {}).encode()
        sent = {"user-agent": "A test", "host": "palomar.test"} | self._headers
        sent |= {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        if self.cookies:
            sent["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        bare, _, query = path.partition("?")
        scope = {
            "type": "http",
            "scheme": "http",
            "method": method,
            "path": bare,
            "query_string": query.encode(),
            "client": ("192.0.2.7", 1234),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }
        answer = Answer()
        asked = False

        async def receive() -> Any:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()  # a browser that stays
            asked = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = [(name.decode(), value.decode("latin-1")) for name, value in message["headers"]]
            else:
                answer.body += message.get("body", b"")

        await self._console(scope, receive, send)
        self._keep(answer)
        return answer

    def _keep(self, answer: Answer) -> None:
        self.set_cookies = [value for name, value in answer.headers if name == "set-cookie"]
        for line in self.set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
