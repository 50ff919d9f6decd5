"""Withdraw requests that were stored after their customers had got a refusal.

As long as the database does not answer a COMMIT, its outcome is unknown. A customer who has waited longer than the
limit of its step is refused as "temporarily unavailable". If the COMMIT turns out to have succeeded, the messages
are cancelled before any of them can leave, and the credit comes back.

Two kinds of request are never withdrawn, because another node may have answered a repeat by what it found of them:
those with an idempotency key, and those of an account that filters duplicates. They are answered when the outcome is
known.
"""

from collections.abc import Sequence

from palomar.acceptance.accept import Accepted, Result
from palomar.acceptance.compose import Acceptance
from palomar.receipts.ending import end_part
from palomar.transaction import message_rows as rows
from palomar.transaction.work import Work
from palomar.vocabulary.message import PartId, State
from palomar.vocabulary.timeline import MomentKind

WHY = "its request was refused: the database had not answered in time"


def can_withdraw(command: Acceptance) -> bool:
    """Return True if no repeat of the request can have been answered by what it stored."""
    request = command.request
    return request.idempotency is None and not request.account.settings.duplicates_filter


async def withdraw(work: Work, accepted: Sequence[tuple[Acceptance, Result]]) -> int:
    """Cancel what these requests stored and has not left. Returns how many parts another node had taken meanwhile."""
    missed = 0
    for _, result in accepted:
        if not isinstance(result, Accepted):
            continue
        ids = [message.row.id for message in result.messages if message.refused is None]
        part_ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, ids)] if ids else []
        known = await work.read_parts(part_ids)
        noted = set()
        for identity in part_ids:
            part = known[identity]
            if part.state is State.QUEUED or (part.state is State.SUBMITTING and part.attempt == 1):
                work.leave_queue(part)
                if part.message.id not in noted:
                    work.add_moment(part.message.id, MomentKind.DISCARDED, {"state": State.CANCELLED, "why": WHY})
                    noted.add(part.message.id)
                end_part(work, part, State.CANCELLED)
            else:
                missed += 1
    return missed
