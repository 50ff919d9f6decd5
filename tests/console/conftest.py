"""A house for every test of the console that needs no browser; a server and a browser for those that do."""

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
    """One over SQLite: what differs between databases is below, and tested there."""
    async with house_in(sqlite_place) as built:
        yield built


@pytest.fixture
async def sandbox(sqlite_place: Place) -> AsyncIterator[House]:
    """One whose every carrier is simulated."""
    async with house_in(sqlite_place, sandbox="whole") as built:
        yield built


@pytest.fixture(scope="session")
def console_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsolePlace]:
    """One for all tests in browsers."""
    with place_in(tmp_path_factory.mktemp("console") / "house") as built:
        yield built


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all; a context of its own, with cookies of its own, for each test."""
    async with chromium() as running:
        yield running
