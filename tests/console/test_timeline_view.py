"""Every kind of moment is shown with its facts, filters, ledger entry and PDUs."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from palomar.console.formats import Preferences
from palomar.console.i18n import translated
from palomar.console.timeline_view import MomentView, build_views
from palomar.console.viewer.masking import HIDDEN
from palomar.reports.messages import MessageView
from palomar.reports.story import Book, LedgerEntryView, LedgerLeg, Reason, Story
from palomar.text.alphabets import Alphabet
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, State
from palomar.vocabulary.timeline import Detail, Moment, MomentKind

MANNER = Preferences(language="es", zone=ZoneInfo("UTC"), theme="auto", now_ms=1_778_580_000_000)
ID = MessageId(256)


def story(*details: tuple[MomentKind, Detail], entries: dict[int, LedgerEntryView] | None = None) -> Story:
    timeline = [
        Moment(message_id=ID, at_ms=1_000 + 500 * number, kind=kind, detail=detail)
        for number, (kind, detail) in enumerate(details)
    ]
    message: Any = None  # the moments do not ask for it
    return Story(view=MessageView(message=message, parts=[], timeline=timeline, callbacks=[]), entries=entries or {})


def views_of(*details: tuple[MomentKind, Detail], **more: Any) -> list[MomentView]:
    def t(text: str, **values: object) -> str:
        return translated(text, "es", **values)

    return build_views(story(*details, **more), preferences=MANNER, t=t)


def test_every_kind_of_moment_is_shown_with_any_details() -> None:
    for kind in MomentKind:
        detail: Detail = {"state": "delivered", "part": 1, "new": "<b>", "none": None, "empty": "", "entry": 5}
        (view,) = views_of((kind, detail))
        assert view.label.text
        assert ("new", "<b>") in [(fact.name, fact.value) for fact in view.facts]
        assert "none" not in [fact.name for fact in view.facts]


def test_times_count_from_the_first_moment() -> None:
    views = views_of((MomentKind.ACCEPTED, {}), (MomentKind.SUBMITTED, {}), (MomentKind.ENDED, {"state": "rejected"}))
    assert [view.since_ms for view in views] == [0, 500, 1_000]
    assert [view.label.tone for view in views] == ["good", "busy", "bad"]


def test_facts_are_written_for_people() -> None:
    (view,) = views_of(
        (MomentKind.CALLBACK_FAILED, {"elapsed_ms": 412, "next_ms": 0, "presumed": True, "robot": False, "status": 500})
    )
    assert {fact.name: fact.value for fact in view.facts} == {
        "tardó": "0,412 s",
        "próximo intento": "1 ene 1970 00:00:00",
        "supuesto": "sí",
        "estado": "500",
    }
    (view,) = views_of((MomentKind.ACCEPTED, {"price_microcredits": 1_500_000}))
    assert [(fact.name, fact.value) for fact in view.facts] == [("precio", "1,5")]


def verdicts(kind: MomentKind, detail: Detail) -> list[tuple[str, str, str]]:
    (view,) = views_of((kind, detail))
    return [(said.filter, said.verdict, said.why) for said in view.verdicts]


def test_an_accepted_message_has_passed_every_filter() -> None:
    said = verdicts(MomentKind.ACCEPTED, {"why": "taken in turn"})
    assert len(said) == 6
    assert {verdict for _, verdict, _ in said} == {"lo dejó pasar"}


@pytest.mark.parametrize(
    ("state", "stopped_by", "asked_before"),
    [
        (State.NOFORMAT, "número", 0),
        (State.BLOCKED, "países, listas negras, rutas", 1),
        (State.DUPLICATED, "duplicados", 2),
        (State.TEST, "prueba", 3),
    ],
)
def test_a_discarded_message_was_stopped_by_one_filter(state: State, stopped_by: str, asked_before: int) -> None:
    said = verdicts(MomentKind.DISCARDED, {"state": state.value, "why": "because"})
    assert [verdict for _, verdict, _ in said[:asked_before]] == ["lo dejó pasar"] * asked_before
    assert said[asked_before] == (stopped_by, "lo detuvo", "because")
    assert {verdict for _, verdict, _ in said[asked_before + 1 :]} == {"sin consultar"}


def test_a_ledger_entry_shows_its_amounts_and_the_number_of_other_messages() -> None:
    entry = LedgerEntryView(
        id=5,
        reason=Reason.RESERVE,
        items=4,
        at_ms=0,
        legs=(
            LedgerLeg(book=Book.AVAILABLE, microcredits=-4_000_000),
            LedgerLeg(book=Book.RESERVED, microcredits=4_000_000),
        ),
    )
    known, unknown = views_of(
        (MomentKind.ACCEPTED, {"entry": 5}), (MomentKind.SUBMITTED, {"entry": 6}), entries={5: entry}
    )
    assert known.ledger is not None
    assert (known.ledger.reason, known.ledger.others) == ("reservado al aceptar", 3)
    assert [(leg.name, leg.value) for leg in known.ledger.legs] == [
        ("saldo disponible", "−4"),
        ("saldo reservado", "+4"),
    ]
    assert unknown.ledger is None


def test_routes_texts_and_pdus_have_their_places() -> None:
    accepted, refused, receipt, hidden = views_of(
        (MomentKind.ACCEPTED, {"routes": "a: chosen\n\nb: no link\n"}),
        (MomentKind.REFUSED, {"request": "00", "response": "ff", "reason": "no such number"}),
        (MomentKind.RECEIPT, {"pdu": "zz", "raw": "id:1 stat:X"}),
        (MomentKind.RECEIPT, {"pdu": HIDDEN, "raw": HIDDEN}),
    )
    assert accepted.routes == ("a: elegida", "b: no link")
    assert [panel.title for panel in refused.pdus] == ["Lo que enviamos", "Lo que respondió el operador"]
    assert refused.why == "no such number"
    assert [text.value for text in receipt.texts] == ["id:1 stat:X"]
    assert receipt.pdus[0].view is not None
    assert receipt.pdus[0].view.fault
    assert hidden.pdus[0].view is None


def test_the_alphabet_is_shown_by_its_name() -> None:
    (view,) = views_of((MomentKind.ACCEPTED, {"alphabet": Alphabet.UCS2.value, "account": AccountId(1)}))
    assert ("alfabeto", "ucs2") in [(fact.name, fact.value) for fact in view.facts]
