"""What journeys share: the application with its defaults, one for all tests of a file that leave it running, or one of
its own for a test that stops it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.server import Palomar, Server
from tests.support.sink import Sink


@pytest.fixture
def palomar(tmp_path: Path) -> Palomar:
    """The application with no configuration but a data directory and free ports."""
    return Palomar(tmp_path / "house")


@pytest.fixture
def server(palomar: Palomar) -> Iterator[Server]:
    """Its server."""
    with palomar.serve() as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Palomar:
    """As ``palomar``, for all tests of a file."""
    return Palomar(tmp_path_factory.mktemp("shared") / "house")


@pytest.fixture(scope="module")
def lasting(shared: Palomar) -> Iterator[Server]:
    """Its server, which no test stops."""
    with shared.serve() as running:
        yield running


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A customer's web server."""
    with Sink() as listening:
        yield listening
