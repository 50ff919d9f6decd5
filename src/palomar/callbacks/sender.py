"""The notifier: callbacks leave as soon as their target has a slot; targets and accounts take turns.

A target (an account and an origin) holds a bounded number of callbacks here, by how it stands (``targets``);
what it has no room for waits in the table, behind what waits there already, and is claimed when there is room again
(``claims``).
Of the callbacks that tell a message's states only one is under way at once, so that ``operator`` arrives before
``handset``; when a later state has been told, earlier ones are not tried again.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from palomar.callbacks.attempts import Attempt, pass_over, record_attempts, release_callbacks
from palomar.callbacks.callback_rows import CallbackRow
from palomar.callbacks.callback_target import UNKNOWN_TARGET, target_id
from palomar.callbacks.claims import CLAIM_AT_MOST, Claims
from palomar.callbacks.targets import GOOD, STANDINGS, CallbackTarget, CallbackTargets, Standing, Usage
from palomar.callbacks.turns import ClaimedCallbacks
from palomar.ports import HttpOutcome, HttpRequest, HttpSender
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId

REMEMBERED = 50_000
"""Messages of which it is remembered that a callback waits in the table; and origins whose number is known."""

_ACCOUNTS_TRIED = 16
_JSON = (("Content-Type", "application/json"),)

ATTEMPTS = Step(name="record_attempts", script=record_attempts, batch_delay_seconds=0.050)
RELEASE = Step(name="release_callbacks", script=release_callbacks)
PASS_OVER = Step(name="pass_over", script=pass_over)

Headers = tuple[tuple[str, str], ...]
_Line = dict[Usage, dict[CallbackTarget, None]]


def _no_headers(callback: CallbackRow) -> Headers:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackLimits:
    """How many callbacks may be under way, to one target and in all."""

    slots_a_host: int = 8
    connections: int = 512


class CallbackSender:
    """See the module; a ``callbacks.outbox.CallbackDesk``. ``headers`` are asked for at every attempt (a signature has
    its time); ``batcher`` is plugged in by :meth:`attach` because it needs :meth:`room`."""

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
        """Targets, by the beginning of their URLs, or by their origin where a URL has no path."""
        self._busy: dict[MessageId, deque[CallbackRow] | None] = {}
        """Messages of which a state is being told, and what follows; mostly nothing does."""
        self._behind: dict[MessageId, None] = {}
        self._untold: dict[MessageId, list[int]] = {}
        """Callbacks of messages' states that have failed here and are tried again later."""
        self._lines: tuple[_Line, _Line, _Line] = ({}, {}, {})
        """Targets with a slot of their own that wait for one of their account's, or of everybody's."""
        self._troubled: set[int] = set()
        self._off: frozenset[int] = frozenset()
        self._claims = Claims(self._targets, claimed=self._claimed)
        self._taking = True

    def attach(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._claims.attach(batcher)

    # --- palomar.callbacks.outbox.CallbackDesk

    def target_of(self, account_id: AccountId, url: str) -> int:
        """Give the number of the target of an account's URL."""
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
        """Count how many callbacks to a target may be taken at birth."""
        if not self._taking or not self._claims.began or identity in self._off:
            return 0
        target = self._targets.find(identity)
        if target is not None and target.has_more:
            return 0
        return self._targets.room(account_id, identity)

    @property
    def behind(self) -> Container[MessageId]:
        """Give the messages with a callback that waits for its turn in the table: later ones must not overtake it."""
        return self._behind

    # --- work comes

    @property
    def held(self) -> int:
        """Callbacks in memory, waiting or under way."""
        return self._targets.held

    @property
    def under_way(self) -> int:
        return self._targets.under_way

    def born(self, callbacks: Sequence[CallbackRow], node_id: int | None) -> None:
        """Callbacks of a batch that was just committed: ours go out at once, the others wait to be claimed."""
        for callback in callbacks:
            if callback.node_id is not None and callback.node_id == node_id:
                self._take(callback)
            else:
                self._is_in_table(callback)
        self._claims.go_on()

    def look_for_work(self) -> None:
        """Claim due callbacks that nobody has, each target in its turn; called now and then."""
        self._claims.look()

    def watch(self) -> None:
        """Look, every WATCH_EVERY_SECONDS, who keeps us waiting: it gives back to the table what it holds."""
        for target in self._targets.active():
            if self._targets.look(target):
                self._give_back(target)
        for standing in STANDINGS:
            self._next_in_line(standing)

    def put_off(self, off: Iterable[int]) -> None:
        """Hold nothing for targets that were just switched off, nor take anything: what comes is kept as failed."""
        self._set_off(self._off.union(off))

    def stop_taking(self) -> None:
        """Start nothing any more; what is under way is recorded when it ends."""
        self._taking = False
        self._claims.stop()
        self.forget()

    def forget(self) -> None:
        """Drop what was claimed and has not begun: it is ours no more."""
        for target in self._targets.every():
            for callback in target.waiting:
                self._drop(target, callback)
            target.waiting.clear()
        for message_id, later in self._busy.items():
            for callback in later or ():
                self._targets.let_go(self._target(callback))
            self._busy[message_id] = None
        for line in self._lines:
            line.clear()
        self._claims.forget()

    # --- private: from birth to the line

    def _target(self, callback: CallbackRow) -> CallbackTarget:
        return self._targets.of(callback.account_id, callback.target)

    def _take(self, callback: CallbackRow) -> None:
        if not self._taking:
            return
        message_id = callback.message_id
        busy = self._busy
        target = self._targets.hold(callback.account_id, callback.target)
        if not callback.step:  # a click need not wait for a state, nor a state for a click
            self._line_up(target, callback)
            return
        if self._behind:
            self._behind.pop(message_id, None)
        if message_id not in busy:
            busy[message_id] = None
            self._line_up(target, callback)
            return
        later = busy[message_id]
        if later is None:
            later = busy[message_id] = deque()
        later.append(callback)

    def _line_up(self, target: CallbackTarget, callback: CallbackRow) -> None:
        waiting = target.waiting
        called_later = len(waiting) > 0 and target.under_way > 0  # by what ends, not by who comes last
        waiting.append(callback)
        if not called_later:
            self._pump(target)

    def _pump(self, target: CallbackTarget) -> None:
        waiting = target.waiting
        while waiting and target.under_way < target.slots and self._taking:
            if not self._targets.start(target):
                self._lines[target.standing].setdefault(target.account, {})[target] = None
                return
            self._send(target, waiting.popleft())

    def _next_in_line(self, standing: Standing) -> None:
        """Let targets begin that waited for others: each account one, in turn, while there is room."""
        line = self._lines[standing]
        for _ in range(min(len(line), _ACCOUNTS_TRIED)):
            account = next(iter(line))
            if not self._targets.is_open(standing, account):
                if standing == GOOD:
                    return
                line[account] = line.pop(account)  # behind it may stand one that has next to nothing under way
                continue
            waiting = line.pop(account)
            target = next(iter(waiting))
            del waiting[target]
            if waiting:
                line[account] = waiting
            self._pump(target)  # which may line up again, at the end

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
        standing = target.standing
        ok = outcome.ok
        is_worse = self._targets.ended(target, ok=ok)
        recovers = ok and target.id in self._troubled
        self._batcher.post(ATTEMPTS, Attempt(callback, outcome, recovers), _recorded)
        if not ok:
            self._failed(target, callback)
        elif recovers:
            self._troubled.discard(target.id)
        if callback.step:
            later = self._busy.pop(callback.message_id, None)
            if later or self._untold:
                self._follow(callback, later, ok=ok)
        if is_worse:
            self._give_back(target)
        if target.waiting:
            self._pump(target)
        good, fresh, poor = self._lines
        if good or fresh or poor:
            self._next_in_line(standing)
        if target.has_more and self._claims.want(target):
            self._claims.go_on()

    def _follow(self, callback: CallbackRow, later: deque[CallbackRow] | None, *, ok: bool) -> None:
        """Let the next callback of the message's states have its turn."""
        if ok and callback.step > 1:
            later = self._without_overtaken(callback, later)
        if later:
            self._busy[callback.message_id] = later
            following = later.popleft()
            self._line_up(self._target(following), following)

    def _failed(self, target: CallbackTarget, callback: CallbackRow) -> None:
        self._troubled.add(target.id)
        if callback.step:
            _keep_few(self._untold)
            self._untold.setdefault(callback.message_id, []).append(callback.id)

    def _without_overtaken(self, told: CallbackRow, later: deque[CallbackRow] | None) -> deque[CallbackRow] | None:
        """Leave out what need not be told any more: once a message's end is told, its earlier states need not be, here
        or in the table."""
        overtaken = [identity for identity in self._untold.pop(told.message_id, ()) if identity < told.id]
        kept: deque[CallbackRow] = deque()
        for callback in later or ():
            if callback.id < told.id:
                overtaken.append(callback.id)
                self._targets.let_go(self._target(callback))
            else:
                kept.append(callback)
        if overtaken:
            self._batcher.post(PASS_OVER, overtaken, _recorded)
        return kept

    # --- private: the table

    def _is_in_table(self, callback: CallbackRow, *, with_next_claim: bool = False) -> None:
        """Note that a callback waits to be claimed: what comes after it, to its target or of its message, waits behind
        it."""
        if callback.step:
            _keep_few(self._behind)
            self._behind[callback.message_id] = None
        if callback.target != UNKNOWN_TARGET:
            self._claims.note_more(self._target(callback), with_next=with_next_claim)

    def _set_off(self, off: frozenset[int]) -> None:
        for identity in off - self._off:
            target = self._targets.find(identity)
            if target is not None:
                self._give_back(target, everything=True)
        self._off = off

    def _give_back(self, target: CallbackTarget, *, everything: bool = False) -> None:
        """Return what it holds beyond what its standing may, the youngest first, with what follows in its messages."""
        released: list[CallbackRow] = []
        while target.waiting and (everything or self._targets.is_too_many(target)):
            callback = target.waiting.pop()
            released.append(callback)
            released += self._drop(target, callback)
        for callback in released:
            self._is_in_table(callback, with_next_claim=True)
        for start in range(0, len(released), CLAIM_AT_MOST):
            self._batcher.post(RELEASE, released[start : start + CLAIM_AT_MOST], _recorded)

    def _drop(self, target: CallbackTarget, callback: CallbackRow) -> Sequence[CallbackRow]:
        """Hold it no more, nor those of its message that wait behind it: they are returned."""
        self._targets.let_go(target)
        later = (self._busy.pop(callback.message_id, None) if callback.step else None) or ()
        for following in later:
            self._targets.let_go(self._target(following))
        return later

    def _claimed(self, claimed: ClaimedCallbacks, *, looked: bool) -> None:
        if looked:
            self._troubled.update(claimed.troubled)
            self._set_off(frozenset(claimed.off))
        for callback in claimed.callbacks:
            self._take(callback)


def _keep_few(remembered: dict[MessageId, None] | dict[MessageId, list[int]]) -> None:
    while len(remembered) >= REMEMBERED:
        del remembered[next(iter(remembered))]


def _recorded(result: None) -> None:
    """Nothing follows: the outbox row says what is next."""
