"""A text far too long is refused by its length, in each vendor's words, and alone where it came among others."""

import dataclasses
import json
from typing import Any

import pytest
from tests.dialects.contract_application import Application
from tests.dialects.contracts import CONTRACTS, every_speaker
from tests.dialects.labs402t.speaker import LABS402T
from tests.dialects.sofmex.speaker import SOFMEX
from tests.dialects.speaking import Call, Customer, Reply, Speaker

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def said(palomar: Application, speaker: Speaker, who: Customer, text: str) -> str:
    call = speaker.send(who, palomar.number(), text)
    if len(call.target) > 30_000:  # a query: as a form it may be longer than a head
        path, _, query = call.target.partition("?")
        call = Call("POST", path, {"Content-Type": "application/x-www-form-urlencoded"}, query.encode())
    reply: Reply = await palomar.ask(call)
    speaker.check(reply)
    return speaker.said(reply)


@every_speaker
@pytest.mark.parametrize("letter", ["x", " ", "é", "😀", ")", "\u200b", "{t}", "%a%"])
async def test_a_text_far_too_long_is_too_long_whatever_it_is_made_of(
    palomar: Application, speaker: Speaker, letter: str
) -> None:
    who = await palomar.customer()
    assert (
        await said(palomar, speaker, who, letter * (CONTRACTS[speaker.dialect].raw_characters // len(letter) + 1))
        == CONTRACTS[speaker.dialect].answers["a text far too long"]
    )
    assert await palomar.messages(who) == []


@every_speaker
async def test_a_text_up_to_the_limit_is_read(palomar: Application, speaker: Speaker) -> None:
    who = await palomar.customer()
    blanks = " " * CONTRACTS[speaker.dialect].raw_characters
    assert await said(palomar, speaker, who, blanks) == CONTRACTS[speaker.dialect].answers["only blanks"]


@every_speaker
async def test_a_text_that_its_templates_make_far_too_long_is_too_long(palomar: Application, speaker: Speaker) -> None:
    who = await palomar.customer(templates=True)
    account = palomar.account(who)
    snapshot = palomar.app.directory.snapshot
    snapshot.by_id[account.id] = changed = dataclasses.replace(account, templates={"t": "é" * 2_000})
    for index in (snapshot.by_login, snapshot.by_key):
        for name, found in list(index.items()):
            if found.id == account.id:
                index[name] = changed  # type: ignore[index]  # both have their own kind of key
    assert await said(palomar, speaker, who, "{t}" * 100) == CONTRACTS[speaker.dialect].answers["a text far too long"]


async def batch_of(palomar: Application, speaker: Any, who: Customer, path: str, document: object) -> Any:
    return (await palomar.ask(speaker.post(who, path, json.dumps(document).encode()))).json


async def test_in_a_batch_only_the_one_that_is_too_long_is_refused(palomar: Application) -> None:
    who = await palomar.customer()
    texts = ["Hola", "x" * 100_000, "Hola"]
    records = [{"telefono": palomar.number(), "mensaje": text} for text in texts]
    answer = await batch_of(palomar, SOFMEX, who, "/sms/v3/asignacion", {"registros": records})
    assert (answer["statusBatch"], [record["status"] for record in answer["registros"]]) == (0, [0, 3, 0])
    messages = [{"to": palomar.number(), "text": text} for text in texts]
    answer = await batch_of(palomar, LABS402T, who, "/api/v1/sms/batch", {"messages": messages})
    assert [message["status"] for message in answer["data"]["messages"]] == [0, -19, 0]


@every_speaker
async def test_a_number_of_a_million_characters_is_refused(palomar: Application, speaker: Speaker) -> None:
    who = await palomar.customer()
    number = "+" + " " * CONTRACTS[speaker.dialect].number_blanks + "525512345678"
    call = speaker.send(who, number, "Hola")
    if len(call.target) > 30_000:
        path, _, query = call.target.partition("?")
        call = Call("POST", path, {"Content-Type": "application/x-www-form-urlencoded"}, query.encode())
    reply = await palomar.ask(call)
    speaker.check(reply)
    assert speaker.said(reply) == CONTRACTS[speaker.dialect].answers["a number far too long"]


async def test_a_question_for_more_ids_than_a_hundred_batches_have_is_too_large(palomar: Application) -> None:
    who = await palomar.customer()
    few = {"registros": [{"idMessage": "x"}] * 10_000}
    many = {"registros": [{"idMessage": "x"}] * 10_001}
    assert (await palomar.ask(SOFMEX.post(who, "/sms/v3/status", json.dumps(few).encode()))).status == 200
    assert (await palomar.ask(SOFMEX.post(who, "/sms/v3/status", json.dumps(many).encode()))).status == 413


@pytest.mark.parametrize("path", ["/sms/v3/asignacion", "/sms/v3/status"])
async def test_a_sofmex_body_of_too_many_values_is_too_large(palomar: Application, path: str) -> None:
    who = await palomar.customer()
    body = b'{"registros":[%b]}' % b",".join([b"[]"] * 200_000)
    assert (await palomar.ask(SOFMEX.post(who, path, body))).status == 413


async def test_a_402t_body_of_too_many_values_is_too_large(palomar: Application) -> None:
    who = await palomar.customer()
    body = b'{"x":[%b],"to":"1","text":"\\ud83d"}' % b",".join([b"[]"] * 200_000)
    reply = await palomar.ask(LABS402T.post(who, "/api/v1/sms/send", body))
    assert LABS402T.said(reply) == "-30, 413"


async def test_a_login_needs_no_large_body(palomar: Application) -> None:
    who = await palomar.customer()
    form = f"username={who.login}&password=x&more="
    for length, status in ((60_000, 401), (70_000, 413)):
        call = Call(
            "POST", "/login", {"Content-Type": "application/x-www-form-urlencoded"}, (form + "y" * length).encode()
        )
        assert (await palomar.ask(call)).status == status
