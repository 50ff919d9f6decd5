"""Clicks: short links are looked up at once, and who followed them is written with the next batch that lingers."""

from typing import Final

import structlog

from palomar.short_links.clicks import Click, ShortLink, find_link, record_clicks
from palomar.storage.database import Database
from palomar.transaction.batcher import Batcher, Step

CLICKS = Step(name="record_clicks", script=record_clicks, batch_delay_seconds=0.050)
A_LINK_A_MINUTE: Final = 120
"""Visits of one link that are recorded and told; whoever comes beside them is only led on. A link is one recipient's:
so many are no people."""
_LINKS_REMEMBERED: Final = 10_000
_WAITING_AT_MOST = 20_000
_log = structlog.get_logger(__name__)


class Clicks:
    """What the redirect asks."""

    def __init__(self, database: Database, batcher: Batcher) -> None:
        self._database = database
        self._batcher = batcher
        self._visits: dict[str, tuple[int, int]] = {}
        """By code: the minute, and how many visits it had; the one that came last is last."""

    async def link(self, code: str) -> ShortLink | None:
        """The link of this code. Raises DatabaseError while the database cannot be read."""
        return await self._database.read(find_link, code)

    def clicked(self, click: Click) -> None:
        """Record a click, later. One too many of its link in a minute is not recorded; when far too much waits to be
        written it is lost, because people come first."""
        if not self._counts(click):
            return
        if self._batcher.waiting > _WAITING_AT_MOST:
            _log.warning("a click was not recorded: too much waits to be written", code=click.link.code)
            return
        self._batcher.post(CLICKS, click, _recorded)

    def _counts(self, click: Click) -> bool:
        """Count a visit of the minute; False for what is too many."""
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
    """Nobody waits."""
