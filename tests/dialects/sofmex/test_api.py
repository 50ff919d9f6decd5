"""What no transcript shows: bodies that are too large, failures of ours, limits, every state, and any octets at all."""

import json
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope
from tests.dialects.sofmex.application import Owner, running_application
from tests.dialects.transcript_play import speak

from palomar.acceptance.accept import Accepted, Result
from palomar.acceptance.compose import Request
from palomar.acceptance.default_sender import SANDBOX_SENDERS
from palomar.clock import RealClock, RealIds
from palomar.dialects.sofmex.api import BODY_LIMIT, SofmexApi
from palomar.dialects.sofmex.settings import SofmexSettings
from palomar.dialects.sofmex.states import status_words_of
from palomar.net.networks import TrustedProxies
from palomar.vocabulary.account import Account, AccountId, AccountSettings
from palomar.vocabulary.message import FINAL, State
from palomar.vocabulary.refusals import Refusal, TemporarilyUnavailable

NOON_MS = 1_772_107_200_000
"""2026-02-26 12:00:00 GMT, six in the morning in Mexico City."""
ONE = b'{"registros":[{"telefono":"5512345678","mensaje":"Hola"}]}'


class OpenGate:
    """Lets everybody in, as one account."""

    def admission(self, dialect: str, *, rate: Any) -> "OpenGate":
        return self

    def by_token(self, client: Any, text: str | None) -> Account:
        return Account(id=AccountId(1), login="demo", settings=AccountSettings())

    async def by_password(self, client: Any, login: str, password: str, *, client_left: Any) -> Account:
        return self.by_token(client, None)


class ScriptedGateway:
    """The gateway's part that SOFMEX asks: one account, whatever the token, and one result."""

    def __init__(self, result: Result | Exception) -> None:
        self._result = result
        self.clock = RealClock()
        self.ids = RealIds(0)
        self.asked: list[Request] = []
        self.default_sender = SANDBOX_SENDERS.of

    def admission(self, dialect: str, *, rate: Any) -> "OpenGate":
        return OpenGate()

    async def token(self, account: Account, *, name: str, lifetime_ms: int) -> str:
        return f"{name}.{lifetime_ms}"

    async def accept(self, request: Request) -> Result:
        self.asked.append(request)
        if isinstance(self._result, Exception):
            raise self._result
        return self._result

    async def messages(self, account_id: AccountId, ids: list[int]) -> dict[int, Any]:
        return {}

    async def messages_of_request(self, account_id: AccountId, request_ref: str) -> list[Any]:
        return []


def api(result: Result | Exception = Refusal.UNAVAILABLE, **values: Any) -> SofmexApi:
    gateway: Any = ScriptedGateway(result)
    return SofmexApi(gateway, TrustedProxies([]), BODY_LIMIT, SofmexSettings(**values))


