"""Clicks: short links are looked up at once, and who followed them is written with the next batch that lingers."""

import structlog

from palomar.engine.batcher import Batcher, Step
from palomar.flows.click import Click, Link, find_link, record_clicks
from palomar.storage.database import Database, Transaction

CLICKS = Step(name="record_clicks", script=record_clicks, rank=48, linger_seconds=0.050)
_WAITING_AT_MOST = 20_000
_log = structlog.get_logger(__name__)


class Clicks:
    """What the redirect asks."""

    def __init__(self, database: Database, batcher: Batcher) -> None:
        self._database = database
        self._batcher = batcher

    async def link(self, code: str) -> Link | None:
        """The link of this code. Raises DatabaseError while the database cannot be read."""

        async def script(tx: Transaction) -> Link | None:
            return await find_link(tx, code)

        return await self._database.read(script)

    def clicked(self, click: Click) -> None:
        """Record a click, later; when far too much waits to be written it is lost, because people come first."""
        if self._batcher.waiting > _WAITING_AT_MOST:
            _log.warning("a click was not recorded: too much waits to be written", code=click.link.code)
            return
        self._batcher.post(CLICKS, click, _recorded)


def _recorded(result: None) -> None:
    """Nobody waits."""
