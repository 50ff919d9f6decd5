"""How somebody wants to be shown things: language and theme, in cookies, so that the log-in page knows them too."""

from typing import Final
from urllib.parse import urlsplit

from palomar.console.cookies import LANGUAGE_COOKIE, THEME_COOKIE, choice_header
from palomar.console.i18n import LANGUAGES
from palomar.console.request import BASE, PageReply, Visit, with_headers

THEMES: Final = ("auto", "light", "dark")


async def choose(visit: Visit) -> PageReply:
    """Keep what was chosen and go back to where it was chosen."""
    language, theme = visit.asked("language"), visit.asked("theme")
    reply = _back(visit)
    if language in LANGUAGES:
        reply = with_headers(reply, choice_header(LANGUAGE_COOKIE, language))
    if theme in THEMES:
        reply = with_headers(reply, choice_header(THEME_COOKIE, theme))
    return reply


def _back(visit: Visit) -> PageReply:
    """The path and query that the form names; only if they are ours."""
    parts = urlsplit(visit.asked("back")[:2_000])
    is_ours = parts.path.startswith(f"{BASE}/") and not parts.netloc and not parts.scheme
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    if is_ours and target.isascii() and target.isprintable() and " " not in target and "\\" not in target:
        return PageReply(status=303, headers=[(b"location", target.encode("ascii"))])
    return visit.go("/")
