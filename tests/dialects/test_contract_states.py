"""One message, four vocabularies: what becomes of a message is told in each vendor's words, and charged once."""

import json
from pathlib import Path
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.dialects.contract_house import CARRIER, CREDIT, House, running_house
from tests.dialects.speakers import (
    ACCEPTED,
    CONVERGIA,
    CONVERGIA_SOAP,
    FOXSYS,
    LABS402T,
    SOFMEX,
    SPEAKERS,
    Customer,
    Speaker,
)
from tests.support.server import Palomar
from tests.support.sink import Sink

from palomar.dialects import DIALECTS
from palomar.domain.account import Account, AccountId, AccountSettings
from palomar.domain.events import CarrierTook, Clicked, Delivered, Event, Failed, InboundReceived
from palomar.domain.message import FINAL, MessageId, State, public_id
from palomar.domain.text import Alphabet
from palomar.domain.timeline import Kind
from palomar.storage.messages import MessageRow

pytestmark = pytest.mark.asyncio(loop_scope="module")
every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)

NOON_MS = 1_772_107_200_000
HOLA = "Hola"

WORDS = {
    State.SCHEDULED: ("NUEVO", "0", "PROGRAMADO", "scheduled"),
    State.QUEUED: ("NUEVO", "0", "PENDIENTE", "queued"),
    State.SUBMITTING: ("NUEVO", "0", "PENDIENTE", "queued"),
    State.SENT: ("ENVIADO", "0", "ENVIADO", "operator ACCEPTD"),
    State.HELD: ("ENVIADO", "0", "ENVIADO", "queued"),
    State.DELIVERED: ("ENTREGADO", "3", "ENTREGADO", "handset DELIVRD"),
    State.UNDELIVERED: ("NO_ENTREGADO", "2", "NO_ENTREGADO", "error UNDELIV"),
    State.EXPIRED: ("NO_ENTREGADO", "2", "CADUCADO", "error EXPIRED"),
    State.REJECTED: ("ERROR", "2", "RECHAZADO", "error REJECTD"),
    State.BLOCKED: ("ERROR", "2", "RECHAZADO", "blocked BLOCKED"),
    State.CANCELLED: ("ERROR", "2", "RECHAZADO", "cancelled"),
    State.NOFORMAT: ("ERROR", "2", "RECHAZADO", "noformat REJECTD"),
    State.DUPLICATED: ("ENVIADO", "3", "ENVIADO", "duplicated"),
    State.TEST: ("ENVIADO", "3", "ENVIADO", "test"),
    State.UNKNOWN: ("ENVIADO", "0", "ENVIADO", "error UNKNOWN"),
}
"""SOFMEX, CONVERGIA, 402T Labs, and FOXSYS where it is asked."""
COLUMN = {"sofmex": 0, "convergia": 1, "labs402t": 2, "foxsys": 3}

CALLBACKS = {
    State.SENT: "operator ok ACCEPTD",
    State.DELIVERED: "handset ok DELIVRD",
    State.UNDELIVERED: "error ko UNDELIV",
    State.EXPIRED: "error ko EXPIRED",
    State.REJECTED: "error ko REJECTD",
    State.BLOCKED: "error ko BLOCKED",
    State.UNKNOWN: "error ko UNKNOWN",
    State.NOFORMAT: "error ko REJECTD",
}
"""FOXSYS's callbacks; of the other states it tells nothing."""

ENDINGS = {
    "12345": (State.SENT, State.DELIVERED),
    "99901": (State.SENT, State.UNDELIVERED),
    "99902": (State.SENT, State.EXPIRED),
    "99903": (State.SENT, State.REJECTED),
    "99904": (State.REJECTED,),
    "99906": (State.SENT,),
    "99910": (State.SENT, State.DELIVERED),
    "99912": (State.SENT, State.UNKNOWN),
    "99913": (State.SENT, State.DELIVERED),
    "99916": (State.SENT, State.UNDELIVERED),
    "99917": (State.SENT, State.UNDELIVERED),
}
"""The simulator's magic numbers, and the states that a customer hears of: refused, no receipt, the receipt twice,
ENROUTE first, DELETED, ACCEPTD first."""


async def test_every_state_has_its_words() -> None:
    assert set(WORDS) == set(State)


@every_speaker
async def test_a_message_is_told_in_the_vendors_words_in_every_state(palomar: House, speaker: Speaker) -> None:
    who, number = await palomar.customer(), palomar.number()
    reply = await palomar.ask(speaker.send(who, number, HOLA))
    row = await palomar.ended(who, State.DELIVERED)
    for state, words in WORDS.items():
        await palomar.set_state(row, state)
        told = await palomar.ask(speaker.ask(who, speaker.identity(reply, number)))
        speaker.check(told)
        assert speaker.word(told) == words[COLUMN[speaker.dialect]], state


