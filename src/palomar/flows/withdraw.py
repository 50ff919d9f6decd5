"""Withdraw: what was stored though its caller had been told that it is not.

While a COMMIT is not answered nobody knows what became of it; a caller who has waited longer than the patience is told
"temporarily unavailable" all the same. Where it turns out that the COMMIT had succeeded, the messages are cancelled
before any of them can leave: credit comes back, a key of idempotency is free again, and no repeat is a duplicate.
"""

from collections.abc import Sequence

from palomar.domain.message import PartId, State
from palomar.domain.timeline import Kind
from palomar.flows.accept import Accepted, Result
from palomar.flows.compose import Acceptance
from palomar.flows.ending import end_part
from palomar.flows.filters import forget_scheduled
from palomar.flows.work import Work
from palomar.storage import messages as rows
from palomar.storage import platform

WHY = "its request was refused: the database had not answered in time"


async def withdraw(work: Work, accepted: Sequence[tuple[Acceptance, Result]]) -> int:
    """Cancel what these requests stored and has not left; how many messages another node had taken meanwhile."""
    missed = 0
    for command, result in accepted:
        if not isinstance(result, Accepted):
            continue
        ids = [message.row.id for message in result.messages if message.refused is None]
        part_ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, ids)] if ids else []
        known = await work.parts(part_ids)
        await forget_scheduled(work, command.request.account, ids)
        told = set()
        for identity in part_ids:
            part = known[identity]
            if part.state is State.QUEUED or (part.state is State.SUBMITTING and part.attempt == 1):
                work.leave_queue(part)
                if part.message.id not in told:
                    work.note(part.message.id, Kind.DISCARDED, {"state": State.CANCELLED, "why": WHY})
                    told.add(part.message.id)
                end_part(work, part, State.CANCELLED)
            else:
                missed += 1
        key = command.request.idempotency
        if key is not None:
            await work.tx.delete(platform.DELETE_IDEMPOTENCY, [key.scope])
    return missed
