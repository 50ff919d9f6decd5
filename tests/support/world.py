"""A small world for tests of steps: a database, accounts, a clock that the test sets; steps run as in the batcher."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from palomar.acceptance.accept import Accepted, Result, accept
from palomar.acceptance.compose import Acceptance, AcceptedMessage, Claim, Recipient, Request, compose
from palomar.accounts.store import NewAccount, add_account
from palomar.accounts.terms import Terms
from palomar.app.transaction_order import make_context
from palomar.billing.audit import audit_ledger
from palomar.billing.credit import balance
from palomar.billing.prices import PriceList
from palomar.callbacks.callback_target import OffAfter, target_id
from palomar.callbacks.claim import CallbackClaimOrder, ClaimedCallbacks, claim_callbacks
from palomar.callbacks.outbox import Outbox
from palomar.ports import CallbackRequest, CarrierReceipt, OutgoingPart, SubmitOutcome, Submitted
from palomar.receipts.record import record_receipts
from palomar.reports.messages import MessageView, show_message
from palomar.routing.route_chooser import RouteChooser, lineage
from palomar.routing.rules import CarrierState, Choice, RoutingPlan, RoutingRequest, choose
from palomar.sending.in_doubt import Retry
from palomar.sending.nodes import register
from palomar.sending.release import ReadyPart
from palomar.sending.submit import PendingSubmit, SubmitAnswer, mark_submitting, record_answers
from palomar.storage.database import Database, Transaction
from palomar.text.alphabets import Alphabet
from palomar.transaction.context import TransactionContext
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.events import Delivered, Event, Failed, SentToCarrier
from palomar.vocabulary.message import FINAL, MessageId, PartId, State, make_message_id
from palomar.vocabulary.receipt_ids import ReceiptIdFormat

CREDIT = 1_000_000
RETRIES = (30, 300, 1_800, 21_600, 86_400)
START_MS = 1_760_000_000_000
DIALECT = "foxsys"


class CountingIds:
    """``ports.Ids`` that count."""

    def __init__(self, made: int = 0) -> None:
        self._made = made

    def message_id(self) -> MessageId:
        return MessageId(self.serial() << 8)

    def serial(self) -> int:
        self._made += 1
        return self._made

    def random(self) -> float:
        return 0.5

    def token(self) -> str:
        return f"token-{self.serial()}"


class TimedIds(CountingIds):
    """As :class:`CountingIds`, from a number on, with messages created when it is told that it is now."""

    def __init__(self, now_ms: Callable[[], int], *, made: int = 0) -> None:
        super().__init__(made)
        self._now_ms = now_ms

    def message_id(self) -> MessageId:
        serial = self.serial()
        return make_message_id(at_ms=self._now_ms(), node=serial // 256 % 64, sequence=serial % 256)


class SpellingRenderer:
    """A dialect whose callback's URL spells the event."""

    retry_seconds = RETRIES

    def render(self, event: Event, *, target: str, account: Account) -> CallbackRequest | None:
        return CallbackRequest(method="GET", url=f"{target}#{spelling(event)}")


def spelling(event: Event) -> str:
    """Write an event in one word."""
    match event:
        case SentToCarrier():
            return "took"
        case Delivered():
            return "delivered"
        case Failed():
            return event.state.value
        case _:
            return type(event).__name__


class FixedRouter:
    """A ``RouteChooser`` over carriers in fixed states: ``trouble`` is by name."""

    def __init__(self, *names: str, plan: RoutingPlan | None = None, **trouble: str) -> None:
        self.plan = plan or RoutingPlan()
        self.states = {name: CarrierState(name=name, trouble=trouble.get(name, "")) for name in names}
        self._turn = 0

    def choose(self, asked: RoutingRequest, *, exclude: frozenset[str] = frozenset()) -> Choice:
        self._turn += 1
        return choose(self.plan, asked, self.states, turn=self._turn, exclude=exclude)


