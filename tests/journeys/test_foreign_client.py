"""Our stand-alone simulator as the SMSC of a gateway that is not ours: Kannel."""

from pathlib import Path

import pytest
from tests.support.kannel import Kannel
from tests.support.sink import Sink
from tests.support.smscs import PASSWORD, SYSTEM_ID, simulator
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

DELIVERED, FAILED, TAKEN, REFUSED = "1", "2", "8", "16"
"""Kannel's kinds of report."""


def test_kannel_binds_sends_and_gets_the_receipts_that_the_numbers_ask_for(tmp_path: Path, sink: Sink) -> None:
    wanted = {
        "34600000000": {TAKEN, DELIVERED},
        "34600099901": {TAKEN, FAILED},
        "34600099904": {REFUSED},
        "34600000001": {TAKEN, DELIVERED},
        "34600000002": {TAKEN, DELIVERED},
    }
    texts = {"34600000001": "Привет, 世界", "34600000002": "Palomar " * 30}
    with simulator(tmp_path) as smsc:
        with Kannel(tmp_path, smsc_port=smsc.port, system_id=SYSTEM_ID, password=PASSWORD) as kannel:
            for number in wanted:
                kannel.send(to=number, text=texts.get(number, "Hola"), dlr_url=f"{sink.url}?to={number}&kind=%d")
            eventually(lambda: reported(sink, wanted) == wanted, within_seconds=15, what="every report")
        counted = smsc.counted()
    assert counted["submitted"] == len(wanted) + 1, "the long text is two parts"
    assert counted["refused"] == 1
    assert counted["deliveries_refused"] == 0


def reported(sink: Sink, wanted: dict[str, set[str]]) -> dict[str, set[str]]:
    """The kinds of report that came for each number."""
    kinds: dict[str, set[str]] = {number: set() for number in wanted}
    for callback in sink.callbacks():
        kinds[callback["to"]].add(callback["kind"])
    return kinds
