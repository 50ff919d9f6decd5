"""A network to PostgreSQL that swallows packets for longer than a lease: requests are answered in time, what was
refused is nowhere, and all goes on when packets pass again.
"""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.faults.test_outage import ANSWERED_WITHIN_SECONDS, REFUSALS, port_of, ready
from tests.support.databases import Place
from tests.support.live_smsc import LiveSmsc
from tests.support.mixed_load import Heard, MixedLoad, make_customer
from tests.support.postgres import PostgresServer
from tests.support.postgres_proxy import ProxyThread
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

STALL_SECONDS = 12.0
THREADS = 8


def test_a_stalled_network_refuses_in_time_and_nothing_of_it_happens_later(
    tmp_path: Path, postgres_server: PostgresServer, empty_postgres: Place
) -> None:
    with LiveSmsc() as smsc, ProxyThread(postgres_server.socket) as proxy:
        url = empty_postgres.where.replace(str(postgres_server.socket.parent), proxy.folder)
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port), PALOMAR_DATABASE_URL=url)
        who = make_customer(palomar, "acme", "default_sender=Acme")
        with palomar.serve() as server:
            port = port_of(server)
            with MixedLoad(customers=[who], port=port, ahead_seconds=2.0, threads=THREADS) as load:
                eventually(lambda: len(load.heard(Heard.ACCEPTED)) > 60, within_seconds=30, what="a load")
                before = len(load.sent)
                proxy.stall()
                began = time.monotonic()
                eventually(lambda: ready(port)[0] == 503, within_seconds=6, what="not ready")
                time.sleep(max(0.0, STALL_SECONDS - (time.monotonic() - began)))
                proxy.flow()
                eventually(lambda: ready(port)[0] == 200, within_seconds=10, what="ready again")
                after = len(load.heard(Heard.ACCEPTED))
                eventually(lambda: len(load.heard(Heard.ACCEPTED)) > after + 60, within_seconds=30, what="it goes on")
            during = [sent for sent in load.sent[before:] if sent.kind != "idempotent"]
            assert {sent.said for sent in load.heard(Heard.REFUSED)} <= REFUSALS
            assert load.heard(Heard.REFUSED)
            assert load.heard(Heard.SILENCE) == []
            assert [sent for sent in during if sent.seconds > ANSWERED_WITHIN_SECONDS] == []
            accepted = load.numbers(Heard.ACCEPTED)
            repeated = {sent.numbers[0] for sent in load.sent if sent.kind == "idempotent"}
            eventually(lambda: set(smsc.arrived) >= accepted, within_seconds=40, what="what was accepted has arrived")
            assert server.stop() == 0
        rows = palomar.json("message", "list", "--limit", "0")
        kept = Counter(row["msisdn"] for row in rows if row["state"] != "cancelled")
        taken_back = {row["msisdn"] for row in rows if row["state"] == "cancelled"}
        assert set(kept) == accepted
        assert set(kept.values()) == {1}
        assert taken_back <= load.numbers(Heard.REFUSED) | repeated, "what was being committed when it began"
        assert set(smsc.arrived) == accepted
        palomar.audit()


def test_a_server_ends_in_time_while_the_network_is_stalled(
    tmp_path: Path, postgres_server: PostgresServer, empty_postgres: Place
) -> None:
    with LiveSmsc() as smsc, ProxyThread(postgres_server.socket) as proxy:
        url = empty_postgres.where.replace(str(postgres_server.socket.parent), proxy.folder)
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port), PALOMAR_DATABASE_URL=url)
        who = make_customer(palomar, "acme", "default_sender=Acme")
        with palomar.serve() as server, MixedLoad(customers=[who], port=port_of(server), threads=THREADS) as load:
            eventually(lambda: len(load.heard(Heard.ACCEPTED)) > 60, within_seconds=30, what="a load")
            proxy.stall()
            time.sleep(1.0)
            load.server_ends = True
            server.signal(signal.SIGTERM)
            assert server.wait(within_seconds=15) == 0
            load.stop_repeating()
