"""Rows of ``orphans`` and their SQL: receipts whose part is not found yet.

Not here: joining them with their parts (``record``), and texts that phones write (``inbound.inbound_rows``).
"""

from msgspec import Struct

from palomar.ports import CarrierReceipt
from palomar.storage.statements import Delete, Insert, Lookup, ResultRow, Row, columns_of
from palomar.vocabulary.message import State

INSERT_ORPHANS = Insert(
    "orphans",
    (
        *columns_of("bigint", "id"),
        *columns_of("text", "carrier carrier_reference state stat raw msisdn sender text"),
        *columns_of("bytea", "octets"),
        *columns_of("bigint", "received_ms"),
    ),
)
_ORPHAN = "id, carrier, carrier_reference, state, stat, raw, msisdn, sender, text, octets, received_ms"
LOOKUP_ORPHANS = Lookup(
    f"SELECT {_ORPHAN} FROM orphans WHERE ltrim(upper(carrier_reference), '0') IN {{keys}}"
    " AND carrier_reference <> '' ORDER BY id",
    "text",
)
_TAIL_OF_MSISDN = "CASE WHEN length(msisdn) > 8 THEN substr(msisdn, length(msisdn) - 7) ELSE msisdn END"
_TAIL_OF_SENDER = "CASE WHEN length(sender) > 8 THEN substr(sender, length(sender) - 7) ELSE sender END"
# The tails are cut as vocabulary.doubt.phone_tail does. Carriers disagree in which address field the phone stands.
LOOKUP_ORPHANS_BY_MSISDN = Lookup(
    f"SELECT {_ORPHAN} FROM orphans WHERE {_TAIL_OF_MSISDN} IN {{keys}} ORDER BY id", "text"
)
LOOKUP_ORPHANS_BY_SENDER = Lookup(
    f"SELECT {_ORPHAN} FROM orphans WHERE {_TAIL_OF_SENDER} IN {{keys}} ORDER BY id", "text"
)
DELETE_ORPHANS = Delete("orphans", ("id", "bigint"))
SELECT_YOUNG_ORPHANS = (
    f"SELECT {_ORPHAN} FROM orphans WHERE (received_ms, id) > (?, ?) ORDER BY received_ms, id LIMIT ?"
)
SELECT_ORPHANS = f"SELECT {_ORPHAN} FROM orphans WHERE id < ? ORDER BY id DESC LIMIT ?"
FORGET_ORPHANS = "DELETE FROM orphans WHERE id IN (SELECT id FROM orphans WHERE received_ms < ? LIMIT ?)"
COUNT_ORPHANS = "SELECT carrier, count(*), max(received_ms) FROM orphans GROUP BY carrier ORDER BY carrier"


class OrphanRow(Struct, frozen=True, kw_only=True):
    """A receipt whose part was not found, and when it came (wall milliseconds)."""

    id: int
    receipt: CarrierReceipt
    received_ms: int

    def row(self) -> Row:
        """Return its values, in the order of INSERT_ORPHANS."""
        receipt = self.receipt
        return (
            self.id,
            receipt.carrier,
            receipt.reference,
            receipt.state,
            receipt.stat,
            receipt.raw,
            receipt.msisdn,
            receipt.sender,
            receipt.text,
            receipt.octets or None,
            self.received_ms,
        )


def orphan_row(row: ResultRow) -> OrphanRow:
    """Build an orphan from a row of LOOKUP_ORPHANS or a statement of the same columns."""
    identity, carrier, reference, state, stat, raw, msisdn, sender, text, octets, received_ms = row
    receipt = CarrierReceipt(
        carrier=carrier,
        reference=reference,
        state=State(state) if state else None,
        stat=stat,
        raw=raw,
        msisdn=msisdn,
        sender=sender,
        text=text,
        octets=octets or b"",
    )
    return OrphanRow(id=identity, receipt=receipt, received_ms=received_ms)
