"""Housekeeping: messages that no receipt will end any more."""

from collections.abc import Sequence

from palomar.domain.message import FINAL, MessageId, PartId, State
from palomar.flows.ending import end_part
from palomar.flows.work import Work
from palomar.storage import messages as rows


async def expire(work: Work, limits: Sequence[int]) -> list[int]:
    """Presume the end of messages whose validity and grace are over; how many, a command.

    A part that the carrier took, or never had, is ``expired``; one in doubt is ``unknown``. A real receipt may correct
    it once.
    """
    ended = []
    for limit in limits:
        found = await work.tx.select(rows.SELECT_OVERDUE, work.now_ms, limit)
        message_ids = [MessageId(row[0]) for row in found]
        await _expire(work, message_ids)
        ended.append(len(message_ids))
    return ended


async def _expire(work: Work, message_ids: list[MessageId]) -> None:
    if not message_ids:
        return
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, message_ids)]
    known = await work.parts(ids)
    for identity in ids:
        part = known[identity]
        if part.state in FINAL:
            continue
        in_doubt = part.state in (State.HELD, State.SUBMITTING)
        if part.state in (State.QUEUED, State.SUBMITTING):
            work.leave_queue(part)
        if in_doubt and part.sent_ms is None:
            work.settle_unanswered(part)
        end_part(work, part, State.UNKNOWN if in_doubt else State.EXPIRED, presumed=True)