@dataclass(kw_only=True)
class World:
    """A database with accounts, routes and what steps need. ``node_id`` is the node that runs the next step; None is
    a node without a lease."""

    database: Database
    ids: CountingIds = field(default_factory=CountingIds)
    now_ms: int = START_MS
    node_id: int | None = None
    callback_room: int = 0
    off_after: OffAfter = field(default_factory=OffAfter)
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    prices: PriceList = field(default_factory=PriceList)
    plan: RoutingPlan = field(default_factory=RoutingPlan)
    router: RouteChooser | None = None
    receipt_id_formats: dict[str, ReceiptIdFormat] = field(default_factory=dict)
    one_receipt: frozenset[str] = frozenset()
    created: list[Any] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    """The minutes whose messages have changed (``Work.changed_minutes``), for who counts them."""

    def target_of(self, account_id: AccountId, url: str) -> int:
        """Return a target an account and host, as a ``callbacks.outbox.CallbackIntake``."""
        return target_id(account_id, url.partition("#")[0])

    def room(self, account_id: AccountId, target: int) -> int:
        """Return the room for each target that the test sets, as ``callbacks.outbox.CallbackIntake`` does."""
        return self.callback_room

    @property
    def messages_in_table(self) -> set[MessageId]:
        """Return none, as a ``callbacks.outbox.CallbackIntake`` without stored callbacks does."""
        return set()

    def context(self) -> TransactionContext:
        return make_context(
            accounts=self.accounts,
            renderers={DIALECT: SpellingRenderer()},
            ids=self.ids,
            node_id=self.node_id,
            callbacks=self,
            off_after=self.off_after,
            router=self.router,
            receipt_id_formats=self.receipt_id_formats,
            one_receipt=self.one_receipt,
        )

    # --- running steps

    async def batch(
        self, *steps: tuple[Callable[[Work, Sequence[Any]], Awaitable[Sequence[Any]]], Sequence[Any]]
    ) -> Any:
        """Steps of one batch in one transaction; the results of each."""

        async def script(tx: Transaction) -> list[list[Any]]:
            work = Work(tx, self.context(), now_ms=self.now_ms)
            results = [list(await step(work, commands)) for step, commands in steps]
            await work.finish()
            outbox = work.joined(Outbox)
            self.created = outbox.created if outbox is not None else []
            self.changed |= work.changed_minutes
            return results

        return await self.database.write(script)

    async def do(self, step: Callable[[Work, Sequence[Any]], Awaitable[Sequence[Any]]], *commands: Any) -> list[Any]:
        """Run one step in a transaction of its own."""
        return list((await self.batch((step, commands)))[0])

    async def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Select rows."""

        async def script(tx: Transaction) -> list[tuple[Any, ...]]:
            return await tx.select(sql, *values)  # type: ignore[arg-type]  # a test's own literal

        return await self.database.read(script)

    async def tell(self, sql: str, *values: Any) -> None:
        """Execute a statement."""

        async def script(tx: Transaction) -> int:
            return await tx.execute(sql, *values)  # type: ignore[arg-type]  # a test's own literal

        await self.database.write(script)

    # --- accounts

    async def account(self, *, credit: int = 1_000 * CREDIT, **settings: Any) -> Account:
        """Make a new account with credit in microcredits."""
        login = f"account-{len(self.accounts) + 1}"
        new = NewAccount(
            login=login,
            name="",
            password_hash="",
            key=login,
            settings=AccountSettings(**settings),
            credit_microcredits=credit,
        )

        async def script(tx: Transaction) -> Any:
            return await add_account(tx, self.context(), new, now_ms=self.now_ms)

        account = await self.database.write(script)
        assert isinstance(account, Account)
        self.accounts[account.id] = account
        return account

    async def balance(self, account: Account) -> tuple[int, int]:
        """Available and reserved, in microcredits."""

        async def script(tx: Transaction) -> tuple[int, int]:
            found = await balance(tx, account.id)
            return found.available, found.reserved

        return await self.database.read(script)

    # --- messages

    def compose(
        self, account: Account, *, recipients: Sequence[Recipient] = (), parts: int = 1, count: int = 1, **request: Any
    ) -> Acceptance:
        """Make a request for ``count`` messages of ``parts`` parts, or for these recipients."""
        wanted = list(recipients) or [recipient(number, parts=parts) for number in range(count)]
        asked = {"dialect": DIALECT, "request_ref": "sub", "sender": "FOXSYS", "status_url": "http://x/"} | request
        whole = Request(account=account, recipients=wanted, **asked)
        terms = Terms(prices=self.prices, lanes=self.plan.lanes, lineage=lineage(self.accounts, account.id))
        return compose(whole, wanted, terms=terms, ids=self.ids, now_ms=self.now_ms)

    async def accept(self, account: Account, *, claim: State | None = None, carrier: str = "c", **asked: Any) -> Result:
        """Accept one request; ``claim`` is what the node found before."""
        command = self.compose(account, **asked)
        command.claims.extend(Claim(carrier, claim) for _ in command.messages)
        result: Result = (await self.do(accept, command))[0]
        return result

    async def accepted(self, account: Account, **asked: Any) -> AcceptedMessage:
        """Accept one message, as :meth:`accept` does, and return it."""
        result = await self.accept(account, **asked)
        assert isinstance(result, Accepted)
        return result.messages[0]

    async def sent(self, account: Account, *, reference: str = "r", carrier: str = "c", **asked: Any) -> MessageId:
        """Store a message whose parts the carrier accepted; references are ``reference`` and the part's number."""
        message = await self.accepted(account, claim=State.SUBMITTING, carrier=carrier, **asked)
        for part in outgoing(message):
            await self.answer(part, Submitted(reference=f"{reference}{part.number}"), carrier=carrier)
        return message.row.id

    async def mark(self, *parts: OutgoingPart, carrier: str = "c") -> list[bool]:
        return await self.do(mark_submitting, *(PendingSubmit(part, carrier) for part in parts))

    async def answer(self, part: OutgoingPart, outcome: SubmitOutcome, *, carrier: str = "c") -> Retry | None:
        """Record what the carrier answered."""
        again: Retry | None = (await self.do(record_answers, SubmitAnswer(carrier, part, outcome)))[0]
        return again

    async def receipt(self, reference: str, state: State | None, **more: Any) -> bool:
        """Record a receipt; return True if its part was found."""
        found: bool = (await self.do(record_receipts, receipt(reference, state, **more)))[0]
        return found

    async def show(self, message_id: MessageId) -> MessageView:
        async def script(tx: Transaction) -> MessageView | None:
            return await show_message(tx, message_id)

        view = await self.database.read(script)
        assert view is not None
        return view

    async def state(self, message_id: MessageId) -> State:
        return (await self.show(message_id)).message.state

    async def part_states(self, message_id: MessageId) -> list[State]:
        return [part.state for part in (await self.show(message_id)).parts]

    async def told(self, message_id: MessageId) -> list[str]:
        """List the events that made a callback, in order, as long as no callback has succeeded."""
        rows = await self.ask("SELECT url FROM callbacks WHERE message_id = ? ORDER BY id", message_id)
        return [str(row[0]).partition("#")[2] for row in rows]

    async def queue(self) -> dict[int, int | None]:
        """List the messages that wait, and which node has them."""
        return {row[0]: row[1] for row in await self.ask("SELECT message_id, node_id FROM queue ORDER BY message_id")}

    async def claim(self, limit: int = 500, *, room: int = 500) -> ClaimedCallbacks:
        """Take due callbacks, of each target as many as there is room for."""
        claimed: ClaimedCallbacks = (
            await self.do(claim_callbacks, CallbackClaimOrder(limit=limit, room=lambda *key: room))
        )[0]
        return claimed

    # --- what must hold whatever happened

    async def faults(self) -> list[str]:
        """Describe everything that is not as it must be; empty if all is well."""

        async def script(tx: Transaction) -> list[str]:
            return await audit_ledger(tx)

        found = await self.database.read(script)
        found += [f"account {a} has {r} reserved" for a, r in await self._wrongly_reserved()]
        parts: dict[int, list[tuple[State, int | None]]] = {}
        for identity, state, sent_ms in await self.ask("SELECT id, state, sent_ms FROM parts ORDER BY id"):
            parts.setdefault(identity & ~255, []).append((State(state), sent_ms))
        waiting = await self.queue()
        for row in await self.ask("SELECT id, state, parts, parts_left, parts_open, final_ms FROM messages"):
            found += _message_faults(row, parts.pop(row[0], []), row[0] in waiting)
        found += [f"parts of no message: {list(parts)}"] if parts else []
        return found

    async def _wrongly_reserved(self) -> list[tuple[int, int]]:
        """Reserved is what open parts would cost that nobody was paid for."""
        unpaid: dict[int, int] = {}
        for account, rate, state in await self.ask(
            "SELECT m.account_id, m.rate_microcredits, p.state FROM parts p JOIN messages m ON m.id = (p.id & ~255)"
            " WHERE p.sent_ms IS NULL"
        ):
            if State(state) not in FINAL:
                unpaid[account] = unpaid.get(account, 0) + rate
        rows = await self.ask("SELECT account_id, reserved_microcredits FROM balances")
        return [(account, reserved) for account, reserved in rows if reserved != unpaid.get(account, 0)]


