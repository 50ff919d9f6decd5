"""The page of users, for owners. An owner of the platform manages all users, an account's owner those of the
account."""

from collections.abc import Mapping
from typing import Final

from palomar.console.i18n import word
from palomar.console.pages.messages import CHOICES_AT_MOST
from palomar.console.request import PageReply, SignedInContext
from palomar.console.viewer.user_admin import NewPassword
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import AccountId

DONE: Final[Mapping[str, str]] = {
    "role": word("The role was changed."),
    "on": word("The user can log in again."),
    "off": word("The user cannot log in any more; their sessions have ended."),
}

CONFIRMED: Final = "yes"
"""The value of the field ``sure`` in a form that the visitor has confirmed."""


async def show(context: SignedInContext) -> PageReply:
    """Show the users in scope, and a form for another."""
    return await _page(context)


async def add(context: SignedInContext) -> PageReply:
    """Add a user, and show the password on the page that answers and nowhere else."""
    viewer = context.viewer
    login, of_login, role = context.field("login"), context.field("account"), context.field("role")
    account = viewer.account_of_login(of_login) if of_login else None
    if (of_login and account is None) or role not in set(Role):
        return context.not_found()
    account_id: AccountId | None = account.id if account is not None else None
    made = await viewer.user_admin.add(
        login=login, name=context.field("name")[:200], role=Role(role), account_id=account_id
    )
    if made is None and not await viewer.user_admin.has_room():
        return await _page(context, fault=context.t("There are too many users already."))
    if made is None:
        return await _page(context, fault=context.t("That login is taken, or is none: no spaces, no colon."))
    return await _page(context, made=made)


async def reset_password(context: SignedInContext) -> PageReply:
    """Give a user another password, shown once, after the visitor has confirmed it."""
    if context.field("sure") != CONFIRMED:
        effect = word("Their password stops working at once, their sessions end, and codes are switched off.")
        return await _confirm(context, word("A new password for {login}?"), effect, word("New password"))
    made = await context.viewer.user_admin.reset_password(context.request.row_id)
    return context.not_found() if made is None else await _page(context, made=made)


async def set_role(context: SignedInContext) -> PageReply:
    """Change a user's role."""
    role = context.field("role")
    if role not in set(Role) or not await context.viewer.user_admin.set_role(context.request.row_id, Role(role)):
        return context.not_found()
    return context.redirect("/users", done="role")


async def set_enabled(context: SignedInContext) -> PageReply:
    """Switch a user on, or off after the visitor has confirmed it."""
    enabled = context.field("enabled") == "on"
    if not enabled and context.field("sure") != CONFIRMED:
        effect = word("They cannot log in any more, and their sessions end at once. You can switch them on again.")
        return await _confirm(context, word("Switch {login} off?"), effect, word("Switch off"), enabled="off")
    if not await context.viewer.user_admin.set_enabled(context.request.row_id, enabled=enabled):
        return context.not_found()
    return context.redirect("/users", done="on" if enabled else "off")


async def _confirm(context: SignedInContext, title: str, effect: str, verb: str, **fields: str) -> PageReply:
    """Show a page that says what a form does to a user and asks for confirmation."""
    user = next((one for one in await context.viewer.user_admin.list_users() if one.id == context.request.row_id), None)
    if user is None:
        return context.not_found()
    return context.render(
        "confirm.html",
        title=context.t(title, login=user.login),
        effect=context.t(effect),
        verb=context.t(verb),
        fields=fields,
        back="/users",
    )


async def _page(context: SignedInContext, *, fault: str = "", made: NewPassword | None = None) -> PageReply:
    viewer = context.viewer
    done = DONE.get(context.field("done"))
    return context.render(
        "users.html",
        status=422 if fault else 200,
        users=await viewer.user_admin.list_users(),
        accounts=viewer.first_accounts(CHOICES_AT_MOST),
        has_choice_of_accounts=viewer.account_count <= CHOICES_AT_MOST,
        roles=list(Role),
        fault=fault,
        made=made,
        done=context.t(done) if done and not fault and made is None else "",
    )
