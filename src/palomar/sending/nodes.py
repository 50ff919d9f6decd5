"""Rows of nodes, and the work that dead nodes left.

Each start of a server process is a new row with a lease by the database's clock, so the row's id is also an epoch. A
node that claims work checks its own row in the same transaction. Not here: when the lease is renewed (``lease``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.callbacks.callback_rows import RELEASE_OF_NODE
from palomar.inbound.repeats import note_ended_node
from palomar.receipts.doubts import Doubts
from palomar.receipts.record import join_orphans_in_doubt
from palomar.routing.carrier_status import DELETE_STATUS_OF_NODE
from palomar.sending.in_doubt import put_in_doubt
from palomar.storage.database import Transaction
from palomar.transaction import lease_rows
from palomar.transaction import message_rows as rows
from palomar.transaction.work import Work
from palomar.vocabulary.doubt import DoubtCause
from palomar.vocabulary.message import NODES_MAX, MessageId, PartId, State

LEASE_MS = 10_000
"""How long a lease runs after its renewal."""
_TAKE_OVER_SLICE = 500
"""Messages of a dead node that a transaction frees at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One start of a server process: the id of its row (an epoch), and its number, which is part of message ids."""

    id: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOver:
    """The result of a takeover: how many messages were freed, how many parts were put in doubt, whether there are
    more."""

    freed: int
    in_doubt: int
    more: bool


async def register(tx: Transaction, *, name: str, lease_ms: int = LEASE_MS) -> Node:
    """Insert a row for this start, with the smallest number that no other row has."""
    now_ms = await tx.now_ms()
    known = await tx.select(lease_rows.SELECT_NODES)
    taken = {row[1] for row in known}
    number = next(candidate for candidate in range(NODES_MAX - 1) if candidate not in taken)
    identity = max((row[0] for row in known), default=0) + 1
    await tx.insert(lease_rows.INSERT_NODES, [(identity, number, name, now_ms, now_ms + lease_ms)])
    return Node(id=identity, number=number)


async def renew(tx: Transaction, node: Node, *, lease_ms: int = LEASE_MS, uncounted_ms: int = 0) -> bool:
    """Prolong the lease by ``lease_ms``, and store for how long changed messages have waited to be counted. Return
    False if the lease had run out: then this node may claim nothing any more."""
    now_ms = await tx.now_ms()
    return await tx.execute(lease_rows.RENEW_LEASE, now_ms + lease_ms, now_ms - uncounted_ms, node.id, now_ms) == 1


async def take_over(work: Work, dead: Sequence[int]) -> list[TakenOver]:
    """Free the messages that dead nodes had claimed, a slice of each; put their parts in ``submitting`` in doubt."""
    return [await _take_over_one(work, node_id) for node_id in dead]


async def list_dead_nodes(tx: Transaction, *, own: Node, name: str) -> list[int]:
    """List the ids of nodes whose lease has run out, and of earlier starts of this node (it holds the lock of the data
    directory, so they are dead)."""
    now_ms = await tx.now_ms()
    return [row[0] for row in await tx.select(lease_rows.SELECT_DEAD, own.id, now_ms, name)]


async def clear_unknown_carriers(tx: Transaction, carriers: Sequence[str]) -> int:
    """Make messages that wait for a carrier which is not configured any more be routed anew; return how many."""
    known = set(carriers) | {""}
    waiting = [str(row[0]) for row in await tx.select(lease_rows.SELECT_CARRIERS_OF_QUEUE)]
    unknown = [name for name in waiting if name not in known]
    return sum([await tx.execute(lease_rows.ROUTE_AGAIN, name) for name in unknown])


async def _take_over_one(work: Work, node_id: int) -> TakenOver:
    # The lock on the row waits for transactions of that node that still run, and makes its later ones fail.
    await work.tx.select_locked("SELECT id FROM nodes WHERE id = ?", node_id, lock="update")
    claimed = await work.tx.select(rows.SELECT_QUEUE_OF_NODE, node_id, _TAKE_OVER_SLICE)
    message_ids = [MessageId(row[0]) for row in claimed]
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, message_ids)]
    known = await work.read_parts(ids)
    doubtful = [known[identity] for identity in ids if known[identity].state is State.SUBMITTING]
    doubts = Doubts.of(work)
    await doubts.load(part.id for part in doubtful)
    await doubts.load_lanes(part.message.id for part in doubtful)
    for (_, due_ms), message_id in zip(claimed, message_ids, strict=True):
        work.requeue(message_id, due_ms=due_ms, node_id=None)
    for part in doubtful:
        put_in_doubt(work, part, DoubtCause.DEATH, reason="the node that sent it died before the answer")
    await join_orphans_in_doubt(work, doubtful)
    more = len(claimed) == _TAKE_OVER_SLICE
    if not more:
        await work.tx.execute(RELEASE_OF_NODE, node_id)
        await work.tx.execute(DELETE_STATUS_OF_NODE, node_id)
        for (lease_until_ms,) in await work.tx.select(lease_rows.SELECT_LEASE, node_id):
            await note_ended_node(work.tx, node_id, at_ms=min(lease_until_ms, work.now_ms))
        await work.tx.execute(lease_rows.DELETE_NODE, node_id)
    return TakenOver(freed=len(claimed), in_doubt=len(doubtful), more=more)
