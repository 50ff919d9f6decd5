"""Carriers with real traffic: one dies with all that is queued for it, a code overtakes a campaign, orphans show."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.live_smsc import LiveSmsc
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml, simulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

QUEUED = 10_000
CAMPAIGN = int(os.environ.get("PALOMAR_CAMPAIGN", "20000"))
"""Messages before the code; PALOMAR_CAMPAIGN=100000 takes half a minute."""
WINDOW = 20
PACE = 200


def numbers(count: int, *, begin: int = 0) -> list[str]:
    return [f"346{begin + serial:08}" for serial in range(count)]


def test_everything_that_is_queued_for_a_carrier_that_dies_leaves_by_the_other_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with simulator(tmp_path / "a") as first, simulator(tmp_path / "b") as second:
        toml = carrier_toml(first.port, name="first", parts_per_second=PACE, window=WINDOW)
        palomar = Palomar(tmp_path / "house", toml=toml + carrier_toml(second.port, name="second"))
        key = palomar.account("acme", credit=2 * QUEUED)
        palomar.command("route", "add", "first", "--priority", "1")
        palomar.command("route", "add", "second", "--priority", "2")
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            assert program.send("Hola", *numbers(QUEUED)).code == "0"
            eventually(lambda: by_carrier(palomar)["first"] >= WINDOW, within_seconds=20, what="some left by the first")
            first.kill()
            eventually(lambda: left(palomar) == QUEUED, within_seconds=60, what="all have left")
            carriers, doubts = by_carrier(palomar), in_doubt(palomar)
            assert server.stop() == 0
        palomar.audit()
        assert carriers["first"] + carriers["second"] == QUEUED
        taken = second.counted()["submitted"]
    assert carriers["second"] == taken, "nothing left twice by the second"
    assert doubts <= WINDOW, "only what the first had not answered may have been sent again"


def test_a_login_code_leaves_within_a_window_behind_a_campaign(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        toml = carrier_toml(smsc.port, parts_per_second=PACE, window=WINDOW)
        palomar = Palomar(tmp_path, toml=toml)
        key = palomar.account("acme", credit=CAMPAIGN + 10)
        palomar.command("account", "set", "acme", "daily_limit=0")
        palomar.command("lane", "add", "codes", "--pattern", "code", "--useless-after", "60")
        with palomar.serve() as server, FoxsysClient(server.url, "acme", key) as program:
            for begin in range(0, CAMPAIGN, 10_000):
                some = numbers(min(10_000, CAMPAIGN - begin), begin=begin)
                assert program.send("Buy now", *some).code == "0"
            eventually(lambda: len(smsc.arrived) > WINDOW, within_seconds=30, what="the campaign is under way")
            assert program.send("Your code is 1234", "34700000001").code == "0"
            before = smsc.submitted
            eventually(lambda: "34700000001" in smsc.arrived, within_seconds=20, what="the code has arrived")
            overtaken_by = smsc.arrived.index("34700000001") - before
            assert overtaken_by <= WINDOW
            assert len(smsc.arrived) < CAMPAIGN, "the campaign must still have been waiting"
            (message,) = palomar.json("message", "list", "--msisdn", "34700000001")
            moments = palomar.json("message", "show", message["id"])["timeline"]
            assert moments[0]["detail"]["lane"] == "codes"


def test_how_links_stand_and_receipts_of_nobody_can_be_seen_beside_the_server(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path, toml=carrier_toml(smsc.port))
        palomar.account("acme")
        with palomar.serve() as server:
            eventually(lambda: usable(palomar) is True, within_seconds=10, what="the link is bound")
            smsc.report("id:4711 sub:001 dlvrd:001 stat:DELIVRD err:000 text:Hola", source="34600000001")
            eventually(lambda: palomar.json("carrier", "orphans"), within_seconds=10, what="the orphan is kept")
            (orphan,) = palomar.json("carrier", "orphans")
            assert (orphan["carrier"], orphan["reference"], orphan["stat"]) == ("outside", "4711", "DELIVRD")
            assert "In all: 1 of outside" in palomar.command("carrier", "orphans").stdout
            smsc.refuse()
            eventually(lambda: usable(palomar) is False, within_seconds=10, what="the link is down")
            assert "down" in palomar.command("carrier", "list").stdout
            explained = palomar.json("route", "explain", "34600000001", "--account", "acme")
            assert (explained["carrier"], explained["usable"]) == ("outside", False)
            assert server.stop() == 0
        assert palomar.json("carrier", "list") == []


def by_carrier(palomar: Palomar) -> Counter[str]:
    """Messages that a carrier took, by carrier."""
    listed = palomar.json("message", "list", "--limit", "0")
    return Counter(message["carrier"] for message in listed if message["state"] in ("sent", "delivered"))


def left(palomar: Palomar) -> int:
    return sum(by_carrier(palomar).values())


def in_doubt(palomar: Palomar) -> int:
    """Messages of which nobody knew whether the first carrier had them."""
    sent = [m for m in palomar.json("message", "list", "--limit", "0") if m["carrier"] == "second"]
    return sum(_has_moment(palomar, message["id"], "in_doubt") for message in sent[-2 * WINDOW :])


def usable(palomar: Palomar) -> bool | None:
    statuses: list[dict[str, Any]] = palomar.json("carrier", "list")
    return statuses[0]["usable"] if statuses else None


def _has_moment(palomar: Palomar, identity: str, kind: str) -> bool:
    return any(moment["kind"] == kind for moment in palomar.json("message", "show", identity)["timeline"])
