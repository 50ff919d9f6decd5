"""One transaction's work: what several scripts read and write in it, read once and written once.

Scripts of one batch share a :class:`Work`. They load rows through it (each row once), move them in memory, and append
moments; :meth:`Work.finish` then writes one statement a table. So a receipt that comes in the same batch as the answer
it needs finds that answer.

Packages above join with a kind of their own (money, callbacks, doubts): a :class:`Joined`. So balances are written once
however many messages move them. Not here: which kinds there are, and their order (``app.transaction_order``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self, TypeVar

from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, Row
from palomar.transaction import lease_rows
from palomar.transaction import message_rows as rows
from palomar.transaction.context import TransactionContext
from palomar.transaction.message_rows import MessageRow, OpenMessage, OpenPart
from palomar.transaction.timeline_rows import INSERT_EVENTS, encode_detail
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import IDS_A_MINUTE, MESSAGE_TRANSITIONS, MessageId, PartId, State, move, part_ids
from palomar.vocabulary.timeline import Detail, Kind

SLICE = 500
"""Rows a statement writes at most before the loop has a turn."""

J = TypeVar("J", bound="Joined")


class Joined:
    """The base of what joins a transaction: one instance of each kind, made on first use and written at the end."""

    def __init__(self, work: "Work") -> None:
        self._work = work

    @classmethod
    def of(cls, work: "Work") -> Self:
        """Return the transaction's one instance of this kind."""
        joined = work._joined.get(cls)
        return work.join(cls) if joined is None else joined  # type: ignore[return-value]  # it stands under its type

    async def write(self) -> None:
        """Write everything that was collected. It may use kinds that are written after its own."""
        raise NotImplementedError


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


class Work:
    """See the module. ``now_ms`` is the wall time at which the whole batch happens."""

    def __init__(self, tx: Transaction, context: TransactionContext, *, now_ms: int) -> None:
        self.tx = tx
        self.context = context
        self.now_ms = now_ms
        self._joined: dict[type[object], Joined] = {}
        self._messages: dict[MessageId, OpenMessage] = {}
        self._parts: dict[PartId, OpenPart] = {}
        self._moved: dict[PartId, OpenPart] = {}
        self._taken: set[PartId] = set()
        self.named: list[OpenPart] = []
        """Parts to which a carrier gave its reference in this transaction."""
        self._ended: set[MessageId] = set()
        self._writes = _Writes()
        self._events = self._writes.events
        self._serial = context.ids.serial
        self._fence: bool | None = None
        self.heard: set[AccountId | None] = set()
        """Accounts that a phone wrote to; None where it was nobody's number."""

    def join(self, kind: type[J]) -> J:
        """Return this transaction's one instance of a kind. Raises ValueError where the kind has no place in the order
        of writing."""
        joined = self.joined(kind)
        if joined is None:
            if kind not in self.context.order:
                raise ValueError(f"{kind.__name__} has no place in the order of a transaction")
            joined = self._joined[kind] = kind(self)
        return joined

    def joined(self, kind: type[J]) -> J | None:
        """Return the instance of a kind if anybody has used it."""
        return self._joined.get(kind)  # type: ignore[return-value]  # each stands under its own type

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
        return part.message.parts > 1 and any(other.state is State.HELD for other in self.siblings(part))

    def siblings(self, part: OpenPart) -> list[OpenPart]:
        """Give the other parts of its message that this transaction has read."""
        found = map(self._parts.get, part_ids(part.message.id, part.message.parts))
        return [other for other in found if other is not None and other is not part]

    async def holds_lease(self) -> bool:
        """Whether this node may still take work (its row is locked against a takeover until the commit)."""
        if self._fence is None:
            self._fence = self.context.node_id is not None and await lease_runs(self.tx, self.context.node_id)
        return self._fence

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
        """Write everything, one statement a table: the transaction's own rows, then each kind that has joined, in the
        order of the context. Balances are near its end, because all batches want them."""
        tx, writes = self.tx, self._writes
        await self.insert_sliced(rows.INSERT_MESSAGES, writes.messages)
        await self.insert_sliced(rows.INSERT_PARTS, writes.parts)
        await self.insert_sliced(rows.INSERT_QUEUE, writes.queue)
        await self._write_moved()
        if writes.requeued:
            await tx.update(rows.UPDATE_QUEUE, writes.requeued)
        if writes.resting:
            await tx.update(rows.UPDATE_QUEUE_DUE, list(writes.resting.items()))
        if writes.rerouted:
            await tx.update(rows.REROUTE_QUEUE, writes.rerouted)
        if writes.unqueued:
            await tx.delete(rows.DELETE_QUEUE, writes.unqueued)
        await self.insert_sliced(INSERT_EVENTS, writes.events)
        if not self._joined:
            return
        written = 0
        for kind in self.context.order:
            if kind in self._joined:
                await self._joined[kind].write()
                written += 1
        assert written == len(self._joined), "a kind has joined when its turn to be written was over"

    async def insert_sliced(self, statement: Insert, new: Sequence[Row]) -> None:
        """Insert in slices, with a turn of the loop between: a request of thousands must not stop everybody."""
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
    return bool(await tx.select_locked(lease_rows.SELECT_LIVE, node_id, await tx.now_ms(), lock="share"))
