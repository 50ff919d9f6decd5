"""Report: receipts find their part by carrier and id, move its state, and are acknowledged only after the commit.

A receipt that finds nothing is kept as an orphan, and joined when the answer that names its part comes.
"""

from collections.abc import Mapping, Sequence

from palomar.domain.message import FINAL, PartId, State, is_correction
from palomar.domain.timeline import Detail, Kind
from palomar.flows.ending import correct_end, end_part
from palomar.flows.work import Work
from palomar.ports import CarrierReceipt
from palomar.storage import carriers as kept
from palomar.storage import messages as rows
from palomar.storage.messages import OpenPart
from palomar.storage.statements import Found, Row

ORPHAN_SWEEP_MS = 900_000
"""Only two transactions that ran at once miss each other, so older orphans need no second look."""


async def record_receipts(work: Work, receipts: Sequence[CarrierReceipt]) -> list[bool]:
    """Record each receipt; True where its part was found, False where it is kept as an orphan."""
    found = await _find(work, receipts)
    orphans: list[Row] = []
    for receipt, part in zip(receipts, found, strict=True):
        if part is None:
            orphans.append(_orphan_row(work, receipt))
        else:
            apply_receipt(work, part, receipt)
    if orphans:
        await work.tx.insert(kept.INSERT_ORPHANS, orphans)
    return [part is not None for part in found]


async def join_orphans(work: Work, parts: Sequence[OpenPart]) -> None:
    """Receipts that came before the answers which named these parts."""
    by_reference = {(part.carrier, part.carrier_reference): part for part in parts if part.carrier_reference}
    if not by_reference:
        return
    joined = []
    references = sorted({str(reference) for _, reference in by_reference})
    for row in await work.tx.lookup(kept.LOOKUP_ORPHANS, references):
        part = by_reference.get((row[1], row[2]))
        if part is not None:
            apply_receipt(work, part, _receipt(row))
            joined.append(row[0])
    if joined:
        await work.tx.delete(kept.DELETE_ORPHANS, joined)


async def sweep_orphans(work: Work, limits: Sequence[int]) -> list[int]:
    """Join orphans whose part was named in a transaction that could not see them; how many, a limit."""
    swept = []
    for limit in limits:
        since_ms = work.now_ms - ORPHAN_SWEEP_MS
        found = await work.tx.select_locked(kept.SELECT_MATCHABLE_ORPHANS, since_ms, limit, lock="skip")
        if found:
            await work.tx.delete(kept.DELETE_ORPHANS, [row[0] for row in found])
            await record_receipts(work, [_receipt(row) for row in found])
        swept.append(len(found))
    return swept


def apply_receipt(work: Work, part: OpenPart, receipt: CarrierReceipt) -> None:
    """Move a part by its receipt; late, doubled and intermediate ones only leave their moment."""
    message = part.message
    detail: Detail = {"part": part.number, "carrier": receipt.carrier, "stat": receipt.stat, "raw": receipt.raw}
    work.note(message.id, Kind.RECEIPT, detail)
    if receipt.state is None:
        return
    if part.state in FINAL:
        if is_correction(part.state, presumed=bool(message.presumed), new=receipt.state) and message.parts == 1:
            correct_end(work, part, receipt.state)
        return
    if part.state in (State.QUEUED, State.SUBMITTING):
        work.leave_queue(part)
    if part.sent_ms is None:
        work.settle_unanswered(part)
    end_part(work, part, receipt.state)


async def _find(work: Work, receipts: Sequence[CarrierReceipt]) -> list[OpenPart | None]:
    references = {receipt.reference for receipt in receipts if receipt.reference}
    candidates: dict[tuple[str, str], list[PartId]] = {}
    if references:
        for identity, carrier, reference in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_REFERENCE, sorted(references)):
            candidates.setdefault((str(carrier), str(reference)), []).append(PartId(identity))
    wanted = {receipt.part_id for receipt in receipts if receipt.part_id is not None}
    known = await work.parts({identity for found in candidates.values() for identity in found} | wanted)
    _add_fresh(candidates, known)
    return [_newest_open(receipt, candidates, known) for receipt in receipts]


def _add_fresh(candidates: dict[tuple[str, str], list[PartId]], known: Mapping[PartId, OpenPart]) -> None:
    """Parts that were named earlier in this very batch are not in the tables yet."""
    for part in known.values():
        if part.carrier_reference:
            found = candidates.setdefault((part.carrier, part.carrier_reference), [])
            if part.id not in found:
                found.append(part.id)


def _newest_open(
    receipt: CarrierReceipt, candidates: dict[tuple[str, str], list[PartId]], known: Mapping[PartId, OpenPart]
) -> OpenPart | None:
    """Carriers reuse ids: the newest part that still waits wins, else the newest of all."""
    if receipt.part_id is not None and receipt.part_id in known:
        return known[receipt.part_id]
    identities = candidates.get((receipt.carrier, receipt.reference), ())
    if len(identities) == 1:
        return known.get(identities[0])
    found = [known[identity] for identity in identities if identity in known]
    waiting = [part for part in found if part.state not in FINAL]
    return max(waiting or found, key=lambda part: int(part.id), default=None)


def _orphan_row(work: Work, receipt: CarrierReceipt) -> Row:
    return (
        work.house.ids.serial(),
        receipt.carrier,
        receipt.reference,
        receipt.state,
        receipt.stat,
        receipt.raw,
        work.now_ms,
    )


def _receipt(row: Found) -> CarrierReceipt:
    _, carrier, reference, state, stat, raw = row[:6]
    return CarrierReceipt(
        carrier=str(carrier),
        reference=str(reference),
        state=State(str(state)) if state else None,
        stat=str(stat),
        raw=str(raw),
    )
