"""Rows of ``doubts`` and their SQL: copies of parts of which it is unknown whether their carrier took them.

Not here: their changes in a transaction (``doubts``).
"""

from msgspec import Struct

from palomar.storage.statements import Columns, Insert, Lookup, ResultRow, Row, Update, columns_of
from palomar.vocabulary.doubt import DoubtCause
from palomar.vocabulary.message import PartId

NO_REFERENCE = "none"
"""Stored in place of the carrier's id for a copy that is no more in doubt and whose id is unknown. Ids are stored in
capitals, so none is equal to it."""

_KEY: Columns = columns_of("bigint", "part_id attempt")
INSERT_DOUBTS = Insert(
    "doubts", (*_KEY, *columns_of("text", "carrier phone sender cause reference"), *columns_of("bigint", "at_ms"))
)
UPDATE_DOUBTS = Update("doubts", _KEY, columns_of("text", "cause reference"))
_DOUBT = "part_id, attempt, carrier, phone, sender, cause, reference, at_ms"
LOOKUP_DOUBTS = Lookup(f"SELECT {_DOUBT} FROM doubts WHERE part_id IN {{keys}} ORDER BY part_id, attempt", "bigint")
LOOKUP_DOUBTS_BY_PHONE = Lookup(
    f"SELECT {_DOUBT} FROM doubts WHERE reference = '' AND phone IN {{keys}} ORDER BY part_id, attempt", "text"
)
LOOKUP_DOUBTS_BY_REFERENCE = Lookup(
    f"SELECT {_DOUBT} FROM doubts WHERE reference <> '' AND reference IN {{keys}} ORDER BY part_id, attempt", "text"
)
_HELD = "doubts d JOIN parts p ON p.id = d.part_id JOIN messages m ON m.id = (p.id & ~255) WHERE p.state = 'held'"
SELECT_HELD = f"SELECT DISTINCT m.id FROM {_HELD} AND d.reference = '' AND m.account_id = ? ORDER BY m.id LIMIT ?"
COUNT_HELD = (
    "SELECT account_id, count(*), min(at_ms) FROM (SELECT m.id, m.account_id, min(d.at_ms) AS at_ms"
    f" FROM {_HELD} AND d.reference = '' GROUP BY m.id, m.account_id LIMIT ?) AS held GROUP BY account_id"
)
FORGET_DOUBTS = (
    "DELETE FROM doubts WHERE (part_id, attempt) IN (SELECT part_id, attempt FROM doubts WHERE at_ms < ? LIMIT ?)"
)


class DoubtRow(Struct, kw_only=True):
    """One copy of a part. ``phone`` is the tail of its recipient's number, ``sender`` the sender that its submit named
    (empty where that is unknown), ``reference`` the carrier's id: empty as long as the copy is in doubt."""

    part_id: PartId
    attempt: int
    carrier: str
    phone: str
    sender: str
    cause: DoubtCause
    reference: str = ""
    at_ms: int

    @property
    def is_open(self) -> bool:
        """Return True as long as it is unknown whether the carrier has this copy."""
        return not self.reference

    def row(self) -> Row:
        """Return its values, in the order of INSERT_DOUBTS."""
        return (
            self.part_id,
            self.attempt,
            self.carrier,
            self.phone,
            self.sender,
            self.cause,
            self.reference,
            self.at_ms,
        )


def doubt_row(row: ResultRow) -> DoubtRow:
    """Build a doubt from a row of LOOKUP_DOUBTS or a statement of the same columns."""
    identity, attempt, carrier, phone, sender, cause, reference, at_ms = row
    return DoubtRow(
        part_id=PartId(identity),
        attempt=attempt,
        carrier=carrier,
        phone=phone,
        sender=sender,
        cause=DoubtCause(cause),
        reference=reference,
        at_ms=at_ms,
    )
