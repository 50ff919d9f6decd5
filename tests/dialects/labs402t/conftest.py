"""402T Labs' face over a gateway of each test's own, with one account ``demo`` of 1,000 credits."""

from collections.abc import AsyncIterator

import pytest
from tests.dialects.labs402t.application import Labs402t, labs402t
from tests.support.databases import Place


@pytest.fixture
async def labs(sqlite_place: Place) -> AsyncIterator[Labs402t]:
    """On SQLite."""
    async with labs402t(sqlite_place) as running:
        await running.add("demo")
        yield running


@pytest.fixture
async def labs_on_each(place: Place) -> AsyncIterator[Labs402t]:
    """Once on each engine."""
    async with labs402t(place) as running:
        await running.add("demo")
        yield running
