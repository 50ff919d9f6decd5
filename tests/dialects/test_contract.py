"""Why we say no: every refusal that can reach a dialect is answered in the vendor's words, costs nothing and stores
nothing; and so is our own fault."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import structlog
from tests.dialects.contract_application import CREDIT, Application, ask_face
from tests.dialects.contracts import CONTRACTS, SPEAKERS, every_speaker
from tests.dialects.foxsys.speaker import FOXSYS
from tests.dialects.sofmex.speaker import SOFMEX
from tests.dialects.speaking import ACCEPTED, Call, Customer, Reply, Speaker, shows

from palomar.acceptance.compose import Request
from palomar.dialects import DIALECTS
from palomar.net.networks import TrustedProxies
from palomar.storage.database import Unavailable
from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOBODY = Customer(login="nobody", password="wrong", key="wrong", token="wrong")
HOLA = "Hola"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something that is wrong. What a send answers stands in each dialect's table ``sends``."""

    why: str
    owner: dict[str, Any] = field(default_factory=dict)
    number: str = ""
    text: str = HOLA
    sender: str = ""
    before: int = 0
    """So many messages were accepted before."""
    kept: State | None = None
    """How the message is kept all the same."""


ROWS = [
    Row(
        why="the address is not in the list",
        owner={"allowed_addresses": ("192.0.2.0/24",)},
    ),
    Row(why="the account is disabled", owner={"enabled": False}),
    Row(why="the account may not send", owner={"may_send": False}),
    Row(
        why="too many requests a second, by the general setting",
        owner={"requests_per_second": 1},
        before=1,
    ),
    Row(
        why="too many requests a second, by each dialect's setting",
        owner={contract.rate_setting: 1 for contract in CONTRACTS.values()},
        before=1,
    ),
    Row(
        why="over the daily limit",
        owner={"daily_limit": 1},
        before=1,
    ),
    Row(why="no credit", owner={"credit": 1}, before=1),
    Row(why="the number is none", number="12345"),
    Row(
        why="the country is not allowed",
        owner={"countries": ("ES",)},
        kept=State.BLOCKED,
    ),
    Row(
        why="it is a duplicate",
        owner={"duplicates_filter": True},
        before=1,
        kept=State.DUPLICATED,
    ),
    Row(why="the text is empty", text=""),
    Row(why="the text is far too long", text="x" * 801),
    Row(why="the text needs two parts", text="x" * 161),
    Row(why="GSM lacks the characters", text="Привет 😀"),
    Row(why="and there are many of them", text="ж" * 71),
    Row(why="the sender is none", sender="dos palabras"),
]


@every_speaker
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
async def test_every_refusal_has_the_vendors_answer(palomar: Application, speaker: Speaker, row: Row) -> None:
    who = await palomar.customer(**row.owner)
    number = row.number or palomar.number()
    for _ in range(row.before):
        assert speaker.said(await answer(palomar, speaker, who, speaker.send(who, number, HOLA))) == ACCEPTED

    reply = await answer(palomar, speaker, who, speaker.send(who, number, row.text, sender=row.sender))

    wanted = CONTRACTS[speaker.dialect].sends[row.why]
    assert speaker.said(reply) == wanted
    stored = (await palomar.messages(who))[row.before :]
    assert [message.state for message in stored if message.final_ms] == ([row.kept] if row.kept else [])
    assert len(stored) == (1 if wanted == ACCEPTED or row.kept else 0)
    charged = sum(message.price_microcredits for message in await palomar.messages(who))
    given = row.owner.get("credit", 1_000) * CREDIT
    assert (await palomar.balance(who)).available == given - charged
    assert charged >= CREDIT * row.before


@every_speaker
async def test_an_unknown_user_and_a_wrong_secret_have_the_same_answer(palomar: Application, speaker: Speaker) -> None:
    who, other = await palomar.customer(), await palomar.customer()
    wrong = replace(NOBODY, login=who.login)
    mixed = replace(other, login=who.login, token=other.token[:-2] + "xx", key=other.key + "x")
    for stranger in (NOBODY, wrong, mixed):
        reply = await answer(palomar, speaker, who, speaker.send(stranger, palomar.number(), HOLA))
        assert speaker.said(reply) == CONTRACTS[speaker.dialect].answers["bad credentials"]
        await assert_not_told(palomar, speaker, stranger, who)


