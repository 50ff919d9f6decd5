"""One message in every vendor's words: its state is reported by each dialect, and it is charged once."""

from pathlib import Path
from typing import Any, get_args

import pytest
from tests.dialects.contract import Callback, Contract
from tests.dialects.contract_application import CARRIER, CREDIT, Application, running_application
from tests.dialects.contracts import CONTRACTS, SPEAKERS, every_dialect, every_speaker
from tests.dialects.foxsys.contract import read_callback
from tests.dialects.foxsys.speaker import FOXSYS
from tests.dialects.labs402t.speaker import LABS402T
from tests.dialects.sofmex.speaker import SOFMEX
from tests.dialects.speaking import ACCEPTED, Customer, Speaker
from tests.support.server import Palomar
from tests.support.sink import Sink

from palomar.callbacks.account_callbacks import render_low_balance
from palomar.dialects import DIALECTS, renderers
from palomar.text.alphabets import Alphabet
from palomar.transaction.message_rows import MessageRow
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.events import BalanceFellLow, Clicked, Delivered, Event, Failed, InboundReceived, SentToCarrier
from palomar.vocabulary.message import FINAL, MessageId, State, public_id
from palomar.vocabulary.timeline import MomentKind

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOON_MS = 1_772_107_200_000
HOLA = "Hola"

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


@every_speaker
async def test_every_state_of_a_message_has_the_vendors_words(palomar: Application, speaker: Speaker) -> None:
    who, number = await palomar.customer(), palomar.number()
    reply = await palomar.ask(speaker.send(who, number, HOLA))
    row = await palomar.ended(who, State.DELIVERED)
    for state in State:
        await palomar.set_state(row, state)
        told = await palomar.ask(speaker.ask(who, speaker.identity(reply, number)))
        speaker.check(told)
        assert speaker.word(told) == CONTRACTS[speaker.dialect].words[state], state


@every_speaker
@pytest.mark.parametrize("ending", ENDINGS)
async def test_the_real_outcome_of_a_message_is_reported_and_charged_once(
    palomar: Application, speaker: Speaker, ending: str, sink: Sink
) -> None:
    who, number = await palomar.customer(status_url=sink.url), palomar.number(ending)
    reply = await palomar.ask(speaker.send(who, number, HOLA))
    assert speaker.said(reply) == ACCEPTED
    states = ENDINGS[ending]
    row = await palomar.ended(who, states[-1])

    told = await palomar.ask(speaker.ask(who, speaker.identity(reply, number)))
    assert speaker.word(told) == CONTRACTS[speaker.dialect].words[states[-1]]
    price = 0 if ending == "99904" else CREDIT
    assert_kept(row, speaker, number=number, price=price)
    balance = await palomar.balance(who)
    assert (balance.available, balance.reserved) == (1_000 * CREDIT - price, 0)
    arrives = states[-1] is State.DELIVERED or ending == "99906"
    if arrives:
        await palomar.until(lambda: has_arrived(palomar, number), "the phone has it")
    assert palomar.texts_on_phone(number) == ([HOLA] if arrives else [])

    contract = CONTRACTS[speaker.dialect]
    if contract.read_callback is not None:
        wanted = [contract.callbacks[state] for state in states if state in contract.callbacks]
        await palomar.until(lambda: have_come(sink, len(wanted)), "every callback")
        assert [contract.read_callback(callback) for callback in received(sink)] == wanted
    else:
        view = await palomar.view(row)
        assert view.callbacks == []
        assert not {moment.kind for moment in view.timeline} & {MomentKind.CALLBACK, MomentKind.CALLBACK_FAILED}


async def has_arrived(palomar: Application, number: str) -> bool:
    """Wait until a message without a report reaches its phone, a moment after the carrier's answer."""
    return bool(palomar.texts_on_phone(number))


async def have_come(sink: Sink, count: int) -> bool:
    return len(received(sink)) >= count


def received(sink: Sink) -> list[Callback]:
    """Return what a customer's server got: first requests by GET, then those with a body."""
    asked = [Callback(method="GET", url=path, body=b"") for path in sink.paths]
    return asked + [Callback(method="POST", url=post.path, body=post.body) for post in sink.posts]


def assert_kept(row: MessageRow, speaker: Speaker, *, number: str, price: int) -> None:
    assert (row.dialect, row.msisdn, row.text, row.parts) == (speaker.dialect, number, HOLA, 1)
    assert (row.carrier, row.price_microcredits, row.alphabet) == (CARRIER, price, Alphabet.GSM)
    assert (row.country, row.account_id) == ("MX", row.account_id)
    assert (row.final_ms is not None) == (row.state in FINAL)
    assert (row.sent_ms is not None) == (price != 0)


@every_speaker
async def test_a_message_carries_nothing_of_another_vendor(palomar: Application, speaker: Speaker, sink: Sink) -> None:
    who = await palomar.customer(status_url=sink.url)
    assert speaker.said(await palomar.ask(speaker.send(who, palomar.number(), HOLA))) == ACCEPTED
    said = repr(await palomar.view(await palomar.ended(who, State.DELIVERED))).casefold()
    others = {name for one in DIALECTS if one.name != speaker.dialect for name in (one.name, one.title.split()[0])}
    assert {name for name in others if name.casefold() in said} == set()


@every_speaker
async def test_a_late_receipt_that_contradicts_the_end_changes_nothing(palomar: Application, speaker: Speaker) -> None:
    who, number = await palomar.customer(), palomar.number()
    reply = await palomar.ask(speaker.send(who, number, HOLA))
    row = await palomar.ended(who, State.DELIVERED)

    await palomar.tell_again(row, "UNDELIV")

    async def has_come() -> bool:
        timeline = (await palomar.view(row)).timeline
        return len([moment for moment in timeline if moment.kind is MomentKind.RECEIPT]) == 2

    await palomar.until(has_come, "the second receipt")
    told = await palomar.ask(speaker.ask(who, speaker.identity(reply, number)))
    assert speaker.word(told) == CONTRACTS[speaker.dialect].words[State.DELIVERED]
    assert (await palomar.balance(who)).available == 999 * CREDIT


