"""Writes the short links of new messages. Not here: what makes a code (``short_links.shorten``), and the clicks
(``clicks``)."""

from palomar.short_links.link_rows import INSERT_LINKS
from palomar.storage.database import Conflict
from palomar.storage.statements import Row
from palomar.transaction.message_rows import MessageRow
from palomar.transaction.work import SLICE, Participant, Work


class ShortLinks(Participant):
    """The short links of one transaction's new messages."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._new: list[Row] = []

    def add(self, code: str, message: MessageRow, url: str) -> None:
        """Add a code that leads to a URL of a new message."""
        self._new.append((code, message.id, message.account_id, url, self._work.now_ms))

    async def write(self) -> None:
        """Write the links in slices. Raises Conflict if another node has issued the same code."""
        tx = self._work.tx
        for start in range(0, len(self._new), SLICE):
            if start:
                await tx.pause()
            some = self._new[start : start + SLICE]
            if len(await tx.insert_new(INSERT_LINKS, some)) != len(some):
                raise Conflict("another node issued the same short link meanwhile")
