"""``palomar doctor carrier``: steps, a table of verdicts, a configuration that can be read, and nothing written."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import Palomar
from tests.support.smscs import PASSWORD, carrier_toml, simulator

from palomar.app.config import load

NUMBER = "34600000001"


def findings(result: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {found["subject"]: (found["verdict"], found["text"]) for found in result["findings"]}


def files_of(palomar: Palomar) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in palomar.directory.rglob("*") if file.is_file()}


def test_a_simulator_of_the_configuration_is_examined_inside_the_command(tmp_path: Path) -> None:
    toml = '[carriers.sim]\nkind = "simulator"\nchaos = "ids=hex-decimal,alphabet=latin-1,dates=12"\n'
    palomar = Palomar(tmp_path, toml=toml)
    before = files_of(palomar)

    result = palomar.command("doctor", "carrier", "sim", "--messages", "2")

    assert files_of(palomar) == before, "nothing is written, not even a data directory"
    assert [line for line in result.stderr.splitlines() if not line.startswith("... ")] == []
    assert "... binding as transceiver" in result.stderr
    assert "warning  receipt id              the text in decimal" in result.stdout
    assert '# learned: alphabet = "latin-1"' in result.stdout
    section = result.stdout.partition("(nothing was written):")[2]
    assert tomllib.loads(section)["carriers"]["sim"]["kind"] == "simulator"


def test_a_carrier_over_tcp_is_examined_and_its_configuration_can_be_used(tmp_path: Path) -> None:
    with simulator(tmp_path, "--chaos", "window=7,delay-answers,answer-delay=1s") as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port, window=100, links=2))
        result = palomar.json("doctor", "carrier", "outside", "--to", NUMBER, "--messages", "20")
        counted = smsc.counted()

    assert result["carrier"] == "outside"
    found = findings(result)
    assert found["window"] == ("ok", "7 unanswered, more are throttled")
    assert found["receipt id"][0] == "ok"
    assert counted["submitted"] == 20
    assert PASSWORD not in json.dumps(result)
    (tmp_path / "palomar.toml").write_text(result["configuration"])
    (carrier,) = load({}, here=tmp_path).carriers
    assert (carrier.name, carrier.window, carrier.links) == ("outside", 7, 2)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("of_carrier", "options", "sender"),
    [
        ("Acme", ["--sender", "Asked"], "Asked"),
        ("Acme", [], "Acme"),
        ("", [], "House"),
    ],
    ids=["option", "carrier", "installation"],
)
def test_probe_messages_have_the_sender_that_real_messages_would_have(
    tmp_path: Path, of_carrier: str, options: list[str], sender: str
) -> None:
    with simulator(tmp_path) as smsc:
        toml = carrier_toml(smsc.port, sender=of_carrier) + '[sending]\ndefault_sender = "House"\n'
        palomar = Palomar(tmp_path / "house", toml=toml)
        result = palomar.json("doctor", "carrier", "outside", "--to", NUMBER, "--messages", "1", *options)
    assert findings(result)["receipt addresses"][1] == f"from {NUMBER} to {sender}"


def test_without_a_number_the_doctor_binds_to_a_real_carrier_and_sends_nothing(tmp_path: Path) -> None:
    with simulator(tmp_path) as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(smsc.port))
        found = findings(palomar.json("doctor", "carrier", "outside"))
        counted = smsc.counted()
    assert counted["submitted"] == 0
    assert list(found) == ["connection", "bind", "enquire_link", "messages"]


@pytest.mark.parametrize(
    ("password", "port", "fault"),
    [("wrong", None, "transceiver: ESME_RINVPASWD"), (PASSWORD, 1, "127.0.0.1 port 1: Connection refused")],
)
def test_a_fault_is_reported_and_sets_the_exit_code(
    tmp_path: Path, password: str, port: int | None, fault: str
) -> None:
    with simulator(tmp_path) as smsc:
        palomar = Palomar(tmp_path / "house", toml=carrier_toml(port or smsc.port, password=password))
        result = palomar.command("doctor", "carrier", "outside", code=1).stdout
    assert fault in result


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("nobody",), 1, "there is no carrier 'nobody'"),
        (("outside", "--messages", "3"), 2, "--messages needs --to"),
        (("outside", "--to", "12"), 2, "--to: a number with its country's prefix is expected, not '12'"),
        (("outside", "--to", NUMBER, "--sender", "no sender at all"), 2, "--sender: 'no sender at all' is none"),
        (("outside", "--to", NUMBER, "--messages", "1001"), 2, "1001 is not in the range"),
    ],
)
def test_a_bad_option_or_argument_is_explained(
    tmp_path: Path, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    palomar = Palomar(tmp_path, toml=carrier_toml(1))
    assert complaint in palomar.command("doctor", "carrier", *arguments, code=code).stderr


def test_the_plain_doctor_command_still_works(palomar: Palomar) -> None:
    assert {found["verdict"] for found in palomar.json("doctor")} == {"ok"}
    assert "carrier" in palomar.command("doctor", "--help").stdout
