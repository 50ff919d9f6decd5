"""Counts the parts that are due and that no carrier has taken, by the carrier that they wait for.

The rows of the database are counted: they include the parts in the send queues of all nodes. Not here: why they wait
(``sending.stalled`` for a carrier, ``reports.waits`` for one message).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from palomar.storage.database import Transaction

COUNT_WAITING = (
    "SELECT carrier, sum(parts), count(*), min(due_ms) FROM queue WHERE due_ms <= ? GROUP BY carrier ORDER BY carrier"
)
OLDEST_UNCLAIMED = "SELECT min(due_ms) FROM queue WHERE carrier = ? AND rank = ? AND node_id IS NULL"
_RANKS = (0, 1, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingCount:
    """The parts and messages that wait for one carrier, and since when the oldest may leave (wall milliseconds)."""

    parts: int
    messages: int
    oldest_ms: int


async def count_waiting(tx: Transaction, *, now_ms: int) -> dict[str, WaitingCount]:
    """Count what is due, by carrier; messages that are not routed yet are under the empty name."""
    return {
        str(carrier): WaitingCount(parts=int(parts), messages=int(messages), oldest_ms=int(oldest_ms))
        for carrier, parts, messages, oldest_ms in await tx.select(COUNT_WAITING, now_ms)
    }


async def find_oldest_unclaimed(tx: Transaction, carriers: Sequence[str], *, now_ms: int) -> Mapping[str, int]:
    """Find since when (wall milliseconds) the oldest message waits that no node has claimed, by carrier; a carrier
    without any is left out."""
    found: dict[str, int] = {}
    for carrier in carriers:
        for rank in _RANKS:
            ((due_ms,),) = await tx.select(OLDEST_UNCLAIMED, carrier, rank)
            if due_ms is not None and due_ms <= now_ms:
                found[carrier] = min(due_ms, found.get(carrier, due_ms))
    return found
