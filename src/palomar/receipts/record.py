"""Records receipts: each finds its part and moves its state. A receipt is acknowledged only after the commit.

A receipt whose part is not found is kept as an orphan. It is joined with its part when the answer comes that names it,
or when that part is put in doubt. Not here: finding the part (``matching``), and ending it (``ending``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.billing.ledger import Ledger
from palomar.ports import CarrierReceipt
from palomar.receipts import orphan_rows
from palomar.receipts.doubt_matching import names_phone
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import correct_end, end_part, mark_message_sent
from palomar.receipts.lessons import ReceiptContext
from palomar.receipts.matching import is_id_enough, match
from palomar.receipts.oddities import Oddities
from palomar.receipts.orphan_rows import OrphanRow
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.doubt import phone_tail
from palomar.vocabulary.message import FINAL, PART_TRANSITIONS, PartId, State, is_correction, move
from palomar.vocabulary.receipt_ids import ReceiptIdFormat, canonical, is_id, possible_receipt_ids
from palomar.vocabulary.timeline import Detail, MomentKind

ORPHAN_SWEEP_MS = 900_000
"""For so long :func:`sweep_orphans` tries orphans again: two transactions that ran at once may have missed each other,
or the carrier's format of ids was learned since. Older orphans only wait for a late answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanSweep:
    """An order to try at most ``limit`` orphans, behind the one that came at ``after_ms`` with id ``after``."""

    limit: int
    after_ms: int = 0
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptOrphans:
    """The result of a sweep: how many orphans found their part, and the last one that was tried (0: none)."""

    joined: int
    last_ms: int
    last: int


async def record_receipts(work: Work, receipts: Sequence[CarrierReceipt]) -> list[bool]:
    """Record each receipt; return True where its part was found, False where it is kept as an orphan."""
    found = await match(work, receipts)
    await _load_siblings(work, receipts, found)
    orphans = []
    for receipt, part in zip(receipts, found, strict=True):
        if receipt.oddities:
            Oddities.of(work).note(receipt.carrier, receipt.oddities)
        if part is None:
            orphans.append(OrphanRow(id=work.context.ids.serial(), receipt=receipt, received_ms=work.now_ms).row())
        else:
            apply_receipt(work, part, receipt)
    if orphans:
        await work.tx.insert(orphan_rows.INSERT_ORPHANS, orphans)
    return [part is not None for part in found]


async def join_orphans_by_id(work: Work, parts: Sequence[OpenPart]) -> None:
    """Apply receipts that came before the answers which named these parts, by carrier and id."""
    by_reference: dict[tuple[str, str], tuple[OpenPart, ReceiptIdFormat]] = {}
    formats = ReceiptContext.of(work.context).receipt_id_formats
    for part in parts:
        if part.carrier_reference:
            learned = formats.get(part.carrier)
            id_formats = tuple(ReceiptIdFormat) if learned is None else (learned,)
            for id_format, reference in possible_receipt_ids(part.carrier_reference, id_formats).items():
                by_reference.setdefault((part.carrier, reference), (part, id_format))
    if not by_reference:
        return
    joined: list[tuple[OrphanRow, OpenPart]] = []
    found = await work.tx.lookup(orphan_rows.LOOKUP_ORPHANS, sorted({reference for _, reference in by_reference}))
    for orphan in map(orphan_rows.orphan_row, found):
        receipt = orphan.receipt
        named = by_reference.get((receipt.carrier, canonical(receipt.reference)))
        if named is None or not is_id(receipt.reference):
            continue
        part, id_format = named
        is_plain = id_format is ReceiptIdFormat.SAME and is_id_enough(receipt, part.carrier_reference or "")
        if is_plain or names_phone(receipt, part.message.msisdn):
            joined.append((orphan, part))
    await _apply_orphans(work, joined)


async def join_orphans_in_doubt(work: Work, parts: Sequence[OpenPart]) -> None:
    """Apply receipts that came before these parts were put in doubt, if they fit one of them."""
    doubts = Doubts.of(work)
    doubted = [part for part in parts if doubts.is_open(part)]
    if not doubted:
        return
    tails = sorted({phone_tail(part.message.msisdn) for part in doubted})
    found: dict[int, OrphanRow] = {}
    for lookup in (orphan_rows.LOOKUP_ORPHANS_BY_MSISDN, orphan_rows.LOOKUP_ORPHANS_BY_SENDER):
        for orphan in map(orphan_rows.orphan_row, await work.tx.lookup(lookup, tails)):
            found[orphan.id] = orphan
    await _join(work, sorted(found.values(), key=lambda orphan: orphan.id))


async def _join(work: Work, orphans: Sequence[OrphanRow]) -> int:
    """Apply those of these orphans whose part is found; return how many."""
    parts = await match(
        work, [orphan.receipt for orphan in orphans], guess=True, received_ms=[orphan.received_ms for orphan in orphans]
    )
    joined = [(orphan, part) for orphan, part in zip(orphans, parts, strict=True) if part is not None]
    await _apply_orphans(work, joined)
    return len(joined)


