"""``calls.py``: what is stored, what is answered when we fail, and the operator's templates. Codes: the transcripts."""

import asyncio
from typing import Any

from structlog.testing import capture_logs
from tests.dialects.convergia.application import PASSWORD, Application

from palomar.clock import RealIds
from palomar.dialects.convergia.calls import Calls
from palomar.dialects.convergia.settings import ConvergiaSettings
from palomar.net.networks import TrustedProxies
from palomar.text.alphabets import Alphabet

SCOPE: dict[str, Any] = {"client": ("127.0.0.1", 5000), "headers": []}
SEND = {"username": "ana", "password": PASSWORD, "number": "525512345678", "message": "Hola"}


async def receive() -> Any:
    """Wait for ever, like a client that waits for its answer."""
    await asyncio.Event().wait()


class BrokenGateway:
    """Nothing behind the door."""

    ids = RealIds(1)

    def admission(self, dialect: str, *, rate: Any) -> "BrokenGateway":
        return self

    async def by_password(self, client: Any, login: str, password: str, *, client_left: Any) -> None:
        raise OSError("the database is gone")


def calls(application: Application, **settings: Any) -> Calls:
    return Calls(application.app.gateway, TrustedProxies(()), ConvergiaSettings(**settings))


def send(application: Application, **parameters: str) -> str:
    return application.run(calls(application).send(SCOPE, receive, SEND | parameters)).text


def test_the_stored_message_is_the_one_that_was_sent(application: Application) -> None:
    code, short_id = send(application, message="¡Más!", extra="pedido 7").split("|")
    row = application.message("ana", short_id)
    assert code == "100"
    assert (row.dialect, row.msisdn, row.sender, row.extra) == ("convergia", "525512345678", "CONVERGIA", "pedido 7")
    assert (row.text, row.alphabet, row.parts, row.country) == ("¡Mas!", Alphabet.GSM, 1, "MX")


def test_a_text_that_cannot_be_folded_is_stored_unchanged(application: Application) -> None:
    row = application.message("ana", send(application, message="¡Más! 😀").split("|")[1])
    assert (row.text, row.alphabet) == ("¡Más! 😀", Alphabet.UCS2)


def test_ids_rise_and_are_the_accounts_own(application: Application) -> None:
    application.add("nueva")
    first, second = (int(send(application, username="nueva").split("|")[1]) for _ in range(2))
    assert second == first + 1
    assert len(str(first)) >= 4


def test_requests_of_one_account_have_request_refs_of_their_own(application: Application) -> None:
    rows = [application.message("ana", send(application).split("|")[1]) for _ in range(2)]
    assert rows[0].request_ref != rows[1].request_ref
    assert "" not in (rows[0].request_ref, rows[1].request_ref)


def test_parts_are_charged_and_the_last_credit_is_spent_once(application: Application) -> None:
    account = application.add("justa", credit=2)
    assert send(application, username="justa", message="€" * 160) == "204"
    assert send(application, username="justa", message="€" * 100).startswith("100|")
    assert send(application, username="justa") == "204"
    assert application.run(application.app.gateway.balance(account.id)).available == 0


def test_the_operator_can_change_the_templates_of_answers(application: Application) -> None:
    own = calls(application, sent_template="OK:{id}:{id}", refused_template="ERR {code}", status_template="<{code}>")
    sent = application.run(own.send(SCOPE, receive, SEND)).text
    _, one, two = sent.split(":")
    assert one == two
    assert application.run(own.send(SCOPE, receive, {})) == ("ERR 101", False)
    assert application.run(own.status(SCOPE, receive, {})) == ("<5>", False)


def test_national_numbers_are_a_setting(application: Application) -> None:
    lenient = calls(application, national_numbers=True, sender="52555")
    sent = application.run(lenient.send(SCOPE, receive, SEND | {"number": "55 1234 5678"})).text
    row = application.message("ana", sent.split("|")[1])
    assert (row.msisdn, row.sender) == ("525512345678", "52555")


async def test_our_fault_is_200_and_pending_and_is_logged_without_secrets() -> None:
    broken = Calls(BrokenGateway(), TrustedProxies(()), ConvergiaSettings())  # type: ignore[arg-type]
    with capture_logs() as logs:
        assert await broken.send(SCOPE, receive, SEND) == ("200", False)
        assert await broken.status(SCOPE, receive, SEND) == ("0", False)
    assert [(entry["event"], entry["call"]) for entry in logs] == [("call failed", "send"), ("call failed", "status")]
    assert all(entry["request_id"] for entry in logs)
    assert PASSWORD not in repr(logs)


async def test_an_address_behind_a_trusted_proxy_is_the_clients(application: Application) -> None:
    proxied = Calls(application.app.gateway, TrustedProxies(("127.0.0.1",)), ConvergiaSettings())
    scope = SCOPE | {"headers": [(b"x-forwarded-for", b"192.0.2.9")]}
    sent = application.run(proxied.send(scope, receive, SEND | {"username": "cercada"})).text
    assert sent.startswith("100|")
    assert (
        application.run(proxied.send(SCOPE | {"client": None}, receive, SEND | {"username": "cercada"})).text == "202"
    )
