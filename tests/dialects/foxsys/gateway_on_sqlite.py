"""A real gateway on a real SQLite file, with one account and no carrier: what it accepts stays queued. Time stands
still, so that two requests are in the same second however slow the machine is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from palomar.access.admission import Admission
from palomar.access.passwords import Passwords
from palomar.accounts import store
from palomar.accounts.directory import Directory
from palomar.accounts.store import NewAccount
from palomar.app.transaction_order import STEPS, make_context
from palomar.clock import RealIds
from palomar.gateway import Gateway
from palomar.net.networks import is_listed
from palomar.routing.router import Router
from palomar.sending.dispatcher import Dispatcher
from palomar.storage.database import Database, Transaction
from palomar.storage.migrate import migrate
from palomar.storage.sqlite import open_sqlite
from palomar.transaction.batcher import Batcher
from palomar.transaction.context import TransactionContext
from palomar.vocabulary.account import Account, AccountSettings

LOGIN, TOKEN = "demo", "9yewaXic21vYmlsZqS5j"
COLUMNS = ("msisdn", "state", "sender", "alphabet", "parts", "label", "ackurl", "subid", "dialect", "text")


class StillClock:
    """2026-02-26 12:00:00 GMT, for ever."""

    def wall_ms(self) -> int:
        return 1_772_107_200_000

    def monotonic(self) -> float:
        return 1_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The one account of a test."""

    settings: AccountSettings = field(default_factory=AccountSettings)
    credit_microcredits: int = 1_000_000_000
    enabled: bool = True
    may_send: bool = True


@dataclass(slots=True, kw_only=True)
class Running:
    """The gateway, and what it has stored."""

    gateway: Gateway
    directory: Directory
    database: Database

    async def stored(self) -> list[dict[str, str]]:
        """Return every message, oldest first."""

        async def script(tx: Transaction) -> list[dict[str, str]]:
            found = await tx.select(
                "SELECT m.msisdn, m.state, m.sender, m.alphabet, m.parts, m.label, m.status_url, m.request_ref,"
                " m.dialect, m.text FROM messages m ORDER BY m.id"
            )
            return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in found]

        return await self.database.read(script)


@contextlib.asynccontextmanager
async def running_gateway(directory: Path, owner: Owner) -> AsyncIterator[Running]:
    """Start it in an empty directory; stop it on leaving."""
    clock, ids = StillClock(), RealIds(0)
    database = open_sqlite(directory / "palomar.db")
    await migrate(database, engine="sqlite", now_ms=clock.wall_ms())
    directory_of_accounts = Directory(database)
    dispatcher = Dispatcher({}, Router({}, clock))
    context = make_context(accounts={}, renderers={}, ids=ids, node_id=None)
    batcher = Batcher(database, clock, steps=STEPS, context=lambda: context, after_commit=lambda work: None)
    dispatcher.attach(batcher)
    passwords = Passwords(directory_of_accounts, clock)
    gateway = Gateway(
        database=database,
        batcher=batcher,
        directory=directory_of_accounts,
        dispatcher=dispatcher,
        admission=Admission(
            directory=directory_of_accounts, batcher=batcher, clock=clock, passwords=passwords, is_listed=is_listed
        ),
        clock=clock,
        ids=ids,
    )
    await _add(database, context, owner, now_ms=clock.wall_ms())
    await directory_of_accounts.refresh()
    serving = asyncio.create_task(batcher.serve())
    try:
        yield Running(gateway=gateway, directory=directory_of_accounts, database=database)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        passwords.close()
        await database.close()


async def _add(database: Database, context: TransactionContext, owner: Owner, *, now_ms: int) -> None:
    new = NewAccount(
        login=LOGIN,
        name="",
        password_hash="",
        key=TOKEN,
        settings=owner.settings,
        credit_microcredits=owner.credit_microcredits,
    )

    async def script(tx: Transaction) -> None:
        account = await store.add_account(tx, context, new, now_ms=now_ms)
        assert account is not None
        if not (owner.enabled and owner.may_send):
            changed = Account(
                id=account.id,
                login=account.login,
                enabled=owner.enabled,
                may_send=owner.may_send,
                settings=account.settings,
            )
            await store.change_account(tx, changed)

    await database.write(script)
