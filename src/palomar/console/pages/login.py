"""The log-in pages: a login and a password, then a code for users who have codes; and the log-out."""

from typing import Final

from palomar.access.sign_in_throttle import TooManyAttempts
from palomar.console.cookies import session_header
from palomar.console.labels import TOO_MANY_ATTEMPTS
from palomar.console.request import PageContext, PageReply, SignedInContext, url_of, with_headers

_NEXT_LONGEST: Final = 2_000


async def show(context: PageContext) -> PageReply:
    """Show the form; redirect somebody who is signed in already."""
    if context.viewer is not None:
        return context.redirect("/")
    return _form(context)


async def submit_password(context: PageContext) -> PageReply:
    """Try a login and a password."""
    request = context.request
    login, password = context.field("login"), request.form.get("password", "")
    result = await context.sign_in.log_in(login, password, request.client, agent=request.agent)
    if isinstance(result, TooManyAttempts):
        return _too_many(context, "login.html", result, login=login, next=_next(context))
    if result is None:
        return _form(context, status=422, fault=context.t("That login and password do not match."))
    if result.awaits_code:
        reply = context.redirect("/login/code", next=_next(context))
    else:
        reply = _onward(context)
    return with_headers(reply, session_header(result.token, secure=request.is_secure))


async def show_code(context: PageContext) -> PageReply:
    """Show the form for the code; without a password before it, go back to the first form."""
    if not await context.sign_in.awaits_code(context.request.token):
        return context.redirect("/login")
    return context.render("login_code.html", fault="", next=_next(context))


async def submit_code(context: PageContext) -> PageReply:
    """Try a code."""
    request = context.request
    result = await context.sign_in.enter_code(request.token, context.field("code"), request.client)
    if isinstance(result, TooManyAttempts):
        return _too_many(context, "login_code.html", result, next=_next(context))
    if result is None:
        if not await context.sign_in.awaits_code(request.token):
            return context.redirect("/login")
        return context.render(
            "login_code.html",
            status=422,
            fault=context.t("That code is not right, or was used already."),
            next=_next(context),
        )
    return with_headers(_onward(context), session_header(result.token, secure=request.is_secure))


async def log_out(context: SignedInContext) -> PageReply:
    """End this session."""
    await context.sign_in.log_out(context.viewer.my_account.session.id)
    return with_headers(context.redirect("/login"), session_header("", secure=context.request.is_secure))


def _form(context: PageContext, *, status: int = 200, fault: str = "") -> PageReply:
    return context.render("login.html", status=status, fault=fault, login=context.field("login"), next=_next(context))


def _too_many(context: PageContext, template: str, later: TooManyAttempts, **values: object) -> PageReply:
    fault = context.t(TOO_MANY_ATTEMPTS, count=later.wait_seconds)
    reply = context.render(template, status=429, fault=fault, **values)
    return with_headers(reply, (b"retry-after", b"%d" % later.wait_seconds))


def _onward(context: PageContext) -> PageReply:
    """Redirect to the page that was requested before the log-in, or to the first one."""
    return PageReply(status=303, headers=[(b"location", (_next(context) or url_of("/")).encode("ascii"))])


def _next(context: PageContext) -> str:
    """Return the address that was requested before the log-in; empty unless it is one of the console's."""
    address = context.field("next")
    is_own = address.startswith(url_of("/")) and address.isascii() and address.isprintable() and "\\" not in address
    return address if is_own and " " not in address and len(address) <= _NEXT_LONGEST else ""
