"""The application that the tests of the contract share."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from tests.dialects.contract_application import Application, running_application
from tests.dialects.speaking import shows
from tests.support.sink import Sink


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def palomar(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Application]:
    """Run one application for a module; in the end its log has no secret and no whole number, and its ledger is
    right."""
    with capture_logs() as logs:
        async with running_application(tmp_path_factory.mktemp("palomar")) as application:
            yield application
            faults = await application.audit()
    said = repr(logs).encode()
    assert faults == []
    assert [name for who in application.customers for name in who.secrets if shows(said, name)] == []
    assert [number for number in application.numbers if number.encode() in said] == []


@pytest.fixture
def sink() -> Iterator[Sink]:
    """Run a customer's server that records callbacks."""
    with Sink() as sink:
        yield sink
