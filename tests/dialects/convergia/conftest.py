"""The application for the tests of this folder that name no accounts of their own."""

from collections.abc import Iterator

import pytest
from tests.dialects.convergia.house import House

from palomar.dialects.convergia.settings import ConvergiaSettings


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """CONVERGIA as it comes. Everybody's password is ``secreto``."""
    with House(tmp_path_factory.mktemp("convergia"), ConvergiaSettings()) as house:
        house.add("ana", credit=10_000)
        house.add("cercada", allowed_addresses=("192.0.2.0/24",))
        yield house
