"""Callbacks: what waits and what was given up, what was sent and what came back, and in the sandbox what the customer's
own program would have got. Every choice stands in the address; the first page looks again while it is looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from palomar.callbacks.history import LATEST, HistoryFilter, HistoryPage, PastAttempt
from palomar.console.i18n import word
from palomar.console.pages.messages import CHOICE_OF
from palomar.console.request import PageReply, SignedVisit
from palomar.console.viewer.callbacks import OpenCallback
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import message_id_of, public_id

PAGE_CALLBACKS: Final = 50
DONE: Final[Mapping[str, str]] = {
    "replayed": word("The callback will be tried again within a second."),
    "gone": word("That callback is not among the failed ones any more."),
    "resumed": word("Callbacks to it go out again. Of those that were kept: {count}."),
    "on": word("It is not off any more."),
    "all": word("They will be tried again within a second: {count}."),
}
STATES: Final[Mapping[str, str]] = {
    "": word("Any state"),
    "waiting": word("Waiting for another attempt"),
    "failed": word("Given up"),
    "told": word("Delivered"),
    "refused": word("Attempts that failed"),
}
_OPEN_STATES: Final = ("", "waiting", "failed")
_FIELDS: Final = ("account", "host", "state")
_ID_DIGITS: Final = 18
_TARGET_DIGITS: Final = 19


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackChoices:
    """What was chosen, as it stands in the address. ``open_before`` and ``before`` are where a page begins, of those
    that are open and of those that were sent; only one of them is ever turned."""

    fields: Mapping[str, str]
    account: Account | None
    wanted: HistoryFilter
    open_before: int
    before: int

    @property
    def shows_open(self) -> bool:
        return self.fields.get("state", "") in _OPEN_STATES and self.before == LATEST

    @property
    def shows_tried(self) -> bool:
        return self.fields.get("state", "") not in _OPEN_STATES[1:] and self.open_before == LATEST

    @property
    def is_first_page(self) -> bool:
        return self.before == LATEST == self.open_before


async def show(visit: SignedVisit) -> PageReply:
    """A page of callbacks; only the lists where htmx asks for them."""
    viewer, choices = visit.viewer, _choices(visit)
    callbacks, sandbox = viewer.callbacks, viewer.sandbox
    open_ones: HistoryPage[OpenCallback] = HistoryPage(found=[], older=None)
    tried_ones: HistoryPage[PastAttempt] = HistoryPage(found=[], older=None)
    if choices.shows_open:
        open_ones = await callbacks.open_ones(choices.wanted, before=choices.open_before, limit=PAGE_CALLBACKS)
    if choices.shows_tried:
        tried_ones = await callbacks.tried_ones(choices.wanted, before=choices.before, limit=PAGE_CALLBACKS)
    done = DONE.get(visit.asked("done"))
    return visit.page(
        "callbacks_lists.html" if visit.request.wants_piece else "callbacks.html",
        choices=choices,
        open_ones=open_ones,
        tried_ones=tried_ones,
        inbox=sandbox.received_callbacks() if sandbox is not None and choices.is_first_page else [],
        has_inbox=sandbox is not None and sandbox.is_whole,
        off=await callbacks.off_targets() if choices.is_first_page else [],
        silent=callbacks.silent_accounts(choices.account),
        state_names=[(state, visit.t(text)) for state, text in STATES.items()],
        account_names=[(account.login, account.login) for account in viewer.first_accounts(CHOICE_OF)],
        has_choice_of_accounts=1 < viewer.account_count <= CHOICE_OF,
        done=visit.t(done, count=_number(visit.asked("count"))) if done else "",
    )


async def replay(visit: SignedVisit) -> PageReply:
    """Try a failed callback again, and go back to its message, or to the callbacks where none is named."""
    of_message = visit.asked("message")
    message_id = message_id_of(of_message)
    replayed = await visit.viewer.callbacks.replay(visit.request.named_number)
    if of_message and message_id is None:
        return visit.missing()
    path = "/callbacks" if message_id is None else f"/messages/{public_id(message_id)}"
    return visit.go(path, done="replayed" if replayed else "gone")


async def replay_all(visit: SignedVisit) -> PageReply:
    """Try all failed callbacks of an account again, or of all accounts in scope."""
    viewer, login = visit.viewer, visit.asked("account")
    account = viewer.account_of_login(login) if login else None
    if login and account is None:
        return visit.missing()
    count = await viewer.callbacks.replay_all(account)
    return visit.go("/callbacks", done="all", count=str(count), account=login)


async def resume(visit: SignedVisit) -> PageReply:
    """Try a target again that is off, and what was kept for it."""
    text = visit.asked("target")
    target = int(text) if text.isascii() and text.isdigit() and len(text) <= _TARGET_DIGITS else 0
    count = await visit.viewer.callbacks.resume(target)
    if count is None:
        return visit.go("/callbacks", done="on")
    return visit.go("/callbacks", done="resumed", count=str(count))


def _choices(visit: SignedVisit) -> CallbackChoices:
    """What the address chooses. What makes no sense in it is as if it were not there."""
    fields = {name: value for name in _FIELDS if (value := visit.asked(name))}
    if fields.get("state") not in STATES:
        fields.pop("state", None)
    account = visit.viewer.account_of_login(fields["account"]) if "account" in fields else None
    state = fields.get("state", "")
    wanted = HistoryFilter(
        account_ids=None if "account" not in fields else (account.id,) if account is not None else (),
        host=fields.get("host", "").lower(),
        is_good={"told": True, "refused": False}.get(state),
        has_failed={"waiting": False, "failed": True}.get(state),
    )
    open_before, before = _place(visit.asked("open")), _number(visit.asked("before"))
    return CallbackChoices(
        fields=fields,
        account=account,
        wanted=wanted,
        open_before=open_before or LATEST,
        before=(before or LATEST) if not open_before else LATEST,
    )


def _place(text: str) -> int:
    """Find where a page of open callbacks begins; below zero among those that nobody has tried yet. LATEST has a digit
    more than ids."""
    number = _number(text.removeprefix("-")) or (LATEST if text == f"-{LATEST}" else 0)
    return -number if text.startswith("-") else number


def _number(text: str) -> int:
    """Read a number of an address; zero for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS else 0
