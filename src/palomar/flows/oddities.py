"""Oddities: what carriers send that is not as it should be is counted, in the transaction that records what it says."""

from collections import Counter
from dataclasses import dataclass

from palomar.domain.oddity import OTHERS, Oddity, OddityKind
from palomar.storage import oddities as rows
from palomar.storage.database import Transaction

OF_A_KIND_AT_MOST = 100
"""So many of a kind are counted apart for each carrier; whatever else comes is counted together."""

Odd = tuple[str, Oddity]
"""A carrier and what it sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedOddity:
    """One oddity of one carrier, how often it came, and when last."""

    carrier: str
    oddity: Oddity
    times: int
    last_ms: int


async def count_oddities(tx: Transaction, odd: list[Odd], *, now_ms: int) -> None:
    """Count these; every writer takes the rows in the same order."""
    counted: Counter[tuple[str, str, str]] = Counter()
    known: dict[tuple[str, str], set[str]] = {}
    for carrier, one in odd:
        kind = one.kind.value
        if (carrier, kind) not in known:
            known[carrier, kind] = {str(row[0]) for row in await tx.select(rows.KINDS_OF_CARRIER, carrier, kind)}
        names = known[carrier, kind]
        what = one.what if one.what in names or len(names) < OF_A_KIND_AT_MOST else OTHERS
        names.add(what)
        counted[carrier, kind, what] += 1
    for (carrier, kind, what), times in sorted(counted.items()):
        await tx.execute(rows.COUNT_ODDITY, carrier, kind, what, times, now_ms, now_ms)


async def list_oddities(tx: Transaction, *, since_ms: int) -> list[CountedOddity]:
    """List what has come since a time, by carrier and kind, the most frequent first."""
    return [
        CountedOddity(carrier=row[0], oddity=Oddity(OddityKind(row[1]), row[2]), times=row[3], last_ms=row[4])
        for row in await tx.select(rows.SELECT_ODDITIES, since_ms)
    ]
