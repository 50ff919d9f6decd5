"""Callbacks as people see them: which wait, which have failed for good, and failed ones tried again from the start."""

from dataclasses import dataclass

from palomar.domain.account import AccountId
from palomar.storage import webhooks as rows
from palomar.storage.database import Transaction
from palomar.storage.webhooks import WebhookRow, webhook_rows

PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback of the outbox; ``about_inbound`` where it is no message's but tells what a phone wrote."""

    webhook: WebhookRow
    about_inbound: bool


async def list_callbacks(
    tx: Transaction, *, failed: bool, account_id: AccountId | None, after: int = 0
) -> list[Callback]:
    """A page of callbacks that have not succeeded, oldest first; the next page is after the last id of this one."""
    sql, values = rows.SELECT_OPEN, [after]
    if failed:
        sql += " AND w.failed = 1"
    if account_id is not None:
        sql += " AND w.account_id = ?"
        values.append(account_id)
    found = await tx.select(f"{sql} ORDER BY w.id LIMIT ?", *values, PAGE)
    webhooks = webhook_rows(row[:-1] for row in found)
    return [
        Callback(webhook=webhook, about_inbound=row[-1] is None) for webhook, row in zip(webhooks, found, strict=True)
    ]


async def owner_of(tx: Transaction, callback_id: int) -> AccountId | None:
    """Whose callback it is; None if it is not in the outbox."""
    return next((webhook.account_id for webhook in await _find(tx, callback_id)), None)


async def replay(tx: Transaction, callback_id: int, *, now_ms: int) -> bool:
    """Try a failed callback again, with all its attempts; False if there is no such failed one."""
    return await tx.execute(rows.REPLAY, now_ms, callback_id) == 1


async def replay_all(tx: Transaction, *, account_id: AccountId | None, now_ms: int) -> int:
    """As :func:`replay` for at most PAGE failed ones; how many. Call it again until there are none."""
    if account_id is None:
        return await tx.execute(rows.REPLAY_SOME, now_ms, PAGE)
    return await tx.execute(rows.REPLAY_SOME_OF, now_ms, account_id, PAGE)


async def _find(tx: Transaction, callback_id: int) -> list[WebhookRow]:
    return webhook_rows(await tx.lookup(rows.LOOKUP_WEBHOOKS, [callback_id]))