@every_speaker
async def test_an_account_is_reachable_through_the_dialects_that_it_is_limited_to_and_no_other(
    palomar: Application, speaker: Speaker
) -> None:
    others = tuple(dialect.name for dialect in DIALECTS if dialect.name != speaker.dialect)
    elsewhere, here = await palomar.customer(dialects=others), await palomar.customer(dialects=(speaker.dialect,))

    shut = await answer(palomar, speaker, elsewhere, speaker.send(elsewhere, palomar.number(), HOLA))
    assert speaker.said(shut) == CONTRACTS[speaker.dialect].answers["bad credentials"]
    await assert_not_told(palomar, speaker, elsewhere, elsewhere)
    for other in SPEAKERS:
        reply = await answer(palomar, other, here, other.send(here, palomar.number(), HOLA))
        wanted = ACCEPTED if other.dialect == speaker.dialect else CONTRACTS[other.dialect].answers["bad credentials"]
        assert other.said(reply) == wanted


async def test_sofmexs_login_has_one_answer_for_every_reason(palomar: Application) -> None:
    who = await palomar.customer()
    far = await palomar.customer(allowed_addresses=("192.0.2.1",))
    elsewhere = await palomar.customer(dialects=("foxsys",))
    for stranger in (NOBODY, replace(who, password="wrong"), replace(who, password=""), far, elsewhere):
        reply = await answer(palomar, SOFMEX, who, SOFMEX.login(stranger))
        assert SOFMEX.said(reply) == "login 401 status 1"
    assert SOFMEX.said(await palomar.ask(SOFMEX.login(who))) == "login 200 status 0"


@every_speaker
@pytest.mark.parametrize("opted_out", [False, True], ids=["black-list", "opted-out"])
async def test_a_number_that_opted_out_is_answered_as_a_blocked_one(
    palomar: Application, speaker: Speaker, opted_out: bool
) -> None:
    who, number = await palomar.customer(), palomar.number()
    if opted_out:
        await palomar.opt_out(who, number)
    else:
        await palomar.block(who, number)

    reply = await answer(palomar, speaker, who, speaker.send(who, number, HOLA))

    assert speaker.said(reply) == CONTRACTS[speaker.dialect].answers["a blocked number"]
    message = await palomar.only_message(who)
    assert (message.state, message.price_microcredits) == (State.BLOCKED, 0)
    assert palomar.texts_on_phone(number) == []


async def test_foxsys_discards_bad_numbers_and_sends_to_the_others(palomar: Application) -> None:
    who, number = await palomar.customer(), palomar.number()
    recipients = [{"msisdn": "12345"}, {"msisdn": number}]
    reply = await answer(palomar, FOXSYS, who, FOXSYS.send(who, "", HOLA, recipient=recipients))
    assert FOXSYS.said(reply) == ACCEPTED
    states = {message.msisdn: message.price_microcredits for message in await palomar.messages(who)}
    assert states == {number: CREDIT, "12345": 0}
    assert State.NOFORMAT in {message.state for message in await palomar.messages(who)}


AT_THE_DOOR = {Refusal.BAD_CREDENTIALS, Refusal.ADDRESS_NOT_ALLOWED}
"""Said before any gateway is asked to send: above."""
SAID_BY_THE_GATEWAY = [refusal for refusal in Refusal if refusal not in AT_THE_DOOR]
"""Also those that no gateway says today: the list is closed, and each dialect has a word for each."""


class Stubborn:
    """A real gateway, but for what it accepts, or looks up, of messages: it gives ``result``, or raises it."""

    def __init__(self, gateway: Any, result: Refusal | Exception) -> None:
        self._gateway = gateway
        self._result = result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gateway, name)

    async def accept(self, request: Request) -> Refusal:
        return await self._answer()

    async def messages(self, *asked: Any) -> Any:
        return await self._answer()

    async def message_by_short_id(self, *asked: Any) -> Any:
        return await self._answer()

    async def message_status(self, *asked: Any, **named: Any) -> Any:
        return await self._answer()

    async def _answer(self) -> Refusal:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


