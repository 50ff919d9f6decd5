"""The application for the tests of this folder that name no accounts of their own."""

from collections.abc import Iterator

import pytest
from tests.dialects.convergia.application import Application

from palomar.dialects.convergia.settings import ConvergiaSettings


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    """CONVERGIA as it comes. Everybody's password is ``secreto``."""
    with Application(tmp_path_factory.mktemp("convergia"), ConvergiaSettings()) as application:
        application.add("ana", credit=10_000)
        application.add("cercada", allowed_addresses=("192.0.2.0/24",))
        yield application
