"""The OpenAPI document is true: what others make of it, without knowing us, works against the running application."""

import asyncio
import importlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
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
from tests.dialects.sofmex.application import PASSWORD, running_application
from tests.support.waiting import eventually

from palomar.dialects.sofmex.openapi import DOCUMENT, OPERATIONS

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
_GENERATE = "--meta none --fail-on-warning --path openapi.json --config config.json --output-path sofmex_client"
NAMES = [operation.name for operation in OPERATIONS]


@dataclass(frozen=True, slots=True)
class Served:
    """A running application with its simulator, and a good token."""

    url: str
    token: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    started: list[Served] = []
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with running_application(tmp_path_factory.mktemp("application"), simulator=True) as running:
            loops.append(asyncio.get_running_loop())
            started.append(Served(running.app.urls[0], await running.token()))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield started[0]
    loops[0].call_soon_threadsafe(stop.set)
    thread.join(20)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "authorized", "examples"),
    [
        ("login", False, 5),  # a password that is checked takes a quarter of a second, on purpose
        ("status", True, 40),
        ("status", False, 8),
        ("asignacion", True, 40),
        ("asignacion", False, 8),
    ],
)
def test_no_answer_is_a_server_error_or_outside_its_schema(
    served: Served, name: str, authorized: bool, examples: int
) -> None:
    schema = schemathesis.openapi.from_url(f"{served.url}/sms/v3/openapi.json")
    (described,) = [operation for operation in OPERATIONS if operation.name == name]
    operation = schema[described.path][described.method]
    headers = {"Authorization": f"Bearer {served.token}"} if authorized else {}

    @settings(
        max_examples=examples,
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
    (folder / "openapi.json").write_bytes(DOCUMENT)
    (folder / "config.json").write_text(json.dumps({"post_hooks": [], "package_name_override": "sofmex_client"}))
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
        yield importlib.import_module("sofmex_client")
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == "sofmex_client"]:
            del sys.modules[name]


@pytest.mark.slow
def test_a_generated_client_logs_in_sends_and_sees_the_delivery(served: Served, client: ModuleType) -> None:
    api = {name: importlib.import_module(f"sofmex_client.api.{_folder(name)}.{name}") for name in NAMES}
    models = importlib.import_module("sofmex_client.models")
    with client.Client(base_url=served.url) as anybody:
        login = api["login"].sync(client=anybody, username="demo", password=PASSWORD)
        wrong = api["login"].sync_detailed(client=anybody, username="demo", password="no")
    assert login.status == 0
    assert (wrong.status_code, wrong.parsed.status) == (401, 1)

    with client.AuthenticatedClient(base_url=served.url, token=login.message) as customer:
        records = [
            models.Record(telefono=5512345678, mensaje="Hola"),
            models.Record(telefono="+34600000001", mensaje="¿Qué tal?"),
            models.Record(telefono="12", mensaje="Hola"),
        ]
        answer = api["asignacion"].sync(client=customer, body=models.Batch(registros=records))
        assert (answer.status_batch, answer.message) == (0, "OK")
        told = [(record.status, record.telefono, bool(record.id_message)) for record in answer.registros]
        assert told == [(0, 5512345678, True), (0, "+34600000001", True), (1, "12", False)]

        def delivered() -> bool:
            found = api["status"].sync(client=customer, body=models.Query(id_batch=answer.id_batch))
            return [record.status for record in found.registros] == ["ENTREGADO", "ENTREGADO"]

        eventually(delivered, within_seconds=10, what="both are ENTREGADO")

    with client.AuthenticatedClient(base_url=served.url, token="none") as stranger:
        refused = api["status"].sync_detailed(client=stranger, body=models.Query())
    assert (refused.status_code, refused.parsed.error) == (401, "Unauthorized")


def test_the_page_and_its_document_are_served_at_both_mounts(served: Served) -> None:
    for mount in ("", "/api"):
        page = httpx.get(f"{served.url}{mount}/sms/", follow_redirects=True)
        assert page.url.path == f"{mount}/sms/v3/docs"
        assert '<html lang="es">' in page.text
        document = httpx.get(f"{served.url}{mount}/sms/v3/openapi.json")
        assert document.content == DOCUMENT


def test_the_document_has_the_pages_operations_and_words() -> None:
    document = json.loads(DOCUMENT)
    assert list(document["paths"]) == ["/login", "/sms/v3/status", "/sms/v3/asignacion"]
    assert [tag["name"] for tag in document["tags"]] == ["1. Login", "2. SMS"]
    texts = json.dumps(document, ensure_ascii=False)
    for words in (
        "Autenticarse para obtener el token y poder usar el resto de la API",
        "Para conocer el status de un SMS (por idMessage) o un grupo de SMS (por idBatch)",
        "Para solicitar el envío de SMS, desde 1 hasta 100 registros.",
    ):
        assert words in texts


def _folder(name: str) -> str:
    """Return the client's package of an operation: its tag in the client's spelling."""
    (operation,) = [operation for operation in OPERATIONS if operation.name == name]
    return {"1. Login": "tag1_login", "2. SMS": "tag2_sms"}[operation.tag]
