"""A house for every test of the console that needs no browser."""

from collections.abc import AsyncIterator

import pytest
from tests.support.console_house import House, house_in
from tests.support.databases import Place


@pytest.fixture
async def house(sqlite_place: Place) -> AsyncIterator[House]:
    """One over SQLite: what differs between databases is below, and tested there."""
    async with house_in(sqlite_place) as built:
        yield built
