"""The callbacks in one person's scope: open ones, attempts, targets that are off, and sending again.

Texts and numbers are masked for people from whom the installation hides them. Not here: how callbacks are stored and
repeated (``callbacks.history``, ``callbacks.backlog``).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from palomar.accounts.directory import Directory
from palomar.callbacks import backlog, history
from palomar.callbacks.backlog import Callback
from palomar.callbacks.history import HistoryFilter, HistoryPage, PastAttempt, host_of
from palomar.callbacks.target_rows import TargetRow
from palomar.console.viewer.masking import (
    UrlVisibility,
    masked_attempt,
    masked_callback,
    reduced_attempt,
    reduced_callback,
)
from palomar.ports import Clock
from palomar.storage.database import Database, Script, Transaction
from palomar.transaction.batcher import Batcher
from palomar.vocabulary.access import Principal, Right, Scope
from palomar.vocabulary.account import Account, AccountId

T = TypeVar("T")

SLICES_A_PAGE: Final = 10
"""The most transactions for one page: some 5,000 callbacks are searched."""
REPLAYED_AT_ONCE: Final = 20
"""The most transactions for one request to replay: some 10,000 callbacks."""
SILENT_AT_MOST: Final = 20
OFF_AT_MOST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCallback:
    """A callback that has not succeeded, and its attempts so far, oldest first."""

    callback: Callback
    attempts: tuple[PastAttempt, ...]

    @property
    def host(self) -> str:
        return host_of(self.callback.row.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffTarget:
    """A target that is off; ``kept`` is the number of its callbacks that are stored as failed."""

    row: TargetRow
    kept: int


class ViewerCallbacks:
    """The callbacks in one person's scope. ``masks``: numbers, and what callbacks say, are hidden from this person."""

    def __init__(
        self,
        who: Principal,
        scope: Scope,
        *,
        masks: bool,
        database: Database,
        batcher: Batcher,
        directory: Directory,
        clock: Clock,
    ) -> None:
        self._who = who
        self._scope = scope
        self._masks = masks
        self._visibility = UrlVisibility.of(who)
        self._database = database
        self._batcher = batcher
        self._directory = directory
        self._clock = clock

    @property
    def may_replay(self) -> bool:
        return self._who.may(Right.REPLAY)

    async def list_open(self, wanted: HistoryFilter, *, before: int, limit: int) -> HistoryPage[OpenCallback]:
        """List a page of callbacks in scope that have not succeeded, those that failed first, each with its
        attempts."""
        within = self._scoped(wanted)

        async def read_slice(tx: Transaction, before: int, room: int) -> HistoryPage[Callback]:
            return await history.list_open(tx, within, before=before, limit=room)

        page = await self._page(read_slice, before=before, limit=limit)
        callbacks = [callback.row for callback in page.found]
        attempts = await self._database.read(history.attempts_of, callbacks) if callbacks else {}
        found = [self._shown_open(callback, attempts[callback.row.id]) for callback in page.found]
        return HistoryPage(found=found, older=page.older)

    async def list_attempts(self, wanted: HistoryFilter, *, before: int, limit: int) -> HistoryPage[PastAttempt]:
        """List a page of attempts in scope, newest first."""
        within = self._scoped(wanted)

        async def read_slice(tx: Transaction, before: int, room: int) -> HistoryPage[PastAttempt]:
            return await history.list_attempts(tx, within, before=before, limit=room)

        page = await self._page(read_slice, before=before, limit=limit)
        return HistoryPage(found=[self._shown(attempt) for attempt in page.found], older=page.older)

    async def find_attempt(self, identity: int) -> PastAttempt | None:
        """Return an attempt; None if it does not exist or is not in scope."""
        found = await self._database.read(history.find_attempt, identity)
        return self._shown(found) if found is not None and self._scope.includes(found.account_id) else None

    async def find_open(self, identity: int) -> OpenCallback | None:
        """Return a callback that has not succeeded; None if there is none of this id in scope."""

        async def script(tx: Transaction) -> tuple[Callback, list[PastAttempt]] | None:
            found = await history.find_open(tx, identity)
            if found is None or not self._scope.includes(found.row.account_id):
                return None
            return found, (await history.attempts_of(tx, [found.row]))[found.row.id]

        result = await self._database.read(script)
        return None if result is None else self._shown_open(*result)

    def accounts_without_url(self, account: Account | None) -> list[Account]:
        """List the accounts in scope, or this one, that have no ``status_url``: their messages get callbacks only if
        the request names a URL."""
        by_id = self._directory.snapshot.by_id
        if account is not None:
            return [account] if not account.settings.status_url else []
        in_scope = (
            found for found in by_id.values() if self._scope.includes(found.id) and not found.settings.status_url
        )
        return sorted(in_scope, key=lambda found: found.login.casefold())[:SILENT_AT_MOST]

    async def replay(self, callback_id: int) -> bool:
        """Send a failed callback again, with all its attempts; return False if there is none of this id in scope."""
        if not self.may_replay:
            return False
        now_ms = self._clock.wall_ms()

        async def script(tx: Transaction) -> bool:
            owner = await backlog.account_of(tx, callback_id)
            return (
                owner is not None
                and self._scope.includes(owner)
                and await backlog.replay(tx, callback_id, now_ms=now_ms)
            )

        return await self._batcher.write(script)

    async def replay_all(self, account: Account | None) -> int:
        """Send all failed callbacks of an account again, or of all accounts in scope, and return their number.

        One call replays at most REPLAYED_AT_ONCE transactions of them, the oldest first.
        """
        if not self.may_replay or (account is not None and not self._scope.includes(account.id)):
            return 0
        ids = self._scope.account_ids
        owners: Sequence[AccountId | None] = sorted(ids) if ids is not None else [None]
        replayed = 0
        turns = REPLAYED_AT_ONCE
        for owner in [account.id] if account is not None else owners:
            now_ms = self._clock.wall_ms()
            count = backlog.PAGE
            while count == backlog.PAGE and turns:
                turns -= 1
                count = await self._batcher.write(backlog.replay_all, account_id=owner, now_ms=now_ms)
                replayed += count
        return replayed

    async def off_targets(self) -> list[OffTarget]:
        """List targets in scope that are off, each with how many callbacks are kept for it."""

        async def script(tx: Transaction) -> list[OffTarget]:
            found = [row for row in await backlog.list_off_targets(tx) if self._scope.includes(row.account_id)]
            return [OffTarget(row=row, kept=await backlog.count_kept(tx, row.id)) for row in found[:OFF_AT_MOST]]

        return await self._database.read(script)

    async def resume(self, target: int) -> int | None:
        """Switch a target in scope on again, with the callbacks that are kept for it, and return their number.

        One call resumes at most REPLAYED_AT_ONCE transactions of them. Return None if no such target is off.
        """
        row = next((off.row for off in await self.off_targets() if off.row.id == target), None)
        if row is None or not self.may_replay:
            return None
        resumed = 0
        for _ in range(REPLAYED_AT_ONCE):
            now_ms = self._clock.wall_ms()
            count = await self._batcher.write(backlog.resume, target, now_ms=now_ms)
            resumed += count
            if count < backlog.PAGE:
                break
        return resumed

    # --- private

    def _scoped(self, wanted: HistoryFilter) -> HistoryFilter:
        ids = self._scope.account_ids
        if ids is None:
            return wanted
        return replace(wanted, account_ids=ids if wanted.account_ids is None else ids.intersection(wanted.account_ids))

    async def _page(self, read_slice: Script[[int, int], HistoryPage[T]], *, before: int, limit: int) -> HistoryPage[T]:
        """Read slices until the page is full, nothing is older, or SLICES_A_PAGE were read."""
        found: list[T] = []
        older: int | None = before
        for _ in range(SLICES_A_PAGE):
            if older is None or len(found) >= limit:
                break
            part = await self._database.read(read_slice, older, limit - len(found))
            found += part.found
            older = part.older
            await asyncio.sleep(0)  # SQLite answers without waiting: let other tasks run between slices
        return HistoryPage(found=found, older=older)

    def _shown_open(self, callback: Callback, attempts: Sequence[PastAttempt]) -> OpenCallback:
        if self._masks:
            callback = replace(callback, row=masked_callback(callback.row))
        else:
            callback = replace(callback, row=reduced_callback(callback.row, self._visibility))
        return OpenCallback(callback=callback, attempts=tuple(map(self._shown, attempts)))

    def _shown(self, attempt: PastAttempt) -> PastAttempt:
        return masked_attempt(attempt) if self._masks else reduced_attempt(attempt, self._visibility)
