"""The OpenAPI document is true: what others make of it, without knowing us, works against the running application."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.dialects.labs402t.application import Labs402t
from tests.support.server import Palomar
from tests.support.waiting import eventually

from palomar.dialects.labs402t.documents import BatchBody, MessageBody, PasswordBody, ScheduleBody, UserBody
from palomar.dialects.labs402t.openapi import OPERATIONS, document
from palomar.dialects.labs402t.settings import Labs402tSettings

DOCUMENT = json.loads(document(Labs402tSettings()))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_GENERATE = "--meta none --fail-on-warning --path openapi.json --config config.json --output-path labs402t_client"
EXAMPLES = {"create_user": 6, "change_password": 6}
"""A password that is hashed takes a tenth of a second, on purpose."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running application with its simulator, and a good key."""

    url: str
    key: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    palomar = Palomar(tmp_path_factory.mktemp("application"))
    with palomar.serve() as server:
        palomar.command("account", "credit", "demo", "100000")
        yield Served(f"{server.url}/api/v1", palomar.demo["api_key"])
        assert server.stop() == 0


@pytest.mark.slow
@pytest.mark.parametrize("authorized", [True, False])
@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
def test_no_answer_is_a_server_error_or_outside_its_schema(served: Served, name: str, authorized: bool) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    (described,) = [operation for operation in OPERATIONS if operation.name == name]
    operation = schema[described.path][described.method]
    headers = {"Authorization": f"Bearer {served.key}"} if authorized else {}

    @settings(
        max_examples=EXAMPLES.get(name, 40) if authorized else 5,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answered_as_it_says(case: Any) -> None:
        case.call_and_validate(base_url=served.url, headers=headers, checks=CHECKS)

    answered_as_it_says()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """Generate a client from the document with openapi-python-client."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_text(json.dumps(DOCUMENT))
    (folder / "config.json").write_text(json.dumps({"post_hooks": [], "package_name_override": "labs402t_client"}))
    made = subprocess.run(
        [sys.executable, "-m", "openapi_python_client", "generate", *_GENERATE.split()],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("labs402t_client")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "labs402t_client"]:
            del sys.modules[name]


@pytest.mark.slow
def test_a_generated_client_does_everything(served: Served, client: ModuleType) -> None:
    models = importlib.import_module("labs402t_client.models")
    api = {
        operation.name: importlib.import_module(f"labs402t_client.api.{operation.tag.lower()}.{operation.name}")
        for operation in OPERATIONS
    }
    with client.AuthenticatedClient(base_url=served.url, token=served.key) as customer:
        message = models.SendRequest(to="34600000000", text="Hola desde la API", from_="402TLabs")
        sent = api["send"].sync(client=customer, body=message, idempotency_key="uno")
        assert (sent.status, sent.message, sent.data.to) == (0, "OK", "34600000000")
        assert api["send"].sync(client=customer, body=message, idempotency_key="uno").data.guid == sent.data.guid

        def delivered() -> bool:
            found = api["status"].sync(sent.data.guid, client=customer)
            return bool(found.state == found.data.state == "ENTREGADO")

        eventually(delivered, within_seconds=10, what="the message is ENTREGADO")

        later = models.ScheduleRequest(to="34600000000", text="Mañana", send_at="2031-12-31T10:00:00")
        scheduled = api["schedule"].sync(client=customer, body=later)
        assert (scheduled.data.state, scheduled.data.send_at) == ("PROGRAMADO", "2031-12-31T10:00:00")

        batch = models.BatchRequest(messages=[message, models.SendRequest(to="1", text="a")])
        answer = api["batch"].sync(client=customer, body=batch)
        assert [item.status for item in answer.data.messages] == [0, -7]

        user = models.UserRequest(
            name="Ana", surname="Ruiz", login="anar", password="clave de A", contact_email="ana@example.com"
        )
        made = api["create_user"].sync(client=customer, body=user)
        assert made.data.balance == 0.0
        change = models.PasswordRequest(current_password="clave de A", new_password="new_pass")
        assert api["change_password"].sync("anar", client=customer, body=change).status == 0
        assert api["balance"].sync("anar", client=customer).data.balance == 0.0
        costs = api["costs"].sync("anar", client=customer).data
        assert (costs.currency, costs.costs[0].cost) == ("EUR", 1.0)

    with client.AuthenticatedClient(base_url=served.url, token="none") as stranger:
        refused = api["balance"].sync_detailed("demo", client=stranger)
    assert (refused.status_code, refused.parsed.status) == (401, -1)


@pytest.mark.slow
def test_a_status_has_the_time_of_its_change(served: Served) -> None:
    headers = {"Authorization": f"Bearer {served.key}"}
    guid = httpx.post(f"{served.url}/sms/send", json={"to": "34600000000", "text": "a"}, headers=headers).json()[
        "data"
    ]["guid"]
    status = httpx.get(f"{served.url}/sms/{guid}/status", headers=headers).json()

    assert abs((datetime.fromisoformat(status["updated_at"]) - madrid_now()).total_seconds()) < 60


@pytest.mark.slow
def test_a_head_request_has_no_body_and_keeps_the_connection(served: Served) -> None:
    with httpx.Client(headers={"Authorization": f"Bearer {served.key}"}) as customer:
        head = customer.head(f"{served.url}/accounts/demo/balance")
        assert (head.status_code, head.content) == (200, b"")
        assert customer.get(f"{served.url}/accounts/demo/balance").json()["status"] == 0


async def test_the_page_and_its_document_need_no_key(labs: Labs402t) -> None:
    page = await labs.get("/docs", headers={"authorization": ""})
    found = await labs.get("/openapi.json", headers={"authorization": ""})

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b'<html lang="es">' in page.body
    assert found.json == DOCUMENT


def test_the_document_has_the_pages_operations() -> None:
    assert {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item} == {
        ("POST", "/sms/send"),
        ("POST", "/sms/schedule"),
        ("POST", "/sms/batch"),
        ("GET", "/sms/{guid}/status"),
        ("GET", "/accounts/{login}/balance"),
        ("POST", "/users"),
        ("GET", "/users/{login}/costs"),
        ("POST", "/users/{login}/password"),
    }


@pytest.mark.parametrize(
    ("described", "read"),
    [
        ("SendRequest", MessageBody),
        ("ScheduleRequest", ScheduleBody),
        ("BatchRequest", BatchBody),
        ("UserRequest", UserBody),
        ("PasswordRequest", PasswordBody),
    ],
)
def test_a_body_is_described_with_the_fields_that_are_read(described: str, read: Any) -> None:
    assert set(DOCUMENT["components"]["schemas"][described]["properties"]) == set(read.__struct_encode_fields__)


def madrid_now() -> datetime:
    zone = Labs402tSettings().zone
    return datetime.now(zone).replace(tzinfo=None)
