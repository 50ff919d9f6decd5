"""Matching: which part a receipt speaks of.

By carrier and id first, the id read as the carrier's receipts spell it: as long as that is not learned, every reading
is tried, and the phone's address decides between them. Carriers reuse ids: of several the newest that still waits wins.
An id of zeros, or one that differs from the answer's by case where case tells, needs the phone's address too. A copy in
doubt has no id: its receipt finds it by what the carrier echoes, or by phone, sender and text (``doubt_matching``).

Not here: what a receipt does to its part (``record``).
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from palomar.ports import CarrierReceipt
from palomar.receipts.doubt_matching import UnmatchedReceipt, match_in_doubt, names_phone
from palomar.receipts.receipt_id_lessons import RECEIPT_IDS, Lessons, ReceiptContext
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.message import FINAL, PartId
from palomar.vocabulary.receipt_ids import ReceiptIdFormat, answers_to, canonical, differs_by_case, is_id, is_zero

_ALL = tuple(ReceiptIdFormat)

_ByReference = dict[tuple[str, str], list[PartId]]


async def match(
    work: Work, receipts: Sequence[CarrierReceipt], *, guess: bool = False, came_ms: Sequence[int] = ()
) -> list[OpenPart | None]:
    """Find the part of each receipt, or None; what is learned on the way is kept. ``guess``: try every reading,
    whatever has been learned. ``came_ms`` is when each came, if it was not now."""
    readings = [_readings(work, receipt, guess=guess) for receipt in receipts]
    wanted = {reading for found in readings for reading in found.values()}
    candidates = await _candidates(work, wanted)
    known = await work.parts({identity for found in candidates.values() for identity in found})
    _add_fresh(candidates, work.new_references)
    matched: list[OpenPart | None] = []
    nameless: list[int] = []
    for index, (receipt, found) in enumerate(zip(receipts, readings, strict=True)):
        fit = _best(receipt, found, candidates, known)
        matched.append(fit.part if fit else None)
        if fit is None:
            nameless.append(index)
        else:
            _learn(work, receipt, fit, found)
    if nameless:
        asked = [
            UnmatchedReceipt(receipts[i], set(readings[i].values()) - {""}, came_ms[i] if came_ms else None)
            for i in nameless
        ]
        for index, part in zip(nameless, await match_in_doubt(work, asked), strict=True):
            matched[index] = part
    return matched


def is_id_enough(receipt: CarrierReceipt, answer_id: str) -> bool:
    """Say whether the id of a receipt, which reads as that of an answer, is enough without the phone's address."""
    told = receipt.reference
    if is_zero(told):
        return False
    return told == answer_id or not differs_by_case(answer_id, told)


class _Fit(Struct, frozen=True):
    part: OpenPart
    spelling: ReceiptIdFormat
    by_address: bool


def _readings(work: Work, receipt: CarrierReceipt, *, guess: bool) -> dict[ReceiptIdFormat, str]:
    if not is_id(receipt.reference):
        return {}
    learned = None if guess else ReceiptContext.of(work.context).receipt_id_formats.get(receipt.carrier)
    return answers_to(receipt.reference, _ALL if learned is None else (learned,))


async def _candidates(work: Work, wanted: set[str]) -> _ByReference:
    found: _ByReference = {}
    if wanted:
        for identity, carrier, reference in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_REFERENCE, sorted(wanted)):
            found.setdefault((str(carrier), str(reference)), []).append(PartId(identity))
    return found


def _add_fresh(candidates: _ByReference, named: Sequence[OpenPart]) -> None:
    """Parts that were named earlier in this very batch are not in the tables yet."""
    for part in named:
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
) -> _Fit | None:
    """Who has the phone's address, then the plainest reading, then who still waits, then the newest.

    Where readings have to be guessed, only the plain one is believed without the address. One reading and one
    candidate, as nearly always, need no judge.
    """
    if len(readings) == 1:
        ((spelling, reference),) = readings.items()
        identities = candidates.get((receipt.carrier, reference), ())
        if reference and len(identities) == 1 and identities[0] in known:
            part = known[identities[0]]
            if spelling is not ReceiptIdFormat.SAME or is_id_enough(receipt, part.carrier_reference or ""):
                return _Fit(part, spelling, False)
    fits = [
        _Fit(known[identity], spelling, names_phone(receipt, known[identity].message.msisdn))
        for spelling, reference in readings.items()
        for identity in candidates.get((receipt.carrier, reference), ())
        if identity in known
    ]
    is_guess = len(readings) > 1
    sound = [fit for fit in fits if fit.by_address or _needs_no_address(receipt, fit, is_guess=is_guess)]
    return max(sound, key=_soundness, default=None)


def _needs_no_address(receipt: CarrierReceipt, fit: _Fit, *, is_guess: bool) -> bool:
    if fit.spelling is not ReceiptIdFormat.SAME:
        return not is_guess
    return is_id_enough(receipt, fit.part.carrier_reference or "")


def _soundness(fit: _Fit) -> tuple[bool, bool, bool, int]:
    return fit.by_address, fit.spelling is ReceiptIdFormat.SAME, fit.part.state not in FINAL, int(fit.part.id)


def _learn(work: Work, receipt: CarrierReceipt, fit: _Fit, readings: Mapping[ReceiptIdFormat, str]) -> None:
    """One receipt that names the phone teaches how the carrier spells, if its id would have read otherwise."""
    is_telling = len(set(readings.values())) == len(readings) > 1
    if is_telling and fit.by_address:
        Lessons.of(work).learn(receipt.carrier, RECEIPT_IDS, fit.spelling.value)