@every_speaker
@pytest.mark.parametrize("ending", ENDINGS)
async def test_what_really_becomes_of_a_message_is_told_and_charged_once(
    palomar: House, speaker: Speaker, ending: str, sink: Sink
) -> None:
    who, number = await palomar.customer(status_url=sink.url), palomar.number(ending)
    reply = await palomar.ask(speaker.send(who, number, HOLA))
    assert speaker.said(reply) == ACCEPTED
    states = ENDINGS[ending]
    row = await palomar.ended(who, states[-1])

    told = await palomar.ask(speaker.ask(who, speaker.identity(reply, number)))
    assert speaker.word(told) == WORDS[states[-1]][COLUMN[speaker.dialect]]
    price = 0 if ending == "99904" else CREDIT
    assert_kept(row, speaker, number=number, price=price)
    balance = await palomar.balance(who)
    assert (balance.available, balance.reserved) == (1_000 * CREDIT - price, 0)
    arrives = states[-1] is State.DELIVERED or ending == "99906"
    if arrives:
        await palomar.until(lambda: has_arrived(palomar, number), "the handset has it")
    assert palomar.handset(number) == ([HOLA] if arrives else [])

    if speaker.dialect == "foxsys":
        await palomar.until(lambda: have_come(sink, len(states)), "every callback")
        assert [callback(path) for path in sink.paths] == [CALLBACKS[state] for state in states]
    else:
        view = await palomar.view(row)
        assert view.webhooks == []
        assert not {moment.kind for moment in view.timeline} & {Kind.CALLBACK, Kind.CALLBACK_FAILED}


async def has_arrived(palomar: House, number: str) -> bool:
    """A message of which nothing is told reaches its handset a moment after the carrier's answer."""
    return bool(palomar.handset(number))


async def have_come(sink: Sink, count: int) -> bool:
    return len(sink.paths) >= count


def callback(path: str) -> str:
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert list(query) == ["acklevel", "msisdn", "status", "desc", "subid", "timestamp"]
    return f"{query['acklevel']} {query['status']} {query['desc']}"


def assert_kept(row: MessageRow, speaker: Speaker, *, number: str, price: int) -> None:
    assert (row.dialect, row.msisdn, row.text, row.parts) == (speaker.dialect, number, HOLA, 1)
    assert (row.carrier, row.price_microcredits, row.alphabet) == (CARRIER, price, Alphabet.GSM)
    assert (row.country, row.account_id) == ("MX", row.account_id)
    assert (row.final_ms is not None) == (row.state in FINAL)
    assert (row.sent_ms is not None) == (price != 0)


@every_speaker
async def test_a_receipt_that_comes_late_and_contradicts_the_end_moves_nothing(
    palomar: House, speaker: Speaker
) -> None:
    who, number = await palomar.customer(), palomar.number()
    reply = await palomar.ask(speaker.send(who, number, HOLA))
    row = await palomar.ended(who, State.DELIVERED)

    await palomar.tell_again(row, "UNDELIV")

    async def has_come() -> bool:
        timeline = (await palomar.view(row)).timeline
        return len([moment for moment in timeline if moment.kind is Kind.RECEIPT]) == 2

    await palomar.until(has_come, "the second receipt")
    told = await palomar.ask(speaker.ask(who, speaker.identity(reply, number)))
    assert speaker.word(told) == WORDS[State.DELIVERED][COLUMN[speaker.dialect]]
    assert (await palomar.balance(who)).available == 999 * CREDIT


async def test_one_account_sends_through_all_dialects_and_the_command_line_lists_it_all(palomar: House) -> None:
    who = await palomar.customer()
    sent = {}
    for speaker in SPEAKERS:
        number = palomar.number()
        reply = await palomar.ask(speaker.send(who, number, HOLA))
        assert speaker.said(reply) == ACCEPTED
        sent[number] = speaker
    rows = await palomar.until(lambda: all_ended(palomar, who), "every message has ended")

    beside = Palomar(palomar.directory.parent)
    beside.environment["PALOMAR_DATA_DIR"] = str(palomar.directory)
    listed = beside.json("message", "list", "--account", who.login)

    assert len(listed) == len(sent)
    assert [entry["id"] for entry in listed] == [public_id(row.id) for row in reversed(rows)]
    for entry in listed:
        assert entry["dialect"] == sent.pop(entry["msisdn"]).dialect
        assert (entry["state"], entry["price"], entry["parts"]) == ("delivered", 1, 1)
        assert (entry["text"], entry["carrier"], entry["account"]) == (HOLA, CARRIER, who.login)
        assert entry["subid"]
    assert (await palomar.balance(who)).available == 995 * CREDIT


async def all_ended(palomar: House, who: Customer) -> list[MessageRow]:
    rows = await palomar.messages(who)
    return rows if all(row.final_ms for row in rows) else []


async def test_what_no_carrier_takes_yet_waits_and_its_price_is_set_aside(tmp_path: Path) -> None:
    async with running_house(tmp_path / "quiet", carrier=False) as quiet:
        for speaker in SPEAKERS:
            who, number = await quiet.customer(), quiet.number()
            reply = await quiet.ask(speaker.send(who, number, HOLA))
            told = await word(quiet, speaker, who, speaker.identity(reply, number))
            assert told == WORDS[State.QUEUED][COLUMN[speaker.dialect]]
            assert (await quiet.balance(who)).reserved == CREDIT
        assert await quiet.audit() == []


