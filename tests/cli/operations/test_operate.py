import os
from pathlib import Path

import pytest
from tests.support.server import Palomar

from palomar.app.config import ENVIRONMENT, SECTIONS, ConfigError, load
from palomar.carriers.smpp.settings import SmppCarrierSettings

MANY_FAULTS = """
colour = "red"
[http]
port = 99999
hots = "0.0.0.0"
trusted_proxies = ["everyone"]
[callbacks]
timeout_seconds = "long"
slots_a_host = 0
[carriers.a]
kind = "pigeon"
[carriers.b]
kind = "smpp"
host = "smsc.example"
port = "2775"
windw = 10
[carriers.c]
kind = "smpp"
host = "smsc.example"
port = 2775
system_id = "x"
password = "y"
window = 5000
[carriers.d]
kind = "smpp"
host = "smsc.example"
port = 0
system_id = "x"
password = "y"
"""
FAULTS = (
    "colour: there is no such setting",
    "http.hots: there is no such setting",
    "http.port: 0 to 65535, not 99999",
    "http.trusted_proxies: 'everyone' does not appear to be an IPv4 or IPv6 network",
    "callbacks.timeout_seconds: a number is expected, not 'long'",
    "callbacks.slots_a_host: more than 0, not 0",
    'carriers.a.kind: "smpp" or "simulator" is expected, not \'pigeon\'',
    "carriers.b.port: a whole number is expected, not '2775'",
    "carriers.b.windw: there is no such setting",
    "carriers.b.system_id: is missing",
    "carriers.b.password: is missing",
    "carriers.c.window: 1 to 1000, not 5000",
    "carriers.d.port: 1 to 65535, not 0",
)


def test_every_fault_of_a_configuration_is_told_at_once_with_its_path(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=MANY_FAULTS, PALOMAR_HTTP_PORT="")

    told = palomar.command("config", code=2).stderr.splitlines()

    assert sorted(told) == sorted(f"palomar: {fault}" for fault in FAULTS)


def test_the_doctor_tells_the_same_faults_and_ends_with_1(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=MANY_FAULTS, PALOMAR_HTTP_PORT="")
    told = palomar.command("doctor", code=1).stdout
    assert [fault for fault in FAULTS if fault not in told] == []


def test_the_server_refuses_to_start_with_a_bad_configuration(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=MANY_FAULTS, PALOMAR_HTTP_PORT="")
    told = palomar.command("serve", code=2).stderr
    assert [fault for fault in FAULTS if fault not in told] == []
    assert not palomar.data_dir.exists()


def test_a_file_that_is_no_toml_or_not_there_is_one_fault(tmp_path: Path) -> None:
    broken = Palomar(tmp_path / "a", toml="[http\n")
    assert "is no TOML" in broken.command("config", code=2).stderr
    missing = Palomar(tmp_path / "b", PALOMAR_CONFIG="nowhere.toml")
    assert "cannot be read" in missing.command("config", code=2).stderr


def test_an_environment_that_makes_no_sense_is_a_fault_too(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, PALOMAR_HTTP_PORT="http", PALOMAR_DATABASE_URL="mysql://here")
    told = palomar.command("config", code=2).stderr
    assert "PALOMAR_HTTP_PORT: a port is expected, not 'http'" in told
    assert "database.url: postgresql://" in told


def test_the_configuration_is_shown_with_every_setting_and_no_password(tmp_path: Path) -> None:
    toml = '[carriers.a]\nkind = "smpp"\nhost = "localhost"\nport = 1\nsystem_id = "x"\npassword = "sesame"\n'
    palomar = Palomar(tmp_path, toml=toml)

    shown = palomar.command("config").stdout
    view = palomar.json("config")

    assert "sesame" not in shown + str(view)
    assert [name for name, _ in ENVIRONMENT if name not in shown] == []
    assert [name for name in SECTIONS if name not in view] == []
    assert view["carriers"]["a"]["window"] == 50
    assert view["http"]["port"] == 0


