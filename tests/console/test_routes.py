"""Every path has one route, and a path is found with the id in it."""

from palomar.console.routes import OPEN_ROUTES, ROUTES, find_route, is_known


def test_every_path_has_one_route() -> None:
    paths = [(route.method, route.path) for route in (*OPEN_ROUTES, *ROUTES)]
    assert len(paths) == len(set(paths))
    assert all(path.count("{id}") <= 1 for _, path in paths)


def test_a_path_is_found_with_its_id() -> None:
    found = find_route("GET", "/messages/019a")
    assert found is not None
    assert (found.route.path, found.path_id) == ("/messages/{id}", "019a")
    exact = find_route("HEAD", "/messages")
    assert exact is not None
    assert (exact.route.path, exact.path_id) == ("/messages", "")


def test_an_unknown_path_is_not_found() -> None:
    for path in ("", "/messages/", "/messages/a/b", "/users/1", "//", "/{id}", "/callbacks//replay"):
        assert find_route("GET", path) is None, path
    assert find_route("POST", "/messages") is None
    assert is_known("/users/1/reset")
    assert not is_known("/users/1")
