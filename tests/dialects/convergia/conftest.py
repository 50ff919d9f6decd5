"""One house for all the tests of this folder, and the accounts that its transcripts speak of."""

from collections.abc import Iterator

import pytest
from tests.dialects.convergia.house import House

from palomar.dialects.convergia.settings import ConvergiaSettings


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """CONVERGIA as it comes. Everybody's password is ``secreto``."""
    with House(tmp_path_factory.mktemp("convergia"), ConvergiaSettings()) as house:
        house.add("ana", credit=10_000)
        house.add("berta")
        house.add("pobre", credit=0)
        house.add("cercada", allowed_addresses=("192.0.2.0/24",))
        house.add("local", allowed_addresses=("192.0.2.0/24", "127.0.0.1"))
        house.add("española", countries=("ES",))
        house.add("diaria", daily_limit=1)
        house.add("prudente", duplicates_filter=True)
        house.change(house.add("apagada"), enabled=False)
        house.change(house.add("muda"), may_send=False)
        yield house
