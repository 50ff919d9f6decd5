"""What the console's record of calls has of each dialect: every call with its account, no secret, and no read of the
documentation."""

from typing import Any, Final
from urllib.parse import quote_plus

import pytest
from tests.dialects.contract_application import Application, ask_face
from tests.dialects.contracts import DOORS
from tests.dialects.speaking import Call, Customer, Door, shows

from palomar.dialects import DIALECTS
from palomar.net.networks import TrustedProxies
from palomar.net.recording import Recorder
from palomar.sandbox.api_calls import CallRecorder, RecordedCall
from palomar.sandbox.change_feed import ChangeFeed
from palomar.vocabulary.access import Scope

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYBODY: Final = Scope(account_ids=None)
NUMBERS: Final = {"a number": "525512345678", "none": "", "no number": "12345"}


async def recorded(palomar: Application, dialect: str, *calls: Call) -> list[RecordedCall]:
    """Send these to the dialect, and return what is recorded of them, newest first."""
    (found,) = (one for one in DIALECTS if one.name == dialect)
    settings = palomar.app.config.dialects[dialect]
    face = found.face(palomar.app.gateway, TrustedProxies(()), 1_000_000, settings)
    recorder = CallRecorder(palomar.app.clock, ChangeFeed())
    recording = Recorder(face, ended=recorder.recorder_of(dialect))

    async def whole(scope: Any, receive: Any, send: Any) -> None:
        await recording(scope | {"raw_path": scope["path"].encode(), "http_version": "1.1"}, receive, send)

    for call in calls:
        await ask_face(whole, call)
    return recorder.recent(EVERYBODY)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
async def test_a_recorded_call_shows_no_secret(palomar: Application, door: Door, number: str) -> None:
    who = await palomar.customer()
    (call,) = await recorded(palomar, door.dialect, door.send(who, number, "Hola"))
    shown = repr(call.shown).encode()
    for secret in who.secrets:
        assert not shows(shown, secret)
        assert quote_plus(secret).encode() not in shown


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
async def test_a_call_is_recorded_with_its_account_and_with_wrong_credentials_too(
    palomar: Application, door: Door
) -> None:
    who = await palomar.customer()
    stranger = Customer(login="nobody", password="wrong one", key="wrongkey", token="wrong")
    calls = [door.send(one, NUMBERS["a number"], "Hola") for one in (who, stranger)]
    assert [call.login for call in await recorded(palomar, door.dialect, *calls)] == ["", who.login]


@pytest.mark.parametrize(
    ("dialect", "target"),
    [
        ("convergia", "/webservice.php?wsdl"),
        ("foxsys", "/json/docs"),
        ("labs402t", "/api/v1/openapi.json"),
        ("sofmex", "/sms/v3/docs"),
        ("sofmex", "/sms/"),
    ],
)
async def test_a_read_of_the_documentation_is_not_recorded(palomar: Application, dialect: str, target: str) -> None:
    assert await recorded(palomar, dialect, Call("GET", target)) == []


async def test_a_query_that_lacks_a_parameter_is_no_read_of_the_documentation(palomar: Application) -> None:
    (call,) = await recorded(palomar, "convergia", Call("GET", "/?username=demo"))
    assert call.status == 200