@every_speaker
@pytest.mark.parametrize("refusal", SAID_BY_THE_GATEWAY)
async def test_a_refusal_of_the_gateway_has_its_code(palomar: Application, speaker: Speaker, refusal: Refusal) -> None:
    who = await palomar.customer()
    reply = await ask_face(face_of(palomar, speaker, refusal), speaker.send(who, palomar.number(), HOLA))
    assert speaker.said(reply) == CONTRACTS[speaker.dialect].refusals[refusal]
    if reply.status < 500:
        speaker.check(reply)


@every_speaker
async def test_a_failure_of_ours_is_answered_in_the_vendors_form_and_logged_once_with_an_id(
    palomar: Application, speaker: Speaker
) -> None:
    who, number = await palomar.customer(), palomar.number()
    accepted = await palomar.ask(speaker.send(who, number, HOLA))
    face = face_of(palomar, speaker, RuntimeError(f"a bug that knows {who.password} and {who.key}"))
    with structlog.testing.capture_logs() as logs:
        sent = await ask_face(face, speaker.send(who, number, HOLA))
        (entry,) = logs
    assert entry["log_level"] == "error"
    assert entry["request_id"]
    assert speaker.said(sent) == CONTRACTS[speaker.dialect].answers["our fault"]
    with structlog.testing.capture_logs() as logs:
        asked = await ask_face(face, speaker.ask(who, speaker.identity(accepted, number)))
        assert len(logs) == 1
    assert speaker.asked(asked) == CONTRACTS[speaker.dialect].answers["our fault, asked"]
    for reply in (sent, asked):
        assert not any(shows(reply.body, secret) for secret in who.secrets)


@every_speaker
async def test_an_unreachable_database_is_answered_as_a_temporary_failure(
    palomar: Application, speaker: Speaker
) -> None:
    who, number = await palomar.customer(), palomar.number()
    accepted = await palomar.ask(speaker.send(who, number, HOLA))
    away = face_of(palomar, speaker, Unavailable("no disk"))
    refused = await ask_face(face_of(palomar, speaker, Refusal.UNAVAILABLE), speaker.send(who, number, HOLA))
    with structlog.testing.capture_logs() as logs:
        sent = await ask_face(away, speaker.send(who, number, HOLA))
        asked = await ask_face(away, speaker.ask(who, speaker.identity(accepted, number)))
    assert [entry["log_level"] for entry in logs] == ["warning", "warning"], "an outage is no bug: no traceback"
    for reply in (refused, sent, asked):
        assert int(reply.headers["retry-after"]) >= 1
    for reply in (refused, sent):
        assert speaker.said(reply) == CONTRACTS[speaker.dialect].refusals[Refusal.UNAVAILABLE]
    assert speaker.asked(asked) == CONTRACTS[speaker.dialect].answers["unavailable, asked"]


# --- tools


async def answer(palomar: Application, speaker: Speaker, who: Customer, call: Call) -> Reply:
    """Return the answer, checked: in the vendor's form, no failure of ours, and without a secret."""
    reply = await palomar.ask(call)
    speaker.check(reply)
    said = repr(reply.headers).encode() + reply.body
    assert not any(shows(said, secret) for secret in who.secrets)
    return reply


async def assert_not_told(palomar: Application, speaker: Speaker, stranger: Customer, who: Customer) -> None:
    """Check that a query for the state of another account's message finds nothing."""
    reply = await answer(palomar, speaker, who, speaker.ask(stranger, "1234"))
    assert speaker.asked(reply) == CONTRACTS[speaker.dialect].answers["bad credentials, asked"]


def face_of(palomar: Application, speaker: Speaker, result: Refusal | Exception) -> Any:
    """Return the speaker's dialect over a gateway that only returns ``result``."""
    (dialect,) = (dialect for dialect in DIALECTS if dialect.name == speaker.dialect)
    settings = palomar.app.config.dialects[dialect.name]
    gateway: Any = Stubborn(palomar.app.gateway, result)
    return dialect.face(gateway, TrustedProxies(()), 8 * 1024 * 1024, settings)
