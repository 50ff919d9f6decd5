"""Phones: what they show, live and later; what they write, of any length; and how single numbers behave."""

import asyncio

import pytest
from tests.carriers.simulator.client import Client, connect, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator import phones
from palomar.carriers.simulator.chaos.script import ScriptError
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.smpp import (
    Concatenation,
    DeliverSm,
    SubmitSm,
    SubmitSmResp,
    concatenation_header,
    concatenation_tlvs,
    parameters,
    read_parts,
    tlvs,
)
from palomar.text.alphabets import Alphabet, payloads
from palomar.vocabulary.phone_message import PhoneMessage

NUMBER, OTHER = "573001234567", "573007654321"
LONG = "¿Qué tal? " * 40
WORLD = "世界 🐦 " * 40


def long_message(text: str, how: str, *, alphabet: Alphabet = Alphabet.GSM, reference: int = 7) -> list[SubmitSm]:
    """Make a text in parts: under a user data header, in sar_ parameters, or with both in message_payload."""
    pieces = payloads(text, alphabet)
    coding = 0 if alphabet is Alphabet.GSM else 8
    pdus = []
    for sequence, piece in enumerate(pieces, 1):
        part = Concatenation(reference=reference, total=len(pieces), sequence=sequence)
        if how == "sar":
            pdus.append(message(NUMBER, piece, data_coding=coding, tlvs=concatenation_tlvs(part)))
            continue
        octets = concatenation_header(part, wide=how == "udh16") + piece
        fields = {"data_coding": coding, "esm_class": parameters.ESM_UDHI}
        if how == "payload":
            pdus.append(message(NUMBER, b"", tlvs=(tlvs.MESSAGE_PAYLOAD.of(octets),), **fields))
        else:
            pdus.append(message(NUMBER, octets, **fields))
    return pdus


async def sent(smsc: SimulatorSmsc, *pdus: SubmitSm) -> Client:
    client = await connect(smsc)
    for pdu in pdus:
        client.send(pdu)
    await asyncio.sleep(3)
    return client


def shown(smsc: SimulatorSmsc, number: str | None = NUMBER) -> list[str]:
    return [found.text for found in smsc.phones.recent(number)]


# --- what they show


@pytest.mark.parametrize("how", ["udh", "udh16", "sar", "payload"])
@pytest.mark.parametrize(("text", "alphabet"), [(LONG, Alphabet.GSM), (WORLD, Alphabet.UCS2)])
@in_virtual_time
async def test_a_long_text_is_joined_however_its_parts_came(how: str, text: str, alphabet: Alphabet) -> None:
    smsc = make_smsc()
    pdus = long_message(text, how, alphabet=alphabet)
    await sent(smsc, *reversed(pdus))
    (found,) = smsc.phones.recent(NUMBER)
    assert (found.text, found.parts, found.parts_received, found.peer) == (text, len(pdus), len(pdus), "PALOMAR")
    assert not found.is_written


@in_virtual_time
async def test_two_texts_with_the_same_reference_are_two_messages() -> None:
    smsc = make_smsc()
    client = await sent(smsc, *long_message(LONG, "udh"))
    for pdu in long_message(LONG.upper(), "udh"):
        client.send(pdu)
    await asyncio.sleep(3)
    assert shown(smsc) == [LONG, LONG.upper()]


@in_virtual_time
async def test_an_incomplete_text_shows_the_parts_that_have_come() -> None:
    smsc = make_smsc()
    first, *_, last = long_message(LONG, "udh")
    await sent(smsc, first, last)
    (found,) = smsc.phones.recent()
    assert (found.parts, found.parts_received) == (3, 2)
    assert found.text == LONG[:153] + LONG[306:]


@in_virtual_time
async def test_every_part_on_a_phone_has_the_id_that_its_sender_was_given() -> None:
    smsc = make_smsc()
    arrived: list[str] = []
    smsc.subscribe(lambda arrival: arrived.append(arrival.reference))
    client = await sent(smsc, *long_message(LONG, "udh"))
    told = tuple(pdu.message_id for pdu in client.of(SubmitSmResp))
    (found,) = smsc.phones.recent()
    assert found.references == told
    assert sorted(arrived) == sorted(told)
    assert smsc.phones.write(NUMBER, "85355", "hola").references == ()


@in_virtual_time
async def test_a_message_is_on_its_phone_before_its_receipt_leaves() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    receipts_then: list[int] = []
    smsc.phones.subscribe(lambda _: receipts_then.append(len(client.stats())))
    client.send(message(NUMBER))
    await asyncio.sleep(2)
    assert (receipts_then, client.stats()) == ([0], ["DELIVRD"])


@pytest.mark.parametrize(
    ("digits", "arrives"),
    [
        ("99900", 1),
        ("99901", 0),
        ("99902", 0),
        ("99903", 0),
        ("99904", 0),
        ("99906", 1),
        ("99907", 1),
        ("99910", 1),
        ("99917", 0),
    ],
)
@in_virtual_time
async def test_only_delivered_messages_are_on_a_phone_and_each_once(digits: str, arrives: int) -> None:
    smsc = make_smsc()
    await sent(smsc, message("5730012" + digits))
    assert len(smsc.phones.recent()) == arrives


@in_virtual_time
async def test_each_number_shows_its_own_messages_and_which_are_flash() -> None:
    smsc = make_smsc()
    await sent(smsc, message(NUMBER, b"one"), message(OTHER, b"now", data_coding=0x10))
    assert shown(smsc, NUMBER) == ["one"]
    (flash,) = smsc.phones.recent(OTHER)
    assert (flash.text, flash.is_flash) == ("now", True)
    assert sorted(shown(smsc, None)) == ["now", "one"]


