"""Looks short links up for the redirect, and records clicks with a later batch."""

from typing import Final

import structlog

from palomar.short_links.clicks import Click, ShortLink, find_link, record_clicks
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step

CLICKS = Step(name="record_clicks", script=record_clicks, batch_delay_seconds=0.050)
A_LINK_A_MINUTE: Final = 120
"""Visits of one link in a minute that are recorded; further ones are redirected only. A link belongs to one recipient:
so many visits are not a person's."""
_LINKS_REMEMBERED: Final = 10_000
_WAITING_AT_MOST = 20_000
_log = structlog.get_logger(__name__)


class ClickRecorder:
    """Finds links and records the clicks on them, for the redirect."""

    def __init__(self, database: Database, batcher: Batcher) -> None:
        self._database = database
        self._batcher = batcher
        self._visits: dict[str, tuple[int, int]] = {}
        """The minute and its number of visits, by code; the code that was visited last is the last."""

    async def find(self, code: str) -> ShortLink | None:
        """Return the link of this code; None if there is none. Raises DatabaseError while the database cannot be
        read."""
        return await self._database.read(find_link, code)

    def record(self, click: Click) -> None:
        """Record a click, later. Too many of its link in a minute are not recorded. While far too much waits to be
        written, clicks are dropped."""
        if not self._is_counted(click):
            return
        if self._batcher.waiting > _WAITING_AT_MOST:
            _log.warning("a click was not recorded: too much waits to be written", code=click.link.code)
            return
        self._batcher.post(CLICKS, click, _recorded)

    def _is_counted(self, click: Click) -> bool:
        """Count a visit in this minute; return False if there were too many."""
        code, this_minute = click.link.code, click.at_ms // 60_000
        minute, visits = self._visits.pop(code, (this_minute, 0))
        visits = visits + 1 if minute == this_minute else 1
        if len(self._visits) >= _LINKS_REMEMBERED:
            del self._visits[next(iter(self._visits))]
        self._visits[code] = (this_minute, visits)
        if visits == A_LINK_A_MINUTE + 1:
            _log.warning("a link is visited too often for people", code=code)
        return visits <= A_LINK_A_MINUTE


def _recorded(result: None) -> None:
    """Do nothing: no caller waits."""
