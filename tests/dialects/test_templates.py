"""Every dialect sends, and measures, a text with its account's templates in it."""

from dataclasses import replace

from msgspec import Raw
from tests.dialects.foxsys.fake_gateway import DEMO, FakeGateway, code_of

from palomar.dialects.convergia.requests import read_send
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.dialects.labs402t import message as labs402t
from palomar.dialects.labs402t.documents import MessageBody
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.dialects.sofmex import records as sofmex
from palomar.dialects.sofmex.wire import Record
from palomar.flows.compose import Recipient, Request

ACCOUNT = replace(DEMO, templates={"terms": "Terms apply. " * 13})
TEXT, LONG = "Hi. {terms}", "Hi. " + "Terms apply. " * 13


async def test_foxsys() -> None:
    gateway = FakeGateway(account=ACCOUNT)
    body = {"message": TEXT, "recipient": [{"msisdn": "34609033162"}]}
    assert await code_of(gateway, body) == "30", "it is too long for one part"
    assert await code_of(gateway, body | {"long": 1}) == "0"
    (request,) = gateway.requests
    assert [(recipient.text, recipient.parts) for recipient in request.recipients] == [(LONG, 2)]


def test_sofmex() -> None:
    judged = sofmex.judge(Record(telefono=Raw(b"5512345678"), mensaje=TEXT), ACCOUNT)
    assert isinstance(judged, Recipient)
    assert (judged.text, judged.parts) == (LONG, 2)


def test_convergia() -> None:
    parameters = {"number": "525512345678", "message": "Hi. {terms}"}
    short = replace(ACCOUNT, templates={"terms": "Terms apply"})
    request = read_send(parameters, account=short, request_ref="s", sender="x", settings=ConvergiaSettings())
    assert isinstance(request, Request)
    assert request.recipients[0].text == "Hi. Terms apply"


def test_402t_labs() -> None:
    body = MessageBody(to="34600000000", text="Hi. {terms}")
    short = replace(ACCOUNT, templates={"terms": "Terms apply"})
    judged = labs402t.judge(body, account=short, settings=Labs402tSettings(), default_sender="x")
    assert isinstance(judged, labs402t.Message)
    assert judged.text == "Hi. Terms apply"
    assert not isinstance(
        labs402t.judge(body, account=ACCOUNT, settings=Labs402tSettings(), default_sender="x"), labs402t.Message
    )
