"""The unit of work of one transaction: the rows that its steps share, each read once and written once.

The steps of a batch share one :class:`Work`. They read rows through it, change them in memory, and add moments to
timelines; :meth:`Work.finish` then writes one statement a table. So a receipt finds the answer that it needs, even if
both come in the same batch.

Packages above write their own tables with the same transaction (money, callbacks, doubts): each has a class of its own,
a :class:`Participant`. So a balance is written once, however many messages move it. Not here: which participants there
are, and in which order they write (``app.transaction_order``).
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
from palomar.transaction.timeline_rows import INSERT_MOMENTS, encode_detail
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import (
    IDS_A_MINUTE,
    MESSAGE_TRANSITIONS,
    PART_TRANSITIONS,
    MessageId,
    PartId,
    State,
    move,
    part_ids,
)
from palomar.vocabulary.timeline import Detail, MomentKind

SLICE = 500
"""Rows a statement writes at most before the loop has a turn."""

K = TypeVar("K", bound="Participant")


class Participant:
    """A base class for what writes its own tables at the end of a transaction.

    A transaction has at most one instance of each kind, made when it is first used.
    """

    def __init__(self, work: "Work") -> None:
        self._work = work

    @classmethod
    def of(cls, work: "Work") -> Self:
        """Return the transaction's one instance of this kind."""
        joined = work._joined.get(cls)
        return work.join(cls) if joined is None else joined  # type: ignore[return-value]  # the key is its type

    async def write(self) -> None:
        """Write what was collected. This may use the kinds that are written after this one."""
        raise NotImplementedError


@dataclass(slots=True)
class _Writes:
    messages: list[Row] = field(default_factory=list)
    parts: list[Row] = field(default_factory=list)
    queue: list[Row] = field(default_factory=list)
    requeued: list[Row] = field(default_factory=list)
    rerouted: list[Row] = field(default_factory=list)
    postponed: dict[MessageId, int] = field(default_factory=dict)
    unqueued: list[MessageId] = field(default_factory=list)
    moments: list[Row] = field(default_factory=list)


