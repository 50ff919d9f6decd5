"""Messages: a search whose every choice stands in the address, so that it can be kept and sent to somebody.

The first page looks again every few seconds while it is looked at (``console.js``); older ones stand still.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from palomar.console.formats import Preferences, input_ms
from palomar.console.i18n import word
from palomar.console.labels import STATES
from palomar.console.request import PageReply, SignedVisit, Visit
from palomar.console.viewer.viewer import Viewer
from palomar.numbers.phone import SEPARATORS, visible
from palomar.reports.search_request import LATEST
from palomar.reports.search_terms import SearchFilter
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId, State, message_id_of, public_id

PAGE_MESSAGES: Final = 50
CHOICE_OF: Final = 200
"""Accounts among which one is chosen from a list; of more, one is typed."""
PLACES: Final[Mapping[str, str]] = {
    "": word("Everywhere"),
    "number": word("Number"),
    "text": word("Text"),
    "label": word("Label"),
    "subid": word("Subid"),
}
"""Where to look for the words, by the query's word."""
PERIODS: Final[Mapping[str, str]] = {
    "": word("Any time"),
    "hour": word("Last hour"),
    "day": word("Last 24 hours"),
    "week": word("Last 7 days"),
    "month": word("Last 30 days"),
    "between": word("Between…"),
}
_PERIOD_MS: Final = {"hour": 3_600_000, "day": 86_400_000, "week": 7 * 86_400_000, "month": 30 * 86_400_000}
_TIMES: Final = ("since", "until")
_FIELDS: Final = ("q", "in", "state", "carrier", "account", "period", *_TIMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageChoices:
    """What was chosen, as it stands in the address."""

    fields: Mapping[str, str]
    search: SearchFilter
    before: MessageId

    @property
    def is_first_page(self) -> bool:
        return self.before == LATEST


async def show(visit: SignedVisit) -> PageReply:
    """A page of messages; only the list where htmx asks for it."""
    viewer = visit.viewer
    choices = choices_of(visit, viewer)
    named = message_id_of(choices.fields.get("q", ""))
    if named is not None and not choices.fields.get("in"):
        return visit.go(f"/messages/{public_id(named)}")
    found = await viewer.search(choices.search, before=choices.before, limit=PAGE_MESSAGES)
    return visit.page(
        "messages_list.html" if visit.request.wants_piece else "messages.html",
        found=found,
        choices=choices,
        goes_on=bool(visit.asked("on")),
        older=public_id(found.older) if found.older is not None else "",
        places=PLACES,
        state_names=[(state.value, visit.t(STATES[state].text)) for state in State],
        period_names=[(period, visit.t(text)) for period, text in PERIODS.items()],
        carrier_names=[(carrier, carrier) for carrier in viewer.carriers],
        account_names=[(account.login, account.login) for account in viewer.first_accounts(CHOICE_OF)],
        has_choice_of_accounts=1 < viewer.account_count <= CHOICE_OF,
    )


def choices_of(visit: Visit, viewer: Viewer) -> MessageChoices:
    """What the address chooses. What makes no sense in it is as if it were not there."""
    fields = {name: value for name in _FIELDS if (value := visit.asked(name))}
    for name in _TIMES:
        if name in fields and input_ms(fields[name], visit.manner.zone) is None:
            del fields[name]
    words, place = fields.get("q", ""), fields.get("in", "")
    account = viewer.account_of_login(fields["account"]) if "account" in fields else None
    since_ms, until_ms = _period(fields, visit.manner)
    search = SearchFilter(
        account_ids=_just(account) if "account" in fields else None,
        state=State(fields["state"]) if fields.get("state") in set(State) else None,
        carrier=fields.get("carrier", ""),
        number=_digits(words) if place == "number" else "",
        text=words if place == "text" else "",
        label=words if place == "label" else "",
        request_ref=words if place == "subid" else "",
        anywhere=words if place not in PLACES or not place else "",
        since_ms=since_ms,
        until_ms=until_ms,
    )
    before = message_id_of(visit.asked("before"))
    return MessageChoices(fields=fields, search=search, before=LATEST if before is None else before)


def _just(account: Account | None) -> frozenset[AccountId]:
    """An account that is in scope; nobody's messages are of any other."""
    return frozenset(() if account is None else (account.id,))


def _digits(words: str) -> str:
    """Read a number as it was typed, without plus, separators and what is invisible; what is no number fits none."""
    digits = "".join(character for character in visible(words) if character not in f"+{SEPARATORS}")
    return digits if digits.isascii() and digits.isdigit() else "-"


def _period(fields: Mapping[str, str], manner: Preferences) -> tuple[int | None, int | None]:
    period = fields.get("period", "")
    if period in _PERIOD_MS:
        return manner.now_ms - _PERIOD_MS[period], None
    if period == "between":
        return input_ms(fields.get("since", ""), manner.zone), input_ms(fields.get("until", ""), manner.zone)
    return None, None
