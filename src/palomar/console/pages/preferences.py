"""Saves a visitor's language and theme in cookies, so that the log-in page has them too."""

from typing import Final
from urllib.parse import urlsplit

from palomar.console.cookies import LANGUAGE_COOKIE, THEME_COOKIE, choice_header
from palomar.console.i18n import LANGUAGES
from palomar.console.request import BASE, PageContext, PageReply, with_headers

THEMES: Final = ("auto", "light", "dark")


async def save(context: PageContext) -> PageReply:
    """Set the cookies of a chosen language and theme, and go back to the page of the form."""
    language, theme = context.field("language"), context.field("theme")
    reply = _back(context)
    if language in LANGUAGES:
        reply = with_headers(reply, choice_header(LANGUAGE_COOKIE, language))
    if theme in THEMES:
        reply = with_headers(reply, choice_header(THEME_COOKIE, theme))
    return reply


def _back(context: PageContext) -> PageReply:
    """Redirect to the address that the form names if it is one of the console's, else to the first page."""
    parts = urlsplit(context.field("back")[:2_000])
    is_own = parts.path.startswith(f"{BASE}/") and not parts.netloc and not parts.scheme
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    if is_own and target.isascii() and target.isprintable() and " " not in target and "\\" not in target:
        return PageReply(status=303, headers=[(b"location", target.encode("ascii"))])
    return context.redirect("/")
