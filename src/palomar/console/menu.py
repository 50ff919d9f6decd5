"""Finding the page of a path in the map, and the menu that somebody sees of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from palomar.console.formats import Language
from palomar.console.i18n import translated
from palomar.console.request import MenuLink, url_of
from palomar.console.routes import OPEN_ROUTES, OVERVIEW, ROUTES, OpenRoute, PageRoute
from palomar.sandbox.sandbox import PersonalSandbox
from palomar.vocabulary.access import Who

_NAMED: Final = "{id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """The route of a path, and what stands there in the place of ``{id}``."""

    route: PageRoute | OpenRoute
    named: str


def find(method: str, path: str) -> FoundPage | None:
    """The route of a path below the console's base; HEAD is GET."""
    wanted = "GET" if method == "HEAD" else method
    exact = _EXACT.get((wanted, path))
    if exact is not None:
        return FoundPage(route=exact, named="")
    pieces = path.split("/")
    for position in range(1, len(pieces)):
        pattern = "/".join((*pieces[:position], _NAMED, *pieces[position + 1 :]))
        route = _EXACT.get((wanted, pattern))
        if route is not None and pieces[position]:
            return FoundPage(route=route, named=pieces[position])
    return None


def is_known(path: str) -> bool:
    """Whether the path is one of ours in any method."""
    return any(find(method, path) for method in ("GET", "POST"))


class Looker(Protocol):
    """What is asked of who looks."""

    @property
    def who(self) -> Who: ...

    @property
    def sandbox(self) -> PersonalSandbox | None: ...


def may_see(route: PageRoute, looker: Looker) -> bool:
    """Whether somebody may have that page."""
    who = looker.who
    is_let_in = (who.of_platform or not route.of_platform) and (looker.sandbox is not None or not route.in_sandbox)
    return is_let_in and who.may(route.right)


def menu_of(looker: Looker, path: str, language: Language) -> Sequence[MenuLink]:
    """The pages in the menu that somebody may see; the current one is where the path begins with its own.

    The sandbox is first; beside real carriers it is last.
    """
    path = OVERVIEW if path == "/" else path
    is_first = looker.sandbox is not None and looker.sandbox.is_whole
    routes = ROUTES if is_first else sorted(ROUTES, key=lambda route: route.in_sandbox)
    return [
        MenuLink(
            url=url_of(route.path),
            text=translated(route.menu.text, language),
            icon=route.menu.icon,
            is_current=path == route.path or path.startswith(f"{route.path}/"),
        )
        for route in routes
        if route.menu is not None and may_see(route, looker)
    ]


_EXACT: Final[Mapping[tuple[str, str], PageRoute | OpenRoute]] = {
    (route.method, route.path): route for route in (*OPEN_ROUTES, *ROUTES)
}
