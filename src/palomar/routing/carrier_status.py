"""The status of each node's carriers, stored so that commands beside the servers and other nodes can see it.

Not here: when it is written (``sending.carrier_status_recorder``).
"""

from dataclasses import dataclass, replace

import msgspec

from palomar.ports import LinkStatus
from palomar.routing.waiting_counts import WaitingCount, count_waiting
from palomar.storage.database import Transaction
from palomar.storage.statements import Insert, columns_of

INSERT_STATUS = Insert(
    "carrier_status", (("node_id", "bigint"), *columns_of("text", "carrier status"), ("at_ms", "bigint"))
)
DELETE_STATUS_OF_NODE = "DELETE FROM carrier_status WHERE node_id = ?"
SELECT_STATUS = (
    "SELECT n.name, s.carrier, s.status, s.at_ms FROM carrier_status s JOIN nodes n ON n.id = s.node_id"
    " WHERE n.lease_until_ms > ? ORDER BY s.carrier, n.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierStatus:
    """One carrier at one node: its links, why it cannot be used (``trouble``, empty when it can), and all parts that
    wait for it, whichever node has them. Only :func:`list_carrier_status` counts those."""

    carrier: str
    links: tuple[LinkStatus, ...] = ()
    trouble: str = ""
    waiting_parts: int = 0
    waiting_since_ms: int = 0
    """Since when the oldest of them may leave (wall milliseconds); 0 where none waits."""
    idle_since_ms: int = 0
    """Since when parts wait and none leaves (wall milliseconds); 0 where parts leave, or none waits."""
    hindrance: str = ""
    """Why none leaves (``sending.stalled.StallReason``)."""
    stalled: bool = False
    """True if parts do not leave although nothing prevents it."""
    node: str = ""
    at_ms: int = 0


async def record_carrier_status(tx: Transaction, node_id: int, statuses: list[CarrierStatus], *, now_ms: int) -> None:
    """Replace the stored status of this node's carriers."""
    await tx.execute(DELETE_STATUS_OF_NODE, node_id)
    await tx.insert(INSERT_STATUS, [(node_id, one.carrier, _encode(one).decode(), now_ms) for one in statuses])


async def list_carrier_status(tx: Transaction, *, now_ms: int | None = None) -> list[CarrierStatus]:
    """List every carrier at every living node, with the parts that wait for it by ``now_ms`` (wall milliseconds; the
    database's own clock if None)."""
    waiting = await count_waiting(tx, now_ms=await tx.now_ms() if now_ms is None else now_ms)
    return [_with_waiting(one, waiting.get(one.carrier)) for one in await list_living_carrier_status(tx)]


async def list_living_carrier_status(tx: Transaction) -> list[CarrierStatus]:
    """List every carrier at every living node, without counting the parts that wait for it."""
    living = await tx.select(SELECT_STATUS, await tx.now_ms())
    return [replace(_decode(status), node=node, at_ms=at_ms) for node, _, status, at_ms in living]


def _with_waiting(status: CarrierStatus, waiting: WaitingCount | None) -> CarrierStatus:
    parts, since_ms = (waiting.parts, waiting.oldest_ms) if waiting else (0, 0)
    return replace(status, waiting_parts=parts, waiting_since_ms=since_ms)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CarrierStatus).decode
