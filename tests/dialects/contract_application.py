"""The application that all tests of the contract share: on a SQLite file, behind its real listener.

Its carrier is the embedded SMSC behind the SMPP library, which answers and sends its receipts at once.
"""

import asyncio
import contextlib
import dataclasses
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import argon2
from starlette.types import ASGIApp, Message
from tests.dialects.speaking import Call, Customer, Reply
from tests.support.settings import settings_of

from palomar.accounts import blacklist, store
from palomar.accounts.account_commands import AddAccount
from palomar.accounts.blacklist import Blocked
from palomar.accounts.store import NewAccount
from palomar.app.config import load
from palomar.app.config_carriers import SimulatorCarrier
from palomar.app.data_directory import opened_database
from palomar.app.server import Server
from palomar.billing import audit
from palomar.billing.credit import AccountBalance
from palomar.carriers.simulator.delivery_plan import PlannedReceipt
from palomar.carriers.simulator.receipts import receipt_pdu
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import ArrivedPart
from palomar.carriers.smpp.text_decoding import decode
from palomar.inbound import numbers
from palomar.inbound.numbers import VirtualNumber
from palomar.reports import messages as lookup
from palomar.reports.messages import MessageView
from palomar.smpp import SubmitSm, parameters
from palomar.storage.database import Database, Transaction
from palomar.storage.statements import ResultRow
from palomar.transaction.message_rows import MESSAGE_COLUMNS, MessageRow, message_rows
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.message import State

T = TypeVar("T")

CARRIER = "simulator"
CREDIT = 1_000_000
YEAR_MS = 365 * 86_400_000
PATIENCE_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.01
_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Application:
    """What a test works with. Each test makes customers of its own."""

    def __init__(self, app: Server, database: Database) -> None:
        self.app = app
        self.directory = app.config.data_dir
        self.database = database
        self.customers: list[Customer] = []
        self.numbers: list[str] = []
        self._count = itertools.count(1)
        self._phones: dict[str, list[ArrivedPart]] = defaultdict(list)
        smsc = app.simulators.get(CARRIER)
        if smsc is not None:
            smsc.subscribe(lambda arrival: self._phones[arrival.number].append(arrival))

    @property
    def port(self) -> int:
        return int(self.app.urls[0].rpartition(":")[2])

    def number(self, ending: str = "") -> str:
        """Return an unused Mexican number; its last digits tell the simulator what to do."""
        self.numbers.append(f"525{next(self._count):04}" + (ending or "12345"))
        return self.numbers[-1]

    # --- customers

    async def customer(
        self, *, credit: int = 1_000, enabled: bool = True, may_send: bool = True, **settings: Any
    ) -> Customer:
        """Make a new account, with no limit of requests unless the test sets one."""
        return await self.add(
            f"customer{next(self._count)}",
            microcredits=credit * CREDIT,
            enabled=enabled,
            may_send=may_send,
            settings=settings_of(**{"requests_per_second": 0} | settings),
        )

    async def add(
        self, login: str, *, microcredits: int, enabled: bool, may_send: bool, settings: AccountSettings
    ) -> Customer:
        """Make a new account of this name."""
        customer = Customer(login=login, password=f"Contraseña <&+> {login}", key=f"key{login}key", token="")
        new = NewAccount(
            login=login,
            name="",
            password_hash=_CHEAP.hash(customer.password),
            key=customer.key,
            settings=settings,
            credit_microcredits=microcredits,
        )
        account = await self.app.gateway.add_account(AddAccount(new=new))
        assert isinstance(account, Account)
        token = await self.app.gateway.token(account, name="tests", lifetime_ms=YEAR_MS)
        await self.change(dataclasses.replace(account, enabled=enabled, may_send=may_send))
        self.customers.append(dataclasses.replace(customer, token=token))
        return self.customers[-1]

    async def change(self, account: Account) -> None:
        """Store a changed account, and wait until every face knows it."""
        await self.database.write(lambda tx: store.change_account(tx, account))
        await self.app.directory.reload()

    def account(self, customer: Customer) -> Account:
        account = self.app.directory.by_login(customer.login)
        assert account is not None
        return account

    # --- asking

    async def ask(self, call: Call) -> Reply:
        """Send one request over a connection of its own, and return the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        headers = {"Host": "palomar", "Connection": "close", "Content-Length": str(len(call.body))} | call.headers
        lines = [f"{call.method} {call.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode() + call.body)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *found = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in found)
        return Reply(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}, body)

    # --- looking

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        """Wait until ``look`` returns something true, and return it."""
        end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while not (found := await look()):
            assert asyncio.get_running_loop().time() < end, f"not in time: {what}"
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        return found

    async def messages(self, customer: Customer) -> list[MessageRow]:
        """Return the customer's messages, oldest first."""
        return message_rows(await self.database.read(_select_messages, self.account(customer).id))

    async def only_message(self, customer: Customer) -> MessageRow:
        (row,) = await self.messages(customer)
        return row

    async def ended(self, customer: Customer, state: State) -> MessageRow:
        """Return the customer's only message, once it has this state."""

        async def look() -> MessageRow | None:
            row = await self.only_message(customer)
            return row if row.state is state else None

        return await self.until(look, f"the message is {state}")

    async def view(self, row: MessageRow) -> MessageView:
        view = await self.database.read(lambda tx: lookup.show_message(tx, row.id))
        assert view is not None
        return view

    def texts_on_phone(self, number: str) -> list[str]:
        """Return what arrived at the phone, part by part."""
        return [_text(arrival) for arrival in self._phones.get(number, [])]

    async def balance(self, customer: Customer) -> AccountBalance:
        return await self.app.gateway.balance(self.account(customer).id)

    async def audit(self) -> list[str]:
        """Return what is wrong with the ledger."""
        return await self.database.read(audit.audit_ledger)

    # --- arranging

    async def block(self, customer: Customer, number: str) -> None:
        """Put a number on the customer's black list."""
        account_id = self.account(customer).id
        await self.database.write(lambda tx: blacklist.block(tx, account_id, [number], now_ms=0))
        await self.app.directory.reload()

    async def opt_out(self, customer: Customer, number: str) -> None:
        """Let a phone write BAJA to a number of the customer."""
        account_id, virtual = self.account(customer).id, f"9{next(self._count):04}"
        owned = VirtualNumber(number=virtual, account_id=account_id)
        assert await self.database.write(lambda tx: numbers.add_number(tx, owned))
        self.app.simulators[CARRIER].send_inbound(
            system_id="palomar", source=number, destination=virtual, octets=b"BAJA"
        )

        async def listed() -> list[Blocked]:
            return await self.database.read(lambda tx: blacklist.list_blocked(tx, account_id))

        assert [entry.msisdn for entry in await self.until(listed, "the phone opted out")] == [number]

    async def tell_again(self, row: MessageRow, stat: str) -> None:
        """Let the carrier send one more receipt for a message of one part."""
        (part,) = (await self.view(row)).parts
        now_ms = self.app.gateway.clock.wall_ms()
        submitted = SubmitSm(source_addr=row.sender, destination_addr=row.msisdn, short_message=b"")
        mailbox = self.app.simulators[CARRIER].mailbox("palomar")
        mailbox.put(
            receipt_pdu(
                submitted,
                message_id=part.carrier_reference,
                receipt=PlannedReceipt(stat=stat),
                accepted_ms=now_ms,
                now_ms=now_ms,
            )
        )
        mailbox.deliver_waiting()

    async def set_state(self, row: MessageRow, state: State) -> None:
        """Set the state of the message in the database."""

        async def script(tx: Transaction) -> None:
            await tx.execute("UPDATE messages SET state = ? WHERE id = ?", state.value, row.id)

        await self.database.write(script)


