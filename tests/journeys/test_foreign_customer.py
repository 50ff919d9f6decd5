"""A customer's program that others wrote, only its address set: npm's ``labsmobile-sms``, the same API's own client."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.needs import program
from tests.support.npm import npm_folder
from tests.support.processes import clean_environment
from tests.support.server import Palomar
from tests.support.sink import Sink
from tests.support.waiting import eventually

pytestmark = pytest.mark.journey

PACKAGE = "labsmobile-sms@1.0.1"
SCRIPT = Path(__file__).parents[1] / "support" / "labsmobile.js"
TEXT, SCHEDULED, PRICE = "LabsMobileModelTextMessage", "LabsMobileModelScheduledSendings", "LabsMobileModelCountryPrice"
AHEAD = "2999-01-01 00:00:00"
Call = tuple[str, str, list[Any], dict[str, Any]]


class Customer:
    """Runs calls of the client, in order; what each gave."""

    def __init__(self, directory: Path, url: str, login: str, token: str) -> None:
        self._directory = directory
        self._arguments = [program("node"), str(SCRIPT), str(npm_folder(PACKAGE)), url, login, token]

    def does(self, *calls: Call) -> list[dict[str, Any]]:
        done = subprocess.run(
            [*self._arguments, json.dumps(calls)],
            cwd=self._directory,  # it writes a log there
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]


def sending(*numbers: str, message: str = "Hello", **properties: Any) -> Call:
    return "sendSms", TEXT, [list(numbers), message], properties


def test_the_vendors_own_client_works_unchanged(palomar: Palomar, sink: Sink) -> None:
    with palomar.serve() as server:
        customer = Customer(palomar.directory, server.url, "demo", palomar.demo["api_key"])
        sent, balance, later, cancelled, again, one, all_prices, late, now = customer.does(
            sending("34600000000", "34600000001", subid="first", ackurl=sink.url, tpoa="Acme", label="a", long=1),
            ("getCredit", "", [], {}),
            sending("34600000002", subid="later", scheduled=AHEAD),
            ("scheduledSendings", SCHEDULED, ["later", "cancel"], {}),
            ("scheduledSendings", SCHEDULED, ["later", "cancel"], {}),
            ("getpricesCountry", PRICE, [["CO", "ES"]], {}),
            ("getpricesCountry", PRICE, [], {}),
            sending("34600000003", subid="late", scheduled=AHEAD, ackurl=sink.url),
            ("scheduledSendings", SCHEDULED, ["*", "send"], {}),
        )
        assert sent["answer"] == {
            "code": "0",
            "message": "Message has been successfully sent.",
            "subid": "first",
        }
        assert balance["answer"] == {"code": 0, "credits": "998.00"}
        assert later["answer"]["code"] == late["answer"]["code"] == "0"
        assert cancelled["answer"] == {"code": 0, "message": "Scheduled messages successfully cancelled."}
        assert again == {"error": "RestException", "status": 52, "message": "Scheduled messages not found."}
        assert list(one["answer"]) == ["CO", "ES"]
        assert one["answer"]["ES"] == {"isocode": "ES", "prefix": "34", "name": "Spain", "credits": 1}
        assert len(all_prices["answer"]) > 200
        assert now["answer"] == {"code": 0, "message": "Scheduled messages successfully sent."}
        eventually(lambda: len(sink.paths) >= 6, within_seconds=10, what="two callbacks of three messages")
        assert {callback["subid"] for callback in sink.callbacks()} == {"first", "late"}
    palomar.audit()


def test_its_faults_reach_it_as_the_vendors_own(palomar: Palomar) -> None:
    with palomar.serve() as server:
        customer = Customer(palomar.directory, server.url, "demo", palomar.demo["api_key"])
        empty, nobody, characters = customer.does(
            sending("34600000000", message=""), sending(), sending("34600000000", message="日本")
        )
        assert empty == {
            "error": "RestException",
            "status": "20",
            "message": "The message element must be present in the request",
        }
        assert (nobody["status"], nobody["message"]) == ("23", "There are no recipients")
        assert characters["status"] == "27"
        stranger = Customer(palomar.directory, server.url, "demo", "wrong")
        assert stranger.does(("getCredit", "", [], {})) == [{"lost": True}], "it loses every body but those of 2xx"
