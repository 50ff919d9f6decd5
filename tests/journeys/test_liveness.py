"""With the real clock and a real peer over TCP: what can leave leaves, at the pace that is set, whatever happens."""

import time
from pathlib import Path

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.live_smsc import LiveSmsc
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

PACE = 200
ORDINARY = 3 * PACE
ODD = ("99922", "99922", "99918", "99905", "99919", "99908")
"""Endings of numbers that are never taken, or not at once, or answered late."""


def numbers(count: int, *, begin: int = 0) -> list[str]:
    return [f"346{begin + serial:08}" for serial in range(count)]


def test_numbers_that_are_never_taken_hold_nobody_back(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        toml = carrier_toml(smsc.port, parts_per_second=PACE, window=50, response_timeout_seconds=1.5)
        palomar = Palomar(tmp_path, toml=toml)
        key = palomar.account("acme", credit=5_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            odd = [f"3460{serial}{ending}0"[:6] + ending for serial, ending in enumerate(ODD)]
            assert program.send("Odd", *odd).code == "0"
            eventually(lambda: smsc.submitted >= 2 * len(odd), within_seconds=15, what="they came again")
            begun = time.monotonic()
            assert program.send("Hola", *numbers(ORDINARY)).code == "0"
            ordinary = set(numbers(ORDINARY))
            eventually(lambda: ordinary <= set(smsc.arrived), within_seconds=20, what="all ordinary ones have come")
            took = time.monotonic() - begun - 0.9  # a handset has its message within 0.9 s
            assert took <= 1.25 * ORDINARY / PACE + 0.5
            assert server.stop() == 0
