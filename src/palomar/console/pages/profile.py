"""The profile page: a person's own password, codes, language and theme, sessions and tokens."""

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
from palomar.console.request import PageReply, SignedInContext, with_headers

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


async def show(context: SignedInContext) -> PageReply:
    """Show the page."""
    return await _page(context)


async def change_password(context: SignedInContext) -> PageReply:
    """Change the password, if the current one is right."""
    form = context.request.form
    current, new = form.get("current", ""), form.get("new", "")
    result = await context.viewer.my_account.change_password(current, new, client=context.request.client)
    if isinstance(result, PasswordFault):
        return await _page(context, section="password", fault=context.t(PASSWORD_FAULTS[result]))
    done = "password-tokens" if result is True and await context.viewer.my_account.tokens() else "password"
    return await _result(context, result, section="password", done=done)


async def start_totp(context: SignedInContext) -> PageReply:
    """Ask for codes from now on, if the typed code shows that the app has the secret."""
    totp = _secret(context.field("secret"))
    if totp and await context.viewer.my_account.start_totp(totp, context.field("code")):
        return context.redirect("/profile", done="code-on")
    fault = context.t("That code is not right. Check the phone's clock.")
    return await _page(context, section="code", fault=fault, totp=totp)


async def stop_totp(context: SignedInContext) -> PageReply:
    """Ask for no codes any more, if the password is right."""
    password = context.request.form.get("password", "")
    result = await context.viewer.my_account.stop_totp(password, client=context.request.client)
    return await _result(context, result, section="code", done="code-off")


async def revoke_token(context: SignedInContext) -> PageReply:
    """Revoke a token of one's own account that was made by name."""
    if not await context.viewer.my_account.revoke_token(context.request.row_id):
        return context.not_found()
    return context.redirect("/profile", done="token")


async def revoke(context: SignedInContext) -> PageReply:
    """End one of the person's sessions."""
    if not await context.viewer.my_account.revoke(context.request.row_id):
        return context.not_found()
    return context.redirect("/profile", done="revoked")


async def revoke_others(context: SignedInContext) -> PageReply:
    """End all of the person's sessions but this one."""
    await context.viewer.my_account.revoke_others()
    return context.redirect("/profile", done="alone")


async def _result(context: SignedInContext, result: TooManyAttempts | bool, *, section: str, done: str) -> PageReply:
    """Answer a form that asked for the password: redirect on success, else show the page with the fault."""
    if isinstance(result, TooManyAttempts):
        fault = context.t(TOO_MANY_ATTEMPTS, count=result.wait_seconds)
        reply = await _page(context, section=section, fault=fault, status=429)
        return with_headers(reply, (b"retry-after", b"%d" % result.wait_seconds))
    if not result:
        return await _page(context, section=section, fault=context.t("That is not your password."))
    return context.redirect("/profile", done=done)


async def _page(
    context: SignedInContext, *, section: str = "", fault: str = "", totp: bytes = b"", status: int = 422
) -> PageReply:
    """Show the page, with ``fault`` in the section of the form that failed."""
    profile = context.viewer.my_account
    has_totp = await profile.has_totp()
    fresh = totp or profile.fresh_totp() if profile.takes_codes and not has_totp else b""
    done = DONE.get(context.field("done"))
    return context.render(
        "profile.html",
        status=status if fault else 200,
        section=section,
        fault=fault,
        done=context.t(done) if done and not fault else "",
        has_totp=has_totp,
        secret=base32(fresh) if fresh else "",
        code_picture=_picture(app_url(fresh, login=context.viewer.who.login, issuer=ISSUER)) if fresh else "",
        sessions=await profile.sessions(),
        tokens=await profile.tokens(),
        themes={theme: THEME_NAMES[theme] for theme in THEMES},
    )


def _picture(text: str) -> str:
    """Draw a QR code as SVG without colors, so that the page's style has them."""
    import segno  # here: few visitors need it, and importing it costs every server time

    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, nl=False, border=2, omitsize=True, svgclass=None, lineclass=None
    )
    return out.getvalue().decode("utf-8")


def _secret(text: str) -> bytes:
    """Decode the secret that the form sends back; return b"" if it is not one."""
    padded = text + "=" * (-len(text) % 8)
    try:
        return base64.b32decode(padded)
    except (binascii.Error, ValueError):
        return b""
