"""Builds the menu of the pages that a person may see."""

from collections.abc import Sequence
from typing import Protocol

from palomar.console.formats import Language
from palomar.console.i18n import translated
from palomar.console.request import MenuLink, url_of
from palomar.console.routes import OVERVIEW, ROUTES, PageRoute
from palomar.sandbox.sandbox import PersonalSandbox
from palomar.vocabulary.access import Principal


class MenuViewer(Protocol):
    """The part of a viewer that decides which pages it may see."""

    @property
    def who(self) -> Principal: ...

    @property
    def sandbox(self) -> PersonalSandbox | None: ...


def may_see(route: PageRoute, viewer: MenuViewer) -> bool:
    """Return True if the viewer may see the page."""
    who = viewer.who
    is_in_reach = (who.sees_all_accounts or not route.sees_all_accounts) and (
        viewer.sandbox is not None or not route.in_sandbox
    )
    return is_in_reach and who.may(route.right)


def menu_of(viewer: MenuViewer, path: str, language: Language) -> Sequence[MenuLink]:
    """Return the menu's entries for the pages that the viewer may see. The current one is the page of ``path``, or the
    one whose path it begins with.

    The sandbox comes first if every carrier is simulated, else last.
    """
    path = OVERVIEW if path == "/" else path
    is_first = viewer.sandbox is not None and viewer.sandbox.all_simulated
    routes = ROUTES if is_first else sorted(ROUTES, key=lambda route: route.in_sandbox)
    return [
        MenuLink(
            url=url_of(route.path),
            text=translated(route.menu.text, language),
            icon=route.menu.icon,
            is_current=path == route.path or path.startswith(f"{route.path}/"),
        )
        for route in routes
        if route.menu is not None and may_see(route, viewer)
    ]
