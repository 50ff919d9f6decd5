"""One transaction's work: what several scripts read and write in it, read once and written once.

Scripts of one batch share a :class:`Work`. They load rows through it (each row once), move them in memory, and append
moments, callbacks and money; :meth:`Work.finish` then writes one statement a table. So a receipt that comes in the same
batch as the answer it needs finds that answer, and balances are written once however many messages move them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from palomar.domain.account import AccountId
from palomar.domain.counts import IDS_A_MINUTE
from palomar.domain.events import CarrierTook, Delivered, Event, Failed
from palomar.domain.lane import Rank
from palomar.domain.message import MESSAGE_TRANSITIONS, MessageId, PartId, State, move, part_id
from palomar.domain.timeline import Detail, Kind
from palomar.flows import low_balance
from palomar.flows.books import Books
from palomar.flows.born import BornCallbacks
from palomar.flows.doubts import Doubts
from palomar.flows.house import House
from palomar.flows.kept import KeptAnswers, ShortIds
from palomar.flows.oddities import Odd, count_oddities
from palomar.flows.sent import SentLately, SentToday
from palomar.storage import links, nodes
from palomar.storage import messages as rows
from palomar.storage.callback_targets import TargetRow
from palomar.storage.change_counter import BUMP_VERSION
from palomar.storage.database import Conflict, Transaction
from palomar.storage.filters import SENT_DAYS, UNPAID_DAYS
from palomar.storage.ledger import Reason
from palomar.storage.messages import MessageRow, OpenMessage, OpenPart
from palomar.storage.statements import Insert, Row
from palomar.storage.timeline import INSERT_EVENTS, encode_detail
from palomar.storage.webhooks import DELETE_WEBHOOKS, INSERT_WEBHOOKS, UPDATE_WEBHOOKS, WebhookRow

_STEPS: dict[type[Event], int] = {CarrierTook: 1, Delivered: 2, Failed: 2}
"""Which of a message's states an event tells (``WebhookRow.step``)."""

SLICE = 500
"""Rows a statement writes at most before the loop has a turn."""


@dataclass(slots=True)
class _Writes:
    messages: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    queue: list[Row] = field(default_factory=list)
    requeued: list[Row] = field(default_factory=list)
    rerouted: list[Row] = field(default_factory=list)
    resting: dict[MessageId, int] = field(default_factory=dict)
    unqueued: list[MessageId] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    webhooks_changed: list[Row] = field(default_factory=list)
    webhooks_done: list[int] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)


