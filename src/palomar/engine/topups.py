"""Top-ups as they fall due: what a commit has left low is topped up with the next one; what cannot be now, waits."""

from collections.abc import Iterable
from functools import partial

import structlog

from palomar.domain.account import AccountId
from palomar.engine.batcher import Batcher, Step
from palomar.flows.topups import top_up
from palomar.ports import Clock

TOP_UP = Step(name="top_up", script=top_up)
AGAIN_SECONDS = 10.0
"""An account that got nothing (its parent is empty, its month is used up) is looked at again after this."""

_log = structlog.get_logger(__name__)


class TopUps:
    """Posts a step for each account that wants it, one at a time."""

    def __init__(self, batcher: Batcher, clock: Clock) -> None:
        self._batcher = batcher
        self._clock = clock
        self._under_way: set[AccountId] = set()
        self._not_before: dict[AccountId, float] = {}

    def low(self, account_ids: Iterable[AccountId]) -> None:
        """These accounts have fallen below what they top up."""
        for account_id in account_ids:
            if account_id in self._under_way or self._not_before.get(account_id, 0.0) > self._clock.monotonic():
                continue
            self._under_way.add(account_id)
            self._batcher.post(TOP_UP, account_id, partial(self._done, account_id), partial(self._failed, account_id))

    def _done(self, account_id: AccountId, microcredits: int) -> None:
        self._under_way.discard(account_id)
        if microcredits:
            self._not_before.pop(account_id, None)
            _log.info("topped up", account_id=account_id, microcredits=microcredits)
        else:
            self._not_before[account_id] = self._clock.monotonic() + AGAIN_SECONDS
            _log.warning("could not top up", account_id=account_id, again_in_seconds=AGAIN_SECONDS)

    def _failed(self, account_id: AccountId, error: BaseException) -> None:
        self._done(account_id, 0)
