"""The OpenAPI document is right: any request that follows it is answered as it says, and the page is served."""

import asyncio
import json
import threading
from collections.abc import Iterator
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
from tests.dialects.foxsys.fake_gateway import BASIC, FakeGateway, api_of
from tests.dialects.foxsys.gateway_on_sqlite import Owner, running_gateway

from palomar.dialects.foxsys.api import FoxsysApi
from palomar.dialects.foxsys.openapi import DOCUMENT, OPERATIONS
from palomar.net.networks import TrustedProxies
from palomar.net.server import HttpListener
from palomar.vocabulary.account import AccountSettings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OWNER = Owner(settings=AccountSettings(requests_per_second=0))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a gateway on SQLite behind its listener, in a thread of its own."""
    urls: list[str] = []
    loops: list[asyncio.AbstractEventLoop] = []
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with running_gateway(tmp_path_factory.mktemp("gateway"), OWNER) as running:
            listener = HttpListener(FoxsysApi(running.gateway, TrustedProxies()), host="127.0.0.1", port=0)
            await listener.start()
            loops.append(asyncio.get_running_loop())
            urls.append(listener.url)
            ready.set()
            await stop.wait()
            await listener.stop(1.0)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(20)
    yield urls[0]
    loops[0].call_soon_threadsafe(stop.set)
    thread.join(20)


@pytest.mark.slow
@pytest.mark.parametrize("authorized", [True, False], ids=["customer", "stranger"])
@pytest.mark.parametrize("name", [operation.name for operation in OPERATIONS])
def test_no_answer_is_a_server_error_or_outside_its_schema(url: str, name: str, authorized: bool) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/json/openapi.json")
    (described,) = [operation for operation in OPERATIONS if operation.name == name]
    operation = schema[described.path][described.method]
    headers = {"Authorization": BASIC.decode()} if authorized else {}

    @settings(
        max_examples=30 if authorized and described.body else 3,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def answered_as_it_says(case: Any) -> None:
        case.call_and_validate(base_url=url, headers=headers, checks=CHECKS)

    answered_as_it_says()


def test_the_page_and_its_document_need_no_credentials(url: str) -> None:
    page = httpx.get(f"{url}/json/docs")
    assert page.status_code == 200
    assert '<html lang="es">' in page.text
    assert httpx.get(f"{url}/json/openapi.json").content == DOCUMENT


def test_every_endpoint_is_in_the_document() -> None:
    paths = {path.rstrip("/") for path in api_of(FakeGateway())._routes}
    assert set(json.loads(DOCUMENT)["paths"]) == paths
