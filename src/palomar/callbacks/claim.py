"""Claim: a node takes callbacks that are due, for each target no more than it has room for.

Accounts take turns, and so do the targets of an account; what waits for one target is never read to find what waits for
another. A callback whose message has told a later state meanwhile is deleted. An earlier callback of the same message
that is due is claimed along. What is due for a target that is switched off is kept as failed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct, field

from palomar.callbacks import callback_rows as rows
from palomar.callbacks import history
from palomar.callbacks import target_rows as targets
from palomar.callbacks.attempts import drop_overtaken
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.callback_target import UNKNOWN_TARGET
from palomar.callbacks.outbox import CallbackContext, Outbox
from palomar.transaction.timeline_rows import detail_of
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

ACCOUNTS_A_LOOK = 20
TARGETS_A_LOOK = 50
"""Targets of each account. Both bound what one look through the table costs, however many targets there are."""
FAILING_AT_MOST = 1_000
_LEAST_SHARE = 20

Key = tuple[AccountId, int]
"""An account, and one of its targets."""


class CallbackClaimOrder(Struct, kw_only=True):
    """A request for at most ``limit`` due callbacks of the targets ``of``. If it ``looks``, it also claims those of
    targets that a look through the table finds; the look begins where the last one ended (``after_...``)."""

    limit: int
    room: Callable[[AccountId, int], int]
    """Returns how many more of a target the node takes; called in the middle of the transaction."""
    of: Collection[Key] = ()
    looks: bool = True
    after_account: int = -1
    after_target: Mapping[AccountId, int] = field(default_factory=dict)


class ClaimedCallbacks(Struct, kw_only=True):
    """The callbacks that were claimed, and what was learned of their targets."""

    callbacks: list[CallbackRow] = field(default_factory=list)
    emptied: set[Key] = field(default_factory=set)
    """Targets for which nothing more is due."""
    left: set[Key] = field(default_factory=set)
    """Targets for which something more is due."""
    failing: list[int] = field(default_factory=list)
    """Targets that fail, on any node, so that their next success is recorded. Only after a look."""
    off: set[int] = field(default_factory=set)
    """Those of them that are switched off."""
    after_account: int = -1
    """Where the next look begins; -1 is the start, when all accounts have had their turn."""
    after_target: dict[AccountId, int] = field(default_factory=dict)


async def claim_callbacks(work: Work, orders: Sequence[CallbackClaimOrder]) -> list[ClaimedCallbacks]:
    """Claim due callbacks that no node has, each account and each of its targets in turn."""
    return [await _claim(work, order) for order in orders]


async def _claim(work: Work, order: CallbackClaimOrder) -> ClaimedCallbacks:
    claimed = ClaimedCallbacks(after_account=order.after_account, after_target=dict(order.after_target))
    if order.limit <= 0 or not await work.holds_lease():
        return claimed
    due = dict.fromkeys(order.of)
    if order.looks:
        due |= dict.fromkeys(await _look(work, order, claimed))
        longest = [targets.target_row(row) for row in await work.tx.select(targets.SELECT_LONGEST, FAILING_AT_MOST)]
        claimed.failing = [target.id for target in longest]
        claimed.off = {target.id for target in longest if target.off_ms is not None}
    if not due:
        return claimed
    off = await _off_among(work, due)
    share = max(order.limit // len(due), _LEAST_SHARE)
    left = order.limit
    for key in due:
        is_off = key[1] in off
        room = share if is_off else min(share, order.room(*key), left)
        if room <= 0:
            claimed.left.add(key)
            continue
        found = rows.read_callbacks(
            await work.tx.select_locked(rows.SELECT_DUE_OF_TARGET, *key, work.now_ms, room, lock="skip")
        )
        (claimed.left if len(found) == room else claimed.emptied).add(key)
        if is_off:
            _keep(work, found)
            continue
        left -= len(found)
        claimed.callbacks += found
    claimed.callbacks = await _in_order(work, claimed.callbacks)
    for callback in claimed.callbacks:
        callback.node_id = work.context.node_id
        if callback.target == UNKNOWN_TARGET:
            callback.target = CallbackContext.of(work.context).intake.target_of(callback.account_id, callback.url)
        Outbox.of(work).change(callback)
    return claimed


async def _look(work: Work, order: CallbackClaimOrder, claimed: ClaimedCallbacks) -> list[Key]:
    """Find targets of the next accounts for which something is due, and note how far the look came."""
    found = await work.tx.select(rows.SELECT_WAITING_ACCOUNTS, order.after_account, ACCOUNTS_A_LOOK)
    due: list[Key] = []
    for (account_id,) in found:
        after = claimed.after_target.pop(account_id, -1)
        waiting = await work.tx.select(
            rows.SELECT_WAITING_TARGETS, account_id, after, account_id, account_id, TARGETS_A_LOOK
        )
        due += [(AccountId(account_id), target) for target, due_ms in waiting if due_ms <= work.now_ms]
        if len(waiting) == TARGETS_A_LOOK:
            claimed.after_target[AccountId(account_id)] = waiting[-1][0]
    claimed.after_account = found[-1][0] if len(found) == ACCOUNTS_A_LOOK else -1
    return due


async def _off_among(work: Work, keys: Collection[Key]) -> set[int]:
    """Find which of the targets are switched off, and lock their rows until the commit."""
    found = await work.tx.lookup(targets.LOOKUP_TARGETS, sorted({target for _, target in keys}))
    return {target.id for target in map(targets.target_row, found) if target.off_ms is not None}


def _keep(work: Work, callbacks: Sequence[CallbackRow]) -> None:
    """Keep callbacks as failed whose target is switched off."""
    for callback in callbacks:
        callback.failed = 1
        Outbox.of(work).change(callback)


async def _in_order(work: Work, callbacks: Sequence[CallbackRow]) -> list[CallbackRow]:
    """Sort callbacks by their ids, add earlier ones of the same messages that are due, and drop those that a later
    state has overtaken."""
    states = [callback for callback in callbacks if callback.step]
    taken = {callback.id: callback for callback in callbacks}
    latest: dict[MessageId, int] = {}
    for callback in states:
        if callback.step > 1:
            latest[callback.message_id] = max(callback.id, latest.get(callback.message_id, 0))
    if latest:
        for callback in rows.read_callbacks(await work.tx.lookup(rows.LOOKUP_EARLIER, sorted(latest))):
            if callback.id < latest[callback.message_id] and callback.due_ms <= work.now_ms:
                taken.setdefault(callback.id, callback)
    told: dict[MessageId, int] = {}
    ids = sorted({callback.message_id for callback in states})
    if ids:
        for message_id, text in await work.tx.lookup(history.LOOKUP_ATTEMPT_DETAILS, ids):
            told_id = detail_of(text).get("callback")
            if isinstance(told_id, int):
                told[message_id] = max(told_id, told.get(message_id, 0))
    kept: list[CallbackRow] = []
    for identity in sorted(taken):
        callback = taken[identity]
        if callback.step and identity < told.get(callback.message_id, 0):
            drop_overtaken(work, callback)
        else:
            kept.append(callback)
    return kept
