"""Why we say no, in four languages: every refusal that can reach a dialect is answered in the vendor's words, costs
nothing and stores nothing; and so is our own fault."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import structlog
from tests.dialects.contract_house import CREDIT, House, ask_face
from tests.dialects.speakers import (
    ACCEPTED,
    FOXSYS,
    SOFMEX,
    SPEAKERS,
    Call,
    Customer,
    Reply,
    Sofmex,
    Speaker,
    shows,
)

from palomar.dialects import DIALECTS
from palomar.domain.message import State
from palomar.domain.refusals import Refusal
from palomar.flows.compose import Request
from palomar.net.networks import TrustedProxies
from palomar.storage.database import Unavailable

pytestmark = pytest.mark.asyncio(loop_scope="module")
every_speaker = pytest.mark.parametrize("speaker", SPEAKERS, ids=lambda speaker: speaker.name)

NOBODY = Customer(login="nobody", password="wrong", key="wrong", token="wrong")
HOLA = "Hola"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something that is wrong, and what a send answers: SOFMEX, CONVERGIA, 402T Labs, FOXSYS."""

    why: str
    answers: tuple[str, str, str, str]
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
        answers=("Spring 401", "202", "-1, 401", "401"),
        owner={"allowed_addresses": ("192.0.2.0/24",)},
    ),
    Row(why="the account is disabled", answers=("record 5", "205", "-2, 403", "403"), owner={"enabled": False}),
    Row(why="the account may not send", answers=("record 5", "205", "-2, 403", "403"), owner={"may_send": False}),
    Row(
        why="too many requests a second, which FOXSYS alone counts unless set",
        answers=(ACCEPTED, ACCEPTED, ACCEPTED, "429"),
        owner={"requests_per_second": 1},
        before=1,
    ),
    Row(
        why="too many requests a second, where each dialect has a limit",
        answers=("Spring 429", "204", "-30, 429", "429"),
        owner={
            "requests_per_second": 1,
            "sofmex_requests_per_second": 1,
            "convergia_requests_per_second": 1,
            "labs402t_requests_per_second": 1,
        },
        before=1,
    ),
    Row(
        why="over the daily limit",
        answers=("record 4", "204", "-12, 402", "403"),
        owner={"daily_limit": 1},
        before=1,
    ),
    Row(why="no credit", answers=("record 4", "204", "-12, 402", "35"), owner={"credit": 1}, before=1),
    Row(why="the number is none", answers=("record 1", "307", "-7, 400", "23"), number="12345"),
    Row(
        why="the country is not allowed",
        answers=("record 5", "205", "-7, 400", ACCEPTED),
        owner={"countries": ("ES",)},
        kept=State.BLOCKED,
    ),
    Row(
        why="it is a duplicate",
        answers=(ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED),
        owner={"duplicates_filter": True},
        before=1,
        kept=State.DUPLICATED,
    ),
    Row(why="the text is empty", answers=("record 2", "103", "-9, 400", "21"), text=""),
    Row(why="the text is far too long", answers=("record 3", "105", "-19, 400", "30"), text="x" * 801),
    Row(why="the text needs two parts", answers=(ACCEPTED, "105", "-19, 400", "30"), text="x" * 161),
    Row(why="GSM lacks the characters", answers=(ACCEPTED, ACCEPTED, "-21, 400", "27"), text="Привет 😀"),
    Row(why="and there are many of them", answers=(ACCEPTED, "105", "-21, 400", "27"), text="ж" * 71),
    Row(why="the sender is none", answers=(ACCEPTED, ACCEPTED, "-13, 400", ACCEPTED), sender="dos palabras"),
]


@every_speaker
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.why)
async def test_it_is_told_why(palomar: House, speaker: Speaker, row: Row) -> None:
    who = await palomar.customer(**row.owner)
    number = row.number or palomar.number()
    for _ in range(row.before):
        assert speaker.said(await answer(palomar, speaker, who, speaker.send(who, number, HOLA))) == ACCEPTED

    reply = await answer(palomar, speaker, who, speaker.send(who, number, row.text, sender=row.sender))

    wanted = row.answers[COLUMN[speaker.dialect]]
    assert speaker.said(reply) == wanted
    stored = (await palomar.messages(who))[row.before :]
    assert [message.state for message in stored if message.final_ms] == ([row.kept] if row.kept else [])
    assert len(stored) == (1 if wanted == ACCEPTED or row.kept else 0)
    charged = sum(message.price_microcredits for message in await palomar.messages(who))
    given = row.owner.get("credit", 1_000) * CREDIT
    assert (await palomar.balance(who)).available == given - charged
    assert charged >= CREDIT * row.before


