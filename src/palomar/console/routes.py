"""Maps the console's paths to pages, each with the right it needs and its entry in the menu.

A page is one line here, a module in ``console.pages`` and its template (``docs/recipes/page.md``). ``{id}`` stands for
one segment of the path, which the page reads as ``context.request.path_id``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from palomar.console.i18n import word
from palomar.console.pages import (
    callback,
    callbacks,
    export,
    home,
    login,
    message,
    messages,
    overview,
    preferences,
    profile,
    sandbox,
    sandbox_calls,
    sandbox_controls,
    sandbox_stream,
    users,
)
from palomar.console.request import OpenPage, Page
from palomar.vocabulary.access import Right

Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """A page's text in the menu, and the name of its icon in the sprite."""

    text: str
    icon: str


@dataclass(frozen=True, slots=True)
class PageRoute:
    """A page for signed-in people with the right. ``sees_all_accounts``: only for those who see the whole platform;
    ``in_sandbox``: only for those who have a sandbox."""

    method: Method
    path: str
    page: Page
    right: Right = Right.VIEW
    menu: MenuEntry | None = None
    sees_all_accounts: bool = False
    in_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """A page for anybody."""

    method: Method
    path: str
    page: OpenPage


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRoute:
    """The route of a path, and the path's segment in the place of ``{id}``."""

    route: PageRoute | OpenRoute
    path_id: str


def find_route(method: str, path: str) -> FoundRoute | None:
    """Find the route of a path below the console's base; HEAD is answered as GET."""
    method = "GET" if method == "HEAD" else method
    exact = _BY_PATH.get((method, path))
    if exact is not None:
        return FoundRoute(route=exact, path_id="")
    segments = path.split("/")
    for position in range(1, len(segments)):
        pattern = "/".join((*segments[:position], "{id}", *segments[position + 1 :]))
        route = _BY_PATH.get((method, pattern))
        if route is not None and segments[position]:
            return FoundRoute(route=route, path_id=segments[position])
    return None


def is_known(path: str) -> bool:
    """Return True if the path has a page for any method."""
    return any(find_route(method, path) for method in ("GET", "POST"))


OPEN_ROUTES: Final = (
    OpenRoute("GET", "/login", login.show),
    OpenRoute("POST", "/login", login.submit_password),
    OpenRoute("GET", "/login/code", login.show_code),
    OpenRoute("POST", "/login/code", login.submit_code),
    OpenRoute("POST", "/preferences", preferences.save),
)
OVERVIEW: Final = "/overview"
ROUTES: Final = (
    PageRoute("GET", "/", home.show),
    PageRoute(
        "GET",
        "/sandbox",
        sandbox.show,
        in_sandbox=True,
        menu=MenuEntry(text=word("Sandbox"), icon="device-mobile-message"),
    ),
    PageRoute("GET", "/sandbox/stream", sandbox_stream.stream, in_sandbox=True),
    PageRoute("GET", "/sandbox/calls/{id}", sandbox_calls.show, in_sandbox=True),
    PageRoute("POST", "/sandbox/answer", sandbox.write, right=Right.USE_SANDBOX, in_sandbox=True),
    PageRoute(
        "POST",
        "/sandbox/number",
        sandbox.set_behavior,
        right=Right.USE_SANDBOX,
        sees_all_accounts=True,
        in_sandbox=True,
    ),
    PageRoute("POST", "/sandbox/key", sandbox.make_key, right=Right.MAKE_KEYS, in_sandbox=True),
    PageRoute(
        "POST",
        "/sandbox/clock",
        sandbox_controls.jump,
        right=Right.USE_SANDBOX,
        sees_all_accounts=True,
        in_sandbox=True,
    ),
    PageRoute(
        "POST",
        "/sandbox/chaos",
        sandbox_controls.set_chaos,
        right=Right.USE_SANDBOX,
        sees_all_accounts=True,
        in_sandbox=True,
    ),
    PageRoute("GET", OVERVIEW, overview.show, menu=MenuEntry(text=word("Overview"), icon="layout-dashboard")),
    PageRoute("GET", "/messages", messages.show, menu=MenuEntry(text=word("Messages"), icon="messages")),
    PageRoute("GET", "/messages.csv", export.download, right=Right.EXPORT),
    PageRoute("GET", "/messages/{id}", message.show),
    PageRoute("POST", "/messages/{id}/resend", message.resend, right=Right.RESEND),
    PageRoute("GET", "/callbacks", callbacks.show, menu=MenuEntry(text=word("Callbacks"), icon="bell")),
    PageRoute("GET", "/callbacks/{id}", callback.show_open),
    PageRoute("GET", "/callbacks/tried/{id}", callback.show_attempt),
    PageRoute("GET", "/callbacks/got/{id}", callback.show_received, in_sandbox=True),
    PageRoute("POST", "/callbacks/replay", callbacks.replay_all, right=Right.REPLAY),
    PageRoute("POST", "/callbacks/resume", callbacks.resume, right=Right.REPLAY),
    PageRoute("POST", "/callbacks/{id}/replay", callbacks.replay, right=Right.REPLAY),
    PageRoute("GET", "/users", users.show, right=Right.MANAGE_USERS, menu=MenuEntry(text=word("Users"), icon="users")),
    PageRoute("POST", "/users", users.add, right=Right.MANAGE_USERS),
    PageRoute("POST", "/users/{id}/reset", users.reset_password, right=Right.MANAGE_USERS),
    PageRoute("POST", "/users/{id}/role", users.set_role, right=Right.MANAGE_USERS),
    PageRoute("POST", "/users/{id}/switch", users.set_enabled, right=Right.MANAGE_USERS),
    PageRoute("GET", "/profile", profile.show, menu=MenuEntry(text=word("Profile"), icon="user-circle")),
    PageRoute("POST", "/profile/password", profile.change_password),
    PageRoute("POST", "/profile/code/start", profile.start_totp),
    PageRoute("POST", "/profile/code/stop", profile.stop_totp),
    PageRoute("POST", "/profile/sessions/revoke", profile.revoke_others),
    PageRoute("POST", "/profile/sessions/{id}/revoke", profile.revoke),
    PageRoute("POST", "/profile/tokens/{id}/revoke", profile.revoke_token),
    PageRoute("POST", "/logout", login.log_out),
)
_BY_PATH: Final[Mapping[tuple[str, str], PageRoute | OpenRoute]] = {
    (route.method, route.path): route for route in (*OPEN_ROUTES, *ROUTES)
}