def test_a_carriers_password_stands_in_a_file_of_its_own_or_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    carrier = '[carriers.north-1]\nkind = "smpp"\nhost = "localhost"\nport = 1\nsystem_id = "x"\n'
    (tmp_path / "c.toml").write_text(carrier + 'password_file = "secret"\n')
    environment = {"PALOMAR_CONFIG": str(tmp_path / "c.toml")}
    (smpp,) = load(environment).carriers
    assert isinstance(smpp, SmppCarrierSettings)
    assert smpp.password == "from the file"
    (smpp,) = load(environment | {"PALOMAR_CARRIER_NORTH_1_PASSWORD": "from outside"}).carriers
    assert isinstance(smpp, SmppCarrierSettings)
    assert smpp.password == "from outside"

    (tmp_path / "c.toml").write_text(carrier + 'password = "here"\npassword_file = "nowhere"\n')
    with pytest.raises(ConfigError) as told:
        load(environment)
    assert [fault.partition(": ")[0] for fault in told.value.faults] == ["carriers.north-1.password_file"] * 2
    (tmp_path / "c.toml").write_text(carrier)
    with pytest.raises(ConfigError, match=r"carriers\.north-1\.password: is missing"):
        load(environment)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml="[http]\nport = 1234\n", PALOMAR_HTTP_PORT="4321", PALOMAR_HTTP_HOST="127.0.0.2")
    http = palomar.json("config")["http"]
    assert (http["port"], http["host"]) == (4321, "127.0.0.2")


def test_paths_in_the_file_are_seen_from_the_file(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml='data_dir = "kept"\n')
    palomar.environment["PALOMAR_DATA_DIR"] = ""
    assert palomar.json("config")["data_dir"] == str(tmp_path / "kept")


def test_a_healthy_house_has_no_fault(palomar: Palomar) -> None:
    palomar.command("migrate")
    verdicts = palomar.json("doctor")
    assert {found["verdict"] for found in verdicts} == {"ok"}
    assert any("ledger" in found["text"] for found in verdicts)


def test_the_doctor_warns_of_a_carrier_that_cannot_be_reached_and_of_passwords_in_the_clear(tmp_path: Path) -> None:
    toml = '[carriers.far]\nkind = "smpp"\nhost = "127.0.0.1"\nport = 1\nsystem_id = "x"\npassword = "y"\n'
    palomar = Palomar(tmp_path, toml=toml, PALOMAR_HTTP_HOST="0.0.0.0")

    warnings = [found["text"] for found in palomar.json("doctor") if found["verdict"] == "warning"]

    assert any(text.startswith("carrier far: 127.0.0.1 port 1 cannot be reached now") for text in warnings)
    assert any("without TLS" in text for text in warnings)


def test_the_doctor_names_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml='[http]\ntls_certificate = "no.pem"\ntls_key = "no.key"\n')
    assert f"http.tls_certificate: there is no file {tmp_path / 'no.pem'}" in palomar.command("doctor", code=1).stdout


def test_a_database_that_cannot_be_reached_is_said_in_a_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@/nothing?host={tmp_path}&port=1"
    palomar = Palomar(tmp_path, PALOMAR_DATABASE_URL=url)
    refused = palomar.command("message", "list", code=1)
    assert refused.stderr.startswith("palomar: ")
    assert "Traceback" not in refused.stderr
    assert "fault" in palomar.command("doctor", code=1).stdout
    assert not palomar.data_dir.exists(), "whoever only looks makes no directory, wherever the database is"


def test_a_data_directory_that_cannot_be_made_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    palomar = Palomar(tmp_path, PALOMAR_DATA_DIR=str(tmp_path / "taken"))
    for command in ("serve", "migrate"):
        refused = palomar.command(command, code=1)
        assert refused.stderr == f"palomar: the data directory {tmp_path / 'taken'} cannot be made: File exists\n"


def test_migrating_twice_changes_nothing(palomar: Palomar) -> None:
    first = palomar.json("migrate")
    assert first[0] == "0001_first.sql"
    assert palomar.json("migrate") == first


def test_every_command_explains_itself(palomar: Palomar) -> None:
    assert "serve" in palomar.command("--help").stdout
    assert "doctor" in palomar.command("-h").stdout
    assert palomar.command("--version").stdout.startswith("palomar, version ")
    assert "No such command" in palomar.command("frobnicate", code=2).stderr


def test_what_the_data_directory_holds_is_for_its_owner_alone(acme: Palomar) -> None:
    others = [file.name for file in acme.data_dir.iterdir() if os.stat(file).st_mode & 0o077]
    assert others == [] or os.stat(acme.data_dir).st_mode & 0o077 == 0
