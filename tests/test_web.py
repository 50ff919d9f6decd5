"""The front: which face answers, and where a bare address leads."""

from typing import Any

import pytest

from palomar.web import Front, Health


def face(name: str) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-face", name.encode())]})
        await send({"type": "http.response.body", "body": b""})

    return answer


FRONT = Front(
    dialects={"json": face("foxsys")},
    at_root=(face("convergia"), frozenset({"cel"})),
    links=face("links"),
    console=face("console"),
    health=lambda: Health(faults=[], carriers={}),
    sandbox=True,
)


async def ask(
    path: str, *, query: bytes = b"", method: str = "GET", front: Front = FRONT
) -> tuple[int, dict[str, str]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    await front({"type": "http", "method": method, "path": path, "query_string": query}, receive, send)
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/console", "console"),
        ("/console/", "console"),
        ("/console/messages/x", "console"),
        ("/json/send", "foxsys"),
        ("/aB3xY9z", "links"),
    ],
)
async def test_a_path_has_its_face(path: str, name: str) -> None:
    assert (await ask(path))[1]["x-face"] == name


async def test_a_bare_address_leads_to_the_console_unless_it_is_a_dialects() -> None:
    status, headers = await ask("/")
    assert (status, headers["location"]) == (302, "/console/")
    assert (await ask("/", query=b"cel=34600000001"))[1]["x-face"] == "convergia"
    assert (await ask("/", method="POST"))[1]["x-face"] == "convergia"


async def test_without_a_console_there_is_none() -> None:
    bare = Front(dialects={}, health=lambda: Health(faults=[], carriers={}), sandbox=False)
    assert [(await ask(path, front=bare))[0] for path in ("/", "/console/")] == [404, 404]
