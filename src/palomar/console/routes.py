"""The map of the console: which page answers a path, which right it needs, and what stands in the menu.

A page is one line here, a module in ``pages`` and its template (``docs/recipes/page.md``). ``{id}`` stands for one
segment, which the page finds as ``visit.request.named``.
"""

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
    """What the menu calls a page, and its icon of the sprite."""

    text: str
    icon: str


@dataclass(frozen=True, slots=True)
class PageRoute:
    """A page for whoever is signed in and has the right; ``of_platform``: and sees the whole installation;
    ``in_sandbox``: and is let into the sandbox, which must be there."""

    method: Method
    path: str
    page: Page
    right: Right = Right.LOOK
    menu: MenuEntry | None = None
    of_platform: bool = False
    in_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class OpenRoute:
    """A page for anybody."""

    method: Method
    path: str
    page: OpenPage


OPEN_ROUTES: Final = (
    OpenRoute("GET", "/login", login.show),
    OpenRoute("POST", "/login", login.enter),
    OpenRoute("GET", "/login/code", login.ask_code),
    OpenRoute("POST", "/login/code", login.give_code),
    OpenRoute("POST", "/preferences", preferences.choose),
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
    PageRoute("GET", "/sandbox/stream", sandbox_stream.listen, in_sandbox=True),
    PageRoute("GET", "/sandbox/calls/{id}", sandbox_calls.show, in_sandbox=True),
    PageRoute("POST", "/sandbox/answer", sandbox.answer, right=Right.PLAY, in_sandbox=True),
    PageRoute("POST", "/sandbox/number", sandbox.behave, right=Right.PLAY, of_platform=True, in_sandbox=True),
    PageRoute("POST", "/sandbox/key", sandbox.make_key, right=Right.KEYS, in_sandbox=True),
    PageRoute("POST", "/sandbox/clock", sandbox_controls.jump, right=Right.PLAY, of_platform=True, in_sandbox=True),
    PageRoute(
        "POST", "/sandbox/chaos", sandbox_controls.set_chaos, right=Right.PLAY, of_platform=True, in_sandbox=True
    ),
    PageRoute("GET", OVERVIEW, overview.show, menu=MenuEntry(text=word("Overview"), icon="layout-dashboard")),
    PageRoute("GET", "/messages", messages.show, menu=MenuEntry(text=word("Messages"), icon="messages")),
    PageRoute("GET", "/messages.csv", export.download, right=Right.EXPORT),
    PageRoute("GET", "/messages/{id}", message.show),
    PageRoute("POST", "/messages/{id}/resend", message.resend, right=Right.RESEND),
    PageRoute("GET", "/callbacks", callbacks.show, menu=MenuEntry(text=word("Callbacks"), icon="bell")),
    PageRoute("GET", "/callbacks/{id}", callback.show_open),
    PageRoute("GET", "/callbacks/tried/{id}", callback.show_tried),
    PageRoute("GET", "/callbacks/got/{id}", callback.show_got, in_sandbox=True),
    PageRoute("POST", "/callbacks/replay", callbacks.replay_all, right=Right.REPLAY),
    PageRoute("POST", "/callbacks/resume", callbacks.resume, right=Right.REPLAY),
    PageRoute("POST", "/callbacks/{id}/replay", callbacks.replay, right=Right.REPLAY),
    PageRoute("GET", "/users", users.show, right=Right.PEOPLE, menu=MenuEntry(text=word("Users"), icon="users")),
    PageRoute("POST", "/users", users.add, right=Right.PEOPLE),
    PageRoute("POST", "/users/{id}/reset", users.reset, right=Right.PEOPLE),
    PageRoute("POST", "/users/{id}/role", users.set_role, right=Right.PEOPLE),
    PageRoute("POST", "/users/{id}/switch", users.switch, right=Right.PEOPLE),
    PageRoute("GET", "/profile", profile.show, menu=MenuEntry(text=word("Profile"), icon="user-circle")),
    PageRoute("POST", "/profile/password", profile.change_password),
    PageRoute("POST", "/profile/code/start", profile.start_totp),
    PageRoute("POST", "/profile/code/stop", profile.stop_totp),
    PageRoute("POST", "/profile/sessions/revoke", profile.revoke_others),
    PageRoute("POST", "/profile/sessions/{id}/revoke", profile.revoke),
    PageRoute("POST", "/profile/tokens/{id}/revoke", profile.end_token),
    PageRoute("POST", "/logout", login.leave),
)
