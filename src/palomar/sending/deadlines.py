"""Ends messages that had not left at their lane's deadline, as expired; they cost nothing.

A part of which a copy may have left is not sent again either: it is held until its receipt comes. Not
here: moving messages that are late to another carrier (``failover``).
"""

from collections.abc import Sequence

from palomar.billing.ledger_rows import Reason
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import end_part, hold
from palomar.transaction import message_rows as rows
from palomar.transaction.work import Work
from palomar.vocabulary.message import MessageId, PartId, State
from palomar.vocabulary.timeline import MomentKind

AT_ONCE = 500
"""Messages that a transaction ends at most."""


async def end_stale(work: Work, limits: Sequence[int]) -> list[int]:
    """End messages past their deadline, at most each limit; return how many were looked at, for each limit. Parts that
    are under way end by their answers instead."""
    counts = []
    for limit in limits:
        found = await work.tx.select_locked(rows.SELECT_STALE, work.now_ms, limit, lock="skip")
        message_ids = [MessageId(row[0]) for row in found]
        if message_ids:
            await _end(work, message_ids)
        counts.append(len(message_ids))
    return counts


async def _end(work: Work, message_ids: Sequence[MessageId]) -> None:
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, message_ids)]
    known = await work.read_parts(ids)
    await Doubts.of(work).load(ids)
    noted: set[MessageId] = set()
    for identity in ids:
        part = known[identity]
        if part.state is not State.QUEUED:
            continue
        if part.message.id not in noted:
            noted.add(part.message.id)
            work.add_moment(part.message.id, MomentKind.STALE, {"why": "it had not left when its lane's time was over"})
        if Doubts.of(work).is_open(part):
            hold(work, part)
        else:
            work.leave_queue(part)
            end_part(work, part, State.EXPIRED, reason=Reason.UNSENT)
