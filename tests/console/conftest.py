"""Fixtures of the console's tests: a console over a database without sockets, and a server with a browser."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from tests.support.chromium import chromium
from tests.support.console_house import House, house_in
from tests.support.console_place import Place as ConsolePlace
from tests.support.console_place import place_in
from tests.support.databases import Place


@pytest.fixture
async def house(sqlite_place: Place) -> AsyncIterator[House]:
    """Open a console over SQLite. Differences between databases are tested with the storage."""
    async with house_in(sqlite_place) as built:
        yield built


@pytest.fixture
async def sandbox(sqlite_place: Place) -> AsyncIterator[House]:
    """Open a console in which every carrier is simulated."""
    async with house_in(sqlite_place, sandbox="whole") as built:
        yield built


@pytest.fixture(scope="session")
def console_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsolePlace]:
    """Start a server for all tests with a browser."""
    with place_in(tmp_path_factory.mktemp("console") / "house") as built:
        yield built


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Start a browser for all tests; each test has a context with cookies of its own."""
    async with chromium() as running:
        yield running
