"""Logging in: a login and a password, then a code where one is asked for; and logging out."""

from typing import Final

from palomar.access.sign_in_throttle import TooManyAttempts
from palomar.console.cookies import session_header
from palomar.console.labels import TOO_MANY_ATTEMPTS
from palomar.console.request import PageReply, SignedVisit, Visit, url_of, with_headers

_NEXT_LONGEST: Final = 2_000


async def show(visit: Visit) -> PageReply:
    """The form; who is signed in already is not asked again."""
    if visit.viewer is not None:
        return visit.go("/")
    return _form(visit)


async def enter(visit: Visit) -> PageReply:
    """Try a login and a password."""
    request = visit.request
    login, password = visit.asked("login"), request.form.get("password", "")
    result = await visit.logins.log_in(login, password, request.visitor, agent=request.agent)
    if isinstance(result, TooManyAttempts):
        return _too_many(visit, "login.html", result, login=login, next=_next(visit))
    if result is None:
        return _form(visit, status=422, fault=visit.t("That login and password do not match."))
    if result.awaits_code:
        reply = visit.go("/login/code", next=_next(visit))
    else:
        reply = _onward(visit)
    return with_headers(reply, session_header(result.token, secure=request.is_secure))


async def ask_code(visit: Visit) -> PageReply:
    """The form for the code; without a password before it, back to the beginning."""
    if not await visit.logins.awaits_code(visit.request.token):
        return visit.go("/login")
    return visit.page("code.html", fault="", next=_next(visit))


async def give_code(visit: Visit) -> PageReply:
    """Try a code."""
    request = visit.request
    result = await visit.logins.enter_code(request.token, visit.asked("code"), request.visitor)
    if isinstance(result, TooManyAttempts):
        return _too_many(visit, "code.html", result, next=_next(visit))
    if result is None:
        if not await visit.logins.awaits_code(request.token):
            return visit.go("/login")
        return visit.page(
            "code.html", status=422, fault=visit.t("That code is not right, or was used already."), next=_next(visit)
        )
    return with_headers(_onward(visit), session_header(result.token, secure=request.is_secure))


async def leave(visit: SignedVisit) -> PageReply:
    """End this session."""
    await visit.logins.log_out(visit.viewer.profile.session.id)
    return with_headers(visit.go("/login"), session_header("", secure=visit.request.is_secure))


def _form(visit: Visit, *, status: int = 200, fault: str = "") -> PageReply:
    return visit.page("login.html", status=status, fault=fault, login=visit.asked("login"), next=_next(visit))


def _too_many(visit: Visit, template: str, later: TooManyAttempts, **values: object) -> PageReply:
    fault = visit.t(TOO_MANY_ATTEMPTS, count=later.wait_seconds)
    reply = visit.page(template, status=429, fault=fault, **values)
    return with_headers(reply, (b"retry-after", b"%d" % later.wait_seconds))


def _onward(visit: Visit) -> PageReply:
    """To the page that was wanted, or the first."""
    return PageReply(status=303, headers=[(b"location", (_next(visit) or url_of("/")).encode("ascii"))])


def _next(visit: Visit) -> str:
    """The page that was wanted before the log-in; only one of ours, whatever the query says."""
    wanted = visit.asked("next")
    is_ours = wanted.startswith(url_of("/")) and wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if is_ours and " " not in wanted and len(wanted) <= _NEXT_LONGEST else ""
