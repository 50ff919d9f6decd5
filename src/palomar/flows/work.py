"""One transaction's work: what several scripts read and write in it, read once and written once.

Scripts of one batch share a :class:`Work`. They load rows through it (each row once), move them in memory, and append
moments, callbacks and money; :meth:`Work.finish` then writes one statement a table. So a receipt that comes in the same
batch as the answer it needs finds that answer, and balances are written once however many messages move them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from palomar.domain.account import Account, AccountId
from palomar.domain.events import Event
from palomar.domain.message import MessageId, PartId, State, part_id
from palomar.domain.timeline import Detail, Kind
from palomar.flows import low_balance
from palomar.ports import Ids, WebhookRenderer
from palomar.storage import filters, links, nodes, platform, topups
from palomar.storage import messages as rows
from palomar.storage.accounts import BUMP_VERSION
from palomar.storage.database import Conflict, Transaction
from palomar.storage.ledger import (
    HOUSE,
    INSERT_LEDGER,
    LEGS,
    LOOKUP_BALANCES,
    MOVE_BALANCE,
    Book,
    Reason,
)
from palomar.storage.messages import MessageRow, OpenMessage, OpenPart
from palomar.storage.statements import Insert, Row
from palomar.storage.timeline import INSERT_EVENTS, event_row
from palomar.storage.webhooks import DELETE_WEBHOOKS, INSERT_WEBHOOKS, UPDATE_WEBHOOKS, WebhookRow

KEPT_MS = 24 * 3_600_000
"""How long an answer is kept under its idempotency key."""
FIRST_SHORT_ID, LAST_SHORT_ID = 9_999, (1 << 31) - 1
"""Short ids have at least four digits and fit in 31 bits."""
KeptAnswer = tuple[bytes, int, bytes]
"""Digest of the request, HTTP status, encrypted body."""
SLICE = 500
"""Rows a statement writes at most before the loop has a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every transaction may look at: who the accounts are, how dialects call back, and which node this is."""

    accounts: Mapping[AccountId, Account]
    renderers: Mapping[str, WebhookRenderer]
    ids: Ids
    node_id: int | None
    has_blocked_numbers: bool = True
    """Whether any black list holds anything: if not, nobody looks."""
    webhook_room: int = 0
    """How many callbacks this node would take at once, straight after the commit."""


@dataclass(slots=True)
class _Move:
    entry_id: int
    microcredits: int = 0
    items: int = 0


@dataclass(slots=True)
class _Writes:
    messages: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    queue: list[Row] = field(default_factory=list)
    requeued: list[Row] = field(default_factory=list)
    unqueued: list[MessageId] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    webhooks_changed: list[Row] = field(default_factory=list)
    webhooks_done: list[int] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    short_ids: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    recent: list[tuple[bytes, int]] = field(default_factory=list)
    counted: dict[AccountId, tuple[int, int]] = field(default_factory=dict)


class Work:
    """See the module. ``now_ms`` is the wall time at which the whole batch happens."""

    def __init__(self, tx: Transaction, house: House, *, now_ms: int) -> None:
        self.tx = tx
        self.house = house
        self.now_ms = now_ms
        self.born_webhooks: list[WebhookRow] = []
        """Callbacks this batch made; those with our ``node_id`` go straight to the notifier after the commit."""
        self._messages: dict[MessageId, OpenMessage] = {}
        self._parts: dict[PartId, OpenPart] = {}
        self._moved: dict[PartId, OpenPart] = {}
        self._taken: set[PartId] = set()
        self._ended: set[MessageId] = set()
        self._balances: dict[AccountId, int] = {}
        self._moves: dict[tuple[AccountId, Reason], _Move] = {}
        self._writes = _Writes()
        self._events = self._writes.events
        self._serial = house.ids.serial
        self._day = 0
        self._days: dict[AccountId, int] = {}
        self._read_balances: dict[AccountId, int] = {}
        self._transfers: list[tuple[AccountId, AccountId, int, Reason]] = []
        self._topped_up: set[AccountId] = set()
        self.low: set[AccountId] = set()
        """Accounts that want a top-up after this transaction."""
        self.told_low: list[AccountId] = []
        """Accounts whose low balance this transaction tells of."""
        self._fence: bool | None = None
        self.kept: dict[bytes, KeptAnswer] = {}
        self.sent_lately: set[bytes] = set()
        """What the duplicates filter knows, of the digests that this batch asks for."""
        self.sent_long_ago: set[bytes] = set()
        """Digests whose hour is over: their rows give way."""
        self._counters: dict[AccountId, int] = {}
        self.blocked_numbers = False
        """Whether a black list got or lost a number: then every node must hear of it."""
        self._outlived: set[bytes] = set()

    # --- reading

    async def parts(self, ids: Iterable[PartId]) -> Mapping[PartId, OpenPart]:
        """These parts and their messages, each read (and locked) once a transaction; unknown ids are left out."""
        missing = sorted({identity for identity in ids if identity not in self._parts})
        if missing:
            for part in rows.open_parts(await self.tx.lookup(rows.LOOKUP_PARTS, missing), self._messages):
                self._parts[part.id] = part
        return self._parts

    def has_held_part(self, message: OpenMessage) -> bool:
        """Whether a part of the message that this transaction has read is held in doubt."""
        siblings = (self._parts.get(part_id(message.id, number)) for number in range(1, message.parts + 1))
        return any(part is not None and part.state is State.HELD for part in siblings)

    async def available(self, account_ids: Iterable[AccountId]) -> None:
        """Read these accounts' balances, so that :meth:`reserve` can judge."""
        missing = [identity for identity in set(account_ids) if identity not in self._balances]
        if missing:
            for account_id, available, _ in await self.tx.lookup(LOOKUP_BALANCES, missing):
                self._balances[account_id] = self._read_balances[account_id] = available

    async def lock_balance(self, account_id: AccountId) -> None:
        """Read a balance so that nobody else moves it before the commit; what this transaction moved stays moved."""
        moved = self._balances.get(account_id, 0) - self._read_balances.get(account_id, 0)
        for row in await self.tx.select_locked(topups.SELECT_AVAILABLE, account_id):
            self._read_balances[account_id] = row[0]
            self._balances[account_id] = row[0] + moved

    def balance(self, account_id: AccountId) -> int:
        """What an account can spend, as this transaction has it."""
        return self._balances.get(account_id, 0)

    async def holds_lease(self) -> bool:
        """Whether this node may still take work (its row is locked against a takeover until the commit)."""
        if self._fence is None:
            self._fence = self.house.node_id is not None and await lease_runs(self.tx, self.house.node_id)
        return self._fence

    # --- money

    def reserve(self, account_id: AccountId, microcredits: int) -> bool:
        """Move money from available to reserved; False if there is not enough."""
        left = self._balances.get(account_id, 0) - microcredits
        if left < 0:
            return False
        self._balances[account_id] = left
        self._move(account_id, Reason.RESERVE, microcredits)
        return True

    def transfer(self, giver: AccountId, taker: AccountId, microcredits: int) -> None:
        """Money goes from one account to another: two legs of one entry."""
        self._transfers.append((giver, taker, microcredits, Reason.TRANSFER))

    def top_up(self, giver: AccountId | None, taker: AccountId, microcredits: int) -> None:
        """Automatic credit: from another account, or from the credit line. Both balances have been read."""
        self._topped_up.add(taker)
        self._balances[taker] += microcredits
        if giver is None:
            self._move(taker, Reason.TOPUP, microcredits)
        else:
            self._balances[giver] -= microcredits
            self._transfers.append((giver, taker, microcredits, Reason.TOPUP))

    def entry_of(self, account_id: AccountId, reason: Reason) -> int:
        """The id of the ledger entry that this transaction makes for an account and a reason; 0 if it makes none."""
        move = self._moves.get((account_id, reason))
        return move.entry_id if move else 0

    def settle(self, part: OpenPart) -> int:
        """The part is paid for: reserved money is earned; the ledger entry's id."""
        part.sent_ms = self.now_ms
        return self._move(part.message.account_id, Reason.SETTLE, part.message.rate_microcredits)

    def settle_unanswered(self, part: OpenPart) -> None:
        """As :meth:`settle`, for a part whose answer we never saw; it leaves a moment of its own."""
        entry_id = self.settle(part)
        detail: Detail = {"entry": entry_id, "microcredits": part.message.rate_microcredits}
        self.note(part.message.id, Kind.SETTLED, detail)

    def give_back(self, part: OpenPart) -> None:
        """The part will not be sent: reserved money is the account's again."""
        message = part.message
        entry_id = self._move(message.account_id, Reason.GIVE_BACK, message.rate_microcredits)
        message.price_microcredits -= message.rate_microcredits
        self.note(message.id, Kind.GIVEN_BACK, {"entry": entry_id, "microcredits": message.rate_microcredits})

    def credit(self, account_id: AccountId, microcredits: int) -> int:
        """Money comes in (or, negative, is taken out); the ledger entry's id."""
        return self._move(account_id, Reason.CREDIT, microcredits)

    # --- idempotency and short ids

    async def kept_answers(self, scopes: Sequence[bytes]) -> dict[bytes, KeptAnswer]:
        """Answers kept under these scopes for a day."""
        oldest = self.now_ms - KEPT_MS
        found = await self.tx.lookup(platform.LOOKUP_IDEMPOTENCY, scopes)
        self._outlived.update(row[0] for row in found if row[4] <= oldest)
        return {row[0]: (row[1], row[2], row[3]) for row in found if row[4] > oldest}

    def keep(self, scope: bytes, request: bytes, status: int, answer: bytes) -> None:
        """Keep an answer; the same scope later in this batch finds it."""
        self.kept[scope] = (request, status, answer)
        self._writes.kept.append((scope, request, status, answer, self.now_ms))

    async def load_counters(self, account_ids: Iterable[AccountId]) -> None:
        """Read these accounts' counters of short ids, so that :meth:`short_id` can count on."""
        wanted = sorted(set(account_ids))
        if not wanted:
            return
        await self.tx.insert_new(platform.INSERT_COUNTERS, [(account_id, FIRST_SHORT_ID) for account_id in wanted])
        for account_id, last in await self.tx.lookup(platform.LOOKUP_COUNTERS, wanted):
            self._counters[account_id] = last

    def short_id(self, account_id: AccountId, message_id: MessageId) -> int:
        """The account's next number of its own for a message: decimal digits, below 2^31."""
        number = self._counters[account_id] + 1
        if number > LAST_SHORT_ID:
            number = FIRST_SHORT_ID + 1
        self._counters[account_id] = number
        self._writes.short_ids.append((account_id, number, message_id))
        return number

    # --- writing

    def insert(self, message: MessageRow, part_rows: Sequence[Row], queue_row: Row | None) -> None:
        """A new message, its parts, and its place in the queue where it has one."""
        self._writes.messages.append(message.row())
        self._writes.parts.extend(part_rows)
        if queue_row is not None:
            self._writes.queue.append(queue_row)

    def moved(self, part: OpenPart, *, taken: bool = False, ended: bool = False) -> None:
        """This part changed; ``taken`` if it got a carrier's reference, ``ended`` if its message ended with it."""
        self._moved[part.id] = part
        if taken:
            self._taken.add(part.id)
        if ended:
            self._ended.add(part.message.id)

    def leave_queue(self, part: OpenPart) -> None:
        """The part waits no longer to be sent; with the last one, the message leaves the queue."""
        part.message.parts_left -= 1
        if part.message.parts_left == 0:
            self._writes.unqueued.append(part.message.id)

    def requeue(self, message_id: MessageId, *, due_ms: int, node_id: int | None) -> None:
        """Give the message's claim to a node, or to nobody."""
        self._writes.requeued.append((message_id, due_ms, node_id))

    def note(self, message_id: MessageId, kind: Kind, detail: Detail) -> None:
        """Append a moment to the message's timeline."""
        self._events.append(event_row(message_id, self._serial(), self.now_ms, kind, detail))

    def link(self, code: str, message: MessageRow, url: str) -> None:
        """A short link of a new message."""
        self._writes.links.append((code, message.id, message.account_id, url, self.now_ms))

    async def load_days(self, account_ids: Iterable[AccountId], day: int) -> None:
        """Read what these accounts have sent today, so that :meth:`fits_today` can judge."""
        wanted = sorted(set(account_ids))
        self._day = day
        self._days = dict.fromkeys(wanted, 0)
        for account_id, counted_day, messages in await self.tx.lookup(filters.LOOKUP_DAYS, wanted):
            if counted_day == day:
                self._days[account_id] = messages

    def fits_today(self, account_id: AccountId, messages: int, *, limit: int) -> bool:
        """Whether the account may send so many messages more today."""
        return self._days[account_id] + messages <= limit

    def count_today(self, account_id: AccountId, messages: int, *, limit: int) -> None:
        """Count messages against the account's day."""
        self._days[account_id] += messages
        counted, _ = self._writes.counted.get(account_id, (0, limit))
        self._writes.counted[account_id] = (counted + messages, limit)

    def remember_sent(self, digest: bytes) -> None:
        """The duplicates filter will know this text and number for an hour."""
        self.sent_lately.add(digest)
        self._writes.recent.append((digest, self.now_ms))

    def tell(self, message: OpenMessage | MessageRow, event: Event) -> None:
        """Let the message's dialect decide the event; its callback, if it makes one, goes into the outbox."""
        self.call_back(
            event, account_id=message.account_id, dialect=message.dialect, target=message.ackurl, about=message.id
        )

    def call_back(self, event: Event, *, account_id: AccountId, dialect: str, target: str, about: MessageId) -> None:
        """As :meth:`tell`, to another URL. ``about`` is whose callbacks keep their order and whose timeline has them:
        a message, or the id of an inbound one."""
        account = self.house.accounts.get(account_id)
        renderer = self.house.renderers.get(dialect)
        if not target or account is None or renderer is None:
            return
        request = renderer.render(event, target=target, account=account)
        if request is None:
            return
        claimed = len(self.born_webhooks) < self.house.webhook_room
        self.born_webhooks.append(
            WebhookRow(
                id=self.house.ids.serial(),
                message_id=about,
                account_id=account_id,
                dialect=dialect,
                method=request.method,
                url=request.url,
                body=request.body,
                due_ms=self.now_ms,
                node_id=self.house.node_id if claimed else None,
            )
        )

    def webhook_done(self, webhook_id: int) -> None:
        """The callback succeeded: it leaves the outbox."""
        self._writes.webhooks_done.append(webhook_id)

    def webhook_changed(self, webhook: WebhookRow) -> None:
        """The callback waits for another attempt, or for nobody any more."""
        self._writes.webhooks_changed.append(
            (webhook.id, webhook.due_ms, webhook.attempts, webhook.failed, webhook.node_id)
        )

    async def finish(self) -> None:
        """Write everything, one statement a table; the account's row last, because all batches want it."""
        tx, writes = self.tx, self._writes
        await low_balance.watch(self, self._balances, topped_up=self._topped_up)
        await self._insert(rows.INSERT_MESSAGES, writes.messages)
        await self._insert(rows.INSERT_PARTS, writes.parts)
        await self._insert(rows.INSERT_QUEUE, writes.queue)
        await self._write_links()
        await self._write_moved()
        if writes.requeued:
            await tx.update(rows.UPDATE_QUEUE, writes.requeued)
        if writes.unqueued:
            await tx.delete(rows.DELETE_QUEUE, writes.unqueued)
        await self._insert(INSERT_EVENTS, writes.events)
        await self._insert(INSERT_WEBHOOKS, [webhook.row() for webhook in self.born_webhooks])
        if writes.webhooks_changed:
            await tx.update(UPDATE_WEBHOOKS, writes.webhooks_changed)
        if writes.webhooks_done:
            await tx.delete(DELETE_WEBHOOKS, writes.webhooks_done)
        await self._write_kept()
        await self._write_filters()
        await self._write_money()
        if self.blocked_numbers:
            await tx.execute(BUMP_VERSION)

    async def _write_links(self) -> None:
        new = self._writes.links
        for start in range(0, len(new), SLICE):
            if start:
                await self.tx.pause()
            some = new[start : start + SLICE]
            if len(await self.tx.insert_new(links.INSERT_LINKS, some)) != len(some):
                raise Conflict("another node issued the same short link meanwhile")

    async def _write_filters(self) -> None:
        tx, recent = self.tx, self._writes.recent
        outlived = sorted(self.sent_long_ago.intersection(digest for digest, _ in recent))
        if outlived:
            await tx.delete(filters.DELETE_RECENT, outlived)
        if recent and len(await tx.insert_new(filters.INSERT_RECENT, recent)) != len(recent):
            raise Conflict("another node sent the same text to the same number meanwhile")
        for account_id, (messages, limit) in sorted(self._writes.counted.items()):
            await tx.insert_new(filters.INSERT_DAYS, [(account_id, self._day, 0)])
            if await tx.execute(filters.COUNT_DAY, messages, account_id, self._day, messages, limit) != 1:
                raise Conflict(f"another node reached the daily limit of account {account_id} meanwhile")

    async def _write_kept(self) -> None:
        kept = self._writes.kept
        outlived = sorted(self._outlived.intersection(row[0] for row in kept if isinstance(row[0], bytes)))
        if outlived:
            await self.tx.delete(platform.DELETE_IDEMPOTENCY, outlived)
        if kept and len(await self.tx.insert_new(platform.INSERT_IDEMPOTENCY, kept)) != len(kept):
            raise Conflict("another node answered with the same idempotency key meanwhile")
        if self._writes.short_ids:
            await self.tx.insert(platform.INSERT_SHORT_IDS, self._writes.short_ids)
            await self.tx.update(platform.UPDATE_COUNTERS, sorted(self._counters.items()))

    async def _insert(self, statement: Insert, new: Sequence[Row]) -> None:
        """In slices, with a turn of the loop between: a request of thousands must not stop everybody."""
        for start in range(0, len(new), SLICE):
            if start:
                await self.tx.pause()
            await self.tx.insert(statement, new[start : start + SLICE])

    async def _write_moved(self) -> None:
        if not self._moved:
            return
        plain, taken = [], []
        moved_messages = {}
        for part in self._moved.values():
            moved_messages[part.message.id] = part.message
            if part.id in self._taken:
                taken.append((*part.update_row(), part.carrier_reference))
            else:
                plain.append(part.update_row())
        still_open, ended = [], []
        for identity, message in moved_messages.items():
            if identity in self._ended:
                ended.append((*message.update_row(), message.final_ms))
            else:
                still_open.append(message.update_row())
        for statement, changed in (
            (rows.UPDATE_MESSAGES, still_open),
            (rows.UPDATE_MESSAGES_ENDED, ended),
            (rows.UPDATE_PARTS, plain),
            (rows.UPDATE_PARTS_TAKEN, taken),
        ):
            if changed:
                await self.tx.update(statement, changed)

    async def _write_money(self) -> None:
        if not self._moves and not self._transfers:
            return
        legs: list[Row] = []
        deltas: dict[AccountId, list[int]] = {}
        for giver, taker, microcredits, why in self._transfers:
            entry_id = self.house.ids.serial()
            for leg, (party, amount) in enumerate(((giver, -microcredits), (taker, microcredits))):
                legs.append((entry_id, leg, party, Book.AVAILABLE, amount, why, 1, self.now_ms))
                deltas.setdefault(party, [0, 0])[0] += amount
        for (account_id, reason), move in self._moves.items():
            for leg, (book, sign) in enumerate(zip(LEGS[reason], (-1, 1), strict=True)):
                amount = sign * move.microcredits
                owner = HOUSE if book in (Book.REVENUE, Book.FUNDING) else account_id
                legs.append((move.entry_id, leg, owner, book, amount, reason, move.items, self.now_ms))
                delta = deltas.setdefault(account_id, [0, 0])
                if book is Book.AVAILABLE:
                    delta[0] += amount
                elif book is Book.RESERVED:
                    delta[1] += amount
        await self.tx.insert(INSERT_LEDGER, legs)
        for owner_id, (available, reserved) in sorted(deltas.items()):
            if await self.tx.execute(MOVE_BALANCE, available, reserved, owner_id, available) != 1:
                raise Conflict(f"the balance of account {owner_id} was spent by another node meanwhile")
            if available > 0:
                await low_balance.credited(self, owner_id)

    def _move(self, account_id: AccountId, reason: Reason, microcredits: int) -> int:
        move = self._moves.get((account_id, reason))
        if move is None:
            move = self._moves[(account_id, reason)] = _Move(self.house.ids.serial())
        move.microcredits += microcredits
        move.items += 1
        return move.entry_id


async def lease_runs(tx: Transaction, node_id: int) -> bool:
    """Whether the node's lease still runs, on the database's clock; locks its row against a takeover."""
    return bool(await tx.select_locked(nodes.SELECT_LIVE, node_id, await tx.now_ms(), lock="share"))
