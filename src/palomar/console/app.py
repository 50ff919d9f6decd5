"""The face: one ASGI application for the paths below ``/console``. Requests become visits, replies become answers.

Here are the policy and the other headers of every answer, sessions, the check of forms, and what happens on an error.
Not here: which page answers a path (``routes``), and what is on it (``pages``). Templates and files are read in a
thread when the console is first asked for: until then it costs nothing, and then it stops nobody.
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
from palomar.console.menu import find, is_known, may_see, menu_of
from palomar.console.pages.preferences import THEMES
from palomar.console.request import BASE, PageReply, PageRequest, Renderer, SignedVisit, Visit, url_of, with_headers
from palomar.console.routes import OpenRoute, PageRoute
from palomar.console.static_files import File, Files
from palomar.console.streaming import send_stream
from palomar.console.viewer.viewer import Viewers
from palomar.net.asgi import BodyRefusal, fault_of, header, read_body, respond, visitor_of
from palomar.net.networks import TrustedProxies
from palomar.ports import Clock, Ids
from palomar.vocabulary.refusals import RETRY_AFTER_SECONDS, TemporarilyUnavailable

FORM_LIMIT: Final = 64 * 1024
"""Octets that a form may have."""
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

_GUARDED: Final = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode("ascii")),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # no-referrer would take the Origin from our own forms
    (b"cross-origin-resource-policy", b"same-origin"),
]
_NOT_KEPT: Final = [(b"cache-control", b"no-store")]
_KEPT: Final = [(b"cache-control", b"public, max-age=31536000, immutable"), (b"vary", b"accept-encoding")]
_TEXT: Final = [(b"content-type", b"text/plain; charset=utf-8"), *_GUARDED, *_NOT_KEPT]
_FIELDS_AT_MOST: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shop:
    """What is read when the console is first asked for."""

    files: Files
    renderer: Renderer


class Console:
    """See the module."""

    def __init__(
        self,
        viewers: Viewers,
        logins: SignIn,
        *,
        proxies: TrustedProxies,
        clock: Clock,
        ids: Ids,
        samplers: Sequence[Sampler] = (),
    ) -> None:
        self._viewers = viewers
        self._samplers = samplers
        self._logins = logins
        self._proxies = proxies
        self._clock = clock
        self._ids = ids
        self._shop: asyncio.Future[_Shop] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        fault = fault_of(scope)
        if fault is not None:
            await respond(send, fault, b"%b\n" % fault.phrase.encode("ascii"), _TEXT)
            return
        if path == BASE:
            await respond(send, 308, b"", [(b"location", url_of("/").encode("ascii")), *_GUARDED])
            return
        if scope["method"] not in ("GET", "HEAD", "POST"):
            await respond(send, 405, b"Method not allowed\n", [*_TEXT, (b"allow", b"GET, HEAD, POST")])
            return
        shop = await self._opened()
        file = shop.files.at(path)
        if file is not None:
            await _send_file(scope, send, file)
            return
        reply = await self._reply(scope, receive, shop.renderer)
        headers = [*reply.headers, *_GUARDED, *_NOT_KEPT]
        if isinstance(reply.body, bytes):
            await respond(send, reply.status, reply.body, headers)
        elif scope["method"] == "HEAD":
            await respond(send, reply.status, b"", headers)
        else:
            await send_stream(send, receive, reply.body, status=reply.status, headers=headers)

    async def _opened(self) -> _Shop:
        """Files and templates, read once however many ask at the same time; a failure is tried again."""
        if self._shop is None or (self._shop.done() and self._shop.exception() is not None):
            self._shop = asyncio.ensure_future(asyncio.to_thread(_open_shop))
        return await asyncio.shield(self._shop)

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
                    form = _fields(body)
                case _:
                    assert_never(body)
        request = self._request(scope, form)
        visit: Visit = Visit(request, renderer=renderer, logins=self._logins)
        try:
            visit = await self._visit(request, renderer)
            return await self._page(visit)
        except TemporarilyUnavailable as error:
            _log.warning("temporarily unavailable", path=request.path, reason=str(error))
            return with_headers(visit.page("busy.html", status=503), (b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
        except Exception:
            fault_id = self._ids.serial()
            _log.exception("a page failed", path=request.path, fault_id=fault_id)
            return visit.page("failed.html", status=500, fault_id=fault_id)

    async def _visit(self, request: PageRequest, renderer: Renderer) -> Visit:
        """By somebody, where the token is one of a session."""
        signed_in = await self._logins.signed_in(request.token)
        if signed_in is None:
            return Visit(request, renderer=renderer, logins=self._logins)
        viewer = self._viewers.of(signed_in)
        return SignedVisit(
            request,
            renderer=renderer,
            logins=self._logins,
            viewer=viewer,
            menu=menu_of(viewer, request.path, request.manner.language),
            samplers=self._samplers,
        )

    async def _page(self, visit: Visit) -> PageReply:
        request = visit.request
        found = find(request.method, request.path)
        route = found.route if found is not None else None
        match route:
            case OpenRoute():
                return await route.page(visit)
            case PageRoute() if isinstance(visit, SignedVisit):
                return await route.page(visit) if may_see(route, visit.viewer) else visit.missing()
            case PageRoute():
                return _to_login(visit)
            case None:
                if is_known(request.path):
                    return PageReply(status=405, headers=[*_PLAIN, (b"allow", b"GET, HEAD, POST")])
                return visit.missing() if isinstance(visit, SignedVisit) else _to_login(visit)
            case _:
                assert_never(route)

    def _request(self, scope: Scope, form: Mapping[str, str]) -> PageRequest:
        cookies, secure = cookies_of(scope), is_secure(scope)
        found = find(scope["method"], scope["path"][len(BASE) :])
        theme = cookies.get(THEME_COOKIE, "")
        manner = Preferences(
            language=language_of(cookies.get(LANGUAGE_COOKIE, ""), _text(scope, b"accept-language")),
            zone=_zone(cookies.get(ZONE_COOKIE, "")),
            theme=theme if theme in THEMES else THEMES[0],
            now_ms=self._clock.wall_ms(),
        )
        return PageRequest(
            method=scope["method"],
            path=scope["path"][len(BASE) :],
            query=_fields(scope["query_string"]),
            form=form,
            token=token_of(cookies, secure=secure),
            visitor=visitor_of(scope, self._proxies),
            agent=_text(scope, b"user-agent"),
            is_secure=secure,
            origin=origin_of(scope, secure=secure),
            wants_piece=header(scope, b"hx-request") == b"true",
            manner=manner,
            named=found.named if found is not None else "",
        )


_PLAIN: Final = [(b"content-type", b"text/plain; charset=utf-8")]


@cache
def _open_shop() -> _Shop:
    from palomar.console.templates import JinjaRenderer  # here, in the thread: importing it takes its time

    files = Files()
    return _Shop(files=files, renderer=JinjaRenderer(files))


async def _send_file(scope: Scope, send: Send, file: File) -> None:
    headers = [(b"content-type", file.kind), *_GUARDED, *_KEPT]
    if file.packed and b"gzip" in (header(scope, b"accept-encoding") or b""):
        await respond(send, 200, file.packed, [*headers, (b"content-encoding", b"gzip")])
    else:
        await respond(send, 200, file.body, headers)


def _to_login(visit: Visit) -> PageReply:
    """Log in first, and then go on to what was wanted. A piece of a page becomes the whole log-in page."""
    request = visit.request
    if request.wants_piece:
        return PageReply(status=401, headers=[(b"hx-redirect", url_of("/login").encode("ascii"))])
    wanted = ""
    if request.method != "POST" and request.path != "/":
        wanted = f"{BASE}{quote(request.path)}" + (f"?{urlencode(request.query)}" if request.query else "")
    return visit.go("/login", next=wanted)


def _fields(text: bytes) -> Mapping[str, str]:
    """The fields of a form or a query, the last of each name; without NUL, which no database holds."""
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
