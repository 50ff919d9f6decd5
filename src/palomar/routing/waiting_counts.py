"""What waits: parts that are due and have not been taken by a carrier, by the carrier that they wait for.

Asked of the database, which knows them whether a line in memory holds them or not. Not here: why they wait
(``sending.stalled`` for a carrier, ``reports.why`` for one message).
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
class Waiting:
    """Parts and messages that wait for one carrier, and since when the oldest may leave (wall milliseconds)."""

    parts: int
    messages: int
    oldest_ms: int


async def count_waiting(tx: Transaction, *, now_ms: int) -> dict[str, Waiting]:
    """Count what is due, by carrier (by the empty name what nobody has routed yet); none is left out that has any."""
    return {
        str(carrier): Waiting(parts=int(parts), messages=int(messages), oldest_ms=int(oldest_ms))
        for carrier, parts, messages, oldest_ms in await tx.select(COUNT_WAITING, now_ms)
    }


async def oldest_unclaimed(tx: Transaction, carriers: Sequence[str], *, now_ms: int) -> Mapping[str, int]:
    """Find since when the oldest message waits that no node has, for each carrier that has one."""
    found: dict[str, int] = {}
    for carrier in carriers:
        for rank in _RANKS:
            ((due_ms,),) = await tx.select(OLDEST_UNCLAIMED, carrier, rank)
            if due_ms is not None and due_ms <= now_ms:
                found[carrier] = min(due_ms, found.get(carrier, due_ms))
    return found
