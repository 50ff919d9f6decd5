"""The page of callbacks: open ones, attempts, and in the sandbox what a customer's program would have received.

All choices are in the address. The first page refreshes itself while it is visible (``console.js``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from palomar.callbacks.history import LATEST, HistoryFilter, HistoryPage, PastAttempt
from palomar.console.i18n import word
from palomar.console.pages.messages import CHOICES_AT_MOST
from palomar.console.request import PageReply, SignedInContext
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
    """What was chosen in the address. A page of open callbacks begins before ``open_before``, one of attempts before
    ``before``; only one of the two lists is on a later page at a time."""

    fields: Mapping[str, str]
    account: Account | None
    wanted: HistoryFilter
    open_before: int
    before: int

    @property
    def shows_open(self) -> bool:
        return self.fields.get("state", "") in _OPEN_STATES and self.before == LATEST

    @property
    def shows_attempts(self) -> bool:
        return self.fields.get("state", "") not in _OPEN_STATES[1:] and self.open_before == LATEST

    @property
    def is_first_page(self) -> bool:
        return self.before == LATEST == self.open_before


async def show(context: SignedInContext) -> PageReply:
    """Show a page of callbacks; where htmx asks, only the lists."""
    viewer, choices = context.viewer, _choices(context)
    callbacks, sandbox = viewer.callbacks, viewer.sandbox
    open_callbacks: HistoryPage[OpenCallback] = HistoryPage(found=[], older=None)
    attempts: HistoryPage[PastAttempt] = HistoryPage(found=[], older=None)
    if choices.shows_open:
        open_callbacks = await callbacks.list_open(choices.wanted, before=choices.open_before, limit=PAGE_CALLBACKS)
    if choices.shows_attempts:
        attempts = await callbacks.list_attempts(choices.wanted, before=choices.before, limit=PAGE_CALLBACKS)
    done = DONE.get(context.field("done"))
    return context.render(
        "callbacks_lists.html" if context.request.wants_fragment else "callbacks.html",
        choices=choices,
        open_callbacks=open_callbacks,
        attempts=attempts,
        received=sandbox.received_callbacks() if sandbox is not None and choices.is_first_page else [],
        shows_received=sandbox is not None and sandbox.all_simulated,
        off=await callbacks.off_targets() if choices.is_first_page else [],
        silent=callbacks.accounts_without_url(choices.account),
        state_names=[(state, context.t(text)) for state, text in STATES.items()],
        account_names=[(account.login, account.login) for account in viewer.first_accounts(CHOICES_AT_MOST)],
        has_choice_of_accounts=1 < viewer.account_count <= CHOICES_AT_MOST,
        done=context.t(done, count=_number(context.field("count"))) if done else "",
    )


async def replay(context: SignedInContext) -> PageReply:
    """Try a failed callback again, and go back to its message, or to the callbacks where none is named."""
    of_message = context.field("message")
    message_id = message_id_of(of_message)
    replayed = await context.viewer.callbacks.replay(context.request.row_id)
    if of_message and message_id is None:
        return context.not_found()
    path = "/callbacks" if message_id is None else f"/messages/{public_id(message_id)}"
    return context.redirect(path, done="replayed" if replayed else "gone")


async def replay_all(context: SignedInContext) -> PageReply:
    """Try all failed callbacks of an account again, or of all accounts in scope."""
    viewer, login = context.viewer, context.field("account")
    account = viewer.account_of_login(login) if login else None
    if login and account is None:
        return context.not_found()
    count = await viewer.callbacks.replay_all(account)
    return context.redirect("/callbacks", done="all", count=str(count), account=login)


async def resume(context: SignedInContext) -> PageReply:
    """Send callbacks to a target again that is off, also those that were kept for it."""
    text = context.field("target")
    target = int(text) if text.isascii() and text.isdigit() and len(text) <= _TARGET_DIGITS else 0
    count = await context.viewer.callbacks.resume(target)
    if count is None:
        return context.redirect("/callbacks", done="on")
    return context.redirect("/callbacks", done="resumed", count=str(count))


def _choices(context: SignedInContext) -> CallbackChoices:
    """Read the choices in the address, and ignore invalid ones."""
    fields = {name: value for name in _FIELDS if (value := context.field(name))}
    if fields.get("state") not in STATES:
        fields.pop("state", None)
    account = context.viewer.account_of_login(fields["account"]) if "account" in fields else None
    state = fields.get("state", "")
    wanted = HistoryFilter(
        account_ids=None if "account" not in fields else (account.id,) if account is not None else (),
        host=fields.get("host", "").lower(),
        succeeded={"told": True, "refused": False}.get(state),
        has_failed={"waiting": False, "failed": True}.get(state),
    )
    open_before, before = _place(context.field("open")), _number(context.field("before"))
    return CallbackChoices(
        fields=fields,
        account=account,
        wanted=wanted,
        open_before=open_before or LATEST,
        before=(before or LATEST) if not open_before else LATEST,
    )


def _place(text: str) -> int:
    """Read where a page of open callbacks begins: below zero among those without an attempt. LATEST has one digit more
    than ids."""
    number = _number(text.removeprefix("-")) or (LATEST if text == f"-{LATEST}" else 0)
    return -number if text.startswith("-") else number


def _number(text: str) -> int:
    """Read a number in an address; return zero if it is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS else 0
