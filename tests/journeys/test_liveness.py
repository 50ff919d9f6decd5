"""With the real clock and a real peer over TCP: what can leave leaves, at the pace that is set, whatever happens."""

import time
from pathlib import Path
from typing import Any

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


def test_what_waits_for_a_carrier_without_a_link_is_told_wherever_one_looks(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path, toml=carrier_toml(smsc.port))
        key = palomar.account("acme", credit=10_000)
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            ready = eventually(lambda: _is_bound(program), within_seconds=10, what="the link is bound")
            assert (ready["stalled_parts"], ready["stalled_since"], ready["waiting"]) == (0, None, {})
            smsc.refuse()
            eventually(lambda: not _is_bound(program), within_seconds=10, what="the link is down")
            for begin in range(0, 5_000, 1_000):
                assert program.send("Hola", *numbers(1_000, begin=begin)).code == "0"
            ready = eventually(lambda: _waiting(program), within_seconds=15, what="health tells that parts wait")
            assert ready["waiting"]["outside"]["why"] == "no_link"
            assert (ready["ready"], ready["stalled_parts"]) == (True, 0)
            (standing,) = eventually(lambda: _idle(palomar), within_seconds=10, what="other processes know it too")
            assert (standing["waiting_parts"], standing["hindrance"], standing["stalled"]) == (5_000, "no_link", False)
            assert "outside: 5,000 parts wait, the oldest for" in palomar.command("carrier", "list").stdout
            warnings = [found["text"] for found in palomar.json("doctor") if found["verdict"] == "warning"]
            (told,) = [text for text in warnings if "parts wait" in text]
            assert "5,000 parts wait" in told
            assert "none has left for" in told
            assert server.stop() == 0
        assert "no server runs" in palomar.command("carrier", "list").stdout
        assert any("5,000 parts wait" in found["text"] for found in palomar.json("doctor"))


def _is_bound(program: FoxsysClient) -> dict[str, Any] | None:
    ready: dict[str, Any] = program.request("GET", "/health/ready").body
    return ready if ready["carriers"] == {"outside": True} else None


def _waiting(program: FoxsysClient) -> dict[str, Any] | None:
    ready: dict[str, Any] = program.request("GET", "/health/ready").body
    return ready if ready["waiting"] else None


def _idle(palomar: Palomar) -> list[dict[str, Any]]:
    standings: list[dict[str, Any]] = palomar.json("carrier", "list")
    return [one for one in standings if one["idle_since"]]
