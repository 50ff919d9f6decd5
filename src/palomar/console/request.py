"""One visit of a page: what was asked, how the visitor wants to be shown things, and the ways to answer.

A page is ``async def page(visit) -> PageReply``. An open page gets a :class:`Visit`, any other a :class:`SignedVisit`,
which has the viewer of whoever is signed in. Not here: sockets (``app``), templates (``templates``).
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
from palomar.vocabulary.access import Visitor

BASE: Final = "/console"
"""What the console's paths begin with."""
_ID_DIGITS: Final = 19
"""With fewer a number fits in 63 bits; ids need one more in the year 2520."""
HTML: Final = b"text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """What a browser asked. ``path`` is what follows :data:`BASE`, ``named`` what stands in a path's ``{…}``."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    token: str
    """Of its session; empty if it has none."""
    visitor: Visitor
    agent: str
    is_secure: bool
    origin: str
    """How the browser reaches us: scheme, host and port."""
    wants_piece: bool
    """Whether htmx asks, for a piece of the page to put in its place."""
    manner: Preferences
    named: str = ""

    @property
    def named_number(self) -> int:
        """Read ``named`` as the id of a row; zero, which no row has, where it is none."""
        digits = self.named
        is_id = digits.isascii() and digits.isdigit() and len(digits) < _ID_DIGITS
        return int(digits) if is_id else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReply:
    """An answer: whole, or a stream whose first piece is awaited when the head has left."""

    status: int = 200
    body: bytes | AsyncGenerator[bytes, None] = b""
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuLink:
    """An entry of the menu, as this visitor sees it."""

    url: str
    text: str
    icon: str
    is_current: bool


class Renderer(Protocol):
    """What makes a page of a template."""

    def render(self, template: str, visit: "Visit", values: Mapping[str, object]) -> bytes: ...


class Visit:
    """A visit by anybody."""

    viewer: Viewer | None = None
    menu: Sequence[MenuLink] = ()

    def __init__(
        self, request: PageRequest, *, renderer: Renderer, logins: SignIn, samplers: Sequence[Sampler] = ()
    ) -> None:
        self.request = request
        self.samplers = samplers
        self.manner = request.manner
        self.logins = logins
        self._renderer = renderer

    def t(self, text: str | Plural, **values: object) -> str:
        """Return a text in the visitor's language."""
        return translated(text, self.manner.language, **values)

    def asked(self, name: str) -> str:
        """A field of the form or the query, without spaces around it; empty if it is missing."""
        return (self.request.form.get(name) or self.request.query.get(name) or "").strip()

    @property
    def here(self) -> str:
        """Where a form that changes nothing here comes back to: this page, or the one whose form was sent."""
        request = self.request
        if request.method != "POST":
            return url_of(request.path, **request.query)
        return url_of("/" + request.path.split("/")[1])

    def page(self, template: str, *, status: int = 200, **values: object) -> PageReply:
        """A page, or a piece of one, from its template."""
        body = self._renderer.render(template, self, values)
        return PageReply(status=status, body=body, headers=[(b"content-type", HTML)])

    def missing(self) -> PageReply:
        """There is no such thing, or it is not this visitor's: nobody can tell which."""
        return self.page("missing.html", status=404)

    def go(self, path: str, /, **query: str) -> PageReply:
        """See another page (RFC 9110 section 15.4.4)."""
        return PageReply(status=303, headers=[(b"location", url_of(path, **query).encode("ascii"))])


class SignedVisit(Visit):
    """A visit by somebody who is signed in."""

    viewer: Viewer

    def __init__(
        self,
        request: PageRequest,
        *,
        renderer: Renderer,
        logins: SignIn,
        viewer: Viewer,
        menu: Sequence[MenuLink],
        samplers: Sequence[Sampler] = (),
    ) -> None:
        super().__init__(request, renderer=renderer, logins=logins, samplers=samplers)
        self.viewer = viewer
        self.menu = menu


OpenPage = Callable[[Visit], Awaitable[PageReply]]
Page = Callable[[SignedVisit], Awaitable[PageReply]]


def url_of(path: str, /, **query: str) -> str:
    """The address of a page; what is empty in the query is left out."""
    given = {name: value for name, value in query.items() if value}
    return f"{BASE}{path}" + (f"?{urlencode(given)}" if given else "")


def with_headers(reply: PageReply, *headers: tuple[bytes, bytes]) -> PageReply:
    """A reply with further headers."""
    return replace(reply, headers=[*reply.headers, *headers])
