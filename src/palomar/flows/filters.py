"""Filters: a message each, never an error of the request. What they discard is kept, not sent, not charged.

Judged in the transaction that accepts, because two requests at once must not both be the first; and again when a
scheduled message is due, because a phone may have opted out meanwhile.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from palomar.domain.account import Account, AccountId
from palomar.domain.message import State
from palomar.domain.refusals import Refusal
from palomar.flows.work import Work
from palomar.storage import filters as rows

if TYPE_CHECKING:
    from palomar.flows.accept import Acceptance, NewMessage

SAME_WITHIN_MS = 60 * 60_000
"""A duplicate is the same text to the same number from the same account within this time (FOXSYS's page)."""
DAY_MS = 86_400_000
EVERYBODY = AccountId(0)
"""The account whose black list holds for all."""

Verdict = tuple[State, str]


async def judge(work: Work, commands: Sequence["Acceptance"]) -> None:
    """Give each message of these requests the verdict of the black lists and of the duplicates filter."""
    messages = [m for command in commands for m in command.messages if m.row.final_ms is None]
    for message in messages:
        message.verdict = None
    if work.house.has_blocked_numbers:
        await _judge_blocked(work, messages)
    filtering = [c for c in commands if c.request.account.settings.duplicates_filter and not c.request.nofilter]
    if filtering:
        await _judge_duplicates(work, filtering)


async def count_day(work: Work, commands: Sequence["Acceptance"]) -> list[Refusal | None]:
    """Count each request against its account's day; the refusal of one that would go over its limit."""
    limited = {c.account_id for c in commands if c.request.account.settings.messages_a_day}
    if not limited:
        return [None] * len(commands)
    day = work.now_ms // DAY_MS
    await work.load_days(limited, day)
    verdicts: list[Refusal | None] = []
    for command in commands:
        limit = command.request.account.settings.messages_a_day
        count = sum(1 for message in command.messages if message.counts)
        over = bool(limit) and not work.count_today(command.account_id, count, limit=limit)
        verdicts.append(Refusal.DAILY_LIMIT if over else None)
    return verdicts


async def blocked_now(
    work: Work, account: Account | None, numbers: Iterable[str], account_id: AccountId
) -> dict[str, str]:
    """Numbers that get nothing from this account now, each with why; for scheduled messages that are due."""
    wanted = sorted(set(numbers))
    if account is None or not account.enabled or not account.may_send:
        return dict.fromkeys(wanted, "the account may not send any more")
    if not work.house.has_blocked_numbers:
        return {}
    return await _why_blocked(work, account_id, wanted)


async def _judge_blocked(work: Work, messages: Sequence["NewMessage"]) -> None:
    numbers = sorted({message.row.msisdn for message in messages})
    found = await work.tx.lookup(rows.LOOKUP_BLOCKED, numbers)
    why = {(owner, msisdn): _reason(word) for owner, msisdn, word in found}
    for message in messages:
        row = message.row
        reason = why.get((row.account_id, row.msisdn)) or why.get((EVERYBODY, row.msisdn))
        if reason:
            message.verdict = (State.BLOCKED, reason)


async def _why_blocked(work: Work, account_id: AccountId, numbers: Sequence[str]) -> dict[str, str]:
    found = await work.tx.lookup(rows.LOOKUP_BLOCKED, numbers)
    return {msisdn: _reason(word) for owner, msisdn, word in found if owner in (account_id, EVERYBODY)}


async def _judge_duplicates(work: Work, commands: Sequence["Acceptance"]) -> None:
    by_digest: dict[bytes, list[NewMessage]] = {}
    for command in commands:
        for message in command.messages:
            if message.counts:
                by_digest.setdefault(_digest(message), []).append(message)
    found = {row[0]: row[1] for row in await work.tx.lookup(rows.LOOKUP_RECENT, sorted(by_digest))}
    for digest, messages in by_digest.items():
        seen = found.get(digest, 0) > work.now_ms - SAME_WITHIN_MS
        for message in messages if seen else messages[1:]:
            message.verdict = (State.DUPLICATED, "the same text went to this number within the hour")
        if not seen:
            work.remember_sent(digest)


def _digest(message: "NewMessage") -> bytes:
    row = message.row
    text = f"{row.account_id}\0{row.msisdn}\0{row.text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).digest()[:16]


def _reason(word: str) -> str:
    return f"the phone wrote {word}" if word else "the number is on the black list"
