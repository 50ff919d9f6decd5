"""A real gateway on a real database behind 402T Labs' face, with a clock that is set and no carrier: what it accepts
stays queued, or scheduled."""

import asyncio
import contextlib
import dataclasses
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import argon2
from tests.support.databases import Place

from palomar.access.admission import Admission
from palomar.access.passwords import Passwords
from palomar.accounts import store
from palomar.accounts.account_commands import AddAccount
from palomar.accounts.directory import Directory
from palomar.accounts.store import NewAccount
from palomar.app.transaction_order import STEPS, make_context
from palomar.clock import RealIds
from palomar.dialects.labs402t.api import Labs402tApi
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.gateway import Gateway
from palomar.net.networks import TrustedProxies, is_listed
from palomar.routing.router import Router
from palomar.sending.dispatcher import Dispatcher
from palomar.storage.database import Database, Transaction
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.account import Account, AccountSettings
from palomar.vocabulary.message import MessageId, make_message_id

NOON_MS = 1_772_107_200_000
"""2026-02-26 12:00:00 GMT, 13:00 in Madrid."""
PASSWORD = "secreto"
_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@dataclass(slots=True)
class SetClock:
    """Wall time stands until it is set."""

    now_ms: int = NOON_MS
    ahead_seconds: float = 0.0

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead_seconds


class SetIds(RealIds):
    """Real ids, but messages have the time of the test's clock."""

    def __init__(self, node: int, clock: SetClock) -> None:
        super().__init__(node)
        self._clock, self._number, self._made = clock, node, 0

    def message_id(self) -> MessageId:
        self._made += 1
        sequence = self._made % 256
        at_ms = self._clock.wall_ms() + self._made // 256
        return make_message_id(at_ms=at_ms, node=self._number, sequence=sequence)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> int:
        code: int = self.json["status"]
        return code

    @property
    def data(self) -> Any:
        return self.json["data"]


class Labs402t:
    """What a test works with. Keys of accounts are ``key-LOGIN``."""

    def __init__(
        self,
        gateway: Gateway,
        directory: Directory,
        passwords: Passwords,
        *,
        database: Database,
        clock: SetClock,
        settings: Labs402tSettings,
    ) -> None:
        self.gateway = gateway
        self.directory = directory
        self.passwords = passwords
        self.database = database
        self.clock = clock
        self.api = Labs402tApi(gateway, TrustedProxies(("127.0.0.1",)), 100_000, settings)

    # --- asking

    async def get(self, path: str, **more: Any) -> Reply:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, body: Any, **more: Any) -> Reply:
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.ask("POST", path, body=octets, **more)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        account: str = "demo",
        key: str | None = None,
        headers: dict[str, str] | None = None,
        hangs_up: bool = False,
    ) -> Reply:
        """Send one request of an account, by default to a path below ``/api/v1``; ``key`` is its Idempotency-Key."""
        sent = {"authorization": f"Bearer key-{account}"} | (headers or {})
        if key is not None:
            sent["idempotency-key"] = key
        path = path if path.startswith("/api") else f"/api/v1{path}"
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path.partition("?")[0]),
            "query_string": path.partition("?")[2].encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
            "client": ("192.0.2.7", 4711),
        }
        messages: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)
            if hangs_up and "body" in message:
                raise ConnectionResetError(message["body"])

        await self.api(scope, receive, send)
        start, content = messages
        found = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
        return Reply(start["status"], found, content["body"])

    # --- preparing

    async def add(self, login: str, *, parent: str = "", credit: float = 1_000, **settings: Any) -> Account:
        """Make an account whose password is :data:`PASSWORD`."""
        above = self.directory.by_login(parent)
        new = NewAccount(
            login=login,
            name=login,
            password_hash=_CHEAP.hash(PASSWORD),
            key=f"key-{login}",
            settings=AccountSettings(**settings),
            credit_microcredits=round(credit * 1_000_000),
            parent_id=above.id if above else None,
        )
        account = await self.gateway.add_account(AddAccount(new=new))
        assert isinstance(account, Account)
        return account

    async def change(self, login: str, **changes: Any) -> None:
        """Switch something, or change settings, as the command line does."""
        account = self.directory.by_login(login)
        assert account is not None
        switches = {name: changes.pop(name) for name in ("enabled", "may_send") if name in changes}
        settings = dataclasses.replace(changes.pop("settings", account.settings), **changes)
        changed = dataclasses.replace(account, settings=settings, **switches)
        await self.database.write(lambda tx: store.change_account(tx, changed))
        await self.directory.reload()

    async def execute(self, sql: str, *values: Any) -> None:
        async def script(tx: Transaction) -> None:
            await tx.execute(sql, *values)  # type: ignore[arg-type]  # a test's own literal
            await tx.execute("UPDATE changes SET version = version + 1 WHERE id = 1")

        await self.database.write(script)
        await self.directory.reload()

    # --- looking

    async def select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        async def script(tx: Transaction) -> list[tuple[Any, ...]]:
            return await tx.select(sql, *values)  # type: ignore[arg-type]  # a test's own literal

        return await self.database.read(script)

    async def stored(self) -> list[tuple[str, str, str, str]]:
        """Number, sender, text and state of every message, oldest first."""
        return await self.select("SELECT msisdn, sender, text, state FROM messages ORDER BY id")

    async def knows(self, login: str, password: str) -> bool:
        """Return True if this is an account's password."""
        return await self.passwords.account_with_password(login, password) is not None

    async def spent(self, login: str = "demo") -> int:
        """Credits that are set aside."""
        account = self.directory.by_login(login)
        assert account is not None
        return (await self.gateway.balance(account.id)).reserved // 1_000_000


@contextlib.asynccontextmanager
async def labs402t(place: Place, *, settings: Labs402tSettings | None = None, node: int = 0) -> AsyncIterator[Labs402t]:
    """Start it on a migrated database."""
    clock = SetClock()
    ids = SetIds(node, clock)
    database = await place.open()
    directory = Directory(database)
    dispatcher = Dispatcher({}, Router({}, clock))
    context = make_context(accounts={}, renderers={}, ids=ids, node_id=None, has_blocked_numbers=True)
    batcher = Batcher(database, clock, steps=STEPS, context=lambda: context, after_commit=lambda work: None)
    dispatcher.attach(batcher)
    passwords = Passwords(directory, clock)
    gateway = Gateway(
        database=database,
        batcher=batcher,
        directory=directory,
        dispatcher=dispatcher,
        admission=Admission(
            directory=directory, batcher=batcher, clock=clock, passwords=passwords, is_listed=is_listed
        ),
        clock=clock,
        ids=ids,
    )
    await directory.refresh()
    serving = asyncio.create_task(batcher.serve())
    try:
        yield Labs402t(
            gateway, directory, passwords, database=database, clock=clock, settings=settings or Labs402tSettings()
        )
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        passwords.close()
        await database.close()