@every_speaker
async def test_bad_credentials_are_told_alike_for_an_unknown_user_and_for_a_wrong_secret(
    palomar: House, speaker: Speaker
) -> None:
    who, other = await palomar.customer(), await palomar.customer()
    wrong = replace(NOBODY, login=who.login)
    mixed = replace(other, login=who.login, token=other.token[:-2] + "xx", key=other.key + "x")
    for stranger in (NOBODY, wrong, mixed):
        reply = await answer(palomar, speaker, who, speaker.send(stranger, palomar.number(), HOLA))
        assert speaker.said(reply) == BAD_CREDENTIALS[COLUMN[speaker.dialect]]
        await assert_not_told(palomar, speaker, stranger, who)


@every_speaker
async def test_an_account_is_reachable_through_the_dialects_that_it_is_limited_to_and_no_other(
    palomar: House, speaker: Speaker
) -> None:
    others = tuple(dialect.name for dialect in DIALECTS if dialect.name != speaker.dialect)
    elsewhere, here = await palomar.customer(dialects=others), await palomar.customer(dialects=(speaker.dialect,))

    shut = await answer(palomar, speaker, elsewhere, speaker.send(elsewhere, palomar.number(), HOLA))
    assert speaker.said(shut) == BAD_CREDENTIALS[COLUMN[speaker.dialect]]
    await assert_not_told(palomar, speaker, elsewhere, elsewhere)
    for other in SPEAKERS:
        reply = await answer(palomar, other, here, other.send(here, palomar.number(), HOLA))
        wanted = ACCEPTED if other.dialect == speaker.dialect else BAD_CREDENTIALS[COLUMN[other.dialect]]
        assert other.said(reply) == wanted


async def test_sofmexs_login_has_one_answer_for_every_reason(palomar: House) -> None:
    who = await palomar.customer()
    far = await palomar.customer(allowed_addresses=("192.0.2.1",))
    elsewhere = await palomar.customer(dialects=("foxsys",))
    for stranger in (NOBODY, replace(who, password="wrong"), replace(who, password=""), far, elsewhere):
        reply = await answer(palomar, SOFMEX, who, Sofmex().login(stranger))
        assert SOFMEX.said(reply) == "login 401 status 1"
    assert SOFMEX.said(await palomar.ask(Sofmex().login(who))) == "login 200 status 0"


@every_speaker
@pytest.mark.parametrize("opted_out", [False, True], ids=["black-list", "opted-out"])
async def test_a_number_that_wants_nothing_is_told_as_a_blocked_one(
    palomar: House, speaker: Speaker, opted_out: bool
) -> None:
    who, number = await palomar.customer(), palomar.number()
    if opted_out:
        await palomar.opt_out(who, number)
    else:
        await palomar.block(who, number)

    reply = await answer(palomar, speaker, who, speaker.send(who, number, HOLA))

    assert speaker.said(reply) == BLOCKED[COLUMN[speaker.dialect]]
    message = await palomar.only_message(who)
    assert (message.state, message.price_microcredits) == (State.BLOCKED, 0)
    assert palomar.handset(number) == []


async def test_foxsys_discards_bad_numbers_and_sends_to_the_others(palomar: House) -> None:
    who, number = await palomar.customer(), palomar.number()
    recipients = [{"msisdn": "12345"}, {"msisdn": number}]
    reply = await answer(palomar, FOXSYS, who, FOXSYS.send(who, "", HOLA, recipient=recipients))
    assert FOXSYS.said(reply) == ACCEPTED
    states = {message.msisdn: message.price_microcredits for message in await palomar.messages(who)}
    assert states == {number: CREDIT, "12345": 0}
    assert State.NOFORMAT in {message.state for message in await palomar.messages(who)}


BAD_CREDENTIALS = ("Spring 401", "201", "-1, 401", "401")
BLOCKED = ("record 5", "205", "-7, 400", ACCEPTED)
OUR_FAULT = ("Spring 500", "200", "-30, 500", "500")
COLUMN = {"sofmex": 0, "convergia": 1, "labs402t": 2, "foxsys": 3}

