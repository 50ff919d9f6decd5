"""The redirect: an ASGI application for GET and HEAD. The answer waits for a look-up, never for a write.

It answers 302 without caching, so that every click is seen. Robots are redirected too and counted apart: user agents of
robots or none (``short_links.shorten.is_robot``), HEAD requests, and browsers that prefetch.
"""

from typing import Final
from urllib.parse import quote

import structlog
from starlette.types import Receive, Scope, Send

from palomar.net.asgi import Headers, client_address, header, respond
from palomar.net.networks import TrustedProxies
from palomar.net.urls import BadUrl, parse_origin
from palomar.ports import Clock
from palomar.short_links.click_recorder import ClickRecorder
from palomar.short_links.clicks import Click, ShortLink
from palomar.short_links.dead_ends import DeadEnd, respond_dead_end
from palomar.short_links.shorten import code_of, is_robot

AGENT_LONGEST: Final = 500
"""Characters of a user agent that are kept."""

_log = structlog.get_logger(__name__)


class Redirect:
    """An ASGI application for the paths in which ``short_links.shorten.code_of`` finds a code."""

    def __init__(self, clicks: ClickRecorder, *, clock: Clock, proxies: TrustedProxies) -> None:
        self._clicks = clicks
        self._clock = clock
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"Method not allowed\n", [*_TEXT, (b"allow", b"GET, HEAD")])
            return
        try:
            code = code_of(scope["path"][1:])
            link = await self._clicks.find(code) if code else None
        except Exception as error:
            _log.error("a short link could not be looked up", reason=repr(error), exc_info=error)
            await respond_dead_end(scope, send, DeadEnd.BUSY, (b"retry-after", b"2"))
            return
        if link is None:
            await respond_dead_end(scope, send, DeadEnd.LINK)
            return
        await respond(send, 302, b"", [(b"location", location_of(link.url)), *_NOT_KEPT])
        self._clicks.record(self._click(scope, link))

    def _click(self, scope: Scope, link: ShortLink) -> Click:
        agent = (header(scope, b"user-agent") or b"").decode("latin-1")[:AGENT_LONGEST]
        return Click(
            link=link,
            at_ms=self._clock.wall_ms(),
            address=client_address(scope, self._proxies),
            agent=agent,
            robot=scope["method"] == "HEAD" or is_robot(agent) or _is_prefetch(scope),
        )


def _is_prefetch(scope: Scope) -> bool:
    """Return True if a browser fetches before anybody has touched the link, or fetches something else than a page."""
    for name in _PURPOSES:
        said = header(scope, name)
        if said is not None and (
            b"prefetch" in said.lower() or b"preview" in said.lower() or b"prerender" in said.lower()
        ):
            return True
    mode = header(scope, b"sec-fetch-mode")
    return mode is not None and mode.strip().lower() != b"navigate"


def location_of(url: str) -> bytes:
    """Encode a URL for the Location header (RFC 9110 section 10.2.2): ASCII, the host by IDNA, the rest percent-encoded
    where it must be."""
    if url.isascii() and url.isprintable() and " " not in url:
        return url.encode("ascii")
    end = min((at for at in (url.find(mark, 8) for mark in "/?#") if at >= 0), default=len(url))
    try:
        origin = parse_origin(url[:end])
    except BadUrl:
        return quote(url, safe=_SAFE).encode("ascii")
    scheme = "https" if origin.tls else "http"
    return f"{scheme}://{origin.host_header}{quote(url[end:], safe=_SAFE)}".encode("ascii")


_PURPOSES: Final = (b"sec-purpose", b"purpose", b"x-purpose", b"x-moz")
_SAFE: Final = "".join(chr(octet) for octet in range(0x21, 0x7F))
_NOT_KEPT: Final[Headers] = [(b"cache-control", b"no-store, max-age=0"), (b"x-robots-tag", b"noindex, nofollow")]
_TEXT: Final[Headers] = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
