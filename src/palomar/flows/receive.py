"""Receive: what phones send us is stored before the carrier is told that we have it.

A carrier repeats what was not acknowledged, so the same content within ten minutes is the same message.
"""

import hashlib
from collections.abc import Sequence

from palomar.flows.work import Work
from palomar.ports import CarrierInbound
from palomar.storage.carriers import INSERT_INBOUND
from palomar.storage.statements import Row

SAME_WITHIN_MS = 600_000


async def receive(work: Work, inbounds: Sequence[CarrierInbound]) -> list[bool]:
    """Store each message; False where it is a repeat. Either way the carrier may forget it."""
    rows: list[Row] = [_row(work, inbound) for inbound in inbounds]
    fresh = await work.tx.insert_new(INSERT_INBOUND, rows)
    return [row[0] in fresh for row in rows]


def _row(work: Work, inbound: CarrierInbound) -> Row:
    period = work.now_ms // SAME_WITHIN_MS
    content = "\0".join(
        (
            inbound.carrier,
            inbound.source,
            inbound.destination,
            str(inbound.reference),
            str(inbound.number),
            inbound.text,
        )
    )
    same = f"{period}:{hashlib.sha256(content.encode('utf-8', 'surrogatepass')).hexdigest()}"
    return (
        work.house.ids.serial(),
        inbound.carrier,
        inbound.source,
        inbound.destination,
        inbound.text,
        inbound.reference,
        inbound.number,
        inbound.parts,
        same,
        work.now_ms,
    )
