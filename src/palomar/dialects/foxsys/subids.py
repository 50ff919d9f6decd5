"""``subid``: the name of a request, the customer's or, where it gives none, ours.

Source: FOXSYS's page: up to 20 characters; ours has 13, hexadecimal and ordered by time (8 of Unix seconds, 5 of
microseconds). Reuse is no fault: one bridge sends the same on every call.
"""

import json
from typing import Final

import msgspec

from palomar.dialects.foxsys import NAME
from palomar.dialects.foxsys.documents import SendDocument
from palomar.ports import Clock, Ids
from palomar.text.alphabets import unusable
from palomar.transaction.idempotency import Key
from palomar.vocabulary.account import Account

LONGEST: Final = 20


class Subids:
    """Makes ours: rising, and never the same twice in this process. Chance fills in what the clock has not, so that
    two nodes rarely make the same."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._last = 0

    def make(self) -> str:
        """A new one."""
        microseconds = self._clock.wall_ms() * 1_000 + int(self._ids.chance() * 1_000)
        self._last = microseconds if microseconds > self._last else self._last + 1
        seconds, rest = divmod(self._last, 1_000_000)
        return f"{seconds:08x}{rest:05x}"


def read_subid(subid: object) -> str | None:
    """The customer's, a string or an integer; None where there is none that could be kept."""
    if isinstance(subid, str):
        return subid if subid and not subid.isspace() and not unusable(subid) else None
    if isinstance(subid, int) and not isinstance(subid, bool):
        return str(subid)
    return None


def key_of(account: Account, subid: str, document: SendDocument) -> Key:
    """A subid as an idempotency key: whatever differs in the request makes another key, so none is ever reused."""
    asked = json.dumps(msgspec.structs.asdict(document), sort_keys=True).encode("ascii")
    return Key.of((str(account.id), NAME, subid, asked.decode("ascii")), asked)
