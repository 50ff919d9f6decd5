"""The ASGI application of the console, for the paths below ``/console``.

It reads the request, finds the session, calls the page and sends its reply with the security headers. It refuses forms
from other sites, and answers errors. Not here: which page answers a path (``console.routes``), and what is on it
(``console.pages``). Templates and files are read in a thread at the first request, so that a server whose console
nobody opens pays nothing, and no other request waits for it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, assert_never
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

import structlog
from starlette.types import Receive, Scope, Send

from palomar.access.sign_in import SignIn
from palomar.apidocs.samples import Sampler
from palomar.console.cookies import (
    LANGUAGE_COOKIE,
    THEME_COOKIE,
    ZONE_COOKIE,
    cookies_of,
    is_own_form,
    is_secure,
    origin_of,
    token_of,
)
from palomar.console.formats import Preferences
from palomar.console.i18n import language_of
from palomar.console.menu import may_see, menu_of
from palomar.console.pages.preferences import THEMES
from palomar.console.request import (
    BASE,
    PageContext,
    PageReply,
    PageRequest,
    Renderer,
    SignedInContext,
    url_of,
    with_headers,
)
from palomar.console.routes import OpenRoute, PageRoute, find_route, is_known
from palomar.console.static_files import File, Files
from palomar.console.streaming import send_stream
from palomar.console.viewer.viewer import Viewers
from palomar.net.asgi import BodyRefusal, client_of, fault_of, header, read_body, respond
from palomar.net.networks import TrustedProxies
from palomar.ports import Clock, Ids
from palomar.vocabulary.refusals import RETRY_AFTER_SECONDS, TemporarilyUnavailable

FORM_LIMIT: Final = 64 * 1024
"""The most octets of a form."""
CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

_SECURITY_HEADERS: Final = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # no-referrer would take the Origin from our own forms
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NO_STORE: Final = [(b"cache-control", b"no-store")]
_IMMUTABLE: Final = [(b"cache-control", b"public, max-age=31536000, immutable"), (b"vary", b"accept-encoding")]
_TEXT: Final = [(b"content-type", b"text/plain; charset=utf-8"), *_SECURITY_HEADERS, *_NO_STORE]
_FIELDS_AT_MOST: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Assets:
    """The static files and templates, read at the first request."""

    files: Files
    renderer: Renderer


class Console:
    """The ASGI application."""

    def __init__(
        self,
        viewers: Viewers,
        sign_in: SignIn,
        *,
        proxies: TrustedProxies,
        clock: Clock,
        ids: Ids,
        samplers: Sequence[Sampler] = (),
    ) -> None:
        self._viewers = viewers
        self._samplers = samplers
        self._sign_in = sign_in
        self._proxies = proxies
        self._clock = clock
        self._ids = ids
        self._assets: asyncio.Future[_Assets] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        fault = fault_of(scope)
        if fault is not None:
            await respond(send, fault, b"%b\n" % fault.phrase.encode("ascii"), _TEXT)
            return
        if path == BASE:
            await respond(send, 308, b"", [(b"location", url_of("/").encode("ascii")), *_SECURITY_HEADERS])
            return
        if scope["method"] not in ("GET", "HEAD", "POST"):
            await respond(send, 405, b"Method not allowed\n", [*_TEXT, (b"allow", b"GET, HEAD, POST")])
            return
        assets = await self._load_assets()
        file = assets.files.at(path)
        if file is not None:
            await _send_file(scope, send, file)
            return
        reply = await self._reply(scope, receive, assets.renderer)
        headers = [*reply.headers, *_SECURITY_HEADERS, *_NO_STORE]
        if isinstance(reply.body, bytes):
            await respond(send, reply.status, reply.body, headers)
        elif scope["method"] == "HEAD":
            await respond(send, reply.status, b"", headers)
        else:
            await send_stream(send, receive, reply.body, status=reply.status, headers=headers)

    async def _load_assets(self) -> _Assets:
        """Read files and templates once, also for requests at the same time; try again after a failure."""
        if self._assets is None or (self._assets.done() and self._assets.exception() is not None):
            self._assets = asyncio.ensure_future(asyncio.to_thread(_read_assets))
        return await asyncio.shield(self._assets)

    async def _reply(self, scope: Scope, receive: Receive, renderer: Renderer) -> PageReply:
        form: Mapping[str, str] = {}
        if scope["method"] == "POST":
            if not is_own_form(scope):
                return PageReply(status=403, body=b"This form was not sent by a page of ours\n", headers=_PLAIN)
            body = await read_body(scope, receive, limit=FORM_LIMIT)
            match body:
                case BodyRefusal.TOO_LARGE:
                    return PageReply(status=413, body=b"Too much for a form\n", headers=_PLAIN)
                case BodyRefusal.DISCONNECTED:
                    return PageReply(status=400)
                case bytes():
                    form = _parse_fields(body)
                case _:
                    assert_never(body)
        request = self._request(scope, form)
        context: PageContext = PageContext(request, renderer=renderer, sign_in=self._sign_in)
        try:
            context = await self._context(request, renderer)
            return await self._answer(context)
        except TemporarilyUnavailable as error:
            _log.warning("temporarily unavailable", path=request.path, reason=str(error))
            return with_headers(context.render("busy.html", status=503), (b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
        except Exception:
            fault_id = self._ids.serial()
            _log.exception("a page failed", path=request.path, fault_id=fault_id)
            return context.render("error.html", status=500, fault_id=fault_id)

    async def _context(self, request: PageRequest, renderer: Renderer) -> PageContext:
        """Return the page's context, with a viewer if the token is that of a session."""
        signed_in = await self._sign_in.signed_in(request.token)
        if signed_in is None:
            return PageContext(request, renderer=renderer, sign_in=self._sign_in)
        viewer = self._viewers.of(signed_in)
        return SignedInContext(
            request,
            renderer=renderer,
            sign_in=self._sign_in,
            viewer=viewer,
            menu=menu_of(viewer, request.path, request.preferences.language),
            samplers=self._samplers,
        )

    async def _answer(self, context: PageContext) -> PageReply:
        """Call the page of the path; without a session, an open page only."""
        request = context.request
        found = find_route(request.method, request.path)
        route = found.route if found is not None else None
        match route:
            case OpenRoute():
                return await route.page(context)
            case PageRoute() if isinstance(context, SignedInContext):
                return await route.page(context) if may_see(route, context.viewer) else context.not_found()
            case PageRoute():
                return _to_login(context)
            case None:
                if is_known(request.path):
                    return PageReply(status=405, headers=[*_PLAIN, (b"allow", b"GET, HEAD, POST")])
                return context.not_found() if isinstance(context, SignedInContext) else _to_login(context)
            case _:
                assert_never(route)

    def _request(self, scope: Scope, form: Mapping[str, str]) -> PageRequest:
        cookies, secure = cookies_of(scope), is_secure(scope)
        found = find_route(scope["method"], scope["path"][len(BASE) :])
        theme = cookies.get(THEME_COOKIE, "")
        preferences = Preferences(
            language=language_of(cookies.get(LANGUAGE_COOKIE, ""), _text(scope, b"accept-language")),
            zone=_zone(cookies.get(ZONE_COOKIE, "")),
            theme=theme if theme in THEMES else THEMES[0],
            now_ms=self._clock.wall_ms(),
        )
        return PageRequest(
            method=scope["method"],
            path=scope["path"][len(BASE) :],
            query=_parse_fields(scope["query_string"]),
            form=form,
            token=token_of(cookies, secure=secure),
            client=client_of(scope, self._proxies),
            agent=_text(scope, b"user-agent"),
            is_secure=secure,
            origin=origin_of(scope, secure=secure),
            wants_fragment=header(scope, b"hx-request") == b"true",
            preferences=preferences,
            path_id=found.path_id if found is not None else "",
        )


