"""Customers' servers that hang, over real TCP: whoever else is called back is called back at once."""

import socket
import time
from collections.abc import Iterator

import pytest
from tests.support.foxsys_client import FoxsysClient
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

HANGING = 1_500
WITHIN_SECONDS = 5.0
"""A second is asked for; a busy machine that runs tests gets some more. It was 160 seconds."""


@pytest.fixture
def hole() -> Iterator[str]:
    """A server that takes connections and never answers; its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def fill(server: Server, login: str, key: str, url: str) -> None:
    """Messages whose callbacks go where nobody answers."""
    with FoxsysClient(server.url, login, key) as client:
        for start in range(0, HANGING, 500):
            numbers = [f"346{number:08}" for number in range(start, start + 500)]
            assert client.send("A campaign", *numbers, ackurl=url).code == "0"


def seconds_until_told(server: Server, login: str, key: str, sink: Sink) -> float:
    """How long it takes until everything of five messages has been told."""
    with FoxsysClient(server.url, login, key) as client:
        begin = time.monotonic()
        for number in range(5):
            assert client.send("hi", f"3460900000{number}", ackurl=sink.url).code == "0"
        eventually(lambda: len(sink.paths) == 10, within_seconds=60, what="both callbacks of five messages")
        return time.monotonic() - begin


def test_a_host_that_hangs_keeps_no_other_host_waiting(palomar: Palomar, hole: str, sink: Sink) -> None:
    with palomar.serve() as server:
        key = palomar.account("acme", credit=10_000)
        fill(server, "acme", key, hole)
        assert seconds_until_told(server, "acme", key, sink) < WITHIN_SECONDS


def test_one_accounts_path_that_hangs_keeps_no_other_account_of_that_host_waiting(palomar: Palomar, sink: Sink) -> None:
    sink.hangs = "/callback/hangs"
    with palomar.serve() as server:
        bad, good = palomar.account("bad", credit=10_000), palomar.account("good", credit=10_000)
        fill(server, "bad", bad, f"{sink.url}/hangs")
        assert seconds_until_told(server, "good", good, sink) < WITHIN_SECONDS


def test_after_a_restart_what_is_due_for_a_host_that_hangs_keeps_nobody_waiting(
    palomar: Palomar, hole: str, sink: Sink
) -> None:
    with palomar.serve() as server:
        key = palomar.account("acme", credit=10_000)
        fill(server, "acme", key, hole)
        assert server.stop() == 0
    with palomar.serve() as server:
        assert seconds_until_told(server, "acme", key, sink) < WITHIN_SECONDS
