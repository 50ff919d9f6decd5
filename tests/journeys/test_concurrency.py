"""Many customers' programs at the same moment: on one server over SQLite, and through two nodes over one PostgreSQL."""

import http.client
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest
from tests.support.databases import ENGINES
from tests.support.foxsys_client import Answer, Crowd, FoxsysClient, Load
from tests.support.server import Palomar
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

T = TypeVar("T")

CLIENTS = 50
CREDIT = 200
WAIT_SECONDS = 60
RETRIES = 20


@dataclass(frozen=True, slots=True)
class House:
    """One database, and the addresses of its nodes."""

    palomar: Palomar
    urls: list[str]

    def account(self, login: str, *settings: str, credit: int) -> str:
        """Make an account that every node knows; its key."""
        options = [word for setting in ("requests_per_second=0", *settings) for word in ("--set", setting)]
        key = str(self.palomar.json("account", "add", login, "--credits", str(credit), *options)["api_key"])
        for url in self.urls:
            with FoxsysClient(url, login, key) as program:
                eventually(lambda: program.balance().status == 200, within_seconds=5, what="the node knows it")
        return key

    def subids(self, login: str) -> list[str]:
        """What the account's messages are called, one a message."""
        return [message["subid"] for message in self.palomar.json("message", "list", "--account", login)]


@pytest.fixture(params=ENGINES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """One server on SQLite; two on PostgreSQL."""
    environment = {}
    if request.param == "postgres":
        environment["PALOMAR_DATABASE_URL"] = request.getfixturevalue("empty_postgres").where
    nodes = [Palomar(tmp_path / name, **environment) for name in ("one", "two")[: 2 if environment else 1]]
    with ExitStack() as stack:
        servers = [node.serve() for node in nodes]
        for server in servers:
            stack.callback(server.kill)
        yield House(nodes[0], [server.url for server in servers])
        for server in servers:
            assert server.stop() == 0
    nodes[0].audit()


def test_fifty_clients_drain_one_balance_to_zero_and_lose_no_credit(house: House) -> None:
    key = house.account("drained", credit=CREDIT)
    numbers = [f"34600{number:06}" for number in range(2 * CREDIT)]
    share = len(house.urls)
    crowds = [Crowd(url, "drained", key, connections=CLIENTS // share) for url in house.urls]
    loads = [crowd.send(numbers[start::share]) for start, crowd in enumerate(crowds)]
    sent: list[Load] = [load.result(WAIT_SECONDS) for load in loads]

    accepted = {number for load in sent for number in load.accepted}
    failed = [fault for load in sent for fault in load.failed]
    assert len(accepted) == CREDIT, failed[:3]
    assert len(failed) == CREDIT
    assert all("'code': '35'" in fault for fault in failed), failed[:3]
    for url in house.urls:
        with FoxsysClient(url, "drained", key) as program:
            assert program.balance().body == {"code": 0, "credits": "0.00"}
    (shown,) = [view for view in house.palomar.json("account", "list") if view["login"] == "drained"]
    assert float(shown["credits"]) == 0.0


def test_clients_that_retry_one_subid_send_once(house: House) -> None:
    key = house.account("careful", "subid_idempotent=on", credit=100)

    def retry(url: str) -> Answer:
        with FoxsysClient(url, "careful", key) as program:
            return program.send("Hola", "34600000000", subid="once")

    answers = _at_once(retry, house.urls)
    assert [answer.body for answer in answers] == [answers[0].body] * RETRIES
    assert answers[0].body == {"code": "0", "message": "Message has been successfully sent.", "subid": "once"}
    assert house.subids("careful") == ["once"]
    with FoxsysClient(house.urls[0], "careful", key) as program:
        assert program.balance().body["credits"] == "99.00"


def test_clients_that_retry_one_idempotency_key_send_once(house: House) -> None:
    key = house.account("tenacious", credit=100)

    def retry(url: str) -> tuple[int, bytes]:
        return eventually(lambda: _labs402t_send(url, key), within_seconds=WAIT_SECONDS, what="an answer")

    answers = _at_once(retry, house.urls)
    assert len(set(answers)) == 1, "the same bytes for each"
    assert answers[0][0] == 200
    assert len(house.subids("tenacious")) == 1


def _at_once(retry: Callable[[str], T], urls: Sequence[str]) -> list[T]:
    with ThreadPoolExecutor(RETRIES) as pool:
        return list(pool.map(retry, islice(cycle(urls), RETRIES)))


def _labs402t_send(url: str, key: str) -> tuple[int, bytes] | None:
    """One try; None for 409: another one is under way."""
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=15)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": "once"}
    try:
        connection.request("POST", "/api/v1/sms/send", json.dumps({"to": "34600000000", "text": "Hola"}), headers)
        response = connection.getresponse()
        body = response.read()
        return None if response.status == 409 else (response.status, body)
    finally:
        connection.close()
