"""A carrier that speaks SMPP as some do: what it means is read, and what nobody can read is counted and named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.raw_smsc import RawSmsc, delivery, raw_smsc, tlv
from tests.support.server import Palomar
from tests.support.smscs import carrier_toml
from tests.support.waiting import eventually

PHONE = "34600000001"
RECEIPT = 0x04


@pytest.fixture
def smsc() -> Iterator[RawSmsc]:
    with raw_smsc() as smsc:
        yield smsc


@pytest.fixture
def house(tmp_path: Path, smsc: RawSmsc) -> Iterator[Palomar]:
    """The application, bound to that carrier."""
    palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port))
    with palomar.serve():
        palomar.account("acme")
        smsc.bound()
        yield palomar


def sent(house: Palomar, smsc: RawSmsc, *, text: str = "hello", to: str = PHONE) -> tuple[str, str]:
    """A message that the carrier took: its id, and the carrier's."""
    before = len(smsc.submits)
    made = house.json("message", "send", "--account", "acme", "--to", to, "--text", text)
    eventually(lambda: len(smsc.submits) > before, within_seconds=15, what="a submit")
    message_id = str(made[0]["id"])
    reaches(house, message_id, "sent")
    return message_id, f"m{smsc.submits[-1].sequence}"


def reaches(house: Palomar, message_id: str, state: str) -> None:
    eventually(lambda: shown(house, message_id)["state"] == state, within_seconds=15, what=f"{message_id} {state}")


def shown(house: Palomar, message_id: str) -> dict[str, Any]:
    found: dict[str, Any] = house.json("message", "show", message_id)
    return found


def warnings(house: Palomar) -> str:
    return "\n".join(found["text"] for found in house.json("doctor") if found["verdict"] == "warning")


def test_words_of_receipts_count_by_what_they_mean_and_the_doctor_names_what_nobody_knows(
    house: Palomar, smsc: RawSmsc
) -> None:
    for said, state in (
        (b"stat:FAILED", "undelivered"),
        (b"status=[UNDL]", "undelivered"),
        (b"stat:Entregado", "delivered"),
    ):
        message_id, reference = sent(house, smsc)
        assert smsc.deliver(delivery(b"id:%s %s" % (reference.encode(), said), esm_class=RECEIPT)).status == 0
        reaches(house, message_id, state)
    message_id, reference = sent(house, smsc)
    undefined = tlv(0x0427, b"\0")
    body = delivery(b"id:%s stat:UNDELIV" % reference.encode(), esm_class=RECEIPT, behind=undefined)
    assert smsc.deliver(body).status == 0
    reaches(house, message_id, "undelivered")
    message_id, reference = sent(house, smsc)
    assert smsc.deliver(delivery(b"id:%s stat:MISLUKT" % reference.encode(), esm_class=RECEIPT)).status == 0
    assert shown(house, message_id)["state"] == "sent"
    assert "carrier outside: its receipts say 'MISLUKT', which is not known" in warnings(house)
    house.configure(carrier_toml(smsc.port, receipt_words={"Mislukt": "undelivered"}))
    assert "MISLUKT" not in warnings(house)
