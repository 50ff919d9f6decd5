"""Commands on a data directory of their own, without a server: as scripts run them."""

from pathlib import Path

import pytest
from tests.support.server import Palomar


@pytest.fixture
def palomar(tmp_path: Path) -> Palomar:
    """Return an empty data directory."""
    return Palomar(tmp_path)


@pytest.fixture
def acme(palomar: Palomar) -> Palomar:
    """Return a data directory with an account ``acme`` that has 100 credits."""
    palomar.command("account", "add", "acme", "--credits", "100")
    return palomar
