"""One's own log-in: password, codes of an app, language and theme, and where one is logged in."""

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Final

from palomar.access.password_rule import PasswordFault
from palomar.access.sign_in_throttle import TooManyAttempts
from palomar.access.totp import app_url, base32
from palomar.console.i18n import word
from palomar.console.labels import PASSWORD_FAULTS, TOO_MANY_ATTEMPTS
from palomar.console.pages.preferences import THEMES
from palomar.console.request import PageReply, SignedVisit, with_headers

ISSUER: Final = "Palomar"
DONE: Final[Mapping[str, str]] = {
    "password": word("Your password was changed. You are logged out everywhere else."),
    "password-tokens": word(
        "Your password was changed. You are logged out everywhere else. Tokens made by name go on: end those that"
        " nobody needs."
    ),
    "token": word("That token has ended."),
    "code-on": word("From now on the log-in asks for a code."),
    "code-off": word("The log-in asks for no code any more."),
    "revoked": word("That session has ended."),
    "alone": word("You are logged out everywhere else."),
}
THEME_NAMES: Final[Mapping[str, str]] = {
    "auto": word("System"),
    "light": word("Light"),
    "dark": word("Dark"),
}


async def show(visit: SignedVisit) -> PageReply:
    """The page."""
    return await _page(visit)


async def change_password(visit: SignedVisit) -> PageReply:
    """Another password, if the current one is right."""
    form = visit.request.form
    current, new = form.get("current", ""), form.get("new", "")
    result = await visit.viewer.profile.change_password(current, new, visitor=visit.request.visitor)
    if isinstance(result, PasswordFault):
        return await _page(visit, section="password", fault=visit.t(PASSWORD_FAULTS[result]))
    done = "password-tokens" if result is True and await visit.viewer.profile.tokens() else "password"
    return await _answered(visit, result, section="password", done=done)


async def start_totp(visit: SignedVisit) -> PageReply:
    """From now on a code too, if the app makes the right ones."""
    totp = _secret(visit.asked("secret"))
    if totp and await visit.viewer.profile.start_totp(totp, visit.asked("code")):
        return visit.go("/profile", done="code-on")
    fault = visit.t("That code is not right. Check the phone's clock.")
    return await _page(visit, section="code", fault=fault, totp=totp)


async def stop_totp(visit: SignedVisit) -> PageReply:
    """No code any more, if the password is right."""
    password = visit.request.form.get("password", "")
    result = await visit.viewer.profile.stop_totp(password, visitor=visit.request.visitor)
    return await _answered(visit, result, section="code", done="code-off")


async def end_token(visit: SignedVisit) -> PageReply:
    """End a token of one's own account that was made by name."""
    if not await visit.viewer.profile.revoke_token(visit.request.named_number):
        return visit.missing()
    return visit.go("/profile", done="token")


async def revoke(visit: SignedVisit) -> PageReply:
    """End one of one's sessions."""
    if not await visit.viewer.profile.revoke(visit.request.named_number):
        return visit.missing()
    return visit.go("/profile", done="revoked")


async def revoke_others(visit: SignedVisit) -> PageReply:
    """End all of one's sessions but this one."""
    await visit.viewer.profile.revoke_others()
    return visit.go("/profile", done="alone")


async def _answered(visit: SignedVisit, result: TooManyAttempts | bool, *, section: str, done: str) -> PageReply:
    if isinstance(result, TooManyAttempts):
        fault = visit.t(TOO_MANY_ATTEMPTS, count=result.wait_seconds)
        reply = await _page(visit, section=section, fault=fault, status=429)
        return with_headers(reply, (b"retry-after", b"%d" % result.wait_seconds))
    if not result:
        return await _page(visit, section=section, fault=visit.t("That is not your password."))
    return visit.go("/profile", done=done)


async def _page(
    visit: SignedVisit, *, section: str = "", fault: str = "", totp: bytes = b"", status: int = 422
) -> PageReply:
    """The page; ``fault`` is shown in the section where it happened."""
    profile = visit.viewer.profile
    has_totp = await profile.has_totp()
    fresh = totp or profile.fresh_totp() if profile.takes_codes and not has_totp else b""
    done = DONE.get(visit.asked("done"))
    return visit.page(
        "profile.html",
        status=status if fault else 200,
        section=section,
        fault=fault,
        done=visit.t(done) if done and not fault else "",
        has_totp=has_totp,
        secret=base32(fresh) if fresh else "",
        code_picture=_picture(app_url(fresh, login=visit.viewer.who.login, issuer=ISSUER)) if fresh else "",
        sessions=await profile.sessions(),
        tokens=await profile.tokens(),
        themes={theme: THEME_NAMES[theme] for theme in THEMES},
    )


def _picture(text: str) -> str:
    """A QR code as SVG, its strokes in the page's own colours."""
    import segno  # here: few ask for it, and every server would pay

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, nl=False, border=2, omitsize=True, svgclass=None, lineclass=None
    )
    return out.getvalue().decode("utf-8")


def _secret(text: str) -> bytes:
    """The secret that the form was shown; empty if it is none."""
    padded = text + "=" * (-len(text) % 8)
    try:
        return base64.b32decode(padded)
    except (binascii.Error, ValueError):
        return b""
