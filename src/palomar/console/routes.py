"""The map of the console: which page answers a path, which right it needs, and what stands in the menu.

A page is one line here, a module in ``pages`` and its template (``docs/recipes/page.md``). ``{id}`` stands for one
segment, which the page finds as ``visit.request.named``.
"""

from dataclasses import dataclass
from typing import Final, Literal

from palomar.console.catalogue import word
from palomar.console.pages import export, login, message, messages, overview, preferences, profile, users
from palomar.console.visit import OpenPage, Page
from palomar.domain.access import Right

Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the menu calls a page, and its icon of the sprite."""

    text: str
    icon: str


@dataclass(frozen=True, slots=True)
class Route:
    """A page for whoever is signed in and has the right; ``of_platform``: and sees the whole installation."""

    method: Method
    path: str
    page: Page
    right: Right = Right.LOOK
    menu: Entry | None = None
    of_platform: bool = False


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
ROUTES: Final = (
    Route("GET", "/", overview.show),
    Route("GET", "/overview", overview.show, menu=Entry(text=word("Overview"), icon="layout-dashboard")),
    Route("GET", "/messages", messages.show, menu=Entry(text=word("Messages"), icon="messages")),
    Route("GET", "/messages.csv", export.download, right=Right.EXPORT),
    Route("GET", "/messages/{id}", message.show),
    Route("POST", "/callbacks/{id}/replay", message.replay, right=Right.REPLAY),
    Route("GET", "/users", users.show, right=Right.PEOPLE, menu=Entry(text=word("Users"), icon="users")),
    Route("POST", "/users", users.add, right=Right.PEOPLE),
    Route("POST", "/users/{id}/reset", users.reset, right=Right.PEOPLE),
    Route("POST", "/users/{id}/role", users.set_role, right=Right.PEOPLE),
    Route("POST", "/users/{id}/switch", users.switch, right=Right.PEOPLE),
    Route("GET", "/profile", profile.show, menu=Entry(text=word("Profile"), icon="user-circle")),
    Route("POST", "/profile/password", profile.change_password),
    Route("POST", "/profile/code/start", profile.start_totp),
    Route("POST", "/profile/code/stop", profile.stop_totp),
    Route("POST", "/profile/sessions/revoke", profile.revoke_others),
    Route("POST", "/profile/sessions/{id}/revoke", profile.revoke),
    Route("POST", "/logout", login.leave),
)
