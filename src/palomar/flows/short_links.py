"""Writes the short links of new messages. Not here: what makes a code (``domain.link``), and the clicks (``click``)."""

from palomar.flows.work import SLICE, Joined, Work
from palomar.storage.database import Conflict
from palomar.storage.links import INSERT_LINKS
from palomar.storage.messages import MessageRow
from palomar.storage.statements import Row


class ShortLinks(Joined):
    """The short links of one transaction's new messages."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._new: list[Row] = []

    def add(self, code: str, message: MessageRow, url: str) -> None:
        """Let a code lead to a URL of a new message."""
        self._new.append((code, message.id, message.account_id, url, self._work.now_ms))

    async def write(self) -> None:
        """Write in slices. Raises Conflict where another node has issued the same code."""
        tx = self._work.tx
        for start in range(0, len(self._new), SLICE):
            if start:
                await tx.pause()
            some = self._new[start : start + SLICE]
            if len(await tx.insert_new(INSERT_LINKS, some)) != len(some):
                raise Conflict("another node issued the same short link meanwhile")
