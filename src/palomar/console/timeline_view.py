"""Arranges a message's timeline for the "Why?" page: each moment with its facts, ledger entry and PDUs, translated.

Not here: what moments are and who adds them (``vocabulary.timeline``), and which are folded (``timeline_folding``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from palomar.console.formats import Preferences, credits_text, moment_text, span_text
from palomar.console.i18n import word
from palomar.console.labels import BOOKS, DETAILS, MOMENTS, REASONS, STATES, VALUES, Label, Tone
from palomar.console.pdu_view import PduView, view_of
from palomar.console.stored_texts import translate_stored
from palomar.console.timeline_folding import Fold, fold
from palomar.console.viewer.masking import HIDDEN
from palomar.reports.story import LedgerEntryView, Reason, Story
from palomar.vocabulary.message import State
from palomar.vocabulary.timeline import Moment, MomentKind

Translate = Callable[..., str]

_PDUS: Final = ("request", "response", "pdu")
"""Details that are PDUs, in hexadecimal."""
_APART: Final = frozenset({*_PDUS, "routes", "raw", "answer", "body", "why", "reason", "entry", "url"})
"""Details that have a place of their own, and are not listed with the facts."""
_MONEY: Final = frozenset({"price_microcredits", "microcredits"})
_TIMES: Final = frozenset({"next_ms", "due_ms"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A name and its value, in the visitor's language."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One filter's decision; ``why`` is its reason if it stopped the message."""

    filter: str
    verdict: str
    tone: Tone
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerLine:
    """An entry of the ledger for this message and ``others`` together."""

    entry_id: int
    reason: str
    others: int
    legs: tuple[Fact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PduPanel:
    """A PDU with its title; ``view`` is None if it is hidden from this person."""

    title: str
    view: PduView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentView:
    """One moment. ``since_ms`` is the time since the first moment."""

    label: Label
    at_ms: int
    since_ms: int
    facts: tuple[Fact, ...]
    verdicts: tuple[Verdict, ...]
    why: str
    url: str
    routes: tuple[str, ...]
    texts: tuple[Fact, ...]
    """Texts exactly as they came: receipts, callbacks' bodies and answers."""
    ledger: LedgerLine | None
    pdus: tuple[PduPanel, ...]


_FILTERS: Final[tuple[tuple[str, frozenset[State]], ...]] = (
    (word("number"), frozenset({State.NOFORMAT})),
    (word("countries, black lists, routes"), frozenset({State.BLOCKED})),
    (word("duplicates"), frozenset({State.DUPLICATED})),
    (word("test run"), frozenset({State.TEST})),
    (word("daily limit"), frozenset()),
    (word("credit"), frozenset()),
)
"""The filters in their order, each with the states that it gives to messages that it stops."""

_PANELS: Final[Mapping[str, str]] = {
    "request": word("What we sent"),
    "response": word("What the carrier answered"),
    "pdu": word("The receipt as it came"),
}
_TEXTS: Final[Mapping[str, str]] = {
    "raw": word("Receipt as text"),
    "body": word("Request body"),
    "answer": word("Answer body"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldView:
    """Folded moments (see :class:`~palomar.console.timeline_folding.Fold`), with the times of the first and the
    last."""

    first: int
    count: int
    are_equal: bool
    since_ms: int
    until_ms: int


def build_views(story: Story, *, preferences: Preferences, t: Translate) -> list[MomentView | FoldView]:
    """Return the views of a whole timeline, with repeated moments folded."""
    timeline = story.view.timeline
    views: list[MomentView | FoldView] = []
    for one in fold(timeline):
        if isinstance(one, Fold):
            views.append(_fold(one, timeline))
        else:
            views += build_steps(story, range(one, one + 1), preferences=preferences, t=t)
    return views


def build_steps(story: Story, numbers: range, *, preferences: Preferences, t: Translate) -> list[MomentView]:
    """Return the views of some moments, by their numbers; numbers beyond the last are ignored."""
    timeline = story.view.timeline
    first_ms = timeline[0].at_ms if timeline else 0
    some = timeline[numbers.start : numbers.stop]
    return [_moment(moment, story, first_ms=first_ms, preferences=preferences, t=t) for moment in some]


def _fold(one: Fold, timeline: Sequence[Moment]) -> FoldView:
    return FoldView(
        first=one.first,
        count=one.count,
        are_equal=one.are_equal,
        since_ms=timeline[one.first].at_ms,
        until_ms=timeline[one.first + one.count - 1].at_ms,
    )


def _moment(moment: Moment, story: Story, *, first_ms: int, preferences: Preferences, t: Translate) -> MomentView:
    detail = moment.detail
    entry = detail.get("entry")
    known = story.entries.get(entry) if isinstance(entry, int) else None
    return MomentView(
        label=_label(moment),
        at_ms=moment.at_ms,
        since_ms=moment.at_ms - first_ms,
        facts=tuple(_facts(detail, preferences=preferences, t=t)),
        verdicts=_verdicts(moment, t=t),
        why=_why(moment, t=t),
        url=str(detail.get("url") or ""),
        routes=tuple(
            translate_stored(line, t) for line in str(detail.get("routes") or "").splitlines() if line.strip()
        ),
        texts=tuple(Fact(name=t(_TEXTS[name]), value=str(detail[name])) for name in _TEXTS if detail.get(name)),
        ledger=_ledger(known, preferences=preferences, t=t) if known is not None else None,
        pdus=tuple(_panels(detail, t=t)),
    )


def _label(moment: Moment) -> Label:
    """Return the label of a moment; that of an end has the tone of its state."""
    label = MOMENTS[moment.kind]
    if moment.kind is not MomentKind.ENDED:
        return label
    tone = STATES[State(str(moment.detail["state"]))].tone
    icon = {"good": "circle-check", "bad": "circle-x"}.get(tone, "help-circle")
    return Label(text=label.text, tone=tone, icon=icon)


def _why(moment: Moment, *, t: Translate) -> str:
    """Return a moment's reason. That of a ledger entry is one of a closed list, any other a stored text."""
    reason = str(moment.detail.get("why") or moment.detail.get("reason") or "")
    if moment.kind in (MomentKind.SETTLED, MomentKind.GIVEN_BACK) and reason in set(Reason):
        return t(REASONS[Reason(reason)])
    return translate_stored(reason, t)


def _facts(detail: Mapping[str, object], *, preferences: Preferences, t: Translate) -> list[Fact]:
    facts = []
    for name, value in detail.items():
        if name not in _APART and value is not None and value is not False and value != "":
            label = t(DETAILS[name]) if name in DETAILS else name
            facts.append(Fact(name=label, value=_value(name, value, preferences=preferences, t=t)))
    return facts


def _value(name: str, value: object, *, preferences: Preferences, t: Translate) -> str:
    if isinstance(value, bool):
        return t("yes")
    if name in _MONEY and isinstance(value, int):
        return credits_text(value, preferences.language)
    if name in _TIMES and isinstance(value, int):
        return moment_text(value, preferences)
    if name == "elapsed_ms" and isinstance(value, int):
        return span_text(value, preferences.language)
    if name == "state":
        return t(STATES[State(str(value))].text)
    if name == "again_in_seconds" and isinstance(value, int):
        return span_text(value * 1_000, preferences.language)
    if name in VALUES:
        return t(VALUES[name].get(str(value), str(value)))
    return str(value)


def _verdicts(moment: Moment, *, t: Translate) -> tuple[Verdict, ...]:
    """Return the decision of every filter about a message that was accepted or discarded."""
    if moment.kind not in (MomentKind.ACCEPTED, MomentKind.DISCARDED):
        return ()
    state = State(str(moment.detail["state"])) if moment.kind is MomentKind.DISCARDED else None
    verdicts: list[Verdict] = []
    stopped = False
    for name, discards in _FILTERS:
        if state in discards:
            stopped = True
            why = translate_stored(str(moment.detail.get("why") or ""), t)
            verdicts.append(Verdict(filter=t(name), verdict=t("stopped it"), tone="warn", why=why))
        elif stopped:
            verdicts.append(Verdict(filter=t(name), verdict=t("not asked"), tone="plain"))
        else:
            verdicts.append(Verdict(filter=t(name), verdict=t("let it pass"), tone="good"))
    return tuple(verdicts)


def _ledger(entry: LedgerEntryView, *, preferences: Preferences, t: Translate) -> LedgerLine:
    legs = tuple(Fact(name=t(BOOKS[leg.book]), value=_signed(leg.microcredits, preferences)) for leg in entry.legs)
    return LedgerLine(entry_id=entry.id, reason=t(REASONS[entry.reason]), others=entry.items - 1, legs=legs)


def _signed(microcredits: int, preferences: Preferences) -> str:
    return ("+" if microcredits > 0 else "") + credits_text(microcredits, preferences.language)


def _panels(detail: Mapping[str, object], *, t: Translate) -> Sequence[PduPanel]:
    panels = []
    for name in _PDUS:
        octets = detail.get(name)
        if octets:
            view = None if octets == HIDDEN else view_of(str(octets))
            panels.append(PduPanel(title=t(_PANELS[name]), view=view))
    return panels
