"""How each node's carriers stand, kept so that commands beside the servers, and other nodes, can see it."""

from dataclasses import dataclass, replace

import msgspec

from palomar.ports import LinkStatus
from palomar.routing import rule_rows as rows
from palomar.routing.waiting_counts import Waiting, count_waiting
from palomar.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierStatus:
    """One carrier at one node: its links, why it cannot be used (empty when it can), and all parts that wait for it,
    whichever node has them; those only :func:`list_standings` knows."""

    carrier: str
    links: tuple[LinkStatus, ...] = ()
    trouble: str = ""
    waiting_parts: int = 0
    waiting_since_ms: int = 0
    """Since when the oldest of them may leave (wall); 0 where none waits."""
    idle_since_ms: int = 0
    """Since when parts wait and none leaves; 0 where parts leave, or none waits."""
    hindrance: str = ""
    """What is in their way (``sending.stalled.StallReason``)."""
    stalled: bool = False
    """Whether nothing is in their way, and they do not leave."""
    node: str = ""
    at_ms: int = 0


async def record_standing(tx: Transaction, node_id: int, standings: list[CarrierStatus], *, now_ms: int) -> None:
    """Replace what was known of this node's carriers."""
    await tx.execute(rows.DELETE_STATUS_OF_NODE, node_id)
    await tx.insert(rows.INSERT_STATUS, [(node_id, one.carrier, _encode(one).decode(), now_ms) for one in standings])


async def list_standings(tx: Transaction, *, now_ms: int | None = None) -> list[CarrierStatus]:
    """List every carrier at every living node, with all that waits for it; ``now_ms`` is the database's own clock where
    it is not given."""
    waiting = await count_waiting(tx, now_ms=await tx.now_ms() if now_ms is None else now_ms)
    return [_with(one, waiting.get(one.carrier)) for one in await living_standings(tx)]


async def living_standings(tx: Transaction) -> list[CarrierStatus]:
    """List every carrier at every living node, without what waits for it."""
    living = await tx.select(rows.SELECT_STATUS, await tx.now_ms())
    return [replace(_decode(status), node=node, at_ms=at_ms) for node, _, status, at_ms in living]


def _with(standing: CarrierStatus, waiting: Waiting | None) -> CarrierStatus:
    parts, since_ms = (waiting.parts, waiting.oldest_ms) if waiting else (0, 0)
    return replace(standing, waiting_parts=parts, waiting_since_ms=since_ms)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CarrierStatus).decode
