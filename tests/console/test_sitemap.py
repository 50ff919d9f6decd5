"""The map: every page has one line, ids are found in their place, and the menu is what somebody may see."""

from palomar.console.routes import OPEN_ROUTES, ROUTES, Entry, Route
from palomar.console.sitemap import find, is_known, may_see, menu_of
from palomar.domain.access import Right, Role, Who
from palomar.domain.account import AccountId


def who(role: Role, *, account_id: AccountId | None = None) -> Who:
    return Who(login="x", name="", role=role, user_id=1, account_id=account_id)


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
    texts = [link.text for link in menu_of(who(Role.OWNER), "/", "es")]
    assert texts == ["Resumen", "Mensajes", "Personas", "Perfil"]
    reader = menu_of(who(Role.READ_ONLY), "/messages/019a", "en")
    assert [(link.text, link.is_current) for link in reader] == [
        ("Overview", False),
        ("Messages", True),
        ("Profile", False),
    ]


def test_pages_of_the_platform_are_for_who_sees_it_whole() -> None:
    route = Route("GET", "/x", ROUTES[0].page, right=Right.LOOK, menu=Entry(text="X", icon="x"), of_platform=True)
    assert may_see(route, who(Role.OWNER))
    assert not may_see(route, who(Role.OWNER, account_id=AccountId(1)))
