"""Counts oddities: unknown words in receipts and faulty PDUs of carriers, in the transaction that records the PDU.

A row of ``oddities`` is one carrier and one oddity. Not here: the kinds of oddities (``vocabulary.oddity``), and who
finds them (``carriers.smpp.deliveries``).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from palomar.storage.database import Transaction
from palomar.transaction.work import Participant, Work
from palomar.vocabulary.oddity import OTHERS, Oddity, OddityKind

OF_A_KIND_AT_MOST = 100
"""So many oddities of a kind are counted apart for each carrier; others are counted together as OTHERS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOddity:
    """One oddity of one carrier: how often it came, and when last (wall milliseconds)."""

    carrier: str
    oddity: Oddity
    times: int
    last_ms: int


class Oddities(Participant):
    """The oddities of one transaction."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._noted: list[tuple[str, Oddity]] = []

    def note(self, carrier: str, oddities: Iterable[Oddity]) -> None:
        """Note the oddities of a PDU of a carrier."""
        self._noted += [(carrier, oddity) for oddity in oddities]

    async def write(self) -> None:
        """Add what was noted to the counts. The rows are taken in one order, so that no two writers block each
        other."""
        tx, now_ms = self._work.tx, self._work.now_ms
        counted: Counter[tuple[str, str, str]] = Counter()
        known: dict[tuple[str, str], set[str]] = {}
        for carrier, one in self._noted:
            kind = one.kind.value
            if (carrier, kind) not in known:
                known[carrier, kind] = {str(row[0]) for row in await tx.select(KINDS_OF_CARRIER, carrier, kind)}
            names = known[carrier, kind]
            what = one.what if one.what in names or len(names) < OF_A_KIND_AT_MOST else OTHERS
            names.add(what)
            counted[carrier, kind, what] += 1
        for (carrier, kind, what), times in sorted(counted.items()):
            await tx.execute(COUNT_ODDITY, carrier, kind, what, times, now_ms, now_ms)


async def list_oddities(tx: Transaction, *, since_ms: int) -> list[CountedOddity]:
    """List the oddities that came since a time (wall milliseconds), by carrier and kind, the most frequent first."""
    return [
        CountedOddity(carrier=row[0], oddity=Oddity(OddityKind(row[1]), row[2]), times=row[3], last_ms=row[4])
        for row in await tx.select(SELECT_ODDITIES, since_ms)
    ]


KINDS_OF_CARRIER = "SELECT what FROM oddities WHERE carrier = ? AND kind = ?"
COUNT_ODDITY = (
    "INSERT INTO oddities (carrier, kind, what, times, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (carrier, kind, what) DO UPDATE SET times = oddities.times + excluded.times,"
    " last_ms = excluded.last_ms"
)
SELECT_ODDITIES = (
    "SELECT carrier, kind, what, times, last_ms FROM oddities WHERE last_ms >= ?"
    " ORDER BY carrier, kind, times DESC, what"
)
FORGET_ODDITIES = (
    "DELETE FROM oddities WHERE (carrier, kind, what) IN"
    " (SELECT carrier, kind, what FROM oddities WHERE last_ms < ? LIMIT ?)"
)