ANSWERS = {
    Refusal.ACCOUNT_DISABLED: ("record 5", "205", "-2, 403", "403"),
    Refusal.MAY_NOT_SEND: ("record 5", "205", "-2, 403", "403"),
    Refusal.TOO_MANY_REQUESTS: ("Spring 429", "204", "-30, 429", "429"),
    Refusal.DAILY_LIMIT: ("record 4", "204", "-12, 402", "403"),
    Refusal.NO_CREDIT: ("record 4", "204", "-12, 402", "35"),
    Refusal.NO_RECIPIENT: ("batch 2", "307", "-9, 400", "23"),
    Refusal.TOO_MANY_RECIPIENTS: ("batch 3", "204", "-30, 400", "24"),
    Refusal.EMPTY_TEXT: ("record 2", "103", "-9, 400", "21"),
    Refusal.TEXT_TOO_LONG: ("record 3", "105", "-19, 400", "30"),
    Refusal.CHARACTERS: ("record 9", "105", "-21, 400", "27"),
    Refusal.SENDER: ("record 5", "205", "-13, 400", "30"),
    Refusal.UNAVAILABLE: ("Spring 503", "200", "-30, 503", "500"),
}
"""Also what no gateway says today: the list is closed, and each dialect has a word for each."""
AT_THE_DOOR = {Refusal.BAD_CREDENTIALS, Refusal.ADDRESS_NOT_ALLOWED}
"""Said before any gateway is asked to send: above."""


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

    async def standing(self, *asked: Any, **named: Any) -> Any:
        return await self._answer()

    async def _answer(self) -> Refusal:
        if isinstance(self._result, Exception):
            raise self._result
        return self._result


async def test_every_dialect_has_a_speaker() -> None:
    assert {speaker.dialect for speaker in SPEAKERS} == {dialect.name for dialect in DIALECTS}


async def test_every_refusal_has_its_row() -> None:
    assert set(ANSWERS) == set(Refusal) - AT_THE_DOOR


@every_speaker
@pytest.mark.parametrize("refusal", ANSWERS)
async def test_a_refusal_of_the_gateway_has_its_code(palomar: House, speaker: Speaker, refusal: Refusal) -> None:
    who = await palomar.customer()
    reply = await ask_face(face_of(palomar, speaker, refusal), speaker.send(who, palomar.number(), HOLA))
    assert speaker.said(reply) == ANSWERS[refusal][COLUMN[speaker.dialect]]
    if reply.status < 500:
        speaker.check(reply)


@every_speaker
async def test_our_fault_is_told_in_the_vendors_form_and_logged_once_with_an_id(
    palomar: House, speaker: Speaker
) -> None:
    who, number = await palomar.customer(), palomar.number()
    accepted = await palomar.ask(speaker.send(who, number, HOLA))
    face = face_of(palomar, speaker, RuntimeError(f"a bug that knows {who.password} and {who.key}"))
    with structlog.testing.capture_logs() as logs:
        sent = await ask_face(face, speaker.send(who, number, HOLA))
        (entry,) = logs
    assert entry["log_level"] == "error"
    assert entry["request_id"]
    assert speaker.said(sent) == OUR_FAULT[COLUMN[speaker.dialect]]
    with structlog.testing.capture_logs() as logs:
        asked = await ask_face(face, speaker.ask(who, speaker.identity(accepted, number)))
        assert len(logs) == 1
    if speaker.dialect == "convergia":
        assert speaker.word(asked) == "0", "the page has no code for our fault: pending"
    else:
        assert speaker.said(asked) == OUR_FAULT[COLUMN[speaker.dialect]]
    for reply in (sent, asked):
        assert not any(shows(reply.body, secret) for secret in who.secrets)


@every_speaker
async def test_a_database_that_is_away_is_told_as_temporary_whatever_was_asked(
    palomar: House, speaker: Speaker
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
        assert speaker.said(reply) == ANSWERS[Refusal.UNAVAILABLE][COLUMN[speaker.dialect]]
    if speaker.dialect == "convergia":
        assert speaker.word(asked) == "0", "a status query has no code for it: pending"
    else:
        assert speaker.said(asked) == ANSWERS[Refusal.UNAVAILABLE][COLUMN[speaker.dialect]]


# --- tools


async def answer(palomar: House, speaker: Speaker, who: Customer, call: Call) -> Reply:
    """The answer, which is in the vendor's form, is no fault of ours, and has no secret in it."""
    reply = await palomar.ask(call)
    speaker.check(reply)
    said = repr(reply.headers).encode() + reply.body
    assert not any(shows(said, secret) for secret in who.secrets)
    return reply


async def assert_not_told(palomar: House, speaker: Speaker, stranger: Customer, who: Customer) -> None:
    """A stranger who asks for a message's state hears that nobody knows him."""
    reply = await answer(palomar, speaker, who, speaker.ask(stranger, "1234"))
    if speaker.dialect == "convergia":
        assert speaker.word(reply) == "5"
    else:
        assert speaker.said(reply) == BAD_CREDENTIALS[COLUMN[speaker.dialect]]


def face_of(palomar: House, speaker: Speaker, result: Refusal | Exception) -> Any:
    """The speaker's dialect over a gateway that does nothing but ``result``."""
    (dialect,) = (dialect for dialect in DIALECTS if dialect.name == speaker.dialect)
    settings = palomar.app.config.dialects[dialect.name]
    gateway: Any = Stubborn(palomar.app.gateway, result)
    return dialect.face(gateway, TrustedProxies(()), 8 * 1024 * 1024, settings)
