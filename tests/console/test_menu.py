"""The map: every page has one line, ids are found in their place, and the menu is what somebody may see."""

from dataclasses import dataclass

from palomar.console.menu import find, is_known, may_see, menu_of
from palomar.console.routes import OPEN_ROUTES, ROUTES, MenuEntry, PageRoute
from palomar.vocabulary.access import Right, Role, Who
from palomar.vocabulary.account import AccountId


@dataclass
class Room:
    """A sandbox, as far as the map asks."""

    is_whole: bool


@dataclass
class Looker:
    """Somebody, as far as the map asks."""

    who: Who
    sandbox: Room | None = None


def looker(role: Role, *, account_id: AccountId | None = None, sandbox: Room | None = None) -> Looker:
    return Looker(who=Who(login="x", name="", role=role, user_id=1, account_id=account_id), sandbox=sandbox)


def test_no_path_stands_twice() -> None:
    paths = [(route.method, route.path) for route in (*OPEN_ROUTES, *ROUTES)]
    assert len(paths) == len(set(paths))
    assert all(path.count("{id}") <= 1 for _, path in paths)


def test_a_path_is_found_with_what_stands_for_its_id() -> None:
    found = find("GET", "/messages/019a")
    assert found is not None
    assert (found.route.path, found.named) == ("/messages/{id}", "019a")
    exact = find("HEAD", "/messages")
    assert exact is not None
    assert (exact.route.path, exact.named) == ("/messages", "")


def test_what_stands_nowhere_is_found_nowhere() -> None:
    for path in ("", "/messages/", "/messages/a/b", "/users/1", "//", "/{id}", "/callbacks//replay"):
        assert find("GET", path) is None, path
    assert find("POST", "/messages") is None
    assert is_known("/users/1/reset")
    assert not is_known("/users/1")


def test_the_menu_is_what_somebody_may_see_and_marks_where_they_are() -> None:
    texts = [link.text for link in menu_of(looker(Role.OWNER), "/", "es")]
    assert texts == ["Resumen", "Mensajes", "Notificaciones", "Personas", "Perfil"]
    reader = menu_of(looker(Role.READ_ONLY), "/messages/019a", "en")
    assert [(link.text, link.is_current) for link in reader] == [
        ("Overview", False),
        ("Messages", True),
        ("Callbacks", False),
        ("Profile", False),
    ]
    assert [link.text for link in menu_of(looker(Role.READ_ONLY), "/", "en") if link.is_current] == ["Overview"]


def test_the_sandbox_is_first_in_the_menu_and_beside_real_carriers_last() -> None:
    whole, beside = looker(Role.OWNER, sandbox=Room(is_whole=True)), looker(Role.OWNER, sandbox=Room(is_whole=False))
    assert next(link.text for link in menu_of(whole, "/sandbox", "en")) == "Sandbox"
    assert [link.text for link in menu_of(beside, "/sandbox", "en")][-1] == "Sandbox"


def test_pages_of_the_platform_are_for_who_sees_it_whole() -> None:
    route = PageRoute(
        "GET", "/x", ROUTES[0].page, right=Right.LOOK, menu=MenuEntry(text="X", icon="x"), of_platform=True
    )
    assert may_see(route, looker(Role.OWNER))
    assert not may_see(route, looker(Role.OWNER, account_id=AccountId(1)))


def test_pages_of_the_sandbox_are_for_who_is_let_in_and_has_the_right() -> None:
    route = PageRoute("POST", "/x", ROUTES[0].page, right=Right.PLAY, in_sandbox=True)
    assert not may_see(route, looker(Role.OWNER))
    assert may_see(route, looker(Role.OWNER, sandbox=Room(is_whole=False)))
    assert not may_see(route, looker(Role.SUPPORT, sandbox=Room(is_whole=True)))
