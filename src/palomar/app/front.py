"""The root ASGI application: it passes each request to the face that answers its path.

In this order: the console, fixed paths, the dialects by their prefixes, icons, short links; otherwise a page or a line
says that nothing is there. It is bare ASGI with one dictionary look-up a request, because a router would cost the hot
paths too much.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from palomar.net.asgi import BodyRefusal, fault_of, read_body, respond
from palomar.short_links.dead_ends import DeadEnd, respond_dead_end
from palomar.short_links.icons import read_icons
from palomar.short_links.shorten import code_of
from palomar.vocabulary.http_record import HeaderLines

CONSOLE = "/console"
"""The path of the console; ``/`` redirects to it if it is no dialect's."""
SANDBOX_CALLBACK = "/sandbox/callback"
"""Answers 200 to any callback while no real carrier is configured, so that a first message shows its whole life."""
SANDBOX_CALLBACK_LIMIT = 64 * 1024
"""The largest body of such a callback, in octets."""

_JSON = [(b"content-type", b"application/json; charset=utf-8")]
_TEXT = [(b"content-type", b"text/plain; charset=utf-8")]
_ICON = [(b"cache-control", b"public, max-age=86400"), (b"x-content-type-options", b"nosniff")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """The body of ``/health/ready``; ``faults`` is empty if messages can be accepted."""

    faults: list[str]
    carriers: dict[str, bool]
    stalled_parts: int = 0
    """Parts in memory that could leave and do not, and since when (GMT)."""
    stalled_since: str | None = None
    waiting: dict[str, dict[str, str | int]] = field(default_factory=dict)
    """Carriers for which parts wait while none leaves: how many in memory, since when, and why."""


class Front:
    """The root application.

    ``dialects`` are keyed by the beginning of their paths: one segment, or two (``api/v1``). ``at_root`` is the dialect
    that answers ``/`` if the query has one of its parameters, or if a form may have them. ``took_callback`` is called
    with each callback to the sandbox's address (method, target, headers, body); without it there is no such address.
    """

    def __init__(
        self,
        *,
        dialects: Mapping[str, ASGIApp],
        at_root: tuple[ASGIApp, frozenset[str]] | None = None,
        links: ASGIApp | None = None,
        console: ASGIApp | None = None,
        health: Callable[[], Readiness],
        on_callback: Callable[[str, str, HeaderLines, bytes], None] | None = None,
    ) -> None:
        self._by_segment = {prefix: face for prefix, face in dialects.items() if "/" not in prefix}
        if console is not None:
            self._by_segment[CONSOLE[1:]] = console
        self._has_console = console is not None
        self._by_two = {prefix: face for prefix, face in dialects.items() if "/" in prefix}
        self._shared = {prefix.split("/")[0] for prefix in self._by_two}
        self._at_root = at_root
        self._links = links
        self._health = health
        self._on_callback = on_callback
        self._icons = read_icons()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on. Dialects answer faults of a request's head in their own form."""
        path: str = scope["path"]
        segment, _, rest = path[1:].partition("/")
        face = self._by_segment.get(segment)
        if face is None and segment in self._shared:
            face = self._by_two.get(f"{segment}/{rest.partition('/')[0]}")
        if face is None and path in ("", "/"):
            face = self._owner_of_root(scope)
        if face is not None:
            await face(scope, receive, send)
        elif (fault := fault_of(scope)) is not None:
            await respond(send, fault, b"%b\n" % fault.phrase.encode("ascii"), _TEXT)
        elif path in ("", "/") and self._has_console:
            await respond(send, 302, b"", [(b"location", f"{CONSOLE}/".encode("ascii"))])
        elif path == "/health/live":
            await respond(send, 200, b'{"live":true}', _JSON)
        elif path == "/health/ready":
            await self._ready(send)
        elif path == SANDBOX_CALLBACK and self._on_callback is not None:
            await self._take_callback(scope, receive, send, self._on_callback)
        elif path in self._icons:
            await self._send_icon(scope, send, path)
        elif self._links is not None and code_of(path[1:]):
            await self._links(scope, receive, send)
        else:
            await respond_dead_end(scope, send, DeadEnd.ADDRESS)

    def _owner_of_root(self, scope: Scope) -> ASGIApp | None:
        if self._at_root is None:
            return None
        face, parameters = self._at_root
        if scope["method"] == "POST":
            return face  # its parameters are in the form
        names = {piece.partition(b"=")[0].decode("latin-1") for piece in scope["query_string"].split(b"&")}
        return face if names & parameters else None

    async def _send_icon(self, scope: Scope, send: Send, path: str) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"Method not allowed\n", [*_TEXT, (b"allow", b"GET, HEAD")])
            return
        kind, body = self._icons[path]
        await respond(send, 200, body, [(b"content-type", kind), *_ICON])

    async def _take_callback(
        self, scope: Scope, receive: Receive, send: Send, on_callback: Callable[[str, str, HeaderLines, bytes], None]
    ) -> None:
        body = await read_body(scope, receive, limit=SANDBOX_CALLBACK_LIMIT)
        match body:
            case bytes():
                query = scope["query_string"].decode("latin-1")
                target = scope["path"] + (f"?{query}" if query else "")
                on_callback(scope["method"], target, tuple(scope["headers"]), body)
                await respond(send, 200, b"OK\n", _TEXT)
            case BodyRefusal.TOO_LARGE:
                await respond(send, 413, b"Too much for a callback\n", _TEXT)
            case BodyRefusal.DISCONNECTED:
                pass
            case _:
                assert_never(body)

    async def _ready(self, send: Send) -> None:
        health = self._health()
        body = {
            "ready": not health.faults,
            "faults": health.faults,
            "carriers": health.carriers,
            "stalled_parts": health.stalled_parts,
            "stalled_since": health.stalled_since,
            "waiting": health.waiting,
        }
        await respond(send, 503 if health.faults else 200, msgspec.json.encode(body), _JSON)
