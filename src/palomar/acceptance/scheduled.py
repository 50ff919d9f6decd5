"""Cancel scheduled messages, or send them at once.

A scheduled message is in the queue like any other, with a due time that is ahead; the claimer takes it when it is due
(``sending.claimer``). Until then it can be cancelled, which gives its credit back, or made due now.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.acceptance.filters import forget_scheduled, move_scheduled
from palomar.receipts.ending import end_part
from palomar.transaction import message_rows as rows
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import FINAL, MessageId, PartId, State
from palomar.vocabulary.timeline import MomentKind

AT_ONCE = 500
"""Messages that one transaction changes at most; the caller repeats it until none is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledChange:
    """The scheduled messages of an account that a command changes; an empty ``request_ref`` means all of them."""

    account_id: AccountId
    request_ref: str = ""


async def cancel(work: Work, orders: Sequence[ScheduledChange]) -> list[int]:
    """Cancel scheduled messages and give their credit back. Returns how many, at most AT_ONCE, for each order."""
    counts = []
    for order in orders:
        found = await _scheduled(work, order)
        ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, found)] if found else []
        known = await work.read_parts(ids)
        await forget_scheduled(work, work.context.accounts.get(order.account_id), found)
        for identity in ids:
            part = known[identity]
            if part.state not in FINAL:
                work.leave_queue(part)
                end_part(work, part, State.CANCELLED)
        counts.append(len(found))
    return counts


async def send_now(work: Work, orders: Sequence[ScheduledChange]) -> list[int]:
    """Make scheduled messages due now. Returns how many, at most AT_ONCE, for each order."""
    counts = []
    for order in orders:
        found = await _scheduled(work, order)
        account = work.context.accounts.get(order.account_id)
        await move_scheduled(work, account, found, due_ms=work.now_ms)
        for message_id in found:
            work.requeue(message_id, due_ms=work.now_ms, node_id=None)
            work.add_moment(
                message_id, MomentKind.SCHEDULED, {"due_ms": work.now_ms, "why": "its owner wants it sent now"}
            )
        counts.append(len(found))
    return counts


async def _scheduled(work: Work, order: ScheduledChange) -> list[MessageId]:
    if order.request_ref:
        found = await work.tx.select_locked(
            rows.SELECT_SCHEDULED_BY_REF, order.account_id, work.now_ms, order.request_ref, AT_ONCE
        )
    else:
        found = await work.tx.select_locked(rows.SELECT_SCHEDULED, order.account_id, work.now_ms, AT_ONCE)
    return [MessageId(row[0]) for row in found]
