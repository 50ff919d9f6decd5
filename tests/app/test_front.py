"""The front: which face answers, and where a bare address leads."""

from typing import Any

import pytest

from palomar.app.front import SANDBOX_CALLBACK, SANDBOX_CALLBACK_LIMIT, Front, Readiness


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
    health=lambda: Readiness(faults=[], carriers={}),
)


async def ask(
    path: str,
    *,
    query: bytes = b"",
    method: str = "GET",
    body: bytes | None = None,
    headers: tuple[tuple[bytes, bytes], ...] = (),
    front: Front = FRONT,
) -> tuple[int, dict[str, str]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        assert body is not None, "nothing is read"
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": headers}
    await front(scope, receive, send)
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
async def test_a_path_is_answered_by_the_dialect_of_its_prefix(path: str, name: str) -> None:
    assert (await ask(path))[1]["x-face"] == name


async def test_the_root_path_redirects_to_the_console_unless_a_dialect_answers_it() -> None:
    status, headers = await ask("/")
    assert (status, headers["location"]) == (302, "/console/")
    assert (await ask("/", query=b"cel=34600000001"))[1]["x-face"] == "convergia"
    assert (await ask("/", method="POST"))[1]["x-face"] == "convergia"


async def test_without_a_console_its_path_is_not_found() -> None:
    bare = Front(dialects={}, health=lambda: Readiness(faults=[], carriers={}))
    assert [(await ask(path, front=bare))[0] for path in ("/", "/console/")] == [404, 404]


async def test_the_sandboxs_address_records_any_callback_and_does_not_exist_without_a_sandbox() -> None:
    took: list[Any] = []
    sandbox = Front(
        dialects={},
        health=lambda: Readiness(faults=[], carriers={}),
        on_callback=lambda *callback: took.append(callback),
    )
    headers = ((b"palomar-signature", b"t=1,v1=x"),)
    assert (await ask(SANDBOX_CALLBACK, query=b"a=1", body=b"", headers=headers, front=sandbox))[0] == 200
    assert (await ask(SANDBOX_CALLBACK, method="POST", body=b"{}", front=sandbox))[0] == 200
    assert took == [("GET", "/sandbox/callback?a=1", headers, b""), ("POST", "/sandbox/callback", (), b"{}")]
    too_much = b"x" * (SANDBOX_CALLBACK_LIMIT + 1)
    assert (await ask(SANDBOX_CALLBACK, method="POST", body=too_much, front=sandbox))[0] == 413
    assert len(took) == 2
    assert (await ask(SANDBOX_CALLBACK, body=b""))[0] == 404
