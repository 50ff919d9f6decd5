"""Fetches callbacks that wait in the table as soon as their target has room for them.

One claim is under way at a time. It is for the targets that want more. Now and then it also looks through the table for
other targets; each look goes on where the last one ended, until all have had their turn.

Not here: which callback is due (``callbacks.claim``), and what is sent when (``sender``).
"""

from itertools import islice
from typing import Final, Protocol

from palomar.callbacks.callback_target import UNKNOWN_TARGET
from palomar.callbacks.claim import CallbackClaimOrder, ClaimedCallbacks, claim_callbacks
from palomar.callbacks.targets import CallbackTarget, CallbackTargets
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.account import AccountId

CLAIM_AT_MOST: Final = 500
_TARGETS_A_CLAIM: Final = 50

CLAIM = Step(name="claim_callbacks", script=claim_callbacks)


class ClaimedHandler(Protocol):
    """Takes over what was claimed; ``looked`` if the claim also lists all failing targets."""

    def __call__(self, claimed: ClaimedCallbacks, *, looked: bool) -> None: ...


class CallbackClaimer:
    """Makes the claims of one node. ``batcher`` is set by :meth:`attach`."""

    def __init__(self, targets: CallbackTargets, *, claimed: ClaimedHandler) -> None:
        self._targets = targets
        self._take = claimed
        self._batcher: Batcher
        self._wanted: dict[CallbackTarget, None] = {}
        self._round = (-1, dict[AccountId, int]())
        self._number = 0
        self._under_way = False
        self._looking = False
        self._taking = True
        self.began = False
        """True once a look has ended; until then it is not known what waits in the table."""

    def attach(self, batcher: Batcher) -> None:
        self._batcher = batcher

    def look(self) -> None:
        """Look through the table with the next claim."""
        self._looking = True
        self.claim_next()

    def note_waiting(self, target: CallbackTarget, *, with_next: bool = False) -> None:
        """Note that a callback of this target waits in the table; ``with_next`` if the next claim may be in the same
        transaction, and not see it."""
        target.has_more = True
        target.more_since = self._number + with_next
        self.want(target)

    def want(self, target: CallbackTarget) -> bool:
        """Put a target into the next claim if it is time to fetch what waits for it; return whether it is."""
        targets = self._targets
        if not self.began or not targets.is_half_empty(target) or targets.room(target.account_id, target.id) <= 0:
            return False
        self._wanted[target] = None
        return True

    def claim_next(self) -> None:
        """Begin a claim, unless one is under way or nothing is wanted."""
        if self._under_way or not self._taking or not (self._looking or self._wanted):
            return
        wanted = list(islice(self._wanted, _TARGETS_A_CLAIM))
        for target in wanted:
            del self._wanted[target]
        self._number += 1
        self._under_way = True
        number, looks = self._number, self._looking
        after_account, after_target = self._round
        order = CallbackClaimOrder(
            limit=CLAIM_AT_MOST,
            room=self._room,
            of=[target.key for target in wanted],
            looks=looks,
            after_account=after_account,
            after_target=after_target,
        )
        self._looking = False

        def done(claimed: ClaimedCallbacks) -> None:
            self._under_way = False
            self._done(claimed, number=number, looked=looks)

        def failed(error: BaseException) -> None:
            self._under_way = False  # the next look tries again

        self._batcher.post(CLAIM, order, done, failed)

    def forget(self) -> None:
        """Forget which targets wanted more."""
        self._wanted.clear()

    def stop(self) -> None:
        """Begin no claim any more; one that is under way takes nothing."""
        self._taking = False

    # --- private

    def _room(self, account_id: AccountId, identity: int) -> int:
        return self._targets.room(account_id, identity) if self._taking else 0

    def _done(self, claimed: ClaimedCallbacks, *, number: int, looked: bool) -> None:
        if looked:
            self._round = (claimed.after_account, claimed.after_target)
            self.began = True
        for _, identity in claimed.emptied:
            target = self._targets.find(identity)
            if target is not None and target.more_since < number:
                target.has_more = False
        self._take(claimed, looked=looked)
        self._note_left(claimed, number)
        has_more = claimed.after_account >= 0 or (claimed.callbacks and claimed.after_target)
        if looked and has_more:
            self._looking = True  # the round goes on: others have not had their turn
        self.claim_next()

    def _note_left(self, claimed: ClaimedCallbacks, number: int) -> None:
        for account_id, identity in claimed.left:
            if identity == UNKNOWN_TARGET:
                self._looking = self._looking or bool(claimed.callbacks)
                continue
            target = self._targets.find_or_make(account_id, identity)
            target.has_more = True
            target.more_since = number
            self.want(target)
