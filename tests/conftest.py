"""The whole suite: both databases, a fresh one for every test that asks; and in CI nothing is skipped."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from tests.support.databases import ENGINES, Place, migrated
from tests.support.postgres import CannotStart, PostgresServer
from tests.support.world import World, new_node

from palomar.storage.database import Database

_TEMPLATE = "migrated"
_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def plain_log() -> None:
    """Coloured tracebacks with every variable take seconds each."""
    renderers = [structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()]
    structlog.configure(processors=[structlog.processors.add_log_level, *renderers])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL; where it cannot run the test is skipped."""
    try:
        server = PostgresServer()
    except CannotStart as error:
        pytest.skip(str(error))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_template(postgres_server: PostgresServer) -> str:
    """The name of a migrated database, to be copied and never opened again."""
    postgres_server.sql(f"CREATE DATABASE {_TEMPLATE}")
    asyncio.run(migrated(Place(engine="postgres", where=postgres_server.url(_TEMPLATE))))
    return _TEMPLATE


@pytest.fixture
def empty_postgres(postgres_server: PostgresServer) -> Iterator[Place]:
    """A PostgreSQL database with nothing in it."""
    yield from _fresh(postgres_server, "template1")


@pytest.fixture
def postgres_place(postgres_server: PostgresServer, postgres_template: str) -> Iterator[Place]:
    """A migrated PostgreSQL database of this test's own."""
    yield from _fresh(postgres_server, postgres_template)


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Place:
    """A SQLite database that does not exist yet."""
    return Place(engine="sqlite", where=str(tmp_path / "palomar.db"))


@pytest.fixture
def sqlite_place(empty_sqlite: Place) -> Place:
    """A migrated SQLite database of this test's own."""
    asyncio.run(migrated(empty_sqlite))
    return empty_sqlite


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest) -> Place:
    """A migrated database, once on each engine."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture(params=ENGINES)
def empty_place(request: pytest.FixtureRequest) -> Place:
    """A database with nothing in it, once on each engine."""
    found: Place = request.getfixturevalue(f"empty_{request.param}")
    return found


@pytest.fixture
async def database(place: Place) -> AsyncIterator[Database]:
    """The driver over :func:`place`, open."""
    opened = await place.open()
    yield opened
    await opened.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is skipped in CI is tested nowhere: there it fails."""
    return _failed_if_skipped((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for whole files."""
    return _failed_if_skipped((yield))


def _failed_if_skipped(report: Any) -> Any:
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"In CI nothing may be skipped. {why}"
    return report


def _fresh(server: PostgresServer, template: str) -> Iterator[Place]:
    name = f"test_{next(_numbers)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield Place(engine="postgres", where=server.url(name))
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """A database with one node, whose lease runs for an hour; afterwards the books and the counters must agree."""
    world = World(database=database)
    world.node_id = await new_node(world, "first")
    yield world
    assert await world.faults() == []
