"""Withdraw: what was stored though its caller had been told that it is not.

While a COMMIT is not answered nobody knows what became of it; a caller who has waited longer than the patience is told
"temporarily unavailable" all the same. Where it turns out that the COMMIT had succeeded, the messages are cancelled
before any of them can leave, and the credit comes back.

Some requests are never withdrawn, because another node may have answered a repeat by what it found of them: those with
a key of idempotency, and those of an account that filters duplicates. They are answered when it is known.
"""

from collections.abc import Sequence

from palomar.acceptance.accept import Accepted, Result
from palomar.acceptance.compose import Acceptance
from palomar.receipts.ending import end_part
from palomar.transaction import message_rows as rows
from palomar.transaction.work import Work
from palomar.vocabulary.message import PartId, State
from palomar.vocabulary.timeline import Kind

WHY = "its request was refused: the database had not answered in time"


def can_withdraw(command: Acceptance) -> bool:
    """Say whether no repeat of it can have been answered by what it left."""
    request = command.request
    return request.idempotency is None and not request.account.settings.duplicates_filter


async def withdraw(work: Work, accepted: Sequence[tuple[Acceptance, Result]]) -> int:
    """Cancel what these requests stored and has not left; how many messages another node had taken meanwhile."""
    missed = 0
    for _, result in accepted:
        if not isinstance(result, Accepted):
            continue
        ids = [message.row.id for message in result.messages if message.refused is None]
        part_ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, ids)] if ids else []
        known = await work.parts(part_ids)
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
    return missed
