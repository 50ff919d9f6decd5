"""Callbacks that fail are planned again by FOXSYS's schedule; none leaves for a private network unasked."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.waiting import eventually

from palomar.dialects.foxsys.callbacks import FoxsysCallbacks

pytestmark = pytest.mark.journey

EVERYWHERE = "0.0.0.0"


def send_and_see(palomar: Palomar, server: Server, ackurl: str) -> dict[str, Any]:
    """The message once its first callback has failed."""
    with FoxsysClient(server.url.replace(EVERYWHERE, "127.0.0.1"), "demo", palomar.demo["api_key"]) as program:
        subid = program.send("hi", "34600000000", ackurl=ackurl).body["subid"]
    (message,) = palomar.json("message", "list", "--subid", subid)

    def look() -> dict[str, Any] | None:
        shown: dict[str, Any] = palomar.json("message", "show", message["id"])
        return shown if failures(shown) and shown["state"] == "delivered" else None

    return eventually(look, within_seconds=10, what="a failed callback")


def failures(shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [moment for moment in shown["timeline"] if moment["kind"] == "callback_failed"]


@pytest.mark.parametrize("status", [404, 500, 301])
def test_a_callback_that_is_not_answered_with_2xx_is_planned_again_in_30_seconds(
    shared: Palomar, lasting: Server, sink: Sink, status: int
) -> None:
    sink.status = status

    shown = send_and_see(shared, lasting, sink.url)

    first = failures(shown)[0]
    assert (first["detail"]["attempt"], first["detail"]["status"]) == (1, status)
    assert first["detail"]["next_ms"] == first["at_ms"] + FoxsysCallbacks().retry_seconds[0] * 1_000
    waiting = shown["callbacks_open"][0]
    assert (waiting["attempts"], waiting["failed"]) == (1, False)
    assert waiting["url"].startswith(f"{sink.url}?acklevel=operator&")


def test_a_customer_who_is_not_there_costs_nothing_but_a_later_attempt(shared: Palomar, lasting: Server) -> None:
    with Sink() as gone:
        url = gone.url
    shown = send_and_see(shared, lasting, url)
    assert failures(shown)[0]["detail"]["error"] == "connect"
    assert shown["callbacks_open"]


def levels(sink: Sink) -> list[str]:
    return [told["acklevel"] for told in sink.callbacks()]


def test_operator_that_failed_is_not_told_after_handset(palomar: Palomar, sink: Sink) -> None:
    sink.fails = "acklevel=operator"
    with palomar.serve() as server:
        identity = send_and_see(palomar, server, sink.url)["id"]
        eventually(lambda: "handset" in levels(sink), within_seconds=10, what="the handset's callback")
        sink.fails = ""
        palomar.command("clock", "jump", "60s")
        eventually(
            lambda: palomar.json("message", "show", identity)["callbacks_open"] == [],
            within_seconds=10,
            what="that nothing is open any more",
        )
        assert levels(sink) == ["operator", "handset"]
        kinds = [moment["kind"] for moment in palomar.json("message", "show", identity)["timeline"]]
        assert "passed_over" in kinds


def test_a_target_that_fails_for_days_is_off_until_it_is_resumed(tmp_path: Path, sink: Sink) -> None:
    palomar = Palomar(tmp_path / "house", toml="[callbacks]\noff_after_failures = 4\n")
    sink.fails = "acklevel"
    with palomar.serve() as server:
        send_and_see(palomar, server, sink.url)
        palomar.command("clock", "jump", "73h")

        def off() -> bool:
            return any("are off since" in said["text"] for said in palomar.json("doctor"))

        eventually(off, within_seconds=15, what="that the target is off")
        before = len(sink.paths)
        with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
            for number in range(3):
                assert program.send("hi", f"3460000000{number}", ackurl=sink.url).code == "0"

        def kept() -> bool:
            return len([e for e in palomar.json("callback", "list", "--failed") if e["attempts"] == 0]) >= 6

        eventually(kept, within_seconds=15, what="that what came is kept as failed")
        assert len(sink.paths) == before
        sink.fails = ""
        (resumed,) = palomar.json("callback", "resume")
        assert resumed["replayed"] >= 6
        eventually(lambda: levels(sink).count("handset") >= 3, within_seconds=10, what="the kept ones")
        assert palomar.json("callback", "resume") == []


def test_a_callback_that_failed_before_a_restart_is_still_planned_after_it(palomar: Palomar, sink: Sink) -> None:
    sink.status = 503
    with palomar.serve() as server:
        identity = send_and_see(palomar, server, sink.url)["id"]
        assert server.stop() == 0
    with palomar.serve() as again:
        assert again.stop() == 0
    assert [entry["attempts"] for entry in palomar.json("message", "show", identity)["callbacks_open"]] == [1, 1]


def test_private_networks_get_no_callback_once_the_server_listens_for_others(tmp_path: Path, sink: Sink) -> None:
    palomar = Palomar(tmp_path / "house", PALOMAR_HTTP_HOST=EVERYWHERE)
    with palomar.serve() as server:
        assert "Callbacks may go" not in server.stderr
        shown = send_and_see(palomar, server, sink.url)
        assert failures(shown)[0]["detail"]["error"] == "refused_network"
    assert sink.paths == []


def test_private_networks_that_the_operator_allows_get_theirs(tmp_path: Path, sink: Sink) -> None:
    toml = '[callbacks]\nallow_networks = ["127.0.0.0/8"]\n'
    palomar = Palomar(tmp_path / "house", toml=toml, PALOMAR_HTTP_HOST=EVERYWHERE)
    with palomar.serve() as server:
        with FoxsysClient(server.url.replace(EVERYWHERE, "127.0.0.1"), "demo", palomar.demo["api_key"]) as program:
            assert program.send("hi", "34600000000", ackurl=sink.url).code == "0"
        eventually(lambda: len(sink.paths) == 2, within_seconds=10, what="both callbacks")
