"""CONVERGIA beside the other dialects, on the main port."""

import http.client
from urllib.parse import urlsplit

import pytest
from tests.dialects.convergia.application import PASSWORD, Application

from palomar.dialects.convergia import PARAMETERS

GOOD = f"username=ana&password={PASSWORD}&number=525512345678&message=Hola"


def ask(application: Application, path: str, *, method: str = "GET", body: str | None = None) -> tuple[int, str]:
    address = urlsplit(application.app.urls[0])
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


@pytest.mark.parametrize("path", ["/?", "/index.php?"])
def test_a_send_is_accepted_on_the_shared_port(path: str, application: Application) -> None:
    status, body = ask(application, path + GOOD)
    assert (status, body[:4]) == (200, "100|")


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_the_root_with_any_of_its_parameters_is_convergias(name: str, application: Application) -> None:
    assert ask(application, f"/?{name}=")[1] == "101"


def test_the_root_without_its_parameters_is_not_convergias(application: Application) -> None:
    for path in ("/", "/?x=1", "/?USERNAME=ana"):
        assert ask(application, path)[1] != "101"


def test_a_status_query_and_the_web_service_are_answered_on_the_shared_port(application: Application) -> None:
    assert ask(application, "/estatus_mensaje.php") == (200, "5")
    assert "<h2>enviar_mensaje</h2>" in ask(application, "/webservice.php")[1]
    assert ask(application, "/webservice.php", method="POST", body="x")[0] == 500
    for path in ("/index.php", "/"):
        assert ask(application, path, method="POST", body=GOOD)[1].startswith("100|")