async def ask_face(face: ASGIApp, call: Call) -> Reply:
    """Send one request to a face directly, without a listener."""
    path, _, query = call.target.partition("?")
    scope = {
        "type": "http",
        "method": call.method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in call.headers.items()],
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 80),
        "scheme": "http",
    }
    said: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Message) -> None:
        said.append(message)

    await face(scope, receive, send)
    start, content = said
    headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Reply(start["status"], headers, content["body"])


@contextlib.asynccontextmanager
async def running_application(directory: Path, *, carrier: bool = True) -> AsyncIterator[Application]:
    """Start it in an empty directory; stop it on leaving. Without a carrier what is accepted stays queued."""
    started: asyncio.Future[Application] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    async def serve() -> None:
        try:
            config = load(
                {"PALOMAR_DATA_DIR": str(directory), "PALOMAR_HTTP_PORT": "0", "PALOMAR_CONVERGIA_PORT": "0"},
                here=directory,
            )
            smsc = SimulatorCarrier(name=CARRIER, settings=SimulatorSettings(receipt_delay_seconds=0.0))
            config = dataclasses.replace(config, carriers=(smsc,) if carrier else ())
            async with opened_database(config) as database:
                app = Server(config, database)
                async with app.running():
                    started.set_result(Application(app, database))
                    await stop.wait()
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    # In a task of its own: the task that enters the application's task group must leave it, and fixtures do not
    # promise that.
    serving = asyncio.create_task(serve())
    try:
        yield await started
    finally:
        stop.set()
        await serving


def _text(arrival: ArrivedPart) -> str:
    octets = arrival.octets
    if arrival.esm_class & parameters.ESM_UDHI:
        octets = octets[1 + octets[0] :]
    return decode(octets, arrival.data_coding)


async def _select_messages(tx: Transaction, account_id: AccountId) -> list[ResultRow]:
    return await tx.select(f"SELECT {MESSAGE_COLUMNS} FROM messages WHERE account_id = ? ORDER BY id", account_id)
