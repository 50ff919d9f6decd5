"""The server is killed while customers send; afterwards every one of them tries again with the key of its request."""

import contextlib
import http.client
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.support.server import Palomar, Server

pytestmark = pytest.mark.journey

CUSTOMERS = 8
ENOUGH = 60
"""So many answers, then the server dies."""


@dataclass(frozen=True, slots=True)
class Order:
    """One request, as it is sent as often as it takes."""

    key: str
    path: str
    body: dict[str, Any]


@dataclass(slots=True)
class Journal:
    """What a customer knows: the bodies of the answers that came, by key."""

    answered: dict[str, bytes] = field(default_factory=dict)


def test_after_a_kill_every_retry_is_answered_alike_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path / "application")
    orders = [list(orders_of(customer)) for customer in range(CUSTOMERS)]
    with palomar.serve() as server, ThreadPoolExecutor(CUSTOMERS) as pool:
        palomar.command("account", "credit", "demo", "100000")
        key = palomar.demo["api_key"]
        full = Barrier(CUSTOMERS + 1)
        journals = [Journal() for _ in range(CUSTOMERS)]
        sending = [
            pool.submit(send_until_broken, server, key, own, journal, full)
            for own, journal in zip(orders, journals, strict=True)
        ]
        full.wait()
        server.kill()
        for customer in sending:
            customer.result()
    before = {key: body for journal in journals for key, body in journal.answered.items()}
    assert len(before) >= CUSTOMERS * ENOUGH

    with palomar.serve() as server, contextlib.closing(connected(server)) as connection:
        again = {
            order.key: ask(connection, key, order)
            for own, journal in zip(orders, journals, strict=True)
            for order in own[: len(journal.answered) + 1]
        }
        for name, body in before.items():
            assert again[name] == (200, body, "true"), name
        assert {status for status, _, _ in again.values()} == {200}
        numbers = Counter(message["msisdn"] for message in palomar.json("message", "list"))
        assert set(numbers.values()) == {1}
        sent = [guid for _, body, _ in again.values() for guid in guids(json.loads(body)["data"])]
        assert len(sent) == len(set(sent)) == len(numbers)
        assert server.stop() == 0
    palomar.audit()


def orders_of(customer: int) -> Iterator[Order]:
    """Messages to numbers of their own, alone and in batches, without end for our purposes."""
    for count in range(5_000):
        name = f"{customer}-{count}"
        to = f"3461{customer}{count:06}"
        if count % 5:
            yield Order(name, "/api/v1/sms/send", {"to": to, "text": name})
        else:
            batch = [{"to": f"3462{customer}{count:05}{n}", "text": name} for n in range(3)]
            yield Order(name, "/api/v1/sms/batch", {"messages": batch})


def send_until_broken(server: Server, key: str, orders: list[Order], journal: Journal, full: Barrier) -> None:
    """Send until the server is gone; meet the others at :data:`full` once there are enough answers."""
    with contextlib.closing(connected(server)) as connection:
        for order in orders:
            if len(journal.answered) == ENOUGH:
                full.wait()
            try:
                status, body, _ = ask(connection, key, order)
            except (OSError, http.client.HTTPException):
                return
            assert status == 200, body
            journal.answered[order.key] = body
    raise AssertionError("the server outlived all orders")


def connected(server: Server) -> http.client.HTTPConnection:
    """Open a connection that stays open as long as the server does."""
    return http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=15)


def ask(connection: http.client.HTTPConnection, key: str, order: Order) -> tuple[int, bytes, str | None]:
    """Status, body, and whether it was answered before."""
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": order.key}
    connection.request("POST", order.path, json.dumps(order.body), headers)
    response = connection.getresponse()
    return response.status, response.read(), response.getheader("Idempotent-Replayed")


def guids(data: dict[str, Any]) -> list[str]:
    """Return the GUIDs in an answer."""
    return [data["guid"]] if "guid" in data else [message["guid"] for message in data["messages"]]