def _message_faults(row: tuple[Any, ...], parts: list[tuple[State, int | None]], waits: bool) -> list[str]:
    identity, state, count, parts_left, parts_open, final_ms = row
    states = [state for state, _ in parts]
    left = sum(state in (State.QUEUED, State.SUBMITTING) for state in states)
    still_open = sum(state not in FINAL for state in states)
    checks = {
        "parts": parts == [] or len(parts) == count,
        "parts_left": parts_left == left,
        "parts_open": parts_open == still_open,
        "queue": waits == (left > 0),
        "final": (final_ms is not None) == (still_open == 0) == (State(state) in FINAL),
    }
    wrong = [name for name, holds in checks.items() if not holds]
    return (
        [f"message {identity} ({state}, {row[2:]}): {wrong} disagree with its parts {states}, queued {waits}"]
        if wrong
        else []
    )


def recipient(number: int = 0, *, parts: int = 1, text: str = "hello", **more: Any) -> Recipient:
    """Make a recipient in Mexico whose text has so many parts."""
    words = text if parts == 1 else text.ljust(153 * (parts - 1) + 10, "x")
    return Recipient(msisdn=f"52551234{number:04}", text=words, alphabet=Alphabet.GSM, parts=parts, **more)


def receipt(reference: str, state: State | None, *, carrier: str = "c", **more: Any) -> CarrierReceipt:
    """Make a carrier's receipt; a state of None is an intermediate one."""
    stat = state.value if state else "enroute"
    return CarrierReceipt(carrier=carrier, reference=reference, state=state, stat=stat, raw=f"id:{reference}", **more)


def outgoing(message: AcceptedMessage, *, attempt: int = 1) -> list[OutgoingPart]:
    """Make the parts of a message as a dispatcher sends them."""
    row = message.row
    return [
        OutgoingPart(
            part_id=PartId(row.id | number),
            message_id=row.id,
            attempt=attempt,
            number=number,
            parts=row.parts,
            reference=row.reference,
            sender=row.sender,
            msisdn=row.msisdn,
            alphabet=row.alphabet,
            payload=b"",
        )
        for number in range(1, row.parts + 1)
    ]


def from_waiting(part: ReadyPart) -> OutgoingPart:
    """Make a claimed part as a dispatcher sends it."""
    return OutgoingPart(
        part_id=part.part_id,
        message_id=part.message_id,
        attempt=part.attempt,
        number=part.number,
        parts=part.parts,
        reference=part.reference,
        sender=part.sender,
        msisdn=part.msisdn,
        alphabet=part.alphabet,
        payload=b"",
    )


async def new_node(world: World, name: str, *, lease_ms: int = 3_600_000) -> int:
    """Register one more node, whose lease runs for some time; its number."""

    async def script(tx: Transaction) -> int:
        return (await register(tx, name=name, lease_ms=lease_ms)).id

    return await world.database.write(script)
