"""Callbacks as people see them: which wait, which have failed for good, and failed ones tried again from the start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, LiteralString

from palomar.callbacks import callback_rows as rows
from palomar.callbacks import target_rows as targets
from palomar.callbacks.callback_rows import CallbackRow, read_callbacks
from palomar.callbacks.target_rows import TargetRow
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt
from palomar.vocabulary.account import AccountId

Standing = Literal["failed", "failing", "waiting"]
FAILED: Final[Standing] = "failed"
FAILING: Final[Standing] = "failing"
WAITING: Final[Standing] = "waiting"
"""How a callback stands that has not succeeded: given up, failed and tried again, not tried yet."""
_CONDITIONS: Final[Mapping[Standing, LiteralString]] = {
    FAILED: "w.failed = 1",
    FAILING: "w.failed = 0 AND w.attempts > 0",
    WAITING: "w.failed = 0 AND w.attempts = 0",
}
PAGE = 500
KEPT_COUNTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback of the outbox; ``about_inbound`` where it is no message's but tells what a phone wrote."""

    row: CallbackRow
    about_inbound: bool


async def list_callbacks(
    tx: Transaction, standing: Standing, *, account_id: AccountId | None, after: int = 0
) -> list[Callback]:
    """A page of callbacks that have not succeeded, oldest first; the next page is after the last id of this one."""
    sql, values = f"{rows.SELECT_OPEN} AND {_CONDITIONS[standing]}", [after]
    if account_id is not None:
        sql += " AND w.account_id = ?"
        values.append(account_id)
    found = await tx.select(f"{sql} ORDER BY w.id LIMIT ?", *values, PAGE)
    callbacks = read_callbacks(row[:-1] for row in found)
    return [
        Callback(row=callback, about_inbound=row[-1] is None) for callback, row in zip(callbacks, found, strict=True)
    ]


async def owner_of(tx: Transaction, callback_id: int) -> AccountId | None:
    """Whose callback it is; None if it is not in the outbox."""
    return next((callback.account_id for callback in await _find(tx, callback_id)), None)


async def replay(tx: Transaction, callback_id: int, *, now_ms: int) -> bool:
    """Try a failed callback again, with all its attempts; False if there is no such failed one. A target that was off
    is tried again."""
    await tx.execute(targets.RESUME_OF_CALLBACK, callback_id)
    return await tx.execute(rows.REPLAY, now_ms, callback_id) == 1


async def replay_all(tx: Transaction, *, account_id: AccountId | None, now_ms: int) -> int:
    """As :func:`replay` for at most PAGE failed ones; how many. Call it again until there are none."""
    if account_id is None:
        await tx.execute(targets.RESUME_ALL)
        return await tx.execute(rows.REPLAY_SOME, now_ms, PAGE)
    await tx.execute(targets.RESUME_ALL_OF, account_id)
    return await tx.execute(rows.REPLAY_SOME_OF, now_ms, account_id, PAGE)


async def off_targets(tx: Transaction, *, account_id: AccountId | None = None) -> list[TargetRow]:
    """List the targets that are off, of all accounts or of one; at most PAGE."""
    if account_id is None:
        found = await tx.select(targets.SELECT_OFF, 0, PAGE)
    else:
        found = await tx.select(targets.SELECT_OFF_OF, account_id, PAGE)
    return [targets.target_row(row) for row in found]


async def off_words(tx: Transaction) -> list[str]:
    """Say what is off, a sentence each, for an operator."""
    logins = {row[0]: str(row[1]) for row in await tx.select(targets.SELECT_LOGINS)}
    return [
        f"callbacks of {logins.get(target.account_id, 'nobody')} to {target.origin} are off since"
        f" {format_gmt(target.off_ms or 0)} GMT, after {target.failures} failures (palomar callback resume)"
        for target in await off_targets(tx)
    ]


async def count_kept(tx: Transaction, target: int) -> int:
    """Count the callbacks to a target that are kept as failed; where there are very many, KEPT_COUNTED."""
    return int((await tx.select(targets.COUNT_KEPT, target, KEPT_COUNTED))[0][0])


async def resume(tx: Transaction, target: int, *, now_ms: int) -> int:
    """Try a target again that is off, and at most PAGE callbacks to it that are kept as failed, the oldest first;
    how many. Call it again until there are none."""
    await tx.execute(targets.RESUME, target)
    return await tx.execute(rows.REPLAY_SOME_TO, now_ms, target, PAGE)


async def _find(tx: Transaction, callback_id: int) -> list[CallbackRow]:
    return read_callbacks(await tx.lookup(rows.LOOKUP_CALLBACKS, [callback_id]))
