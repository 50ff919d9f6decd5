"""Callbacks that fail are planned again by FOXSYS's schedule; none leaves for a private network unasked."""

from pathlib import Path
from typing import Any

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.waiting import eventually

from palomar.domain.retry import FOXSYS_CALLBACKS

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
    assert first["detail"]["next_ms"] == first["at_ms"] + FOXSYS_CALLBACKS[0] * 1_000
    waiting = shown["callbacks_open"][0]
    assert (waiting["attempts"], waiting["failed"]) == (1, False)
    assert waiting["url"].startswith(f"{sink.url}?acklevel=operator&")


def test_a_customer_who_is_not_there_costs_nothing_but_a_later_attempt(shared: Palomar, lasting: Server) -> None:
    with Sink() as gone:
        url = gone.url
    shown = send_and_see(shared, lasting, url)
    assert failures(shown)[0]["detail"]["error"] == "connect"
    assert shown["callbacks_open"]


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