async def _apply_orphans(work: Work, joined: Sequence[tuple[OrphanRow, OpenPart]]) -> None:
    """Apply orphans to their parts, and delete them."""
    if not joined:
        return
    await _load_siblings(work, [orphan.receipt for orphan, _ in joined], [part for _, part in joined])
    for orphan, part in joined:
        apply_receipt(work, part, orphan.receipt)
    await work.tx.delete(orphan_rows.DELETE_ORPHANS, [orphan.id for orphan, _ in joined])


async def _load_siblings(work: Work, receipts: Sequence[CarrierReceipt], parts: Sequence[OpenPart | None]) -> None:
    """Read the other parts of long messages whose carrier reports one part alone: they end with that part."""
    if not ReceiptContext.of(work.context).one_receipt:
        return
    wanted = {
        part.message.id
        for receipt, part in zip(receipts, parts, strict=True)
        if part is not None and receipt.state is not None and _reports_one_part(work, receipt, part)
    }
    if wanted:
        found = await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, sorted(wanted))
        await work.read_parts(PartId(row[0]) for row in found)


def _reports_one_part(work: Work, receipt: CarrierReceipt, part: OpenPart) -> bool:
    return part.message.parts > 1 and receipt.carrier in ReceiptContext.of(work.context).one_receipt


async def sweep_orphans(work: Work, sweeps: Sequence[OrphanSweep]) -> list[SweptOrphans]:
    """Try orphans younger than ORPHAN_SWEEP_MS again, with every format of ids; apply those whose part is found."""
    results = []
    for sweep in sweeps:
        since = max((work.now_ms - ORPHAN_SWEEP_MS, 0), (sweep.after_ms, sweep.after))
        found = await work.tx.select_locked(orphan_rows.SELECT_YOUNG_ORPHANS, *since, sweep.limit, lock="skip")
        orphans = [orphan_rows.orphan_row(row) for row in found]
        joined = await _join(work, orphans)
        last = orphans[-1] if orphans else None
        results.append(
            SweptOrphans(joined=joined, last_ms=last.received_ms if last else 0, last=last.id if last else 0)
        )
    return results


def apply_receipt(work: Work, part: OpenPart, receipt: CarrierReceipt) -> None:
    """Move a part by its receipt and add a moment; late, repeated and intermediate receipts only add the moment."""
    message = part.message
    detail: Detail = {"part": part.number, "carrier": receipt.carrier, "stat": receipt.stat, "raw": receipt.raw}
    if receipt.octets:
        detail["pdu"] = receipt.octets.hex()
    work.add_moment(message.id, MomentKind.RECEIPT, detail)
    if receipt.state is None:
        if Doubts.of(work).is_confirmed(part) and part.state in (State.QUEUED, State.SUBMITTING, State.HELD):
            _mark_proven(work, part)
        return
    if part.state in FINAL:
        if is_correction(part.state, presumed=bool(message.presumed), new=receipt.state) and message.parts == 1:
            correct_end(work, part, receipt.state)
        return
    if part.state in (State.QUEUED, State.SUBMITTING):
        work.leave_queue(part)
    if part.sent_ms is None:
        Ledger.of(work).settle_unanswered(part)
    if message.state is not State.HELD or message.parts_open == 1:  # else other parts may be in doubt
        mark_message_sent(work, message)  # the receipt came before the answer: the callback of ``sent`` goes first
    end_part(work, part, receipt.state)
    if message.parts > 1 and _reports_one_part(work, receipt, part):
        for other in work.siblings(part):
            end_with_message(work, other)


def end_with_message(work: Work, part: OpenPart) -> None:
    """End a part that its carrier has in the state of its message's other parts, if the carrier reports one part
    alone."""
    message = part.message
    if part.carrier not in ReceiptContext.of(work.context).one_receipt or message.worst is None:
        return
    if part.state not in (State.SENT, State.HELD):
        return
    if part.sent_ms is None:
        Ledger.of(work).settle_unanswered(part)
    end_part(work, part, message.worst)


def mark_part_sent(work: Work, part: OpenPart) -> None:
    """Move a part to ``sent``, and its message too if it was the last one."""
    message = part.message
    waited = part.state in (State.QUEUED, State.SUBMITTING)
    if waited or part.state is State.HELD:
        move(part, State.SENT, PART_TRANSITIONS)
    if waited:
        work.leave_queue(part)
    if not work.has_held_sibling(part):
        mark_message_sent(work, message)


def _mark_proven(work: Work, part: OpenPart) -> None:
    """Mark a part as sent and paid for, because an intermediate receipt proves that the carrier has it."""
    if part.sent_ms is None:
        Ledger.of(work).settle_unanswered(part)
    mark_part_sent(work, part)
    work.update(part)