class Work:
    """See the module. ``now_ms`` is the wall time at which the whole batch happens."""

    def __init__(self, tx: Transaction, house: House, *, now_ms: int) -> None:
        self.tx = tx
        self.house = house
        self.now_ms = now_ms
        self.answers = KeptAnswers(tx, now_ms=now_ms)
        self.short_ids = ShortIds(tx)
        self.sent_lately = SentLately(tx)
        self.sent_today = SentToday(tx, SENT_DAYS)
        self.unpaid_today = SentToday(tx, UNPAID_DAYS)
        self._born = BornCallbacks(house)
        self.born_webhooks = self._born.webhooks
        """Callbacks this batch made; those with our ``node_id`` go straight to the notifier after the commit."""
        self._books = Books(tx, house.ids, now_ms=now_ms)
        self.doubts = Doubts(tx, house, now_ms=now_ms)
        self._messages: dict[MessageId, OpenMessage] = {}
        self._parts: dict[PartId, OpenPart] = {}
        self._moved: dict[PartId, OpenPart] = {}
        self._taken: set[PartId] = set()
        self.odd: list[Odd] = []
        """What carriers sent that is odd."""
        self.named: list[OpenPart] = []
        """Parts to which a carrier gave its reference in this transaction."""
        self._ended: set[MessageId] = set()
        self._writes = _Writes()
        self._events = self._writes.events
        self._serial = house.ids.serial
        self.low: set[AccountId] = set()
        """Accounts that want a top-up after this transaction."""
        self.told_low: list[AccountId] = []
        """Accounts whose low balance this transaction tells of."""
        self.targets_off: list[TargetRow] = []
        """Targets of callbacks that this transaction put off."""
        self._learned: set[tuple[str, str]] = set()
        self._fence: bool | None = None
        self.blocked_numbers = False
        """Whether a black list got or lost a number: then every node must hear of it."""
        self.heard: set[AccountId | None] = set()
        """Accounts that a phone wrote to; None where it was nobody's number."""

    # --- reading

    async def parts(self, ids: Iterable[PartId]) -> Mapping[PartId, OpenPart]:
        """These parts and their messages, each read (and locked) once a transaction; unknown ids are left out."""
        missing = sorted({identity for identity in ids if identity not in self._parts})
        if missing:
            for part in rows.open_parts(await self.tx.lookup(rows.LOOKUP_PARTS, missing), self._messages):
                self._parts[part.id] = part
        return self._parts

    def has_held_sibling(self, part: OpenPart) -> bool:
        """Whether another part of the message that this transaction has read is held in doubt."""
        message = part.message
        if message.parts == 1:
            return False
        siblings = (self._parts.get(part_id(message.id, number)) for number in range(1, message.parts + 1))
        return any(other is not None and other is not part and other.state is State.HELD for other in siblings)

    def siblings(self, part: OpenPart) -> list[OpenPart]:
        """Give the other parts of its message that this transaction has read."""
        message = part.message
        found = (self._parts.get(part_id(message.id, number)) for number in range(1, message.parts + 1))
        return [other for other in found if other is not None and other is not part]

    async def available(self, account_ids: Iterable[AccountId]) -> None:
        """Read these accounts' balances, so that :meth:`reserve` can judge."""
        await self._books.read(account_ids)

    async def lock_balance(self, account_id: AccountId) -> None:
        """Read a balance so that nobody else moves it before the commit; what this transaction moved stays moved."""
        await self._books.lock(account_id)

    def balance(self, account_id: AccountId) -> int:
        """What an account can spend, as this transaction has it."""
        return self._books.balances.get(account_id, 0)

    def learn_once(self, carrier: str, subject: str) -> bool:
        """Whether this transaction has learned nothing on this subject yet; from now on it has."""
        if (carrier, subject) in self._learned:
            return False
        self._learned.add((carrier, subject))
        return True

    async def holds_lease(self) -> bool:
        """Whether this node may still take work (its row is locked against a takeover until the commit)."""
        if self._fence is None:
            self._fence = self.house.node_id is not None and await lease_runs(self.tx, self.house.node_id)
        return self._fence

    # --- money

    def reserve(self, account_id: AccountId, microcredits: int) -> bool:
        """Move money from available to reserved; False if there is not enough."""
        return self._books.reserve(account_id, microcredits)

    def transfer(self, giver: AccountId, taker: AccountId, microcredits: int) -> None:
        """Money goes from one account to another: two legs of one entry. Both balances have been read."""
        self._books.transfer(giver, taker, microcredits)

    def top_up(self, giver: AccountId | None, taker: AccountId, microcredits: int) -> None:
        """Automatic credit: from another account, or from the credit line. Both balances have been read."""
        self._books.top_up(giver, taker, microcredits)

    def entry_of(self, account_id: AccountId, reason: Reason) -> int:
        """The id of the ledger entry that this transaction makes for an account and a reason; 0 if it makes none."""
        return self._books.entry_of(account_id, reason)

    def settle(self, part: OpenPart, *, reason: Reason = Reason.SETTLE) -> int:
        """Note that the part is paid for: reserved money is earned; the ledger entry's id."""
        part.sent_ms = self.now_ms
        return self._books.move(part.message.account_id, reason, part.message.rate_microcredits)

    def settle_unanswered(self, part: OpenPart, *, reason: Reason = Reason.SETTLE) -> None:
        """Do as :meth:`settle`, for a part whose answer we never saw; it leaves a moment of its own."""
        entry_id = self.settle(part, reason=reason)
        detail: Detail = {"entry": entry_id, "microcredits": part.message.rate_microcredits, "reason": reason}
        self.note(part.message.id, Kind.SETTLED, detail)

    def give_back(self, part: OpenPart, *, reason: Reason = Reason.GIVE_BACK) -> None:
        """Note that the part is not paid for: reserved money is the account's again."""
        message = part.message
        entry_id = self._books.move(message.account_id, reason, message.rate_microcredits)
        message.price_microcredits -= message.rate_microcredits
        detail: Detail = {"entry": entry_id, "microcredits": message.rate_microcredits, "reason": reason}
        self.note(message.id, Kind.GIVEN_BACK, detail)

    def credit(self, account_id: AccountId, microcredits: int) -> int:
        """Money comes in (or, negative, is taken out); the ledger entry's id."""
        return self._books.move(account_id, Reason.CREDIT, microcredits)

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
            self.named.append(part)
        if ended:
            self._ended.add(part.message.id)

    def leave_queue(self, part: OpenPart) -> None:
        """The part waits no longer to be sent; with the last one, the message leaves the queue."""
        part.message.parts_left -= 1
        if part.message.parts_left == 0:
            self._writes.unqueued.append(part.message.id)

    def return_to_queue(self, part: OpenPart, *, due_ms: int, carrier: str | None = None) -> None:
        """Let a held part wait to be sent again, for any node to claim; with the first one, the message comes back into
        the queue, in no lane, for this carrier (None: the one it had). Of a message that is held, all parts have been
        read: it stays held as long as another part of it is."""
        message = part.message
        move(part, State.QUEUED)
        if message.state is State.HELD and not self.has_held_sibling(part):
            move(message, State.QUEUED, MESSAGE_TRANSITIONS)
        message.parts_left += 1
        if message.parts_left == 1:
            where = message.carrier if carrier is None else carrier
            self._writes.queue.append(
                (message.id, message.account_id, where, due_ms, None, int(Rank.NORMAL), 0, None, message.parts)
            )
        self.moved(part)

    def requeue(self, message_id: MessageId, *, due_ms: int, node_id: int | None) -> None:
        """Give the message's claim to a node, or to nobody."""
        self._writes.requeued.append((message_id, due_ms, node_id))

    def rest(self, message_id: MessageId, *, until_ms: int) -> None:
        """Let the message wait in the queue until then; its claim stays."""
        self._writes.resting[message_id] = max(until_ms, self._writes.resting.get(message_id, 0))

    def reroute(self, message_id: MessageId, *, carrier: str) -> None:
        """Let the message wait for another carrier, for any node to claim."""
        self._writes.rerouted.append((message_id, carrier, None))

    def note(self, message_id: MessageId, kind: Kind, detail: Detail) -> None:
        """Append a moment to the message's timeline."""
        self._events.append((message_id, self._serial(), self.now_ms, kind, encode_detail(detail).decode()))

    def link(self, code: str, message: MessageRow, url: str) -> None:
        """A short link of a new message."""
        self._writes.links.append((code, message.id, message.account_id, url, self.now_ms))

    def tell(self, message: OpenMessage | MessageRow, event: Event) -> None:
        """Let the message's dialect decide the event; its callback, if it makes one, goes into the outbox."""
        self.call_back(
            event, account_id=message.account_id, dialect=message.dialect, target=message.status_url, about=message.id
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
        self._born.add(
            WebhookRow(
                id=self._serial(),
                message_id=about,
                account_id=account_id,
                dialect=dialect,
                method=request.method,
                url=request.url,
                body=request.body,
                due_ms=self.now_ms,
                target=self.house.callbacks.target_of(account_id, request.url),
                step=_STEPS.get(type(event), 0),
            )
        )

    def webhook_done(self, webhook_id: int) -> None:
        """The callback succeeded: it leaves the outbox."""
        self._writes.webhooks_done.append(webhook_id)

    def webhook_changed(self, webhook: WebhookRow) -> None:
        """The callback waits for another attempt, or for nobody any more."""
        self._writes.webhooks_changed.append(
            (webhook.id, webhook.due_ms, webhook.attempts, webhook.failed, webhook.node_id, webhook.target)
        )

    @property
    def touched(self) -> set[AccountId | None]:
        """The accounts whose messages this transaction stored or moved, or that a phone wrote to."""
        stored = {AccountId(row[1]) for row in self._writes.messages}  # type: ignore[arg-type]  # its account
        return stored | {part.message.account_id for part in self._moved.values()} | self.heard

    @property
    def minutes(self) -> set[int]:
        """In which minutes the messages were born that this transaction stored or moved, numbered from the first that
        an id can tell."""
        born = {row[0] // IDS_A_MINUTE for row in self._writes.messages}  # type: ignore[operator]  # the id
        return born | {identity // IDS_A_MINUTE for identity in self._moved}

    async def finish(self) -> None:
        """Write everything, one statement a table; the account's row last, because all batches want it."""
        tx, writes = self.tx, self._writes
        await self._watch_balances()
        await self._insert(rows.INSERT_MESSAGES, writes.messages)
        await self._insert(rows.INSERT_PARTS, writes.parts)
        await self._insert(rows.INSERT_QUEUE, writes.queue)
        await self._write_links()
        await self._write_moved()
        await self.doubts.write()
        if writes.requeued:
            await tx.update(rows.UPDATE_QUEUE, writes.requeued)
        if writes.resting:
            await tx.update(rows.UPDATE_QUEUE_DUE, list(writes.resting.items()))
        if writes.rerouted:
            await tx.update(rows.REROUTE_QUEUE, writes.rerouted)
        if writes.unqueued:
            await tx.delete(rows.DELETE_QUEUE, writes.unqueued)
        await self._insert(INSERT_EVENTS, writes.events)
        await self._insert(INSERT_WEBHOOKS, [webhook.row() for webhook in self.born_webhooks])
        if writes.webhooks_changed:
            await tx.update(UPDATE_WEBHOOKS, writes.webhooks_changed)
        if writes.webhooks_done:
            await tx.delete(DELETE_WEBHOOKS, writes.webhooks_done)
        if self.odd:
            await count_oddities(tx, self.odd, now_ms=self.now_ms)
        await self.answers.write()
        await self.short_ids.write()
        await self.sent_lately.write()
        await self.sent_today.write()
        await self.unpaid_today.write()
        for account_id in await self._books.write():
            await low_balance.credited(tx, self.house, account_id)
        if self.blocked_numbers:
            await tx.execute(BUMP_VERSION)

    async def _watch_balances(self) -> None:
        fallen = await low_balance.watch(
            self.tx,
            self.house,
            self._books.balances,
            topped_up=self._books.topped_up,
            now_ms=self.now_ms,
        )
        self.low |= fallen.want_topup
        self.told_low += fallen.told
        for notice in fallen.notices:
            self._born.add(notice)

    async def _write_links(self) -> None:
        new = self._writes.links
        for start in range(0, len(new), SLICE):
            if start:
                await self.tx.pause()
            some = new[start : start + SLICE]
            if len(await self.tx.insert_new(links.INSERT_LINKS, some)) != len(some):
                raise Conflict("another node issued the same short link meanwhile")

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


async def lease_runs(tx: Transaction, node_id: int) -> bool:
    """Whether the node's lease still runs, on the database's clock; locks its row against a takeover."""
    return bool(await tx.select_locked(nodes.SELECT_LIVE, node_id, await tx.now_ms(), lock="share"))
