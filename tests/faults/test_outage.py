"""A disk that takes nothing for some seconds, under a real server with a mixed load: every request is answered in time,
what was refused is nowhere, and when the disk is back all goes on.
"""

import http.client
import json
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.environment import ROOT
from tests.support.live_smsc import LiveSmsc
from tests.support.mixed_load import Heard, MixedLoad, make_customer
from tests.support.server import Palomar, Server
from tests.support.sink import Sink
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

OUTAGE_SECONDS = 8.0
LANGUAGES = 3
"""Dialects of which some request should be refused before the outage ends."""
ANSWERED_WITHIN_SECONDS = 7.0
REFUSALS = {"Spring 503", "200", "-30, 503", "500"}


@contextmanager
def full_disk(server: Server) -> Iterator[None]:
    """The process may make no file longer than it is (setrlimit(2)): every write that SQLite makes fails."""
    limits = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        yield
    finally:
        if server.running:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, limits)


def ready(port: int) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/health/ready")
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    return answer.status, body


def port_of(server: Server) -> int:
    return int(server.url.rpartition(":")[2])


def test_a_full_disk_refuses_in_time_in_every_dialect_and_stores_nothing_of_it(tmp_path: Path) -> None:
    with LiveSmsc() as smsc, Sink() as sink:
        toml = carrier_toml(smsc.port) + '\n[callbacks]\nallow_networks = ["127.0.0.0/8"]\n'
        palomar = Palomar(tmp_path / "house", toml=toml)
        who = make_customer(palomar, "acme", "default_sender=Acme")
        with palomar.serve() as server:
            port = port_of(server)
            with MixedLoad(customers=[who], callback=sink.url, port=port, ahead_seconds=2.0) as load:
                eventually(lambda: len(load.heard(Heard.ACCEPTED)) > 60, within_seconds=30, what="a load")
                before = len(load.sent)
                with full_disk(server):
                    began = time.monotonic()
                    eventually(lambda: ready(port)[0] == 503, within_seconds=3, what="not ready")
                    assert "the database has taken nothing" in str(ready(port)[1]["faults"])
                    time.sleep(max(0.0, OUTAGE_SECONDS - (time.monotonic() - began)))
                    eventually(lambda: len(said(load)) >= LANGUAGES, within_seconds=20, what="refused in each language")
                eventually(lambda: ready(port)[0] == 200, within_seconds=8, what="ready again")
                after = len(load.heard(Heard.ACCEPTED))
                eventually(lambda: len(load.heard(Heard.ACCEPTED)) > after + 60, within_seconds=30, what="it goes on")
            during = load.sent[before:]
            refused = load.heard(Heard.REFUSED)
            assert load.heard(Heard.SILENCE) == []
            assert said(load) <= REFUSALS
            slow = [sent for sent in during if sent.kind != "idempotent" and sent.seconds > ANSWERED_WITHIN_SECONDS]
            assert slow == []
            accepted = load.numbers(Heard.ACCEPTED)
            eventually(lambda: set(smsc.arrived) >= accepted, within_seconds=30, what="what was accepted has arrived")
            wanted = {sent.numbers[0] for sent in load.heard(Heard.ACCEPTED) if sent.wants_callback}
            eventually(lambda: delivered(sink) >= wanted, within_seconds=30, what="and is called back")
            assert server.stop() == 0
        listed = Counter(message["msisdn"] for message in palomar.json("message", "list", "--limit", "0"))
        assert set(listed) == accepted
        assert set(listed.values()) == {1}
        assert set(smsc.arrived) == accepted
        assert refused
        palomar.audit()


def said(load: MixedLoad) -> set[str]:
    """Return the vendors' words with which requests were refused so far."""
    return {sent.said for sent in load.heard(Heard.REFUSED)}


def delivered(sink: Sink) -> set[str]:
    """The numbers of which the customer was told that their phones have it."""
    return {told["msisdn"] for told in sink.callbacks() if told.get("acklevel") == "handset"}


def test_a_server_ends_in_time_while_the_disk_is_full_and_finds_its_work_again(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port))
        who = make_customer(palomar, "acme", "default_sender=Acme")
        server = palomar.serve()
        with server, MixedLoad(customers=[who], port=port_of(server), ahead_seconds=2.0) as load:
            eventually(lambda: len(load.heard(Heard.ACCEPTED)) > 60, within_seconds=30, what="a load")
            with full_disk(server):
                eventually(lambda: ready(load.port)[0] == 503, within_seconds=3, what="not ready")
                time.sleep(1.0)
                load.server_ends = True
                server.signal(signal.SIGTERM)
                assert server.wait(within_seconds=15) == 0
            with palomar.serve() as again:
                load.port = port_of(again)
                after = len(load.heard(Heard.ACCEPTED))
                eventually(lambda: len(load.heard(Heard.ACCEPTED)) > after + 30, within_seconds=30, what="it goes on")
                load.finish()
                accepted = load.numbers(Heard.ACCEPTED)
                eventually(lambda: set(smsc.arrived) >= accepted, within_seconds=30, what="all have arrived")
                assert again.stop() == 0
        listed = Counter(message["msisdn"] for message in palomar.json("message", "list", "--limit", "0"))
        assert accepted <= set(listed) <= accepted | load.numbers(Heard.SILENCE)
        assert set(listed.values()) == {1}
        palomar.audit()


def test_a_disk_that_hangs_inside_a_commit_is_an_outage_and_a_server_on_it_ends_in_time(tmp_path: Path) -> None:
    with LiveSmsc() as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port))
        who = make_customer(palomar, "acme", "default_sender=Acme")
        command = [sys.executable, str(ROOT / "tests" / "support" / "dying_server.py"), "hang", "150", "serve"]
        environment = palomar.environment | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        with Server(command, directory=tmp_path, name="hanging", environment=environment) as server:
            server.until_says("Palomar serves at ")
            with MixedLoad(customers=[who], port=port_of(server)) as load:
                eventually(lambda: len(load.heard(Heard.REFUSED)) > 5, within_seconds=60, what="it refuses")
                assert ready(load.port)[0] == 503
                assert [sent for sent in load.heard(Heard.REFUSED) if sent.seconds > ANSWERED_WITHIN_SECONDS] == []
                load.server_ends = True
                server.signal(signal.SIGTERM)
                server.wait(within_seconds=16)
                load.stop_repeating()
        accepted = load.numbers(Heard.ACCEPTED)
        with palomar.serve() as again:
            eventually(lambda: set(smsc.arrived) >= accepted, within_seconds=30, what="what was accepted has arrived")
            assert again.stop() == 0
        palomar.audit()
