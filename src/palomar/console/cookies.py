"""Reads and writes the console's cookies, and checks that a form was sent by a page of the same origin.

Scripts cannot read the session's cookie, and browsers do not send it from other sites; over HTTPS its name makes
browsers refuse one that another host or an unencrypted page has set (RFC 6265bis section 4.1.3.2). Browsers name a
form's origin in ``Sec-Fetch-Site``; older browsers, and all on plain HTTP, in ``Origin``. Not here: what a session is
(``access.sessions``).
"""

import re
from typing import Final

from starlette.types import Scope

from palomar.access.sessions import LONGEST_MS
from palomar.console.request import BASE
from palomar.net.asgi import header

LANGUAGE_COOKIE: Final = "palomar-language"
THEME_COOKIE: Final = "palomar-theme"
ZONE_COOKIE: Final = "palomar-zone"
"""Written by ``console.js``: the browser knows its zone, the server does not."""

_HOST: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_YEAR_SECONDS: Final = 365 * 86_400
_TOKEN_LONGEST: Final = 100


def is_secure(scope: Scope) -> bool:
    """Return True if the browser uses HTTPS, to this server or a proxy. One that lies only gets a stricter cookie."""
    return scope.get("scheme") == "https" or header(scope, b"x-forwarded-proto") == b"https"


def origin_of(scope: Scope, *, secure: bool) -> str:
    """Return scheme, host and port by which the browser reaches the server (RFC 6454 section 7).

    Without a valid ``Host`` the host is ``localhost``.
    """
    host = (header(scope, b"host") or b"").decode("latin-1")
    return f"{'https' if secure else 'http'}://{host if _HOST.fullmatch(host) else 'localhost'}"


def cookies_of(scope: Scope) -> dict[str, str]:
    """Read the cookies that were sent (RFC 6265 section 4.2.1), the first of each name."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                key, _, text = pair.strip().partition("=")
                found.setdefault(key, text)
    return found


def token_of(cookies: dict[str, str], *, secure: bool) -> str:
    """Return the session's token; empty if there is none."""
    return cookies.get(_session_cookie(secure), "")[:_TOKEN_LONGEST]


def session_header(token: str, *, secure: bool) -> tuple[bytes, bytes]:
    """Return the header that sets the session's cookie, or with an empty token deletes it.

    The server decides when a session ends; the cookie lives longer.
    """
    name = _session_cookie(secure)
    place = "Path=/; Secure" if secure else f"Path={BASE}"
    age = LONGEST_MS // 1_000 if token else 0
    return _set_cookie(f"{name}={token}; {place}; Max-Age={age}; HttpOnly; SameSite=Lax")


def choice_header(name: str, value: str) -> tuple[bytes, bytes]:
    """Return the header that sets the cookie of a chosen language or theme."""
    return _set_cookie(f"{name}={value}; Path={BASE}; Max-Age={_YEAR_SECONDS}; HttpOnly; SameSite=Lax")


def is_own_form(scope: Scope) -> bool:
    """Return True if a form was sent by a page of this origin."""
    site = header(scope, b"sec-fetch-site")
    if site is not None:
        return site == b"same-origin"
    origin = header(scope, b"origin")
    host = header(scope, b"host")
    if origin is None or host is None:
        return False
    _, _, place = origin.decode("latin-1").partition("://")  # scheme://host:port (RFC 6454 section 7.1), or null
    return place.lower() == host.decode("latin-1").lower()


def _session_cookie(secure: bool) -> str:
    return "__Host-palomar-session" if secure else "palomar-session"


def _set_cookie(text: str) -> tuple[bytes, bytes]:
    return b"set-cookie", text.encode("ascii")
