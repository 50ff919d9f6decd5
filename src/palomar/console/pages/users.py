"""Users: who logs in, with what role, on whose behalf. An owner's page; an account's owner has those of the account."""

from collections.abc import Mapping
from typing import Final

from palomar.console.i18n import word
from palomar.console.pages.messages import CHOICE_OF
from palomar.console.request import PageReply, SignedVisit
from palomar.console.viewer.user_admin import Made
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import AccountId

DONE: Final[Mapping[str, str]] = {
    "role": word("The role was changed."),
    "on": word("The user can log in again."),
    "off": word("The user cannot log in any more; their sessions have ended."),
}

SURE: Final = "yes"
"""What a form says that was asked whether it is meant."""


async def show(visit: SignedVisit) -> PageReply:
    """The users in scope, and a form for another."""
    return await _page(visit)


async def add(visit: SignedVisit) -> PageReply:
    """A new user; the password is on the page that answers, and nowhere else."""
    viewer = visit.viewer
    login, of_login, role = visit.asked("login"), visit.asked("account"), visit.asked("role")
    account = viewer.account_of_login(of_login) if of_login else None
    if (of_login and account is None) or role not in set(Role):
        return visit.missing()
    account_id: AccountId | None = account.id if account is not None else None
    made = await viewer.people.add(login=login, name=visit.asked("name")[:200], role=Role(role), account_id=account_id)
    if made is None and not await viewer.people.has_room():
        return await _page(visit, fault=visit.t("There are too many users already."))
    if made is None:
        return await _page(visit, fault=visit.t("That login is taken, or is none: no spaces, no colon."))
    return await _page(visit, made=made)


async def reset(visit: SignedVisit) -> PageReply:
    """Give another password, shown once, to whom the visitor is sure about."""
    if visit.asked("sure") != SURE:
        effect = word("Their password stops working at once, their sessions end, and codes are switched off.")
        return await _ask(visit, word("A new password for {login}?"), effect, word("New password"))
    made = await visit.viewer.people.reset(visit.request.named_number)
    return visit.missing() if made is None else await _page(visit, made=made)


async def set_role(visit: SignedVisit) -> PageReply:
    """Another role."""
    role = visit.asked("role")
    if role not in set(Role) or not await visit.viewer.people.set_role(visit.request.named_number, Role(role)):
        return visit.missing()
    return visit.go("/users", done="role")


async def switch(visit: SignedVisit) -> PageReply:
    """Let a user in, or not any more."""
    enabled = visit.asked("enabled") == "on"
    if not enabled and visit.asked("sure") != SURE:
        effect = word("They cannot log in any more, and their sessions end at once. You can switch them on again.")
        return await _ask(visit, word("Switch {login} off?"), effect, word("Switch off"), enabled="off")
    if not await visit.viewer.people.switch(visit.request.named_number, enabled=enabled):
        return visit.missing()
    return visit.go("/users", done="on" if enabled else "off")


async def _ask(visit: SignedVisit, title: str, effect: str, verb: str, **fields: str) -> PageReply:
    """Ask whether the visitor is sure of what is done to a user, and say what it does."""
    user = next((one for one in await visit.viewer.people.all() if one.id == visit.request.named_number), None)
    if user is None:
        return visit.missing()
    return visit.page(
        "sure.html",
        title=visit.t(title, login=user.login),
        effect=visit.t(effect),
        verb=visit.t(verb),
        fields=fields,
        back="/users",
    )


async def _page(visit: SignedVisit, *, fault: str = "", made: Made | None = None) -> PageReply:
    viewer = visit.viewer
    done = DONE.get(visit.asked("done"))
    return visit.page(
        "users.html",
        status=422 if fault else 200,
        users=await viewer.people.all(),
        accounts=viewer.first_accounts(CHOICE_OF),
        has_choice_of_accounts=viewer.account_count <= CHOICE_OF,
        roles=list(Role),
        fault=fault,
        made=made,
        done=visit.t(done) if done and not fault and made is None else "",
    )