@in_virtual_time
async def test_listeners_get_each_part_under_one_serial_until_they_unsubscribe() -> None:
    smsc = make_smsc(receipt_delay_seconds=0)
    heard: list[PhoneMessage] = []
    leave = smsc.phones.subscribe(heard.append)
    client = await sent(smsc, *long_message(LONG, "udh"), message(NUMBER, b"short"))
    leave()
    client.send(message(NUMBER, b"unheard"))
    await asyncio.sleep(1)
    assert [(found.parts_received, found.parts) for found in heard] == [(1, 3), (2, 3), (3, 3), (1, 1)]
    assert len({found.serial for found in heard[:3]}) == 1
    assert heard[2].text == LONG
    assert heard[2:] == smsc.phones.recent()[:2]


@in_virtual_time
async def test_phones_keep_a_bounded_number_of_messages() -> None:
    smsc = make_smsc(receipt_delay_seconds=0)
    client = await connect(smsc)
    for serial in range(phones.ARRIVALS_KEPT + 10):
        client.send(message(NUMBER, b"%d" % serial))
    await asyncio.sleep(1)
    texts = shown(smsc)
    assert (len(texts), texts[0], texts[-1]) == (
        phones.ARRIVALS_KEPT,
        "10",
        str(phones.ARRIVALS_KEPT + 9),
    )


# --- what they write


@pytest.mark.parametrize(("text", "coding"), [("Hola €", 0), (LONG, 0), ("世界", 8), (WORLD, 8)])
@in_virtual_time
async def test_a_phone_writes_any_text_of_any_length(text: str, coding: int) -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    wrote = smsc.phones.write(NUMBER, "85355", text)
    await asyncio.sleep(1)
    pdus = client.of(DeliverSm)
    assert {(pdu.source_addr, pdu.destination_addr, pdu.data_coding) for pdu in pdus} == {(NUMBER, "85355", coding)}
    assert len(pdus) == wrote.parts
    octets = b"".join(read_parts(pdu)[1] for pdu in pdus)
    assert octets == b"".join(payloads(text, Alphabet.UCS2 if coding else Alphabet.GSM))
    places = [read_parts(pdu)[0] for pdu in pdus]
    assert [place and place.sequence for place in places] == (
        [None] if len(pdus) == 1 else list(range(1, len(pdus) + 1))
    )
    assert smsc.phones.recent(NUMBER) == [wrote]
    assert (wrote.is_written, wrote.text, wrote.peer) == (True, text, "85355")


@in_virtual_time
async def test_a_phone_answers_the_client_that_last_wrote_from_that_address() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    other = await connect(smsc, system_id="other", password="hidden")
    other.send(message(NUMBER, source_addr="85355"))
    await asyncio.sleep(2)
    smsc.phones.write(NUMBER, "85355", "to the other")
    smsc.phones.write(NUMBER, "99999", "to anybody who is bound")
    smsc.phones.write(NUMBER, "99999", "by name", system_id="esme")
    await asyncio.sleep(1)
    inbound = [pdu.short_message for pdu in other.of(DeliverSm) if pdu.esm_class == 0]
    assert b"to the other" in inbound
    assert b"by name" in [pdu.short_message for pdu in client.of(DeliverSm)]
    assert len(inbound) + len(client.of(DeliverSm)) == 3


@in_virtual_time
async def test_a_phones_messages_wait_for_an_absent_client() -> None:
    smsc = make_smsc()
    smsc.phones.write(NUMBER, "85355", "early")
    client = await connect(smsc)
    client.send(message("573001299914"))
    await asyncio.sleep(2)
    assert [pdu.short_message for pdu in client.of(DeliverSm) if pdu.esm_class == 0] == [b"early", b"OK"]
    assert shown(smsc, "573001299914") == ["hola", "OK"]


@in_virtual_time
async def test_a_text_beyond_255_parts_cannot_be_written() -> None:
    smsc = make_smsc()
    with pytest.raises(ValueError, match="parts"):
        smsc.phones.write(NUMBER, "85355", "x" * 153 * 256)
    assert smsc.phones.recent() == []


# --- how they behave


@in_virtual_time
async def test_a_number_behaves_as_set_until_that_is_undone() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    for how in ("fail", "99904", "lose-receipts", None):
        smsc.phones.set_behavior(NUMBER, how)
        client.send(message(NUMBER))
        await asyncio.sleep(3)
    assert [bool(status) for status in client.statuses(SubmitSmResp)] == [False, True, False, False]
    assert client.stats() == ["UNDELIV", "DELIVRD"]


@in_virtual_time
async def test_a_magic_number_may_be_set_to_ordinary_and_slow_is_ten_seconds() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    smsc.phones.set_behavior("573001299901", "ordinary")
    smsc.phones.set_behavior(NUMBER, "slow")
    client.send(message("573001299901"))
    client.send(message(NUMBER))
    await asyncio.sleep(5)
    assert client.stats() == ["DELIVRD"]
    await asyncio.sleep(6)
    assert client.stats() == ["DELIVRD", "DELIVRD"]


@in_virtual_time
async def test_the_behavior_of_numbers_can_be_read_and_nonsense_is_refused() -> None:
    smsc = make_smsc()
    smsc.phones.set_behavior(NUMBER, "99910")
    smsc.phones.set_behavior(OTHER, "lose-answers=50%")
    with pytest.raises(ScriptError, match="there is no 'faill'"):
        smsc.phones.set_behavior(NUMBER, "faill")
    assert [smsc.phones.behavior(number) for number in (NUMBER, OTHER, "1")] == ["99910", "lose-answers=50%", ""]
    for how in ("fail", "slow", "ordinary"):
        smsc.phones.set_behavior(NUMBER, how)
        assert smsc.phones.behavior(NUMBER) == how
