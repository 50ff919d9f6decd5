"""Sends callbacks as soon as their target has a slot; targets and accounts take turns.

A target (an account and an origin) holds a bounded number of callbacks in memory, by its grade (``targets``). What it
has no room for waits in the table, behind what waits there already, and is claimed when there is room again
(``claimer``). Of the callbacks about one message's states only one is under way at a time, so that "accepted by the
carrier" arrives before "delivered". When a later state has been told, earlier ones are not tried again.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from palomar.callbacks.attempts import Attempt, pass_over, record_attempts, release_callbacks
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.callback_target import UNKNOWN_TARGET, target_id
from palomar.callbacks.claim import ClaimedCallbacks
from palomar.callbacks.claimer import CLAIM_AT_MOST, CallbackClaimer
from palomar.callbacks.targets import GOOD, GRADES, CallbackTarget, CallbackTargets, Grade, Usage
from palomar.ports import HttpOutcome, HttpRequest, HttpSender
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

REMEMBERED = 50_000
"""How many messages with a callback in the table are remembered, and how many numbers of targets."""

_ACCOUNTS_TRIED = 16
_JSON = (("Content-Type", "application/json"),)

ATTEMPTS = Step(name="record_attempts", script=record_attempts, batch_delay_seconds=0.050)
RELEASE = Step(name="release_callbacks", script=release_callbacks)
PASS_OVER = Step(name="pass_over", script=pass_over)

Headers = tuple[tuple[str, str], ...]
_WaitingTargets = dict[Usage, dict[CallbackTarget, None]]


def _no_headers(callback: CallbackRow) -> Headers:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackLimits:
    """How many callbacks may be under way, to one target and in all."""

    slots_a_host: int = 8
    connections: int = 512


class CallbackSender:
    """The sender of one node's callbacks; a ``callbacks.outbox.CallbackIntake``. ``headers`` is called at every
    attempt, because a signature has its time. ``batcher`` is set by :meth:`attach`, because it needs :meth:`room`."""

    def __init__(
        self,
        sender: HttpSender,
        *,
        headers: Callable[[CallbackRow], Headers] = _no_headers,
        limits: CallbackLimits | None = None,
    ) -> None:
        limits = limits or CallbackLimits()
        self._sender = sender
        self._headers = headers
        self._batcher: Batcher
        self._targets = CallbackTargets(slots=limits.slots_a_host, connections=limits.connections)
        self._numbers: dict[tuple[AccountId, str], int] = {}
        """Numbers of targets, by account and the beginning of the URL, or the origin if a URL has no path."""
        self._states_under_way: dict[MessageId, deque[CallbackRow] | None] = {}
        """Messages with a state that is being told, and the callbacks that follow it; mostly there are none."""
        self._messages_in_table: dict[MessageId, None] = {}
        self._failed_states: dict[MessageId, list[int]] = {}
        """Ids of callbacks about a message's states that have failed here and are tried again later."""
        self._waiting_targets: tuple[_WaitingTargets, _WaitingTargets, _WaitingTargets] = ({}, {}, {})
        """Targets that have a free slot of their own and wait for one of their account's, or of all; by grade."""
        self._failing: set[int] = set()
        self._off: frozenset[int] = frozenset()
        self._claimer = CallbackClaimer(self._targets, claimed=self._claimed)
        self._taking = True

    def attach(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._claimer.attach(batcher)

    # --- palomar.callbacks.outbox.CallbackIntake

    def target_of(self, account_id: AccountId, url: str) -> int:
        """Return the number of the target of an account's URL."""
        slash = url.find("/", 8)  # the origin ends here at the latest: it is the same behind the same beginning
        number = self._numbers.get((account_id, url[:slash])) if slash > 0 else None
        if number is not None:
            return number
        origin = self._sender.origin_of(url)
        key = (account_id, url[:slash] if slash > 0 and origin else origin)
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) >= REMEMBERED:
                self._numbers.clear()
            number = self._numbers[key] = target_id(account_id, origin)
        return number

    def room(self, account_id: AccountId, identity: int) -> int:
        """Return how many new callbacks to a target may be claimed in their insert."""
        if not self._taking or not self._claimer.began or identity in self._off:
            return 0
        target = self._targets.find(identity)
        if target is not None and target.has_more:
            return 0
        return self._targets.room(account_id, identity)

    @property
    def messages_in_table(self) -> Container[MessageId]:
        """Return the messages with a callback that waits in the table: later ones must not overtake it."""
        return self._messages_in_table

    # --- work comes

    @property
    def held(self) -> int:
        """Count the callbacks in memory, waiting or under way."""
        return self._targets.held

    @property
    def under_way(self) -> int:
        return self._targets.under_way

    def committed(self, callbacks: Sequence[CallbackRow], node_id: int | None) -> None:
        """Send this node's callbacks of a batch that was just committed; note the others, which wait to be claimed."""
        for callback in callbacks:
            if callback.node_id is not None and callback.node_id == node_id:
                self._take(callback)
            else:
                self._note_in_table(callback)
        self._claimer.claim_next()

    def look_for_work(self) -> None:
        """Claim due callbacks that no node has, each target in its turn. Called now and then."""
        self._claimer.look()

    def watch(self) -> None:
        """Grade targets down that do not answer, and return what they hold to the table. Called every
        WATCH_EVERY_SECONDS."""
        for target in self._targets.list_active():
            if self._targets.check(target):
                self._give_back(target)
        for grade in GRADES:
            self._start_waiting(grade)

    def switch_off(self, off: Iterable[int]) -> None:
        """Hold nothing for targets that were just switched off, and take nothing: new callbacks are kept as failed."""
        self._set_off(self._off.union(off))

    def stop_taking(self) -> None:
        """Start nothing any more; what is under way is recorded when it ends."""
        self._taking = False
        self._claimer.stop()
        self.forget()

    def forget(self) -> None:
        """Drop what was claimed and has not begun, because this node has lost its lease."""
        for target in self._targets.list_all():
            for callback in target.waiting:
                self._drop(target, callback)
            target.waiting.clear()
        for message_id, later in self._states_under_way.items():
            for callback in later or ():
                self._targets.release(self._target(callback))
            self._states_under_way[message_id] = None
        for accounts in self._waiting_targets:
            accounts.clear()
        self._claimer.forget()

    # --- private: from the commit to a slot

    def _target(self, callback: CallbackRow) -> CallbackTarget:
        return self._targets.find_or_make(callback.account_id, callback.target)

    def _take(self, callback: CallbackRow) -> None:
        if not self._taking:
            return
        message_id = callback.message_id
        busy = self._states_under_way
        target = self._targets.hold(callback.account_id, callback.target)
        if not callback.step:  # a click need not wait for a state, nor a state for a click
            self._enqueue(target, callback)
            return
        if self._messages_in_table:
            self._messages_in_table.pop(message_id, None)
        if message_id not in busy:
            busy[message_id] = None
            self._enqueue(target, callback)
            return
        later = busy[message_id]
        if later is None:
            later = busy[message_id] = deque()
        later.append(callback)

    def _enqueue(self, target: CallbackTarget, callback: CallbackRow) -> None:
        waiting = target.waiting
        is_pumped_later = len(waiting) > 0 and target.under_way > 0  # when an attempt ends
        waiting.append(callback)
        if not is_pumped_later:
            self._pump(target)

    def _pump(self, target: CallbackTarget) -> None:
        waiting = target.waiting
        while waiting and target.under_way < target.slots and self._taking:
            if not self._targets.start(target):
                self._waiting_targets[target.grade].setdefault(target.account, {})[target] = None
                return
            self._send(target, waiting.popleft())

    def _start_waiting(self, grade: Grade) -> None:
        """Start callbacks of targets that waited for others' slots: one target an account, in turn, while there is
        room."""
        accounts = self._waiting_targets[grade]
        for _ in range(min(len(accounts), _ACCOUNTS_TRIED)):
            account = next(iter(accounts))
            if not self._targets.is_open(grade, account):
                if grade == GOOD:
                    return
                accounts[account] = accounts.pop(account)  # the next one may have few under way
                continue
            waiting = accounts.pop(account)
            target = next(iter(waiting))
            del waiting[target]
            if waiting:
                accounts[account] = waiting
            self._pump(target)  # which may wait again, at the end

    def _send(self, target: CallbackTarget, callback: CallbackRow) -> None:
        headers = self._headers(callback)
        if callback.body is not None:
            headers = _JSON + headers
        request = HttpRequest(
            method=callback.method, url=callback.url, body=callback.body, headers=headers, owner=callback.account_id
        )
        self._sender.start(request, lambda outcome: self._ended(target, callback, outcome))

    # --- private: the end of an attempt

    def _ended(self, target: CallbackTarget, callback: CallbackRow, outcome: HttpOutcome) -> None:
        grade = target.grade
        ok = outcome.ok
        is_worse = self._targets.ended(target, ok=ok)
        recovers = ok and target.id in self._failing
        self._batcher.post(ATTEMPTS, Attempt(callback, outcome, recovers), _recorded)
        if not ok:
            self._failed(target, callback)
        elif recovers:
            self._failing.discard(target.id)
        if callback.step:
            later = self._states_under_way.pop(callback.message_id, None)
            if later or self._failed_states:
                self._follow(callback, later, ok=ok)
        if is_worse:
            self._give_back(target)
        if target.waiting:
            self._pump(target)
        good, fresh, poor = self._waiting_targets
        if good or fresh or poor:
            self._start_waiting(grade)
        if target.has_more and self._claimer.want(target):
            self._claimer.claim_next()

    def _follow(self, callback: CallbackRow, later: deque[CallbackRow] | None, *, ok: bool) -> None:
        """Enqueue the next callback about the message's states."""
        if ok and callback.step > 1:
            later = self._leave_out_overtaken(callback, later)
        if later:
            self._states_under_way[callback.message_id] = later
            following = later.popleft()
            self._enqueue(self._target(following), following)

    def _failed(self, target: CallbackTarget, callback: CallbackRow) -> None:
        self._failing.add(target.id)
        if callback.step:
            _trim(self._failed_states)
            self._failed_states.setdefault(callback.message_id, []).append(callback.id)

    def _leave_out_overtaken(self, told: CallbackRow, later: deque[CallbackRow] | None) -> deque[CallbackRow] | None:
        """Return ``later`` without the states before the message's end, which has been told. Those in the table are
        deleted too."""
        overtaken = [identity for identity in self._failed_states.pop(told.message_id, ()) if identity < told.id]
        kept: deque[CallbackRow] = deque()
        for callback in later or ():
            if callback.id < told.id:
                overtaken.append(callback.id)
                self._targets.release(self._target(callback))
            else:
                kept.append(callback)
        if overtaken:
            self._batcher.post(PASS_OVER, overtaken, _recorded)
        return kept

    # --- private: the table

    def _note_in_table(self, callback: CallbackRow, *, with_next_claim: bool = False) -> None:
        """Note that a callback waits to be claimed: later ones to its target or about its message wait behind it."""
        if callback.step:
            _trim(self._messages_in_table)
            self._messages_in_table[callback.message_id] = None
        if callback.target != UNKNOWN_TARGET:
            self._claimer.note_waiting(self._target(callback), with_next=with_next_claim)

    def _set_off(self, off: frozenset[int]) -> None:
        for identity in off - self._off:
            target = self._targets.find(identity)
            if target is not None:
                self._give_back(target, everything=True)
        self._off = off

    def _give_back(self, target: CallbackTarget, *, everything: bool = False) -> None:
        """Return to the table what a target holds beyond its grade, the youngest first, with what follows about the
        same messages."""
        released: list[CallbackRow] = []
        while target.waiting and (everything or self._targets.is_too_many(target)):
            callback = target.waiting.pop()
            released.append(callback)
            released += self._drop(target, callback)
        for callback in released:
            self._note_in_table(callback, with_next_claim=True)
        for start in range(0, len(released), CLAIM_AT_MOST):
            self._batcher.post(RELEASE, released[start : start + CLAIM_AT_MOST], _recorded)

    def _drop(self, target: CallbackTarget, callback: CallbackRow) -> Sequence[CallbackRow]:
        """Remove a callback from memory; remove and return those about its message that wait behind it."""
        self._targets.release(target)
        later = (self._states_under_way.pop(callback.message_id, None) if callback.step else None) or ()
        for following in later:
            self._targets.release(self._target(following))
        return later

    def _claimed(self, claimed: ClaimedCallbacks, *, looked: bool) -> None:
        if looked:
            self._failing.update(claimed.failing)
            self._set_off(frozenset(claimed.off))
        for callback in claimed.callbacks:
            self._take(callback)


def _trim(remembered: dict[MessageId, None] | dict[MessageId, list[int]]) -> None:
    while len(remembered) >= REMEMBERED:
        del remembered[next(iter(remembered))]


def _recorded(result: None) -> None:
    """Do nothing: the row in the table has what is next."""
