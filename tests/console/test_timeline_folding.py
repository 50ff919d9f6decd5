"""Repeated moments, single or in sequence, and the middle of a long timeline are folded."""

import random
from itertools import pairwise

import pytest

from palomar.console.timeline_folding import FEWEST_FOLDED, SHOWN_FIRST, SHOWN_LAST, Fold, fold
from palomar.vocabulary.message import MessageId
from palomar.vocabulary.timeline import Detail, Moment, MomentKind


def timeline(*steps: tuple[MomentKind, Detail]) -> list[Moment]:
    return [
        Moment(message_id=MessageId(256), at_ms=1_000 * number, kind=kind, detail=detail)
        for number, (kind, detail) in enumerate(steps)
    ]


def throttled(number: int) -> tuple[MomentKind, Detail]:
    return MomentKind.DEFERRED, {
        "part": 1,
        "attempt": number,
        "reason": "ESME_RTHROTTLED",
        "response": f"{number:032x}",
    }


def called(number: int, *, port: int = 9) -> tuple[MomentKind, Detail]:
    url = f"http://shop.example:{port}/told/{number}?at={number}"
    return MomentKind.CALLBACK_FAILED, {"url": url, "attempt": number, "error": "connect", "next_ms": number}


ACCEPTED: tuple[MomentKind, Detail] = (MomentKind.ACCEPTED, {"carrier": "c"})
ENDED: tuple[MomentKind, Detail] = (MomentKind.ENDED, {"state": "delivered"})


@pytest.mark.parametrize(
    "step",
    [
        throttled,
        called,
        lambda number: (MomentKind.RECEIPT, {"part": number, "stat": "ENROUTE", "raw": f"id:{number}"}),
        lambda number: (MomentKind.SUBMITTED, {"part": number, "carrier": "c", "reference": str(number)}),
        lambda number: (MomentKind.CLICKED, {"code": "aB3xY9z", "url": "http://x.es/", "address": f"192.0.2.{number}"}),
        lambda number: (
            MomentKind.REROUTED,
            {"carrier": "c", "why": f"it has taken nothing for {number} s: no answer"},
        ),
        lambda number: (MomentKind.IN_DOUBT, {"part": 1, "attempt": number, "policy": "resend", "reason": "no answer"}),
    ],
)
def test_equal_steps_of_any_kind_are_folded_between_their_first_and_last(step: object) -> None:
    many = [step(number) for number in range(124)]  # type: ignore[operator]
    assert fold(timeline(ACCEPTED, *many, ENDED)) == [0, 1, Fold(first=2, count=122, are_equal=True), 124, 125]


@pytest.mark.parametrize("turn", range(2, 7))
def test_a_repeated_sequence_is_folded(turn: int) -> None:
    kinds = list(MomentKind)[:turn]
    many = [(kind, {"attempt": number}) for number in range(40) for kind in kinds]
    shown = fold(timeline(*many, ENDED))
    assert shown == [
        *range(turn),
        Fold(first=turn, count=38 * turn, are_equal=True),
        *range(39 * turn, 40 * turn),
        40 * turn,
    ]


def test_moments_with_different_details_are_not_equal() -> None:
    reasons = ["ESME_RTHROTTLED", "ESME_RMSGQFUL", "ESME_RSYSERR", "no answer in time", "ESME_RX_T_APPN"]
    steps = [(MomentKind.DEFERRED, {"reason": reason}) for reason in reasons]
    assert fold(timeline(*steps)) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("count", range(FEWEST_FOLDED + 2))
def test_few_equal_steps_stay(count: int) -> None:
    assert fold(timeline(*[throttled(number) for number in range(count)])) == list(range(count))


def test_the_middle_of_a_long_timeline_without_repeats_is_folded() -> None:
    steps = [(MomentKind.CALLBACK, {"status": number}) for number in range(500)]
    shown = fold(timeline(*steps))
    assert len(shown) == SHOWN_FIRST + 1 + SHOWN_LAST
    assert shown[SHOWN_FIRST] == Fold(first=SHOWN_FIRST, count=500 - SHOWN_FIRST - SHOWN_LAST, are_equal=False)


@pytest.mark.parametrize("seed", range(30))
def test_every_step_is_shown_or_folded_once_and_a_page_has_a_bound(seed: int) -> None:
    chance = random.Random(seed)
    steps = [
        (chance.choice(list(MomentKind)[: chance.choice([1, 3, 20])]), Detail(status=chance.choice([1, 1, 1, 2])))
        for _ in range(chance.randrange(400))
    ]
    shown = fold(timeline(*steps))
    covered = [
        n for one in shown for n in (range(one.first, one.first + one.count) if isinstance(one, Fold) else [one])
    ]
    assert covered == list(range(len(steps)))
    assert len(shown) < SHOWN_FIRST + SHOWN_LAST + FEWEST_FOLDED
    assert not any(isinstance(one, Fold) and isinstance(other, Fold) for one, other in pairwise(shown))