async def call(
    app: SofmexApi, path: str, body: bytes = b"", *, method: str = "POST", headers: Any = (), query: bytes = b""
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Send one request as ASGI has it, in one piece."""
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(b"authorization", b"Bearer x"), *headers],
        "client": ("127.0.0.1", 1),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(m.get("body", b"") for m in sent[1:])


async def test_a_failure_of_ours_is_springs_500_logged_once_with_an_id_and_no_secret() -> None:
    with structlog.testing.capture_logs() as logged:
        status, _, body = await call(api(RuntimeError("no disk")), "/sms/v3/asignacion", ONE, query=b"password=hidden")
    answer = json.loads(body)
    assert status == 500
    assert (answer["status"], answer["error"], answer["path"]) == (500, "Internal Server Error", "/sms/v3/asignacion")
    (line,) = logged
    assert isinstance(line.pop("request_id"), int)
    assert line == {
        "event": "request failed",
        "log_level": "error",
        "dialect": "sofmex",
        "path": "/sms/v3/asignacion",
        "exc_info": True,
    }


@pytest.mark.parametrize("result", [Refusal.UNAVAILABLE, TemporarilyUnavailable("no disk")])
async def test_a_gateway_that_is_unavailable_is_springs_503_with_when_to_try_again(result: Any) -> None:
    status, headers, body = await call(api(result), "/sms/v3/asignacion", ONE)
    answer = json.loads(body)
    assert (status, answer["status"], answer["error"]) == (503, 503, "Service Unavailable")
    assert answer["message"] == "Servicio no disponible por el momento"
    assert headers[b"retry-after"] == b"2"


@pytest.mark.parametrize("refusal", list(Refusal))
async def test_every_refusal_is_answered_in_sofmexs_form(refusal: Refusal) -> None:
    status, _, body = await call(api(refusal), "/sms/v3/asignacion", ONE)
    answer = json.loads(body)
    if status == 200:
        assert answer["statusBatch"] > 0
        assert all(record["status"] > 0 and record["idMessage"] == "" for record in answer["registros"])
    else:
        assert answer["status"] == status
        assert status in (401, 429, 503)


@pytest.mark.parametrize("path", ["/login", "/sms/v3/asignacion", "/sms/v3/status"])
async def test_a_body_over_the_limit_is_springs_413(path: str) -> None:
    length = str(BODY_LIMIT + 1).encode()
    status, _, body = await call(api(), path, headers=[(b"content-length", length)])
    assert (status, json.loads(body)["status"]) == (413, 413)


async def test_a_hundred_of_the_longest_texts_escaped_are_within_the_limit() -> None:
    text = "😀" * 800
    records = [{"telefono": "5512345678", "mensaje": text}] * 100
    body = json.dumps({"registros": records}).encode()
    gateway: Any = ScriptedGateway(Accepted([]))
    app = SofmexApi(gateway, TrustedProxies([]))
    status, _, answer = await call(app, "/sms/v3/asignacion", body)
    assert len(body) < BODY_LIMIT
    assert status == 500  # the script gives back no messages: what counts is what was asked
    assert answer
    (asked,) = gateway.asked
    assert [recipient.text for recipient in asked.recipients] == [text] * 100


async def test_the_settings_reach_the_wire() -> None:
    gateway: Any = ScriptedGateway(Refusal.NO_CREDIT)
    app = SofmexApi(
        gateway, TrustedProxies([]), BODY_LIMIT, SofmexSettings(sender="ACME", timezone="Asia/Tokyo", token_days=7)
    )
    await call(app, "/sms/v3/asignacion", ONE)
    _, headers, body = await call(app, "/login", query=b"username=demo&password=x")
    _, _, missing = await call(app, "/sms/nothing")
    assert gateway.asked[0].sender == "ACME"
    assert gateway.asked[0].partial
    assert json.loads(body) == {"status": 0, "message": f"login.{7 * 86_400_000}"}
    assert headers[b"authorization"] == f"Bearer login.{7 * 86_400_000}".encode()
    assert json.loads(missing)["timestamp"].endswith("+09:00")


@pytest.mark.parametrize(
    "values", [{"sender": "twelve letters"}, {"timezone": "Mars/Base"}, {"timezone": "../x"}, {"token_days": 0}]
)
def test_a_bad_setting_names_itself(values: dict[str, Any]) -> None:
    (name,) = values
    with pytest.raises(ValueError, match=f"^{name}: "):
        SofmexSettings(**values)


async def test_every_state_of_a_message_has_sofmexs_words(tmp_path: Path) -> None:
    told = {}
    async with running_application(tmp_path) as running:
        head = (
            f"POST /sms/v3/{{}} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {await running.token()}\r\n"
        )

        async def post(operation: str, body: bytes) -> Any:
            length = f"Content-Length: {len(body)}\r\n\r\n"
            answer = await speak(running.port, (head.format(operation) + length).encode() + body)
            return json.loads(answer.body)

        batch = json.dumps({"idBatch": (await post("asignacion", ONE))["idBatch"]}).encode()
        for state in State:
            await running.set_state(state)
            (told[state],) = (await post("status", batch))["registros"]
    for state, record in told.items():
        assert (record["status"], record["motivo"]) == status_words_of(state)
        assert (record["horaEnvio"] == "") == (record["status"] == "NUEVO")
        assert (record["motivo"] != "") == (record["status"] in ("NO_ENTREGADO", "ERROR"))


async def test_a_message_was_sent_when_the_carrier_took_the_last_of_its_parts(tmp_path: Path) -> None:
    async with running_application(tmp_path) as running:
        head = (
            f"POST /sms/v3/{{}} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {await running.token()}\r\n"
        )

        async def post(operation: str, body: bytes) -> Any:
            length = f"Content-Length: {len(body)}\r\n\r\n"
            answer = await speak(running.port, (head.format(operation) + length).encode() + body)
            return json.loads(answer.body)

        long = ONE.replace(b'"mensaje":"', b'"mensaje":"' + b"x" * 160)
        batch = json.dumps({"idBatch": (await post("asignacion", long))["idBatch"]}).encode()
        await running.set_state(State.DELIVERED)
        await running.set_sent_ms([NOON_MS, NOON_MS + 61_000])
        (record,) = (await post("status", batch))["registros"]
    assert record["horaEnvio"] == "2026-02-26 06:01:01"


def test_the_words_of_states_are_those_of_the_sheet() -> None:
    words = {state: status_words_of(state).status for state in State}
    assert words == {
        State.SCHEDULED: "NUEVO",
        State.QUEUED: "NUEVO",
        State.SUBMITTING: "NUEVO",
        State.SENT: "ENVIADO",
        State.HELD: "ENVIADO",
        State.UNKNOWN: "ENVIADO",
        State.DUPLICATED: "ENVIADO",
        State.TEST: "ENVIADO",
        State.DELIVERED: "ENTREGADO",
        State.UNDELIVERED: "NO_ENTREGADO",
        State.EXPIRED: "NO_ENTREGADO",
        State.REJECTED: "ERROR",
        State.BLOCKED: "ERROR",
        State.CANCELLED: "ERROR",
        State.NOFORMAT: "ERROR",
    }
    assert all(status_words_of(state).status != "NUEVO" for state in FINAL)


async def test_a_revoked_token_is_refused_and_foxsyss_request_limit_does_not_apply(tmp_path: Path) -> None:
    """``requests_per_second`` holds in FOXSYS's dialect only."""
    async with running_application(tmp_path, [Owner(settings=AccountSettings(requests_per_second=1))]) as running:
        token = await running.token()
        request = (
            "POST /sms/v3/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: 2\r\n\r\n{{}}"
        ).encode()
        before = [(await speak(running.port, request)).status for _ in range(3)]
        await running.revoke_tokens()
        after = (await speak(running.port, request)).status
    assert before == [200, 200, 200]
    assert after == 401


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.fixed_dictionaries(
    {}, optional={"telefono": JSON_VALUES, "mensaje": JSON_VALUES, "idMessage": JSON_VALUES}
)
DOCUMENTS = st.fixed_dictionaries(
    {}, optional={"registros": st.lists(RECORDS | JSON_VALUES, max_size=4) | JSON_VALUES, "idBatch": JSON_VALUES}
)
BODIES = st.binary(max_size=60) | (DOCUMENTS | JSON_VALUES).map(lambda value: json.dumps(value).encode())
PATHS = st.sampled_from(["/login", "/sms/v3/asignacion", "/api/sms/v3/status/", "/sms", "/api/sms/v3", "/sms/%"])


@settings(max_examples=200, deadline=None)
@given(
    path=PATHS,
    body=BODIES,
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS"]),
    query=st.binary(max_size=20).map(lambda octets: b"username=" + octets),
    content_type=st.sampled_from([b"", b"application/json", b"multipart/form-data; boundary=0"])
    | st.binary(max_size=20),
)
async def test_any_octets_are_answered_in_the_vendors_form(
    path: str, body: bytes, method: str, query: bytes, content_type: bytes
) -> None:
    app = api(Refusal.NO_CREDIT)
    headers = [(b"content-type", content_type)]
    status, answered, answer = await call(app, path, body, method=method, headers=headers, query=query)
    assert status < 500
    if answered[b"content-type"] == b"application/json":
        assert isinstance(json.loads(answer)["message"], str)
    else:
        assert status == 302
