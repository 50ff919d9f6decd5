"""The whole application in this process on a SQLite file, behind its real listener, with the accounts of a test.

Unless a test asks for the simulator there is no carrier: accepted messages stay queued.
"""

import contextlib
import dataclasses
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import argon2

from palomar.accounts import store, tokens
from palomar.accounts.store import NewAccount
from palomar.app.config import load
from palomar.app.data_directory import opened_database
from palomar.app.server import Server
from palomar.app.transaction_order import make_context
from palomar.clock import RealClock, RealIds
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.storage.database import Database, Transaction
from palomar.transaction.context import TransactionContext
from palomar.vocabulary.account import Account, AccountSettings
from palomar.vocabulary.message import COMMAND_LINE_NODE, State

PASSWORD = "Contraseña 1&+"
_HASH = argon2.PasswordHasher(time_cost=1, memory_cost=32).hash(PASSWORD)
YEAR_MS = 365 * 86_400_000
COLUMNS = ("msisdn", "state", "sender", "alphabet", "parts", "dialect", "request_ref", "text")
UNLIMITED = AccountSettings(requests_per_second=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """An account."""

    login: str = "demo"
    settings: AccountSettings = UNLIMITED
    credit_microcredits: int = 1_000_000_000
    enabled: bool = True
    may_send: bool = True


@dataclass(slots=True, kw_only=True)
class Running:
    """The application, and what is in its database."""

    app: Server
    database: Database

    @property
    def port(self) -> int:
        return int(self.app.urls[0].rpartition(":")[2])

    async def token(self, login: str = "demo") -> str:
        """Return a token of that account, without its password."""
        account = self.app.directory.by_login(login)
        assert account is not None
        return await self.app.gateway.token(account, name="tests", lifetime_ms=YEAR_MS)

    async def stored(self) -> list[dict[str, str]]:
        """Return every message, oldest first."""

        async def script(tx: Transaction) -> list[dict[str, str]]:
            found = await tx.select(f"SELECT {', '.join(COLUMNS)} FROM messages ORDER BY id")
            return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in found]

        return await self.database.read(script)

    async def set_state(self, state: State) -> None:
        """Set the state of every message."""

        async def script(tx: Transaction) -> None:
            await tx.execute("UPDATE messages SET state = ?", state.value)

        await self.database.write(script)

    async def set_sent_ms(self, times: Sequence[int]) -> None:
        """Set when the carrier took each part, in order."""

        async def script(tx: Transaction) -> None:
            identities = [row[0] for row in await tx.select("SELECT id FROM parts ORDER BY id")]
            for identity, sent_ms in zip(identities, times, strict=True):
                await tx.execute("UPDATE parts SET sent_ms = ? WHERE id = ?", sent_ms, identity)

        await self.database.write(script)

    async def revoke_tokens(self, login: str = "demo") -> None:
        """Revoke all tokens as the command line does, and read the accounts again at once."""
        account = self.app.directory.by_login(login)
        assert account is not None
        account_id = account.id

        async def script(tx: Transaction) -> None:
            for token in await tokens.list_tokens(tx, account_id):
                await tokens.revoke_token(tx, account_id, token.id, now_ms=RealClock().wall_ms())

        await self.database.write(script)
        await self.app.directory.reload()


@contextlib.asynccontextmanager
async def running_application(
    directory: Path,
    owners: Sequence[Owner] = (Owner(),),
    *,
    settings: SofmexSettings | None = None,
    simulator: bool = False,
) -> AsyncIterator[Running]:
    """Start it in an empty directory; stop it on leaving."""
    config = load(
        {"PALOMAR_DATA_DIR": str(directory), "PALOMAR_HTTP_PORT": "0", "PALOMAR_CONVERGIA_PORT": "0"}, here=directory
    )
    config = dataclasses.replace(
        config,
        carriers=config.carriers if simulator else (),
        dialects={**config.dialects, "sofmex": settings or SofmexSettings()},
    )
    async with opened_database(config) as database:
        context = make_context(accounts={}, renderers={}, ids=RealIds(COMMAND_LINE_NODE), node_id=None)
        for owner in owners:
            await _add(database, context, owner)
        app = Server(config, database)
        async with app.running():
            yield Running(app=app, database=database)


async def _add(database: Database, context: TransactionContext, owner: Owner) -> None:
    new = NewAccount(
        login=owner.login,
        name="",
        password_hash=_HASH,
        key=context.ids.token(),
        settings=owner.settings,
        credit_microcredits=owner.credit_microcredits,
    )

    async def script(tx: Transaction) -> None:
        account = await store.add_account(tx, context, new, now_ms=RealClock().wall_ms())
        assert account is not None
        changed = Account(
            id=account.id,
            login=account.login,
            enabled=owner.enabled,
            may_send=owner.may_send,
            settings=account.settings,
        )
        await store.change_account(tx, changed)

    await database.write(script)
