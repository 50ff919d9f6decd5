"""Attempts of callbacks: each is recorded; a callback that failed is planned again or kept as failed.

Not here: which callbacks a node claims next (``claim``).
"""

from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from msgspec import Struct, structs

from palomar.callbacks import callback_rows as rows
from palomar.callbacks import target_rows as targets
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.outbox import CallbackContext, Outbox
from palomar.callbacks.target_rows import TargetRow
from palomar.ports import CallbackRenderer, HttpOutcome
from palomar.transaction.work import Work
from palomar.vocabulary.backoff import CALLBACK_WAITS, next_attempt_ms
from palomar.vocabulary.timeline import Detail, MomentKind


class Attempt(Struct, frozen=True):
    """One attempt of a callback, and how it ended; ``recovers`` where its target had failed before."""

    callback: CallbackRow
    outcome: HttpOutcome
    recovers: bool = False


async def record_attempts(work: Work, attempts: Sequence[Attempt]) -> list[None]:
    """Delete callbacks that succeeded. Let those that failed wait, unclaimed, for the next attempt; after the last one
    keep them as failed, for a replay."""
    failed: dict[int, list[CallbackRow]] = {}
    recovered: set[int] = set()
    outbox, succeeded = Outbox.of(work), MomentKind.CALLBACK
    for attempt in attempts:
        callback, outcome = attempt.callback, attempt.outcome
        if outcome.ok:
            outbox.done(callback.id)
            work.add_moment(callback.message_id, succeeded, _detail(callback, outcome, ok=True))
            if attempt.recovers:
                recovered.add(callback.target)
                failed.pop(callback.target, None)
            continue
        next_ms = _next_ms(CallbackContext.of(work.context).renderers, callback, work.now_ms)
        waiting = structs.replace(
            callback,
            attempts=callback.attempts + 1,
            failed=0 if next_ms is not None else 1,
            due_ms=work.now_ms if next_ms is None else next_ms,
            node_id=None,
        )
        outbox.change(waiting)
        detail = _detail(callback, outcome, ok=False) | {"error": outcome.error, "next_ms": next_ms}
        work.add_moment(callback.message_id, MomentKind.CALLBACK_FAILED, detail)
        failed.setdefault(callback.target, []).append(callback)
    if recovered:
        await work.tx.delete(targets.DELETE_TARGETS, sorted(recovered))
    if failed:
        await _count_failures(work, failed)
    return [None] * len(attempts)


async def release_callbacks(work: Work, slices: Sequence[Sequence[CallbackRow]]) -> list[None]:
    """Return callbacks that this node has claimed and not begun to the table, until their target has room."""
    for callbacks in slices:
        for callback in callbacks:
            callback.node_id = None
            Outbox.of(work).change(callback)
    return [None] * len(slices)


async def pass_over(work: Work, commands: Sequence[Collection[int]]) -> list[None]:
    """Delete callbacks, by their ids, that nobody needs any more: a later state of their message has been told."""
    ids = sorted({identity for command in commands for identity in command})
    for callback in rows.read_callbacks(await work.tx.lookup(rows.LOOKUP_CALLBACKS, ids)):
        if callback.node_id is None or callback.node_id == work.context.node_id:
            drop_overtaken(work, callback)
    return [None] * len(commands)


def drop_overtaken(work: Work, callback: CallbackRow) -> None:
    """Delete a callback that a later state of its message has overtaken, and note that in the timeline."""
    Outbox.of(work).done(callback.id)
    work.add_moment(callback.message_id, MomentKind.PASSED_OVER, {"url": callback.url, "attempts": callback.attempts})


async def _count_failures(work: Work, failed: Mapping[int, Sequence[CallbackRow]]) -> None:
    """Note since when each of these targets fails and how often. Switch off those that have failed for too long."""
    known = {
        target.id: target
        for target in map(targets.target_row, await work.tx.lookup(targets.LOOKUP_TARGETS, sorted(failed)))
    }
    new: list[TargetRow] = []
    for identity, callbacks in failed.items():
        target = known.get(identity)
        if target is None:
            first = callbacks[0]
            target = TargetRow(
                id=identity,
                account_id=first.account_id,
                origin=_origin(first.url),
                since_ms=work.now_ms,
                failures=0,
            )
            new.append(target)
        target.failures += len(callbacks)
        is_over = CallbackContext.of(work.context).off_after.is_over(
            since_ms=target.since_ms, failures=target.failures, now_ms=work.now_ms
        )
        if is_over and target.off_ms is None:
            target.off_ms = work.now_ms
            Outbox.of(work).targets_off.append(target)
    if new:
        await work.tx.insert_new(targets.INSERT_TARGETS, [target.row() for target in new])
    if known:
        await work.tx.update(targets.UPDATE_TARGETS, [(t.id, t.failures, t.off_ms) for t in known.values()])


def _origin(url: str) -> str:
    """Return scheme and host of a URL, to be shown to people; empty for what is no URL."""
    try:
        parts = urlsplit(url)
        return f"{parts.scheme.lower()}://{parts.netloc.rpartition('@')[2].lower()}"
    except ValueError:
        return ""


def _next_ms(renderers: Mapping[str, CallbackRenderer], callback: CallbackRow, now_ms: int) -> int | None:
    renderer = renderers.get(callback.dialect)
    waits = renderer.retry_seconds if renderer else CALLBACK_WAITS
    return next_attempt_ms(waits, attempts_made=callback.attempts + 1, now_ms=now_ms)


def _detail(callback: CallbackRow, outcome: HttpOutcome, *, ok: bool) -> Detail:
    detail: Detail = {
        "url": callback.url,
        "attempt": callback.attempts + 1,
        "status": outcome.status,
        "elapsed_ms": outcome.elapsed_ms,
    }
    if ok and callback.step > 1:  # earlier ones of the message need not be told any more
        detail["callback"] = callback.id
    if callback.body is not None:  # of a POST: the URL does not say what was told
        detail["body"] = callback.body.decode("utf-8", "replace")
    if outcome.body_start:
        detail["answer"] = outcome.body_start.decode("utf-8", "replace")
    return detail
