"""``palomar config``: every fault is named, and the file and the environment are joined."""

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


def test_all_faults_of_a_configuration_are_reported_at_once_with_their_paths(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=MANY_FAULTS, PALOMAR_HTTP_PORT="")

    output = palomar.command("config", code=2).stderr.splitlines()

    assert sorted(output) == sorted(f"palomar: {fault}" for fault in FAULTS)


def test_the_doctor_reports_the_same_faults_and_exits_with_1(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=MANY_FAULTS, PALOMAR_HTTP_PORT="")
    output = palomar.command("doctor", code=1).stdout
    assert [fault for fault in FAULTS if fault not in output] == []


def test_the_server_refuses_to_start_with_a_bad_configuration(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml=MANY_FAULTS, PALOMAR_HTTP_PORT="")
    output = palomar.command("serve", code=2).stderr
    assert [fault for fault in FAULTS if fault not in output] == []
    assert not palomar.data_dir.exists()


def test_an_unreadable_or_missing_configuration_file_is_one_fault(tmp_path: Path) -> None:
    broken = Palomar(tmp_path / "a", toml="[http\n")
    assert "is no TOML" in broken.command("config", code=2).stderr
    missing = Palomar(tmp_path / "b", PALOMAR_CONFIG="nowhere.toml")
    assert "cannot be read" in missing.command("config", code=2).stderr


def test_a_bad_environment_variable_is_a_fault_too(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, PALOMAR_HTTP_PORT="http", PALOMAR_DATABASE_URL="mysql://here")
    output = palomar.command("config", code=2).stderr
    assert "PALOMAR_HTTP_PORT: a port is expected, not 'http'" in output
    assert "database.url: postgresql://" in output


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


def test_a_carriers_password_is_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
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
    with pytest.raises(ConfigError) as raised:
        load(environment)
    assert [fault.partition(": ")[0] for fault in raised.value.faults] == ["carriers.north-1.password_file"] * 2
    (tmp_path / "c.toml").write_text(carrier)
    with pytest.raises(ConfigError, match=r"carriers\.north-1\.password: is missing"):
        load(environment)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml="[http]\nport = 1234\n", PALOMAR_HTTP_PORT="4321", PALOMAR_HTTP_HOST="127.0.0.2")
    http = palomar.json("config")["http"]
    assert (http["port"], http["host"]) == (4321, "127.0.0.2")


def test_paths_in_the_file_are_relative_to_the_file(tmp_path: Path) -> None:
    palomar = Palomar(tmp_path, toml='data_dir = "kept"\n')
    palomar.environment["PALOMAR_DATA_DIR"] = ""
    assert palomar.json("config")["data_dir"] == str(tmp_path / "kept")
