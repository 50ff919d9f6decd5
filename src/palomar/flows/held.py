"""Held: parts that may or may not be with their carrier, and that a person wants sent once more.

What was counted before counts no longer, so the bounds begin anew. If every part of the message is held, the copies may
go by another carrier; a receipt of any copy still ends its part.
"""

from collections.abc import Sequence
from typing import Final

from palomar.domain.account import AccountId
from palomar.domain.message import MessageId, PartId, State
from palomar.domain.timeline import Kind
from palomar.flows.routing import UNROUTED
from palomar.flows.work import Work
from palomar.storage import doubts
from palomar.storage import messages as rows
from palomar.storage.database import Transaction

AT_ONCE: Final = 200
"""Messages a transaction sends at most."""


async def send_held(work: Work, orders: Sequence[Sequence[MessageId]]) -> list[int]:
    """Queue the held parts of these messages, AT_ONCE at most an order; how many messages had any."""
    return [await _send(work, order) for order in orders]


async def held_messages(tx: Transaction, account_id: AccountId) -> list[MessageId]:
    """List an account's messages of which a part is held, AT_ONCE at most, the oldest first."""
    return [MessageId(row[0]) for row in await tx.select(doubts.SELECT_HELD, account_id, AT_ONCE)]


async def _send(work: Work, message_ids: Sequence[MessageId]) -> int:
    wanted = sorted(message_ids)[:AT_ONCE]
    if not wanted:
        return 0
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, wanted)]
    known = await work.parts(ids)
    await work.doubts.load(ids)
    held = [known[identity] for identity in ids if known[identity].state is State.HELD]
    counts: dict[MessageId, int] = {}
    for part in held:
        counts[part.message.id] = counts.get(part.message.id, 0) + 1
    for part in held:
        message = part.message
        work.doubts.forget(part)
        carrier = UNROUTED if counts[message.id] == message.parts else message.carrier
        work.return_to_queue(part, due_ms=work.now_ms, carrier=carrier)
        work.note(message.id, Kind.RELEASED, {"part": part.number, "why": "a person wants it sent once more"})
    return len(counts)