_PLAIN: Final = [(b"content-type", b"text/plain; charset=utf-8")]


@cache
def _read_assets() -> _Assets:
    from palomar.console.templates import JinjaRenderer  # here, in the thread: importing it takes its time

    files = Files()
    return _Assets(files=files, renderer=JinjaRenderer(files))


async def _send_file(scope: Scope, send: Send, file: File) -> None:
    headers = [(b"content-type", file.content_type), *_SECURITY_HEADERS, *_IMMUTABLE]
    if file.gzipped and b"gzip" in (header(scope, b"accept-encoding") or b""):
        await respond(send, 200, file.gzipped, [*headers, (b"content-encoding", b"gzip")])
    else:
        await respond(send, 200, file.body, headers)


def _to_login(context: PageContext) -> PageReply:
    """Send the browser to the log-in page, which leads on to this one. Where htmx asks for a part of a page, let it
    load the whole log-in page."""
    request = context.request
    if request.wants_fragment:
        return PageReply(status=401, headers=[(b"hx-redirect", url_of("/login").encode("ascii"))])
    wanted = ""
    if request.method != "POST" and request.path != "/":
        wanted = f"{BASE}{quote(request.path)}" + (f"?{urlencode(request.query)}" if request.query else "")
    return context.redirect("/login", next=wanted)


def _parse_fields(text: bytes) -> Mapping[str, str]:
    """Parse the fields of a form or a query, the last of each name; leave out NUL, which no database stores."""
    try:
        pairs = parse_qsl(
            text.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_AT_MOST, errors="replace"
        )
    except ValueError:
        return {}
    return {name: value.replace("\0", "") for name, value in pairs}


def _text(scope: Scope, name: bytes) -> str:
    return (header(scope, name) or b"").decode("latin-1")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name) if name else ZoneInfo("UTC")
    except (OSError, ValueError, LookupError):
        return ZoneInfo("UTC")
