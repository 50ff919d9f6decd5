"""``api.py``: any request at all gets an answer in the vendor's form, and large ones are refused."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.dialects.convergia.application import PASSWORD, Application

from palomar.dialects.convergia.api import BODY_LIMIT, ConvergiaApi
from palomar.dialects.convergia.errors import Code, StatusCode
from palomar.net.networks import TrustedProxies

SENDS = {code.value for code in Code}
STATUSES = {code.value for code in StatusCode}
PATHS = ["/", "/index.php", "/estatus_mensaje.php", "/webservice.php", "/other.php", ""]

names = st.sampled_from(["username", "password", "number", "message", "extra", "messageid", "x", ""])
values = st.sampled_from(["ana", PASSWORD, "525512345678", "Hola", ""]) | st.text(max_size=20)
pairs = st.lists(st.tuples(names, values), max_size=7)


def ask(
    application: Application, path: str, *, method: str = "GET", query: bytes = b"", body: bytes = b"", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Send one request through the ASGI application."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 5000),
        "server": ("127.0.0.1", 8181),
        "scheme": "http",
    }
    face = ConvergiaApi(application.app.gateway, TrustedProxies(()))
    application.run(face(scope, receive, send))  # type: ignore[arg-type]
    start, content = sent
    got = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], got, content["body"]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(PATHS),
    st.sampled_from(["GET", "POST", "HEAD", "DELETE"]),
    st.binary(max_size=60) | pairs.map(lambda found: "&".join(f"{n}={v}" for n, v in found).encode("utf-8", "replace")),
    st.binary(max_size=60) | pairs.map(lambda found: "&".join(f"{n}={v}" for n, v in found).encode("utf-8", "replace")),
    st.sampled_from(["", "text/xml; charset=utf-8", "application/x-www-form-urlencoded", "multipart/form-data"]),
)
def test_any_request_is_answered_in_the_vendors_form(
    application: Application, path: str, method: str, query: bytes, body: bytes, content_type: str
) -> None:
    status, headers, answer = ask(application, path, method=method, query=query, body=body, content_type=content_type)
    text = answer.decode("utf-8")
    if path == "/webservice.php":
        assert status in (200, 405, 500)
        assert status != 500 or b"<faultcode>SOAP-ENV:Client</faultcode>" in answer
        return
    assert headers["content-type"] == "text/html; charset=UTF-8"
    if method in ("GET", "POST") and path in PATHS[:3]:
        assert status == 200
        assert text in (STATUSES if path == "/estatus_mensaje.php" else SENDS) or text.startswith("100|")
    else:
        assert status in (404, 405)
        assert text == "200"


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/", 200, b"105"),
        ("/index.php", 200, b"105"),
        ("/estatus_mensaje.php", 200, b"6"),
        ("/webservice.php", 500, b"Mensaje demasiado grande"),
    ],
)
def test_a_huge_body_is_refused(application: Application, path: str, status: int, answer: bytes) -> None:
    got, _, body = ask(application, path, method="POST", body=b"a" * (BODY_LIMIT + 1))
    assert (got, answer in body) == (status, True)


def test_a_client_that_has_left_gets_no_answer(application: Application) -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        raise AssertionError(message)

    face = ConvergiaApi(application.app.gateway, TrustedProxies(()))
    for path in PATHS[:4]:
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []}
        application.run(face(scope, receive, send))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "status", "answer"),
    [
        ("/", 200, b"200"),
        ("/estatus_mensaje.php", 200, b"0"),
        ("/webservice.php", 500, b"<faultcode>SOAP-ENV:Server</faultcode>"),
    ],
)
def test_an_exception_in_the_api_is_answered_in_the_vendors_form(
    application: Application, path: str, status: int, answer: bytes
) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise OSError("the socket is gone")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    face = ConvergiaApi(application.app.gateway, TrustedProxies(()))
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": []}
    application.run(face(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == status
    assert answer in sent[1]["body"]
