"""Sends held parts once more, on the order of a person.

It is unknown whether their carriers have such parts. The copies so far are counted no longer, so the bounds of
resending begin anew. If every part of a message is held, the new copies may go by another carrier. A receipt of any
copy ends its part.

Not here: resending a part within its bounds (``in_doubt``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from palomar.receipts import doubt_rows
from palomar.receipts.doubts import Doubts
from palomar.routing.route_chooser import UNROUTED
from palomar.storage.database import Transaction
from palomar.transaction import message_rows as rows
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.message_rows import message_rows
from palomar.transaction.work import Work
from palomar.vocabulary.access import Scope
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, PartId, State
from palomar.vocabulary.timeline import MomentKind

AT_ONCE: Final = 200
"""Messages that a transaction queues at most."""


async def resend_held_parts(work: Work, orders: Sequence[Sequence[MessageId]]) -> list[int]:
    """Queue the held parts of each order's messages, at most AT_ONCE messages; return how many had any."""
    return [await _send(work, order) for order in orders]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResendMessage:
    """An order to send a held message once more, of a person with that scope."""

    message_id: MessageId
    scope: Scope


async def resend_message(work: Work, commands: Sequence[ResendMessage]) -> list[bool | None]:
    """Queue the held parts of each message; return False where none is held, None where it is out of scope."""
    results: list[bool | None] = []
    for command in commands:
        found = message_rows(await work.tx.lookup(rows.LOOKUP_MESSAGES, [command.message_id]))
        if found and command.scope.includes(found[0].account_id):
            results.append(await _send(work, [command.message_id]) == 1)
        else:
            results.append(None)
    if any(results):
        await work.tx.execute(BUMP_VERSION)
    return results


async def list_held_messages(tx: Transaction, account_id: AccountId) -> list[MessageId]:
    """List an account's messages with a held part, at most AT_ONCE, the oldest first."""
    return [MessageId(row[0]) for row in await tx.select(doubt_rows.SELECT_HELD, account_id, AT_ONCE)]


async def _send(work: Work, message_ids: Sequence[MessageId]) -> int:
    wanted = sorted(message_ids)[:AT_ONCE]
    if not wanted:
        return 0
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, wanted)]
    known = await work.read_parts(ids)
    await Doubts.of(work).load(ids)
    held = [known[identity] for identity in ids if known[identity].state is State.HELD]
    counts: dict[MessageId, int] = {}
    for part in held:
        counts[part.message.id] = counts.get(part.message.id, 0) + 1
    for part in held:
        message = part.message
        Doubts.of(work).restart_count(part)
        carrier = UNROUTED if counts[message.id] == message.parts else message.carrier
        work.return_to_queue(part, due_ms=work.now_ms, carrier=carrier)
        work.add_moment(
            message.id, MomentKind.RELEASED, {"part": part.number, "why": "a person wants it sent once more"}
        )
    return len(counts)