class Work:
    """The unit of work that the steps of one transaction share.

    ``now_ms`` is the wall time at which all of them happen, in milliseconds since 1970.
    """

    def __init__(self, tx: Transaction, context: TransactionContext, *, now_ms: int) -> None:
        self.tx = tx
        self.context = context
        self.now_ms = now_ms
        self._joined: dict[type[object], Participant] = {}
        self._messages: dict[MessageId, OpenMessage] = {}
        self._parts: dict[PartId, OpenPart] = {}
        self._changed: dict[PartId, OpenPart] = {}
        self._with_new_reference: set[PartId] = set()
        self.new_references: list[OpenPart] = []
        """Parts to which a carrier gave its reference in this transaction."""
        self._ended_messages: set[MessageId] = set()
        self._writes = _Writes()
        self._moments = self._writes.moments
        self._serial = context.ids.serial
        self._lease_is_live: bool | None = None
        self.inbound_accounts: set[AccountId | None] = set()
        """The accounts whose numbers a phone wrote to; None for a number that belongs to no account."""

    def join(self, kind: type[K]) -> K:
        """Return this transaction's instance of a kind, and make it on first use.

        Raises ValueError if the kind has no place in the order of writing.
        """
        joined = self.joined(kind)
        if joined is None:
            if kind not in self.context.write_order:
                raise ValueError(f"{kind.__name__} has no place in the order of a transaction")
            joined = self._joined[kind] = kind(self)
        return joined

    def joined(self, kind: type[K]) -> K | None:
        """Return this transaction's instance of a kind; None if no step has used it."""
        return self._joined.get(kind)  # type: ignore[return-value]  # the key is its type

    def release(self) -> None:
        """Let go of the participants, once nobody asks for them any more. They refer back to the work, so without this
        only the garbage collector would free what a transaction has held, late and at the cost of everybody."""
        self._joined.clear()

    # --- reading

    async def read_parts(self, ids: Iterable[PartId]) -> Mapping[PartId, OpenPart]:
        """Read and lock these parts and their messages, each once a transaction; return all that have been read so far.

        Ids that do not exist are missing from the mapping.
        """
        missing = sorted({identity for identity in ids if identity not in self._parts})
        if missing:
            for part in rows.open_parts(await self.tx.lookup(rows.LOOKUP_PARTS, missing), self._messages):
                self._parts[part.id] = part
        return self._parts

    def has_held_sibling(self, part: OpenPart) -> bool:
        """Return True if another part of the message is held in doubt, of those that this transaction has read."""
        return part.message.parts > 1 and any(other.state is State.HELD for other in self.siblings(part))

    def siblings(self, part: OpenPart) -> list[OpenPart]:
        """List the other parts of its message that this transaction has read."""
        found = map(self._parts.get, part_ids(part.message.id, part.message.parts))
        return [other for other in found if other is not None and other is not part]

    async def holds_lease(self) -> bool:
        """Return True if this node may still take work. Its row is locked against a takeover until the commit."""
        if self._lease_is_live is None:
            node_id = self.context.node_id
            self._lease_is_live = node_id is not None and await lease_is_live(self.tx, node_id)
        return self._lease_is_live

    # --- writing

    def insert(self, message: MessageRow, part_rows: Sequence[Row], queue_row: Row | None) -> None:
        """Store a new message, its parts, and its row of the queue if it has one."""
        self._writes.messages.append(message.row())
        self._writes.parts.extend(part_rows)
        if queue_row is not None:
            self._writes.queue.append(queue_row)

    def update(self, part: OpenPart, *, new_reference: bool = False, message_ended: bool = False) -> None:
        """Write this part and its message at the end, as they are then.

        ``new_reference`` says that a carrier gave the part an id, ``message_ended`` that its message ended with it.
        """
        self._changed[part.id] = part
        if new_reference:
            self._with_new_reference.add(part.id)
            self.new_references.append(part)
        if message_ended:
            self._ended_messages.add(part.message.id)

    def leave_queue(self, part: OpenPart) -> None:
        """Count the part as no longer waiting to be sent; with its last part, the message leaves the queue."""
        part.message.parts_left -= 1
        if part.message.parts_left == 0:
            self._writes.unqueued.append(part.message.id)

    def return_to_queue(self, part: OpenPart, *, due_ms: int, carrier: str | None = None) -> None:
        """Queue a held part to be sent again by any node.

        With the first such part, the message gets a row of the queue again, in no lane, for this carrier (None: the one
        it had). The caller has read all parts of a message that is held, because it stays held while another part is.
        """
        message = part.message
        move(part, State.QUEUED, PART_TRANSITIONS)
        if message.state is State.HELD and not self.has_held_sibling(part):
            move(message, State.QUEUED, MESSAGE_TRANSITIONS)
        message.parts_left += 1
        if message.parts_left == 1:
            by = message.carrier if carrier is None else carrier
            self._writes.queue.append(
                (message.id, message.account_id, by, due_ms, None, int(Rank.NORMAL), 0, None, message.parts)
            )
        self.update(part)

    def requeue(self, message_id: MessageId, *, due_ms: int, node_id: int | None) -> None:
        """Set when the queued message is due, and which node has claimed it (None: any node may)."""
        self._writes.requeued.append((message_id, due_ms, node_id))

    def postpone(self, message_id: MessageId, *, until_ms: int) -> None:
        """Keep the message in the queue until then, at least; the node that has claimed it keeps it."""
        self._writes.postponed[message_id] = max(until_ms, self._writes.postponed.get(message_id, 0))

    def reroute(self, message_id: MessageId, *, carrier: str) -> None:
        """Queue the message for another carrier, for any node to claim."""
        self._writes.rerouted.append((message_id, carrier, None))

    def add_moment(self, message_id: MessageId, kind: MomentKind, detail: Detail) -> None:
        """Add a moment to the message's timeline."""
        self._moments.append((message_id, self._serial(), self.now_ms, kind, encode_detail(detail).decode()))

    @property
    def changed_accounts(self) -> set[AccountId | None]:
        """List the accounts whose messages this transaction stored or changed, or whose numbers a phone wrote to."""
        stored = {AccountId(row[1]) for row in self._writes.messages}  # type: ignore[arg-type]  # its account
        return stored | {part.message.account_id for part in self._changed.values()} | self.inbound_accounts

    @property
    def changed_minutes(self) -> set[int]:
        """List the minutes whose messages this transaction stored or changed, by when the messages were accepted.

        Minutes are numbered from ``EPOCH_MS``, as ids are.
        """
        stored = {row[0] // IDS_A_MINUTE for row in self._writes.messages}  # type: ignore[operator]  # the id
        return stored | {identity // IDS_A_MINUTE for identity in self._changed}

    async def finish(self) -> None:
        """Write one statement a table: the rows of this class, then each participant in the context's order.

        Balances come near the end of that order, because every batch locks them.
        """
        tx, writes = self.tx, self._writes
        await self.insert_in_slices(rows.INSERT_MESSAGES, writes.messages)
        await self.insert_in_slices(rows.INSERT_PARTS, writes.parts)
        await self.insert_in_slices(rows.INSERT_QUEUE, writes.queue)
        await self._write_changed()
        if writes.requeued:
            await tx.update(rows.UPDATE_QUEUE, writes.requeued)
        if writes.postponed:
            await tx.update(rows.UPDATE_QUEUE_DUE, list(writes.postponed.items()))
        if writes.rerouted:
            await tx.update(rows.REROUTE_QUEUE, writes.rerouted)
        if writes.unqueued:
            await tx.delete(rows.DELETE_QUEUE, writes.unqueued)
        await self.insert_in_slices(INSERT_MOMENTS, writes.moments)
        if not self._joined:
            return
        written = 0
        for kind in self.context.write_order:
            if kind in self._joined:
                await self._joined[kind].write()
                written += 1
        assert written == len(self._joined), "a participant joined after its turn to write"

    async def insert_in_slices(self, statement: Insert, new: Sequence[Row]) -> None:
        """Insert rows in slices and let the event loop run between: a request of thousands must not stop the others."""
        for start in range(0, len(new), SLICE):
            if start:
                await self.tx.pause()
            await self.tx.insert(statement, new[start : start + SLICE])

    async def _write_changed(self) -> None:
        if not self._changed:
            return
        without_reference, with_reference = [], []
        messages = {}
        for part in self._changed.values():
            messages[part.message.id] = part.message
            if part.id in self._with_new_reference:
                with_reference.append((*part.update_row(), part.carrier_reference))
            else:
                without_reference.append(part.update_row())
        still_open, ended = [], []
        for identity, message in messages.items():
            if identity in self._ended_messages:
                ended.append((*message.update_row(), message.final_ms))
            else:
                still_open.append(message.update_row())
        for statement, changed in (
            (rows.UPDATE_MESSAGES, still_open),
            (rows.UPDATE_MESSAGES_ENDED, ended),
            (rows.UPDATE_PARTS, without_reference),
            (rows.UPDATE_PARTS_WITH_REFERENCE, with_reference),
        ):
            if changed:
                await self.tx.update(statement, changed)


async def lease_is_live(tx: Transaction, node_id: int) -> bool:
    """Return True if the node's lease still runs, by the database's clock; lock its row against a takeover."""
    return bool(await tx.select_locked(lease_rows.SELECT_LIVE, node_id, await tx.now_ms(), lock="share"))
