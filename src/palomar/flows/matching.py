"""Matching: which part a receipt speaks of.

By carrier and id first, the id read as the carrier's receipts spell it: as long as that is not learned, every reading
is tried, and the phone's address decides between them. Carriers reuse ids: of several the newest that still waits wins.
An id of zeros, or one that differs from the answer's by case where case tells, needs the phone's address too.
A part in doubt has no id: it is found by what the carrier echoes, or by phone, sender and text if exactly one fits.

Not here: what a receipt does to its part (``report``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from palomar.domain.message import FINAL, PartId, State, echo_of
from palomar.domain.receipt_ids import Spelling, answers_to, canonical, differs_by_case, is_id, is_zero
from palomar.flows.lessons import RECEIPT_IDS, Lesson, learn
from palomar.flows.work import Work
from palomar.ports import CarrierReceipt
from palomar.storage import messages as rows
from palomar.storage.messages import OpenPart

DOUBTFUL_AT_MOST = 1_000
"""Parts in doubt that are looked at for a receipt without a known id."""
_SAME_END = 8
"""So many last digits tell that two spellings of a number are one (with or without trunk and country codes)."""
_ALL = tuple(Spelling)

_ByReference = dict[tuple[str, str], list[PartId]]


async def match(work: Work, receipts: Sequence[CarrierReceipt], *, guess: bool = False) -> list[OpenPart | None]:
    """The part of each receipt, or None; what is learned on the way is kept. ``guess``: try every reading, whatever has
    been learned."""
    readings = [_readings(work, receipt, guess=guess) for receipt in receipts]
    wanted = {reading for found in readings for reading in found.values()}
    candidates = await _candidates(work, wanted)
    known = await work.parts({identity for found in candidates.values() for identity in found})
    _add_fresh(candidates, work.named)
    doubts = _Doubts(work)
    matched: list[OpenPart | None] = []
    for receipt, found in zip(receipts, readings, strict=True):
        fit = _best(receipt, found, candidates, known)
        if fit is None:
            matched.append(await doubts.part_of(receipt))
            continue
        matched.append(fit.part)
        await _learn(work, receipt, fit, found)
    return matched


def speaks_of(receipt: CarrierReceipt, msisdn: str) -> bool:
    """Whether a receipt names that phone, however it writes its number and whichever address field it uses."""
    return any(_is_same(address, msisdn) for address in (receipt.msisdn, receipt.sender))


def tells_alone(receipt: CarrierReceipt, answer_id: str) -> bool:
    """Say whether the id of a receipt, which reads as that of an answer, is enough without the phone's address."""
    told = receipt.reference
    return told == answer_id != "0" or not (is_zero(told) or differs_by_case(answer_id, told))


class _Fit(Struct, frozen=True):
    part: OpenPart
    spelling: Spelling
    by_address: bool


def _readings(work: Work, receipt: CarrierReceipt, *, guess: bool) -> dict[Spelling, str]:
    if not is_id(receipt.reference):
        return {}
    learned = None if guess else work.house.spellings.get(receipt.carrier)
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
    readings: Mapping[Spelling, str],
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
            if spelling is not Spelling.SAME or tells_alone(receipt, part.carrier_reference or ""):
                return _Fit(part, spelling, False)
    fits = [
        _Fit(known[identity], spelling, speaks_of(receipt, known[identity].message.msisdn))
        for spelling, reference in readings.items()
        for identity in candidates.get((receipt.carrier, reference), ())
        if identity in known
    ]
    is_guess = len(readings) > 1
    sound = [fit for fit in fits if fit.by_address or _needs_no_address(receipt, fit, is_guess=is_guess)]
    return max(sound, key=_soundness, default=None)


def _needs_no_address(receipt: CarrierReceipt, fit: _Fit, *, is_guess: bool) -> bool:
    if fit.spelling is not Spelling.SAME:
        return not is_guess
    return tells_alone(receipt, fit.part.carrier_reference or "")


def _soundness(fit: _Fit) -> tuple[bool, bool, bool, int]:
    return fit.by_address, fit.spelling is Spelling.SAME, fit.part.state not in FINAL, int(fit.part.id)


async def _learn(work: Work, receipt: CarrierReceipt, fit: _Fit, readings: Mapping[Spelling, str]) -> None:
    """One receipt that names the phone teaches how the carrier spells, if its id would have read otherwise."""
    is_telling = len(set(readings.values())) == len(readings) > 1
    if is_telling and fit.by_address and work.learn_once(receipt.carrier, RECEIPT_IDS):
        lesson = Lesson(carrier=receipt.carrier, subject=RECEIPT_IDS, value=fit.spelling.value, learned_ms=work.now_ms)
        await learn(work.tx, lesson)


@dataclass(frozen=True, slots=True)
class _Doubtful:
    id: PartId
    is_held: bool
    msisdn: str
    sender: str
    text: str


class _Doubts:
    """Parts of which nobody knows whether their carrier has them, read once a carrier.

    One that is held may be found by phone, sender and text; one that waits to be sent again only by its echo, because
    most that wait were merely put off.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._by_carrier: dict[str, list[_Doubtful]] = {}

    async def part_of(self, receipt: CarrierReceipt) -> OpenPart | None:
        """The one that a receipt speaks of, if exactly one fits."""
        if not receipt.msisdn:
            return None
        fitting = [
            part
            for part in await self._of(receipt.carrier)
            if speaks_of(receipt, part.msisdn) and _begins_so(receipt, part.text)
        ]
        if receipt.echo is None:
            fitting = [part for part in fitting if part.is_held]
        else:
            fitting = [part for part in fitting if echo_of(part.id) == receipt.echo]
        if len(fitting) > 1 and receipt.sender:
            fitting = [part for part in fitting if _is_from(receipt, part.sender)]
        if len(fitting) != 1:
            return None
        return (await self._work.parts([fitting[0].id])).get(fitting[0].id)

    async def _of(self, carrier: str) -> list[_Doubtful]:
        if carrier not in self._by_carrier:
            found = await self._work.tx.select(rows.SELECT_IN_DOUBT, carrier, DOUBTFUL_AT_MOST)
            self._by_carrier[carrier] = [
                _Doubtful(PartId(identity), state == State.HELD.value, msisdn, sender, text)
                for identity, state, msisdn, sender, text in found
            ]
        return self._by_carrier[carrier]


def _begins_so(receipt: CarrierReceipt, text: str) -> bool:
    """Whether a text begins as the receipt says; carriers write what they cannot spell as something else."""
    begins = receipt.text.strip()
    return not begins or not begins.isascii() or text.strip().startswith(begins)


def _is_from(receipt: CarrierReceipt, sender: str) -> bool:
    return any(
        address.casefold() == sender.casefold() or _is_same(address, sender)
        for address in (receipt.sender, receipt.msisdn)
    )


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return bool(one)
    return len(one) >= _SAME_END and len(other) >= _SAME_END and one[-_SAME_END:] == other[-_SAME_END:]
