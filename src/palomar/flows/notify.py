"""Notify: the outbox of callbacks. Each attempt is recorded; a failed one is planned again or kept as failed."""

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from palomar.domain.timeline import Detail, Kind
from palomar.flows.work import Work
from palomar.ports import HttpOutcome, WebhookRenderer
from palomar.storage import webhooks as rows
from palomar.storage.webhooks import WebhookRow


class Attempt(Struct, frozen=True):
    """One attempt of a callback, and how it ended."""

    webhook: WebhookRow
    outcome: HttpOutcome


async def record_attempts(work: Work, attempts: Sequence[Attempt]) -> list[None]:
    """Success leaves the outbox; failure waits, unclaimed, for its next attempt, or stays as failed for a replay."""
    for attempt in attempts:
        webhook, outcome = attempt.webhook, attempt.outcome
        if outcome.ok:
            work.webhook_done(webhook.id)
            work.note(webhook.message_id, Kind.CALLBACK, _detail(webhook, outcome))
            continue
        next_ms = _next_ms(work.house.renderers, webhook, work.now_ms)
        waiting = structs.replace(
            webhook,
            attempts=webhook.attempts + 1,
            failed=0 if next_ms is not None else 1,
            due_ms=work.now_ms if next_ms is None else next_ms,
            node_id=None,
        )
        work.webhook_changed(waiting)
        detail = _detail(webhook, outcome) | {"error": outcome.error, "next_ms": next_ms}
        work.note(webhook.message_id, Kind.CALLBACK_FAILED, detail)
    return [None] * len(attempts)


async def claim_webhooks(work: Work, limits: Sequence[int]) -> list[list[WebhookRow]]:
    """Take due callbacks that nobody has, oldest first, at most ``limit`` a command."""
    claimed: list[list[WebhookRow]] = []
    taken: set[int] = set()
    for limit in limits:
        if limit <= 0 or not await work.holds_lease():
            claimed.append([])
            continue
        due = rows.webhook_rows(await work.tx.select_locked(rows.SELECT_DUE, work.now_ms, limit, lock="skip"))
        found = [webhook for webhook in due if webhook.id not in taken]
        for webhook in found:
            taken.add(webhook.id)
            webhook.node_id = work.house.node_id
            work.webhook_changed(webhook)
        claimed.append(found)
    return claimed


def _next_ms(renderers: Mapping[str, WebhookRenderer], webhook: WebhookRow, now_ms: int) -> int | None:
    renderer = renderers.get(webhook.dialect)
    waits = renderer.retry_seconds if renderer else ()
    if webhook.attempts >= len(waits):
        return None
    return now_ms + waits[webhook.attempts] * 1_000


def _detail(webhook: WebhookRow, outcome: HttpOutcome) -> Detail:
    detail: Detail = {
        "url": webhook.url,
        "attempt": webhook.attempts + 1,
        "status": outcome.status,
        "elapsed_ms": outcome.elapsed_ms,
    }
    if webhook.body is not None:  # of a POST: the URL does not say what was told
        detail["body"] = webhook.body.decode("utf-8", "replace")
    if outcome.body_start:
        detail["answer"] = outcome.body_start.decode("utf-8", "replace")
    return detail
