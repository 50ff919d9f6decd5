"""The whole application in a thread of its own, with CONVERGIA on a real port, for clients that block."""

import asyncio
import dataclasses
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import argon2

from palomar.accounts.account_commands import AddAccount
from palomar.accounts.store import NewAccount, change_account
from palomar.app.config import load
from palomar.app.data_directory import opened_database
from palomar.app.server import Server
from palomar.dialects.convergia.api import BODY_LIMIT, ConvergiaApi
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.net.networks import TrustedProxies
from palomar.net.server import HttpListener
from palomar.storage.database import Transaction
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.account import Account, AccountSettings

T = TypeVar("T")

START_SECONDS = 20.0
PASSWORD = "secreto"
COLUMNS = ("msisdn", "sender", "parts", "text")
_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Application:
    """A context manager: entered it serves, left it has stopped."""

    def __init__(self, directory: Path, settings: ConvergiaSettings) -> None:
        self._directory = directory
        self._settings = settings
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._failure: BaseException | None = None

    def __enter__(self) -> "Application":
        self._thread.start()
        assert self._started.wait(START_SECONDS)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def url(self) -> str:
        """CONVERGIA's own port."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the application's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    def add(self, login: str, *, credit: int = 100, **settings: Any) -> Account:
        """Make an account with :data:`PASSWORD`."""
        new = NewAccount(
            login=login,
            name=login,
            password_hash=_CHEAP.hash(PASSWORD),
            key=f"key of {login}",
            settings=AccountSettings(**settings),
            credit_microcredits=credit * 1_000_000,
        )
        account = self.run(self.app.gateway.add_account(AddAccount(new=new)))
        assert isinstance(account, Account)
        return account

    def change(self, account: Account, **changes: Any) -> None:
        """Switch something on or off, as the command line does."""

        async def work() -> None:
            await self.app.database.write(lambda tx: change_account(tx, dataclasses.replace(account, **changes)))
            await self.app.directory.reload()

        self.run(work())

    def message(self, login: str, short_id: str) -> MessageRow:
        """Return the stored row of a message."""
        account = self.app.directory.by_login(login)
        assert account is not None
        row = self.run(self.app.gateway.message_by_short_id(account.id, int(short_id)))
        assert row is not None
        return row

    def stored(self) -> list[dict[str, str]]:
        """Return every message, oldest first."""

        async def script(tx: Transaction) -> list[dict[str, str]]:
            found = await tx.select(f"SELECT {', '.join(COLUMNS)} FROM messages ORDER BY id")
            return [dict(zip(COLUMNS, map(str, row), strict=True)) for row in found]

        return self.run(self.app.database.read(script))

    async def _serve(self) -> None:
        try:
            self._loop = asyncio.get_running_loop()
            environment = {"PALOMAR_DATA_DIR": str(self._directory / "data"), "PALOMAR_HTTP_PORT": "0"}
            config = load(environment | {"PALOMAR_CONVERGIA_PORT": "0"}, here=self._directory)
            async with opened_database(config) as database:
                self.app = Server(config, database)
                async with self.app.running():
                    face = ConvergiaApi(self.app.gateway, TrustedProxies(()), BODY_LIMIT, self._settings)
                    listener = HttpListener(face, host="127.0.0.1", port=0)
                    await listener.start()
                    self.port = listener.port
                    self._started.set()
                    await self._stop.wait()
                    await listener.stop(1.0)
        except BaseException as failure:
            self._failure = failure
            raise
        finally:
            self._started.set()
