"""Receive: what phones send us is stored before the carrier is told that we have it.

A carrier repeats what was not acknowledged, so the same content within ten minutes is the same message.
"""

import hashlib
from collections.abc import Sequence

from palomar.flows.work import Work
from palomar.ports import CarrierInbound
from palomar.storage.carriers import INSERT_INBOUND, LOOKUP_INBOUND
from palomar.storage.statements import Row

SAME_WITHIN_MS = 600_000


async def receive(work: Work, inbounds: Sequence[CarrierInbound]) -> list[bool]:
    """Store each message; False where it is a repeat. Either way the carrier may forget it."""
    period = work.now_ms // SAME_WITHIN_MS
    contents = [_digest(inbound) for inbound in inbounds]
    before = {f"{period - 1}:{content}": content for content in contents}
    found = await work.tx.lookup(LOOKUP_INBOUND, sorted(before))
    repeated = {before[row[0]] for row in found if row[1] > work.now_ms - SAME_WITHIN_MS}
    rows = [
        _row(work, inbound, same=f"{period}:{content}")
        for inbound, content in zip(inbounds, contents, strict=True)
        if content not in repeated
    ]
    fresh = await work.tx.insert_new(INSERT_INBOUND, rows)
    news = {row[8] for row in rows if row[0] in fresh}
    results = []
    for content in contents:
        same = f"{period}:{content}"
        results.append(same in news)
        news.discard(same)  # only the first of equals is new
    return results


def _digest(inbound: CarrierInbound) -> str:
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
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


def _row(work: Work, inbound: CarrierInbound, *, same: str) -> Row:
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
