"""``kill -9`` in the middle of a load: whatever was answered with code 0 ends in a final state, on either database."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.databases import Place
from tests.support.foxsys_client import Crowd
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml, simulator
from tests.support.waiting import eventually

from palomar.sending.send_queue import UNRECORDED_MAX

pytestmark = pytest.mark.journey

REQUESTS = 3_000
KILL_AFTER = 300
CONNECTIONS = 16
WINDOW = 50
LEASE_SECONDS = 10
NUMBERS = [f"346{serial:08}" for serial in range(REQUESTS)]


def test_nothing_accepted_is_lost_by_kill_9_and_little_is_doubled(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with simulator(tmp_path) as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port, window=WINDOW))
        key = palomar.account("acme", credit=REQUESTS)
        with palomar.serve() as server:
            crowd = Crowd(server.url, "acme", key, connections=CONNECTIONS).send(NUMBERS)
            eventually(lambda: stored(palomar) >= KILL_AFTER, within_seconds=30, what=f"{KILL_AFTER} messages stored")
            server.kill()
        load = crowd.result(30)
        assert KILL_AFTER // 2 <= len(load.accepted) < REQUESTS, "the kill must fall into the load"
        with palomar.serve() as again:
            listed = all_final(palomar, within_seconds=45)
            assert again.stop() == 0
        palomar.audit()
        doubled = smsc.counted()["submitted"] - len(listed)

    each_is_there_once(load.accepted, listed)
    record_property("doubled", doubled)
    assert 0 <= doubled <= WINDOW + UNRECORDED_MAX, (
        "only what was not answered, or answered and not saved, is sent again"
    )


def test_of_two_nodes_on_one_postgresql_one_is_killed_and_the_other_ends_its_messages(
    tmp_path: Path, empty_postgres: Place, record_property: Callable[[str, object], None]
) -> None:
    with simulator(tmp_path) as smsc:
        toml = carrier_toml(smsc.port, window=WINDOW)
        one, two = (
            Palomar(tmp_path / name, toml=toml, PALOMAR_DATABASE_URL=empty_postgres.where) for name in ("one", "two")
        )
        key = one.account("acme", credit=REQUESTS)
        with one.serve() as dying, two.serve() as surviving:
            crowds = [
                Crowd(server.url, "acme", key, connections=CONNECTIONS // 2).send(NUMBERS[start::2])
                for start, server in enumerate((dying, surviving))
            ]
            eventually(lambda: stored(two) >= KILL_AFTER, within_seconds=30, what=f"{KILL_AFTER} messages stored")
            dying.kill()
            broken, whole = (crowd.result(60) for crowd in crowds)
            assert 0 < len(broken.accepted) < REQUESTS // 2, "the kill must fall into the load"
            assert (len(whole.accepted), whole.failed) == (REQUESTS // 2, [])
            listed = all_final(two, within_seconds=LEASE_SECONDS + 45)
            assert surviving.stop() == 0
        two.audit()
        doubled = smsc.counted()["submitted"] - len(listed)

    each_is_there_once(broken.accepted | whole.accepted, listed)
    record_property("doubled", doubled)
    assert 0 <= doubled <= WINDOW + UNRECORDED_MAX, "only what the dead node had not saved the answer of is sent again"


def stored(palomar: Palomar) -> int:
    return len(palomar.json("message", "list", "--limit", str(KILL_AFTER)))


def all_final(palomar: Palomar, *, within_seconds: float) -> list[dict[str, Any]]:
    """Every message, once none is open."""

    def none_open() -> bool:
        return not any(
            palomar.json("message", "list", "--limit", "1", "--state", state) for state in ("queued", "sent")
        )

    eventually(none_open, within_seconds=within_seconds, what="every message is final")
    listed: list[dict[str, Any]] = palomar.json("message", "list", "--limit", "0")
    return listed


def each_is_there_once(accepted: dict[str, str], listed: list[dict[str, Any]]) -> None:
    """Every accepted request is a delivered message, and none is there twice."""
    assert Counter(message["state"] for message in listed) == {"delivered": len(listed)}
    kept = {message["msisdn"]: message["subid"] for message in listed}
    assert len(kept) == len(listed)
    assert {number: kept.get(number) for number in accepted} == accepted
