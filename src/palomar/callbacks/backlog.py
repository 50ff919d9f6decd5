"""Callbacks that have not succeeded, for people: lists of them, and commands that try failed ones again."""

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

CallbackState = Literal["failed", "failing", "waiting"]
FAILED: Final[CallbackState] = "failed"
FAILING: Final[CallbackState] = "failing"
WAITING: Final[CallbackState] = "waiting"
"""States of a callback that has not succeeded: given up, failed and planned again, not tried yet."""
_CONDITIONS: Final[Mapping[CallbackState, LiteralString]] = {
    FAILED: "c.failed = 1",
    FAILING: "c.failed = 0 AND c.attempts > 0",
    WAITING: "c.failed = 0 AND c.attempts = 0",
}
PAGE = 500
KEPT_COUNTED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A callback that has not succeeded; ``about_inbound`` if it tells what a phone wrote, not what became of a
    message."""

    row: CallbackRow
    about_inbound: bool


async def list_callbacks(
    tx: Transaction, state: CallbackState, *, account_id: AccountId | None, after: int = 0
) -> list[Callback]:
    """List at most PAGE callbacks in a state, oldest first; the next page is ``after`` the last id of this one."""
    sql, values = f"{rows.SELECT_OPEN} AND {_CONDITIONS[state]}", [after]
    if account_id is not None:
        sql += " AND c.account_id = ?"
        values.append(account_id)
    found = await tx.select(f"{sql} ORDER BY c.id LIMIT ?", *values, PAGE)
    callbacks = read_callbacks(row[:-1] for row in found)
    return [
        Callback(row=callback, about_inbound=row[-1] is None) for callback, row in zip(callbacks, found, strict=True)
    ]


async def account_of(tx: Transaction, callback_id: int) -> AccountId | None:
    """Return the account of a callback; None if there is no such callback."""
    return next((callback.account_id for callback in await _find(tx, callback_id)), None)


async def replay(tx: Transaction, callback_id: int, *, now_ms: int) -> bool:
    """Let a failed callback have all its attempts again; return False if there is no such failed one. Its target is
    switched on, if it was off."""
    await tx.execute(targets.RESUME_OF_CALLBACK, callback_id)
    return await tx.execute(rows.REPLAY, now_ms, callback_id) == 1


async def replay_all(tx: Transaction, *, account_id: AccountId | None, now_ms: int) -> int:
    """Do as :func:`replay` for at most PAGE failed callbacks of one account or of all; return how many. Call it again
    until there are none."""
    if account_id is None:
        await tx.execute(targets.RESUME_ALL)
        return await tx.execute(rows.REPLAY_SOME, now_ms, PAGE)
    await tx.execute(targets.RESUME_ALL_OF_ACCOUNT, account_id)
    return await tx.execute(rows.REPLAY_SOME_OF_ACCOUNT, now_ms, account_id, PAGE)


async def list_off_targets(tx: Transaction, *, account_id: AccountId | None = None) -> list[TargetRow]:
    """List at most PAGE targets that are switched off, of all accounts or of one."""
    if account_id is None:
        found = await tx.select(targets.SELECT_OFF, 0, PAGE)
    else:
        found = await tx.select(targets.SELECT_OFF_OF_ACCOUNT, account_id, PAGE)
    return [targets.target_row(row) for row in found]


async def describe_off_targets(tx: Transaction) -> list[str]:
    """Describe each target that is switched off in a sentence, for an operator."""
    logins = {row[0]: str(row[1]) for row in await tx.select(targets.SELECT_LOGINS)}
    return [
        f"callbacks of {logins.get(target.account_id, 'nobody')} to {target.origin} are off since"
        f" {format_gmt(target.off_ms or 0)} GMT, after {target.failures} failures (palomar callback resume)"
        for target in await list_off_targets(tx)
    ]


async def count_kept(tx: Transaction, target: int) -> int:
    """Count the callbacks to a target that are kept as failed, up to KEPT_COUNTED."""
    return int((await tx.select(targets.COUNT_KEPT, target, KEPT_COUNTED))[0][0])


async def resume(tx: Transaction, target: int, *, now_ms: int) -> int:
    """Switch a target on, and replay at most PAGE callbacks to it that are kept as failed, oldest first; return how
    many. Call it again until there are none."""
    await tx.execute(targets.RESUME, target)
    return await tx.execute(rows.REPLAY_SOME_TO_TARGET, now_ms, target, PAGE)


async def _find(tx: Transaction, callback_id: int) -> list[CallbackRow]:
    return read_callbacks(await tx.lookup(rows.LOOKUP_CALLBACKS, [callback_id]))
