"""How each node's carriers stand, kept so that commands beside the servers, and other nodes, can see it."""

from dataclasses import dataclass, replace

import msgspec

from palomar.ports import LinkStatus
from palomar.storage import routing as rows
from palomar.storage.database import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierStanding:
    """One carrier at one node: its links, why it cannot be used (empty when it can), and the parts that wait for it in
    memory."""

    carrier: str
    links: tuple[LinkStatus, ...] = ()
    trouble: str = ""
    waiting_parts: int = 0
    node: str = ""
    at_ms: int = 0


async def record_standing(tx: Transaction, node_id: int, standings: list[CarrierStanding], *, now_ms: int) -> None:
    """Replace what was known of this node's carriers."""
    await tx.execute(rows.DELETE_STATUS_OF_NODE, node_id)
    await tx.insert(rows.INSERT_STATUS, [(node_id, one.carrier, _encode(one).decode(), now_ms) for one in standings])


async def list_standings(tx: Transaction) -> list[CarrierStanding]:
    """Every carrier at every living node."""
    living = await tx.select(rows.SELECT_STATUS, await tx.now_ms())
    return [replace(_decode(status), node=node, at_ms=at_ms) for node, _, status, at_ms in living]


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(CarrierStanding).decode
