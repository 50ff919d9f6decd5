"""``subid``: the name of a request, the customer's or, if it gives none, ours.

Source: FOXSYS's page: up to 20 characters; ours has 13, hexadecimal and ordered by time (8 of Unix seconds, 5 of
microseconds). Reuse is allowed: one bridge sends the same on every call.
"""

import json
from typing import Final

import msgspec

from palomar.dialects.foxsys import NAME
from palomar.dialects.foxsys.documents import SendDocument
from palomar.ports import Clock, Ids
from palomar.text.alphabets import has_unusable_characters
from palomar.transaction.idempotency import Key
from palomar.vocabulary.account import Account

LONGEST: Final = 20


class Subids:
    """A maker of our subids: rising, unique in this process, with random microseconds so that two nodes rarely make the
    same."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._last = 0

    def make(self) -> str:
        """Return a new subid."""
        microseconds = self._clock.wall_ms() * 1_000 + int(self._ids.random() * 1_000)
        self._last = microseconds if microseconds > self._last else self._last + 1
        seconds, rest = divmod(self._last, 1_000_000)
        return f"{seconds:08x}{rest:05x}"


def read_subid(subid: object) -> str | None:
    """Read the customer's subid, a string or an integer; None if there is none that could be stored."""
    if isinstance(subid, str):
        return subid if subid and not subid.isspace() and not has_unusable_characters(subid) else None
    if isinstance(subid, int) and not isinstance(subid, bool):
        return str(subid)
    return None


def key_of(account: Account, subid: str, document: SendDocument) -> Key:
    """Make an idempotency key of a subid and the whole request, so that no key is ever reused for another request."""
    content = json.dumps(msgspec.structs.asdict(document), sort_keys=True).encode("ascii")
    return Key.of((str(account.id), NAME, subid, content.decode("ascii")), content)
