"""The redirect: one bare ASGI function for GET and HEAD. The answer waits for a look-up, never for a write.

302 with no caching, so that every click comes by. Robots that preview links are redirected too and counted apart, and
so is HEAD, which no person's browser asks to follow a link.
"""

from typing import Final
from urllib.parse import quote

import structlog
from starlette.types import Receive, Scope, Send

from palomar.domain.link import is_preview
from palomar.engine.clicks import Clicks
from palomar.flows.click import Click, Link
from palomar.net.asgi import Headers, client_address, header, respond
from palomar.net.networks import TrustedProxies
from palomar.net.urls import BadUrl, parse_origin
from palomar.ports import Clock

AGENT_LONGEST: Final = 500
"""Characters of a user agent that are kept."""

_log = structlog.get_logger(__name__)


class Redirect:
    """An ASGI application for the paths that ``domain.link.is_code`` accepts."""

    def __init__(self, clicks: Clicks, *, clock: Clock, proxies: TrustedProxies) -> None:
        self._clicks = clicks
        self._clock = clock
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"Method not allowed\n", [*_TEXT, (b"allow", b"GET, HEAD")])
            return
        try:
            link = await self._clicks.link(scope["path"][1:])
        except Exception as error:
            _log.error("a short link could not be looked up", reason=repr(error), exc_info=error)
            await respond(send, 503, b"Please try again in a moment\n", [*_TEXT, (b"retry-after", b"2")])
            return
        if link is None:
            await respond(send, 404, b"This link leads nowhere\n", _TEXT)
            return
        await respond(send, 302, b"", [(b"location", location_of(link.url)), *_NOT_KEPT])
        self._clicks.clicked(self._click(scope, link))

    def _click(self, scope: Scope, link: Link) -> Click:
        agent = (header(scope, b"user-agent") or b"").decode("latin-1")[:AGENT_LONGEST]
        return Click(
            link=link,
            at_ms=self._clock.wall_ms(),
            address=client_address(scope, self._proxies),
            agent=agent,
            robot=scope["method"] == "HEAD" or is_preview(agent),
        )


def location_of(url: str) -> bytes:
    """The URL as RFC 9110 section 10.2.2 wants it: ASCII, the host by IDNA, the rest percent-encoded where it must."""
    if url.isascii() and url.isprintable() and " " not in url:
        return url.encode("ascii")
    end = min((at for at in (url.find(mark, 8) for mark in "/?#") if at >= 0), default=len(url))
    try:
        origin = parse_origin(url[:end])
    except BadUrl:
        return quote(url, safe=_SAFE).encode("ascii")
    scheme = "https" if origin.tls else "http"
    return f"{scheme}://{origin.host_header}{quote(url[end:], safe=_SAFE)}".encode("ascii")


_SAFE: Final = "".join(chr(octet) for octet in range(0x21, 0x7F))
_NOT_KEPT: Final[Headers] = [(b"cache-control", b"no-store, max-age=0"), (b"x-robots-tag", b"noindex, nofollow")]
_TEXT: Final[Headers] = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
