"""Housekeeping: the presumed end of messages without a receipt, and the deletion of rows after their retention."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from palomar.acceptance import recent_sends
from palomar.acceptance.recent_sends import SAME_WITHIN_MS
from palomar.access import user_rows
from palomar.access.lockout import FORGOTTEN_MS
from palomar.accounts import known_callers, token_rows
from palomar.accounts.known_callers import KEPT_AT_MOST, KNOWN_MS
from palomar.billing.ledger import Ledger
from palomar.billing.ledger_rows import Reason
from palomar.callbacks import target_rows
from palomar.inbound import inbound_rows
from palomar.receipts import doubt_rows, oddities, orphan_rows
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import end_part
from palomar.reports import count_rows
from palomar.reports.buckets import COUNTS_KEPT_MS, Bucket
from palomar.storage.database import Transaction
from palomar.transaction import message_rows as rows
from palomar.transaction.idempotency import FORGET_ANSWERS, KEPT_MS
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.message import FINAL, MessageId, PartId, State


async def expire(work: Work, limits: Sequence[int]) -> list[int]:
    """End messages whose validity and grace are over, at most ``limit`` a command; return how many ended for each.

    A part that the carrier took, or never had, is ``expired``; one in doubt is ``unknown``: it stays paid for, unless
    its account wants the credit of such parts back. A real receipt may correct the state once.
    """
    ended = []
    for limit in limits:
        found = await work.tx.select(rows.SELECT_OVERDUE, work.now_ms, limit)
        message_ids = [MessageId(row[0]) for row in found]
        await _expire(work, message_ids)
        ended.append(len(message_ids))
    return ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """A kind of rows and how long they are kept; ``sql`` deletes those made before a time, at most so many."""

    what: str
    sql: LiteralString
    for_ms: int


_DAY_MS = 86_400_000
RETENTIONS = (
    Retention(what="answers under idempotency keys", sql=FORGET_ANSWERS, for_ms=KEPT_MS),
    Retention(what="tokens after their end", sql=token_rows.FORGET_TOKENS, for_ms=30 * _DAY_MS),
    Retention(what="digests of the duplicates filter", sql=recent_sends.FORGET_OLD_RECENT, for_ms=SAME_WITHIN_MS),
    Retention(what="sessions of the console after their end", sql=user_rows.FORGET_SESSIONS, for_ms=_DAY_MS),
    Retention(what="failures to log in", sql=user_rows.FORGET_FAILURES, for_ms=FORGOTTEN_MS),
    Retention(what="logins known from an address", sql=known_callers.FORGET_CALLERS, for_ms=KNOWN_MS),
    Retention(what="proxies that nobody trusts", sql=known_callers.FORGET_PROXIES, for_ms=30 * _DAY_MS),
    Retention(what="orphan receipts", sql=orphan_rows.FORGET_ORPHANS, for_ms=7 * _DAY_MS),
    Retention(what="oddities of carriers", sql=oddities.FORGET_ODDITIES, for_ms=30 * _DAY_MS),
    Retention(what="copies in doubt", sql=doubt_rows.FORGET_DOUBTS, for_ms=7 * _DAY_MS),
    Retention(what="targets of callbacks that failed", sql=target_rows.FORGET_TARGETS, for_ms=30 * _DAY_MS),
    Retention(what="links that broke", sql=inbound_rows.FORGET_BROKEN_LINKS, for_ms=_DAY_MS),
    Retention(what="counts by the minute", sql=count_rows.FORGET_MINUTES, for_ms=COUNTS_KEPT_MS[Bucket.MINUTE]),
    Retention(what="counts by the hour", sql=count_rows.FORGET_HOURS, for_ms=COUNTS_KEPT_MS[Bucket.HOUR]),
)
"""All retentions. Kept answers and orphans are counted from when they came, tokens and sessions from their end."""

DELETE_AT_ONCE = 500


async def delete_old(tx: Transaction, retention: Retention, *, now_ms: int) -> int:
    """Delete a slice of the rows that are older than their retention; return how many."""
    return await tx.execute(retention.sql, now_ms - retention.for_ms, DELETE_AT_ONCE)


async def delete_surplus_callers(tx: Transaction, kept: int = KEPT_AT_MOST) -> int:
    """Delete the oldest known callers beyond the number that is kept; return how many."""
    return await tx.execute(known_callers.FORGET_SURPLUS_CALLERS, kept - 1)


async def _expire(work: Work, message_ids: list[MessageId]) -> None:
    if not message_ids:
        return
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, message_ids)]
    known = await work.read_parts(ids)
    await Doubts.of(work).load(identity for identity in ids if known[identity].state is State.QUEUED)
    for identity in ids:
        part = known[identity]
        if part.state in FINAL:
            continue
        in_doubt = part.state in (State.HELD, State.SUBMITTING) or Doubts.of(work).is_open(part)
        if part.state in (State.QUEUED, State.SUBMITTING):
            work.leave_queue(part)
        if not in_doubt:
            end_part(work, part, State.EXPIRED, presumed=True, reason=Reason.UNSENT)
        else:
            _end_unknown(work, part)


def _end_unknown(work: Work, part: OpenPart) -> None:
    account = work.context.accounts.get(part.message.account_id)
    if part.sent_ms is None and not (account and account.settings.refund_unknown):
        Ledger.of(work).settle_unanswered(part, reason=Reason.UNKNOWN)
    end_part(work, part, State.UNKNOWN, presumed=True, reason=Reason.UNKNOWN_BACK)