async def test_what_one_dialect_schedules_another_tells_and_a_third_cancels(palomar: House) -> None:
    who = await palomar.customer()
    reply = await palomar.ask(LABS402T.schedule(who, palomar.number(), HOLA, "2099-01-01T00:00:00"))
    guid = LABS402T.identity(reply, "")
    assert [await word(palomar, speaker, who, guid) for speaker in (LABS402T, SOFMEX)] == ["PROGRAMADO", "NUEVO"]
    assert (await palomar.balance(who)).reserved == CREDIT

    assert (await palomar.ask(FOXSYS.cancel_all(who))).json["code"] == 0

    assert [await word(palomar, speaker, who, guid) for speaker in (LABS402T, SOFMEX)] == ["RECHAZADO", "ERROR"]
    balance = await palomar.balance(who)
    assert (balance.available, balance.reserved) == (1_000 * CREDIT, 0)


async def test_foxsys_tells_of_what_cannot_leave_and_nothing_of_what_was_never_to(palomar: House, sink: Sink) -> None:
    who, number, blocked = await palomar.customer(duplicates_filter=True), palomar.number(), palomar.number()
    await palomar.block(who, blocked)
    both = [{"msisdn": number}, {"msisdn": "12345"}]
    for more in (
        {"recipient": both},
        {},
        {"test": 1, "nofilter": 1},
        {"scheduled": "2099-01-01 00:00:00", "nofilter": 1},
    ):
        assert FOXSYS.said(await palomar.ask(FOXSYS.send(who, number, HOLA, ackurl=sink.url, **more))) == ACCEPTED
    assert (await palomar.ask(FOXSYS.cancel_all(who))).json["code"] == 0
    assert FOXSYS.said(await palomar.ask(FOXSYS.send(who, blocked, HOLA, ackurl=sink.url))) == ACCEPTED

    await palomar.until(lambda: have_come(sink, 4), "every callback")
    states = [(message.msisdn, message.state) for message in await palomar.messages(who)]
    assert sorted(states) == sorted(
        [
            (number, State.DELIVERED),
            ("12345", State.NOFORMAT),
            (number, State.DUPLICATED),
            (number, State.TEST),
            (number, State.CANCELLED),
            (blocked, State.BLOCKED),
        ]
    )
    assert sorted(callback(path) for path in sink.paths) == [
        CALLBACKS[State.BLOCKED],
        CALLBACKS[State.NOFORMAT],
        CALLBACKS[State.DELIVERED],
        CALLBACKS[State.SENT],
    ]
    for row in await palomar.messages(who):
        if row.state in (State.DUPLICATED, State.TEST, State.CANCELLED):
            assert (await palomar.view(row)).webhooks == []
    assert (await palomar.balance(who)).available == 999 * CREDIT


async def test_a_message_is_nobody_elses_business(palomar: House) -> None:
    who, other, number = await palomar.customer(), await palomar.customer(), palomar.number()
    told = {}
    for speaker in SPEAKERS:
        reply = await palomar.ask(speaker.send(who, number, HOLA))
        told[speaker] = await palomar.ask(speaker.ask(other, speaker.identity(reply, number)))
        speaker.check(told[speaker])
    assert told[SOFMEX].json == {"status": 1, "message": "No encontrado", "registros": []}
    assert CONVERGIA.word(told[CONVERGIA]) == CONVERGIA_SOAP.word(told[CONVERGIA_SOAP]) == "6"
    assert LABS402T.said(told[LABS402T]) == "-30, 404"
    assert FOXSYS.said(told[FOXSYS]) == "52"


async def word(palomar: House, speaker: Speaker, who: Customer, identity: str) -> str:
    return speaker.word(await palomar.ask(speaker.ask(who, identity)))


MESSAGE = {"message_id": MessageId(256), "request_ref": "s", "msisdn": "525512345678", "at_ms": NOON_MS}
EVENTS: list[tuple[Event, str | None]] = [
    (CarrierTook(**MESSAGE), "operator ok ACCEPTD"),
    (Delivered(**MESSAGE), "handset ok DELIVRD"),
    *((Failed(**MESSAGE, state=state), CALLBACKS.get(state)) for state in sorted(FINAL - {State.DELIVERED})),
    (Clicked(**MESSAGE, address="192.0.2.1", agent="Firefox"), "POST"),
    (InboundReceived(number="52", msisdn="525512345678", text="Hola", at_ms=NOON_MS), "POST"),
]
"""Every event, and what FOXSYS makes of it; the others' pages define no callbacks."""


async def test_every_event_is_decided() -> None:
    assert {type(event) for event, _ in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize(("event", "told"), EVENTS, ids=lambda value: repr(value)[:40])
async def test_every_dialect_decides_every_event(dialect: object, event: Event, told: str | None) -> None:
    account = Account(id=AccountId(1), login="demo", settings=AccountSettings())
    request = dialect.renderer.render(event, target="http://customer.example/", account=account)
    if told is None or dialect.name != "foxsys":
        assert request is None
    elif told == "POST":
        assert (request.method, type(json.loads(request.body))) == ("POST", dict)
    else:
        assert callback(request.url) == told
