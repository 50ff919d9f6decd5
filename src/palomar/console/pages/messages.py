"""The page of messages: a search whose choices are all in the address, so that it can be kept or sent to somebody.

The first page refreshes itself every few seconds while it is visible (``console.js``); older pages do not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from palomar.console.formats import Preferences, input_ms
from palomar.console.i18n import word
from palomar.console.labels import STATES
from palomar.console.request import PageContext, PageReply, SignedInContext
from palomar.console.viewer.viewer import Viewer
from palomar.numbers.phone import SEPARATORS, strip_invisible
from palomar.reports.search_request import LATEST
from palomar.reports.search_terms import SearchFilter
from palomar.vocabulary.account import Account, AccountId
from palomar.vocabulary.message import MessageId, State, message_id_of, public_id

PAGE_MESSAGES: Final = 50
CHOICES_AT_MOST: Final = 200
"""The most accounts that are offered in a list; with more accounts people type a login."""
PLACES: Final[Mapping[str, str]] = {
    "": word("Everywhere"),
    "number": word("Number"),
    "text": word("Text"),
    "label": word("Label"),
    "subid": word("Subid"),
}
"""Names of the fields that are searched, by the value of ``in`` in the address."""
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
    """What was chosen in the address. A page begins before the message ``before``."""

    fields: Mapping[str, str]
    search: SearchFilter
    before: MessageId

    @property
    def is_first_page(self) -> bool:
        return self.before == LATEST


async def show(context: SignedInContext) -> PageReply:
    """Show a page of messages; where htmx asks, only the list. Redirect a search for a message id to that message."""
    viewer = context.viewer
    choices = choices_of(context, viewer)
    message_id = message_id_of(choices.fields.get("q", ""))
    if message_id is not None and not choices.fields.get("in"):
        return context.redirect(f"/messages/{public_id(message_id)}")
    found = await viewer.search(choices.search, before=choices.before, limit=PAGE_MESSAGES)
    return context.render(
        "messages_list.html" if context.request.wants_fragment else "messages.html",
        found=found,
        choices=choices,
        goes_on=bool(context.field("on")),
        older=public_id(found.older) if found.older is not None else "",
        places=PLACES,
        state_names=[(state.value, context.t(STATES[state].text)) for state in State],
        period_names=[(period, context.t(text)) for period, text in PERIODS.items()],
        carrier_names=[(carrier, carrier) for carrier in viewer.carriers],
        account_names=[(account.login, account.login) for account in viewer.first_accounts(CHOICES_AT_MOST)],
        has_choice_of_accounts=1 < viewer.account_count <= CHOICES_AT_MOST,
    )


def choices_of(context: PageContext, viewer: Viewer) -> MessageChoices:
    """Read the choices in the address, and ignore invalid ones."""
    fields = {name: value for name in _FIELDS if (value := context.field(name))}
    for name in _TIMES:
        if name in fields and input_ms(fields[name], context.preferences.zone) is None:
            del fields[name]
    words, place = fields.get("q", ""), fields.get("in", "")
    account = viewer.account_of_login(fields["account"]) if "account" in fields else None
    since_ms, until_ms = _period(fields, context.preferences)
    search = SearchFilter(
        account_ids=_only(account) if "account" in fields else None,
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
    before = message_id_of(context.field("before"))
    return MessageChoices(fields=fields, search=search, before=LATEST if before is None else before)


def _only(account: Account | None) -> frozenset[AccountId]:
    """Return the id of this account alone; no id, which finds nothing, if there is no such account in scope."""
    return frozenset(() if account is None else (account.id,))


def _digits(words: str) -> str:
    """Read a number as it was typed, without plus, separators and invisible characters.

    Return "-", which finds nothing, if it is not a number.
    """
    digits = "".join(character for character in strip_invisible(words) if character not in f"+{SEPARATORS}")
    return digits if digits.isascii() and digits.isdigit() else "-"


def _period(fields: Mapping[str, str], preferences: Preferences) -> tuple[int | None, int | None]:
    period = fields.get("period", "")
    if period in _PERIOD_MS:
        return preferences.now_ms - _PERIOD_MS[period], None
    if period == "between":
        return input_ms(fields.get("since", ""), preferences.zone), input_ms(fields.get("until", ""), preferences.zone)
    return None, None
