"""The sandbox beside a running server: a chaos script that begins at once, and a clock that lets a day pass at once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.smscs import carrier_toml, simulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

ORDINARY, NEVER_REPORTED = "34600000001", "34600099906"


def send(palomar: Palomar, server: Server, number: str, **more: object) -> str:
    with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
        answer = program.send("hi", number, **more)
    assert answer.code == "0", answer
    return str(answer.body["subid"])


def state(palomar: Palomar, subid: str) -> str:
    (message,) = palomar.json("message", "list", "--subid", subid)
    return str(message["state"])


def until_it_is(palomar: Palomar, subid: str, wanted: str) -> None:
    eventually(lambda: state(palomar, subid) == wanted, within_seconds=15, what=f"{subid} is {wanted}")


def test_a_script_begins_within_a_second_and_ends_as_soon(palomar: Palomar, server: Server) -> None:
    palomar.command("chaos", "set", "simulator", "lose-receipts")
    server.until_says("lose-receipts=100%", within_seconds=5)
    lost = send(palomar, server, ORDINARY)
    until_it_is(palomar, lost, "sent")
    palomar.command("chaos", "clear", "simulator")
    told = send(palomar, server, ORDINARY)
    until_it_is(palomar, told, "delivered")
    assert state(palomar, lost) == "sent", "its receipt was due before"


def test_a_script_outlives_a_restart(palomar: Palomar, server: Server) -> None:
    palomar.command("chaos", "set", "simulator", "window=7")
    assert server.stop() == 0
    with palomar.serve() as again:
        again.until_says("window=7", within_seconds=5)


def test_a_day_passes_at_once_and_what_was_due_in_it_happens(palomar: Palomar, server: Server, sink: Sink) -> None:
    tomorrow = datetime.now(UTC) + timedelta(hours=23)
    scheduled = send(palomar, server, ORDINARY, scheduled=f"{tomorrow:%Y-%m-%d %H:%M:%S}")
    sink.status = 500
    told = send(palomar, server, ORDINARY, ackurl=sink.url)
    until_it_is(palomar, told, "delivered")
    eventually(lambda: sink.paths, within_seconds=10, what="a callback that fails")
    assert state(palomar, scheduled) == "scheduled"

    sink.status = 200
    before = len(sink.paths)
    palomar.command("clock", "jump", "1d")

    until_it_is(palomar, scheduled, "delivered")
    eventually(lambda: len(sink.paths) >= before + 2, within_seconds=10, what="both callbacks again")
    eventually(lambda: palomar.json("callback", "list") == [], within_seconds=10, what="nothing is left to be told")


def test_beside_a_real_carrier_real_time_counts_again_and_ids_go_on(palomar: Palomar, server: Server) -> None:
    palomar.command("clock", "jump", "1d")
    there = send(palomar, server, ORDINARY)
    until_it_is(palomar, there, "delivered")
    assert server.stop() == 0
    with simulator(palomar.directory) as smsc:
        real = Palomar(palomar.directory / "real", toml=carrier_toml(smsc.port), PALOMAR_DATA_DIR=str(palomar.data_dir))
        with real.serve() as again:
            again.until_says("which counts for nothing beside a real carrier")
            assert real.json("clock", "show")["ahead_seconds"] == 0
            real.command("account", "set", "demo", "enabled=on")
            here = send(palomar, again, ORDINARY)
            until_it_is(real, here, "delivered")
        listed: list[dict[str, Any]] = real.json("message", "list")
    assert [message["subid"] for message in listed] == [here, there], "ids never go back"
    real.audit()


def test_what_is_never_reported_expires_and_a_restart_stays_in_the_future(palomar: Palomar, server: Server) -> None:
    never = send(palomar, server, NEVER_REPORTED)
    until_it_is(palomar, never, "sent")

    palomar.command("clock", "jump", "78h30m")
    until_it_is(palomar, never, "expired")
    between = send(palomar, server, ORDINARY)
    until_it_is(palomar, between, "delivered")
    assert server.stop() == 0

    with palomar.serve() as again:
        assert palomar.json("clock", "show")["ahead_seconds"] == 78.5 * 3_600
        after = send(palomar, again, ORDINARY)
        until_it_is(palomar, after, "delivered")
    listed: list[dict[str, Any]] = palomar.json("message", "list")
    assert [message["subid"] for message in listed] == [after, between, never], "newest first, by their ids"
    assert len({message["id"] for message in listed}) == 3
    palomar.audit()