async def test_one_account_sends_through_all_dialects_and_the_command_line_lists_it_all(palomar: Application) -> None:
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
    assert (await palomar.balance(who)).available == (1_000 - len(SPEAKERS)) * CREDIT


async def all_ended(palomar: Application, who: Customer) -> list[MessageRow]:
    rows = await palomar.messages(who)
    return rows if all(row.final_ms for row in rows) else []


async def test_a_message_that_no_carrier_takes_yet_waits_and_its_price_is_reserved(tmp_path: Path) -> None:
    async with running_application(tmp_path / "quiet", carrier=False) as quiet:
        for speaker in SPEAKERS:
            who, number = await quiet.customer(), quiet.number()
            reply = await quiet.ask(speaker.send(who, number, HOLA))
            told = await word(quiet, speaker, who, speaker.identity(reply, number))
            assert told == CONTRACTS[speaker.dialect].words[State.QUEUED]
            assert (await quiet.balance(who)).reserved == CREDIT
        assert await quiet.audit() == []


async def test_a_message_scheduled_by_one_dialect_is_reported_by_another_and_cancelled_by_a_third(
    palomar: Application,
) -> None:
    who = await palomar.customer()
    reply = await palomar.ask(LABS402T.schedule(who, palomar.number(), HOLA, "2099-01-01T00:00:00"))
    guid = LABS402T.identity(reply, "")
    assert [await word(palomar, speaker, who, guid) for speaker in (LABS402T, SOFMEX)] == ["PROGRAMADO", "NUEVO"]
    assert (await palomar.balance(who)).reserved == CREDIT

    assert (await palomar.ask(FOXSYS.cancel_all(who))).json["code"] == 0

    assert [await word(palomar, speaker, who, guid) for speaker in (LABS402T, SOFMEX)] == ["RECHAZADO", "ERROR"]
    balance = await palomar.balance(who)
    assert (balance.available, balance.reserved) == (1_000 * CREDIT, 0)


async def test_foxsys_calls_back_for_messages_that_cannot_leave_but_not_for_tests_or_cancelled_ones(
    palomar: Application, sink: Sink
) -> None:
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
    told = CONTRACTS["foxsys"].callbacks
    assert sorted(read_callback(callback) for callback in received(sink)) == [
        told[State.BLOCKED],
        told[State.NOFORMAT],
        told[State.DELIVERED],
        told[State.SENT],
    ]
    for row in await palomar.messages(who):
        if row.state in (State.DUPLICATED, State.TEST, State.CANCELLED):
            assert (await palomar.view(row)).callbacks == []
    assert (await palomar.balance(who)).available == 999 * CREDIT


async def test_an_accounts_messages_are_hidden_from_other_accounts(palomar: Application) -> None:
    who, other, number = await palomar.customer(), await palomar.customer(), palomar.number()
    for speaker in SPEAKERS:
        reply = await palomar.ask(speaker.send(who, number, HOLA))
        told = await palomar.ask(speaker.ask(other, speaker.identity(reply, number)))
        speaker.check(told)
        assert speaker.asked(told) == CONTRACTS[speaker.dialect].answers["another's message, asked"], speaker.name


async def word(palomar: Application, speaker: Speaker, who: Customer, identity: str) -> str:
    return speaker.word(await palomar.ask(speaker.ask(who, identity)))


MESSAGE = {"message_id": MessageId(256), "request_ref": "s", "msisdn": "525512345678", "at_ms": NOON_MS}
EVENTS: list[tuple[Event, State | type[Event]]] = [
    (SentToCarrier(**MESSAGE), State.SENT),
    (Delivered(**MESSAGE), State.DELIVERED),
    *((Failed(**MESSAGE, state=state), state) for state in sorted(FINAL - {State.DELIVERED})),
    (Clicked(**MESSAGE, address="192.0.2.1", agent="Firefox"), Clicked),
    (InboundReceived(number="52", msisdn="525512345678", text="Hola", at_ms=NOON_MS), InboundReceived),
]
"""Every event, and its key in the table ``callbacks``."""


async def test_every_event_is_decided() -> None:
    assert {type(event) for event, _ in EVENTS} | {BalanceFellLow} == set(get_args(Event))


@every_dialect
@pytest.mark.parametrize(("event", "key"), EVENTS, ids=lambda value: repr(value)[:40])
async def test_every_dialect_decides_every_event(contract: Contract, event: Event, key: Any) -> None:
    account = Account(id=AccountId(1), login="demo", settings=AccountSettings())
    request = renderers()[contract.dialect].render(event, target="http://customer.example/", account=account)
    if key not in contract.callbacks:
        assert request is None, f"dialect {contract.dialect} has no line {key!r} in its table callbacks"
    else:
        assert request is not None
        assert contract.read_callback is not None
        callback = Callback(method=request.method, url=request.url, body=request.body or b"")
        assert contract.read_callback(callback) == contract.callbacks[key]


@every_dialect
async def test_every_dialect_reports_a_low_balance_in_palomars_own_form(contract: Contract) -> None:
    event = BalanceFellLow(login="demo", available_microcredits=4_000_000, at_ms=NOON_MS)
    account = Account(id=AccountId(1), login="demo", settings=AccountSettings())
    request = renderers()[contract.dialect].render(event, target="http://customer.example/", account=account)
    assert request == render_low_balance(event, target="http://customer.example/")
