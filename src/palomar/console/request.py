"""What a page is given: the request, the visitor's preferences, and the ways to answer.

A page is ``async def page(context) -> PageReply``. An open page gets a :class:`PageContext`, any other a
:class:`SignedInContext`, which has the signed-in person's viewer. Not here: ASGI (``console.app``), and how a
template becomes HTML (``console.templates``).
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol
from urllib.parse import urlencode

from palomar.access.sign_in import SignIn
from palomar.apidocs.samples import Sampler
from palomar.console.formats import Preferences
from palomar.console.i18n import Plural, translated
from palomar.console.viewer.viewer import Viewer
from palomar.vocabulary.access import ClientAddress

BASE: Final = "/console"
"""The beginning of all paths of the console."""
_ID_DIGITS: Final = 19
"""A number with fewer digits fits in 63 bits. Ids will need one more in the year 2520."""
HTML: Final = b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A browser's request. ``path`` is what follows :data:`BASE`; ``path_id`` is the segment in the place of
    ``{id}``."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    token: str
    """The session's token; empty if there is none."""
    client: ClientAddress
    agent: str
    is_secure: bool
    origin: str
    """Scheme, host and port by which the browser reaches the server."""
    wants_fragment: bool
    """True if htmx asks for a part of the page, which it puts in the place of the old one."""
    preferences: Preferences
    path_id: str = ""

    @property
    def row_id(self) -> int:
        """Read ``path_id`` as the id of a row; return zero, which no row has, if it is not one."""
        digits = self.path_id
        is_id = digits.isascii() and digits.isdigit() and len(digits) < _ID_DIGITS
        return int(digits) if is_id else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReply:
    """A page's answer. Where ``body`` is a stream, its first piece is awaited after the head was sent."""

    status: int = 200
    body: bytes | AsyncGenerator[bytes, None] = b""
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuLink:
    """An entry of the menu, in the visitor's language."""

    url: str
    text: str
    icon: str
    is_current: bool


class Renderer(Protocol):
    """Makes HTML from a template."""

    def render(self, template: str, context: "PageContext", values: Mapping[str, object]) -> bytes: ...


class PageContext:
    """What an open page is given. Somebody may be signed in or not."""

    viewer: Viewer | None = None
    menu: Sequence[MenuLink] = ()

    def __init__(
        self, request: PageRequest, *, renderer: Renderer, sign_in: SignIn, samplers: Sequence[Sampler] = ()
    ) -> None:
        self.request = request
        self.samplers = samplers
        self.preferences = request.preferences
        self.sign_in = sign_in
        self._renderer = renderer

    def t(self, text: str | Plural, **values: object) -> str:
        """Return a text in the visitor's language."""
        return translated(text, self.preferences.language, **values)

    def field(self, name: str) -> str:
        """Return a field of the form or the query, without spaces around it; empty if it is missing."""
        return (self.request.form.get(name) or self.request.query.get(name) or "").strip()

    @property
    def return_url(self) -> str:
        """Return the address that the preferences' form leads back to: this page, or the one whose form was sent."""
        request = self.request
        if request.method != "POST":
            return url_of(request.path, **request.query)
        return url_of("/" + request.path.split("/")[1])

    def render(self, template: str, *, status: int = 200, **values: object) -> PageReply:
        """Make a page, or a part of one, from its template."""
        body = self._renderer.render(template, self, values)
        return PageReply(status=status, body=body, headers=[(b"content-type", HTML)])

    def not_found(self) -> PageReply:
        """Answer 404, the same for what does not exist and for what is out of the visitor's scope."""
        return self.render("not_found.html", status=404)

    def redirect(self, path: str, /, **query: str) -> PageReply:
        """Send the browser to another page with GET (303; RFC 9110 section 15.4.4)."""
        return PageReply(status=303, headers=[(b"location", url_of(path, **query).encode("ascii"))])


class SignedInContext(PageContext):
    """What a page is given for somebody who is signed in."""

    viewer: Viewer

    def __init__(
        self,
        request: PageRequest,
        *,
        renderer: Renderer,
        sign_in: SignIn,
        viewer: Viewer,
        menu: Sequence[MenuLink],
        samplers: Sequence[Sampler] = (),
    ) -> None:
        super().__init__(request, renderer=renderer, sign_in=sign_in, samplers=samplers)
        self.viewer = viewer
        self.menu = menu


OpenPage = Callable[[PageContext], Awaitable[PageReply]]
Page = Callable[[SignedInContext], Awaitable[PageReply]]


def url_of(path: str, /, **query: str) -> str:
    """Return the address of a page; empty values of the query are left out."""
    fields = {name: value for name, value in query.items() if value}
    return f"{BASE}{path}" + (f"?{urlencode(fields)}" if fields else "")


def with_headers(reply: PageReply, *headers: tuple[bytes, bytes]) -> PageReply:
    """Return the reply with further headers."""
    return replace(reply, headers=[*reply.headers, *headers])
