"""Commands typed beside a running server take effect on it within a second."""

import time

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

AT_ONCE_SECONDS = 1.0
"""What the project promises."""


def test_an_account_works_within_a_second_of_being_made_and_its_key_dies_within_one_of_being_revoked(
    shared: Palomar, lasting: Server
) -> None:
    key = shared.account("acme")
    with FoxsysClient(lasting.url, "acme", key) as program:
        eventually(lambda: program.balance().code == 0, within_seconds=AT_ONCE_SECONDS, what="the new key works")
        (listed,) = shared.json("key", "list", "acme")

        shared.command("key", "revoke", "acme", str(listed["id"]))

        eventually(lambda: program.balance().code == "401", within_seconds=AT_ONCE_SECONDS, what="the key is refused")
        assert program.send("hi", "34600000000").status == 401


def test_credit_and_switches_reach_the_next_requests(shared: Palomar, lasting: Server) -> None:
    key = shared.account("poor", credit=1)
    with FoxsysClient(lasting.url, "poor", key) as program:
        eventually(lambda: program.balance().code == 0, within_seconds=AT_ONCE_SECONDS, what="the new key works")
        assert program.send("hi", "34600000000").code == "0"
        assert program.send("hi", "34600000000").code == "35"
        shared.command("account", "credit", "poor", "5")
        assert program.send("hi", "34600000000").code == "0"
        shared.command("account", "set", "poor", "may_send=off")
        eventually(lambda: program.send("hi", "34600000000").status == 403, within_seconds=AT_ONCE_SECONDS, what="403")
        assert program.balance().code == 0
    shared.audit()


def test_the_limit_of_requests_a_second_answers_429_with_when_to_come_again(shared: Palomar, lasting: Server) -> None:
    shared.command("account", "add", "slow", "--credits", "100", "--requests-per-second", "2")
    key = shared.json("key", "add", "slow")["api_key"]
    with FoxsysClient(lasting.url, "slow", key) as program:
        eventually(lambda: program.balance().code != "401", within_seconds=AT_ONCE_SECONDS, what="the new key works")
        answers = [program.balance() for _ in range(6)]
    assert [answer.status for answer in answers].count(429) >= 3
    assert {answer.code for answer in answers if answer.status == 429} == {"429"}


def test_health_says_whether_it_lives_and_whether_it_takes_messages(shared: Palomar, lasting: Server) -> None:
    with FoxsysClient(lasting.url, "nobody", "nothing") as anyone:
        assert anyone.request("GET", "/health/live").body == {"live": True}
        ready = eventually(lambda: _ready(anyone), within_seconds=5, what="ready, the simulator bound")
    assert ready == {
        "ready": True,
        "faults": [],
        "carriers": {"simulator": True},
        "stalled_parts": 0,
        "stalled_since": None,
        "waiting": {},
    }


def test_sigterm_ends_it_within_its_deadline_and_loses_nothing(palomar: Palomar, server: Server) -> None:
    with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
        for number in range(20):
            assert program.send("hi", f"346000010{number:02}").code == "0"
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 15
    assert server.stdout == ""
    assert [message["state"] in ("queued", "sent", "delivered") for message in palomar.json("message", "list")] == (
        [True] * 20
    )
    palomar.audit()


def test_what_the_simulator_inside_had_not_reported_is_reported_after_the_next_start(
    palomar: Palomar, server: Server
) -> None:
    with FoxsysClient(server.url, "demo", palomar.demo["api_key"]) as program:
        assert program.send("hi", "34600000001").code == "0"
    eventually(
        lambda: [message["state"] for message in palomar.json("message", "list")] == ["sent"],
        within_seconds=5,
        what="the carrier took it",
    )
    server.kill()
    with palomar.serve():
        eventually(
            lambda: [message["state"] for message in palomar.json("message", "list")] == ["delivered"],
            within_seconds=3,
            what="delivered after the next start",
        )


def _ready(anyone: FoxsysClient) -> object:
    answer = anyone.request("GET", "/health/ready")
    return answer.body if answer.body["carriers"]["simulator"] else None
