"""Finds the part that a receipt is about.

The carrier and the id decide first. Carriers spell the id of an answer in other ways in its receipt: as long as it is
not learned how, every reading is tried, and the phone's address decides between them. Carriers reuse ids: of several
the newest that still waits wins. An id of zeros, or one that differs from the answer's by case where case tells, needs
the phone's address too. A copy in doubt has no id: its receipt finds it by what the carrier echoes, or by phone, sender
and text (``doubt_matching``).

Not here: what a receipt does to its part (``record``).
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from palomar.ports import CarrierReceipt
from palomar.receipts.doubt_matching import UnmatchedReceipt, match_in_doubt, names_phone
from palomar.receipts.lessons import RECEIPT_IDS, Lessons, ReceiptContext
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.message import FINAL, PartId
from palomar.vocabulary.receipt_ids import (
    ReceiptIdFormat,
    canonical,
    differs_by_case,
    is_id,
    is_zero,
    possible_answer_ids,
)

_ALL = tuple(ReceiptIdFormat)

_ByReference = dict[tuple[str, str], list[PartId]]


async def match(
    work: Work, receipts: Sequence[CarrierReceipt], *, guess: bool = False, received_ms: Sequence[int] = ()
) -> list[OpenPart | None]:
    """Find the part of each receipt, or None, and learn how carriers spell ids. ``guess`` tries every reading, whatever
    has been learned. ``received_ms`` is when each receipt came (wall milliseconds), if it was not now."""
    formats = {} if guess else ReceiptContext.of(work.context).receipt_id_formats
    readings = [_readings(receipt, formats) for receipt in receipts]
    wanted = {reading for found in readings for reading in found.values()}
    candidates = await _candidates(work, wanted)
    known = await work.read_parts({identity for found in candidates.values() for identity in found})
    _add_new_references(candidates, work.new_references)
    matched: list[OpenPart | None] = []
    without_part: list[int] = []
    for index, (receipt, found) in enumerate(zip(receipts, readings, strict=True)):
        candidate = _best(receipt, found, candidates, known)
        matched.append(candidate.part if candidate else None)
        if candidate is None:
            without_part.append(index)
        else:
            _learn(work, receipt, candidate, found)
    if without_part:
        unmatched = [
            UnmatchedReceipt(receipts[i], set(readings[i].values()) - {""}, received_ms[i] if received_ms else None)
            for i in without_part
        ]
        for index, part in zip(without_part, await match_in_doubt(work, unmatched), strict=True):
            matched[index] = part
    return matched


def is_id_enough(receipt: CarrierReceipt, answer_id: str) -> bool:
    """Return True if the id of a receipt, which reads as ``answer_id``, is enough without the phone's address."""
    receipt_id = receipt.reference
    if is_zero(receipt_id):
        return False
    return receipt_id == answer_id or not differs_by_case(answer_id, receipt_id)


class _Candidate(Struct, frozen=True):
    """A candidate for a receipt: a part, and the format in which the receipt's id names it."""

    part: OpenPart
    id_format: ReceiptIdFormat
    names_phone: bool
    """True if the receipt names the phone of the part."""


def _readings(receipt: CarrierReceipt, formats: Mapping[str, ReceiptIdFormat]) -> dict[ReceiptIdFormat, str]:
    """Return how the receipt's id may read, as far as it has been learned how its carrier writes ids."""
    if not is_id(receipt.reference):
        return {}
    learned = formats.get(receipt.carrier)
    return possible_answer_ids(receipt.reference, _ALL if learned is None else (learned,))


async def _candidates(work: Work, wanted: set[str]) -> _ByReference:
    found: _ByReference = {}
    if wanted:
        for identity, carrier, reference in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_REFERENCE, sorted(wanted)):
            found.setdefault((str(carrier), str(reference)), []).append(PartId(identity))
    return found


def _add_new_references(candidates: _ByReference, parts: Sequence[OpenPart]) -> None:
    """Add the parts that got their ids earlier in this batch: those are not in the tables yet."""
    for part in parts:
        if not part.carrier_reference:
            continue
        found = candidates.setdefault((part.carrier, canonical(part.carrier_reference)), [])
        if part.id not in found:
            found.append(part.id)


def _best(
    receipt: CarrierReceipt,
    readings: Mapping[ReceiptIdFormat, str],
    candidates: _ByReference,
    known: Mapping[PartId, OpenPart],
) -> _Candidate | None:
    """Choose among the candidates of a receipt.

    A part whose phone the receipt names goes first, then the id in its unchanged spelling, then a part that waits,
    then the newest. Where the format of ids is not learned, only the unchanged spelling is accepted without the phone.
    One reading with one candidate, as nearly always, is decided at once.
    """
    if len(readings) == 1:
        ((id_format, reference),) = readings.items()
        identities = candidates.get((receipt.carrier, reference), ())
        if reference and len(identities) == 1 and identities[0] in known:
            part = known[identities[0]]
            if id_format is not ReceiptIdFormat.SAME or is_id_enough(receipt, part.carrier_reference or ""):
                return _Candidate(part, id_format, False)
    possible = [
        _Candidate(known[identity], id_format, names_phone(receipt, known[identity].message.msisdn))
        for id_format, reference in readings.items()
        for identity in candidates.get((receipt.carrier, reference), ())
        if identity in known
    ]
    is_guess = len(readings) > 1
    accepted = [
        candidate
        for candidate in possible
        if candidate.names_phone or _needs_no_address(receipt, candidate, is_guess=is_guess)
    ]
    return max(accepted, key=_preference, default=None)


def _needs_no_address(receipt: CarrierReceipt, candidate: _Candidate, *, is_guess: bool) -> bool:
    if candidate.id_format is not ReceiptIdFormat.SAME:
        return not is_guess
    return is_id_enough(receipt, candidate.part.carrier_reference or "")


def _preference(candidate: _Candidate) -> tuple[bool, bool, bool, int]:
    return (
        candidate.names_phone,
        candidate.id_format is ReceiptIdFormat.SAME,
        candidate.part.state not in FINAL,
        int(candidate.part.id),
    )


def _learn(work: Work, receipt: CarrierReceipt, candidate: _Candidate, readings: Mapping[ReceiptIdFormat, str]) -> None:
    """Learn the carrier's format of ids from a receipt that names the phone, if each format reads its id
    differently."""
    tells_format = len(set(readings.values())) == len(readings) > 1
    if tells_format and candidate.names_phone:
        Lessons.of(work).learn(receipt.carrier, RECEIPT_IDS, candidate.id_format.value)
