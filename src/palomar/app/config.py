"""The configuration: TOML and environment, read into one frozen value. Only ``app`` and ``cli`` use it.

All faults are reported at once, each with its path in the file; unknown settings are refused.
"""

import dataclasses
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from palomar.app.config_carriers import CarrierConfig, SimulatorCarrier, read_carriers
from palomar.app.config_tables import section
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.dialects import DIALECTS
from palomar.numbers.sender import parse_sender

CONVERGIA_PORT = 8181
"""The port that customers' programs connect to, as CONVERGIA's page says."""
DEFAULT_FILE = "palomar.toml"
ENVIRONMENT = (
    ("PALOMAR_CONFIG", "the TOML file; palomar.toml by default, if it exists"),
    ("PALOMAR_DATA_DIR", "where the database and the first account's credentials are kept; var by default"),
    ("PALOMAR_HTTP_HOST", "address to listen on; 127.0.0.1 by default"),
    ("PALOMAR_HTTP_PORT", "port of all of HTTP; 8080 by default"),
    ("PALOMAR_CONVERGIA_PORT", "port of CONVERGIA's own listener; 8181 by default, 0 is off"),
    ("PALOMAR_DATABASE_URL", "postgresql://…; SQLite in the data directory by default"),
    (
        "PALOMAR_CARRIER_NAME_PASSWORD",
        "the password of the carrier NAME, in capitals, _ for what is no letter or digit",
    ),
    ("PALOMAR_CARRIER_NAME_OUTBIND_PASSWORD", "what its SMSC must show when it calls"),
)


class ConfigError(Exception):
    """Faults of the configuration, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpConfig:
    """``[http]``"""

    host: str = field(default="127.0.0.1", metadata={"help": "address to listen on"})
    port: int = field(default=8080, metadata={"help": "port of all of HTTP (0: any free one)"})
    convergia_port: int | None = field(
        default=None, metadata={"help": "port of CONVERGIA's own listener; 0 is off; by default 8181, if it is free"}
    )
    tls_certificate: Path | None = field(default=None, metadata={"help": "certificate chain, PEM: serves HTTPS"})
    tls_key: Path | None = field(default=None, metadata={"help": "its private key, PEM"})
    trusted_proxies: tuple[str, ...] = field(
        default=(), metadata={"help": "networks whose X-Forwarded-For is believed"}
    )
    body_limit: int = field(default=8 * 1024 * 1024, metadata={"help": "octets a request's body may have"})
    public_url: str = field(default="", metadata={"help": "how the outside reaches us, where it differs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackConfig:
    """``[callbacks]``"""

    allow_networks: tuple[str, ...] | None = field(
        default=None,
        metadata={
            "help": "private networks that callbacks may go to; by default loopback while all is simulated and private"
        },
    )
    slots_a_host: int = field(default=8, metadata={"help": "callbacks of one account under way to one host"})
    timeout_seconds: float = field(default=10.0, metadata={"help": "a callback that takes longer has failed"})
    off_after_days: float = field(
        default=3.0,
        metadata={"help": "a target without one success for so long, and with so many failures, is off; 0: never"},
    )
    off_after_failures: int = field(default=100, metadata={"help": "how many failures that takes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseConfig:
    """``[database]``"""

    url: str = field(default="", metadata={"help": "postgresql://…; empty is SQLite in the data directory"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingConfig:
    """``[routing]``; the routes themselves are in the database (``palomar route``)."""

    failover_seconds: float = field(
        default=5.0,
        metadata={"help": "what waits for a carrier that is down, or takes nothing, leaves by another then"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleConfig:
    """``[console]``"""

    mask_for_support: bool = field(
        default=True, metadata={"help": "hide texts, numbers and PDUs from users whose role is support"}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingConfig:
    """``[sending]``"""

    default_sender: str = field(
        default="", metadata={"help": "sender of messages for which neither request, account nor carrier has one"}
    )
    require_sender: bool | None = field(
        default=None,
        metadata={
            "help": "refuse what nobody gave a sender; by default yes, but not in the sandbox nor an older installation"
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings, and the file that they were read from."""

    file: Path | None
    data_dir: Path
    http: HttpConfig
    database: DatabaseConfig
    callbacks: CallbackConfig
    routing: RoutingConfig
    console: ConsoleConfig
    sending: SendingConfig
    dialects: Mapping[str, object]
    """Each dialect's settings, by its name."""
    carriers: tuple[CarrierConfig, ...]

    @property
    def simulated(self) -> bool:
        """Return True if every carrier is a simulator."""
        return all(isinstance(carrier, SimulatorCarrier) for carrier in self.carriers)

    @property
    def is_private(self) -> bool:
        """Return True if only this machine can reach the server, directly or through a proxy."""
        return is_loopback(self.http.host) and not self.http.trusted_proxies and not self.http.public_url

    @property
    def callback_networks(self) -> tuple[str, ...]:
        """Return the private networks that callbacks may go to."""
        if self.callbacks.allow_networks is not None:
            return self.callbacks.allow_networks
        return LOOPBACK if self.simulated and self.is_private else ()


LOOPBACK = ("127.0.0.0/8", "::1/128")

SECTIONS: Mapping[str, type] = {
    "http": HttpConfig,
    "database": DatabaseConfig,
    "callbacks": CallbackConfig,
    "routing": RoutingConfig,
    "console": ConsoleConfig,
    "sending": SendingConfig,
}


def is_configured(config: Config, carrier: str) -> bool:
    """Return True if there is a carrier of that name."""
    return carrier in {entry.name for entry in config.carriers}


def is_loopback(host: str) -> bool:
    """Return True if only this machine can reach a server that listens on the host."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def load(environment: Mapping[str, str] | None = None, *, here: Path | None = None) -> Config:
    """Read the file that the environment names; the environment overrides it. Raises :class:`ConfigError`."""
    env = os.environ if environment is None else environment
    here = here or Path.cwd()
    faults: list[str] = []
    file, document = _read_file(env, here, faults)
    base = file.parent if file else here
    http = section(HttpConfig, document.pop("http", {}), "http", base, faults)
    database = section(DatabaseConfig, document.pop("database", {}), "database", base, faults)
    callbacks = section(CallbackConfig, document.pop("callbacks", {}), "callbacks", base, faults)
    routing = section(RoutingConfig, document.pop("routing", {}), "routing", base, faults)
    console = section(ConsoleConfig, document.pop("console", {}), "console", base, faults)
    sending = section(SendingConfig, document.pop("sending", {}), "sending", base, faults)
    dialects = _dialects(document.pop("dialects", {}), base, faults)
    carriers = read_carriers(document.pop("carriers", {}), base, env, faults)
    data_dir = document.pop("data_dir", "var")
    if not isinstance(data_dir, str):
        faults.append(f"data_dir: a path is expected, not {data_dir!r}")
        data_dir = "var"
    faults.extend(f"{name}: there is no such setting" for name in document)
    config = Config(
        file=file,
        data_dir=here / env["PALOMAR_DATA_DIR"] if env.get("PALOMAR_DATA_DIR") else base / data_dir,
        http=_http_from_environment(http, env, faults),
        database=DatabaseConfig(url=env.get("PALOMAR_DATABASE_URL") or database.url),
        callbacks=callbacks,
        routing=routing,
        console=console,
        sending=sending,
        dialects=dialects,
        carriers=carriers or (SimulatorCarrier(name="simulator", settings=SimulatorSettings()),),
    )
    _validate(config, faults)
    if faults:
        raise ConfigError(faults)
    return config


def _read_file(env: Mapping[str, str], here: Path, faults: list[str]) -> tuple[Path | None, dict[str, Any]]:
    named = env.get("PALOMAR_CONFIG")
    file = here / (named or DEFAULT_FILE)
    if not named and not file.exists():
        return None, {}
    try:
        return file, tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{file}: cannot be read: {error}")
    except tomllib.TOMLDecodeError as error:
        faults.append(f"{file}: is no TOML: {error}")
    return file, {}


def _http_from_environment(http: HttpConfig, env: Mapping[str, str], faults: list[str]) -> HttpConfig:
    changes: dict[str, Any] = {}
    if env.get("PALOMAR_HTTP_HOST"):
        changes["host"] = env["PALOMAR_HTTP_HOST"]
    for variable, name in (("PALOMAR_HTTP_PORT", "port"), ("PALOMAR_CONVERGIA_PORT", "convergia_port")):
        text = env.get(variable)
        if text:
            if text.isascii() and text.isdigit():
                changes[name] = int(text)
            else:
                faults.append(f"{variable}: a port is expected, not {text!r}")
    return dataclasses.replace(http, **changes)


def _dialects(table: object, base: Path, faults: list[str]) -> dict[str, object]:
    if not isinstance(table, dict):
        faults.append("dialects: a table [dialects.NAME] a dialect is expected")
        table = {}
    known = {dialect.name for dialect in DIALECTS}
    faults.extend(f"dialects.{name}: there is no such dialect" for name in table if name not in known)
    return {
        dialect.name: section(dialect.settings, table.get(dialect.name, {}), f"dialects.{dialect.name}", base, faults)
        for dialect in DIALECTS
    }


def _validate(config: Config, faults: list[str]) -> None:
    for name in ("port", "convergia_port"):
        if not 0 <= (getattr(config.http, name) or 0) <= 65_535:
            faults.append(f"http.{name}: 0 to 65535, not {getattr(config.http, name)}")
    for path, amount in (
        ("http.body_limit", config.http.body_limit),
        ("callbacks.slots_a_host", config.callbacks.slots_a_host),
        ("callbacks.timeout_seconds", config.callbacks.timeout_seconds),
        ("routing.failover_seconds", config.routing.failover_seconds),
        ("callbacks.off_after_failures", config.callbacks.off_after_failures),
    ):
        if not amount > 0:
            faults.append(f"{path}: more than 0, not {amount}")
    if not config.callbacks.off_after_days >= 0:
        faults.append(f"callbacks.off_after_days: 0 or more, not {config.callbacks.off_after_days}")
    for carrier in config.carriers:
        if isinstance(carrier, SmppCarrierSettings) and not 1 <= carrier.port <= 65_535:
            faults.append(f"carriers.{carrier.name}.port: 1 to 65535, not {carrier.port}")
    if config.sending.default_sender and parse_sender(config.sending.default_sender) is None:
        faults.append("sending.default_sender: up to 11 letters and digits, or up to 16 digits")
    if bool(config.http.tls_certificate) != bool(config.http.tls_key):
        faults.append("http.tls_certificate and http.tls_key: both are needed")
    for path, networks in (
        ("http.trusted_proxies", config.http.trusted_proxies),
        ("callbacks.allow_networks", config.callbacks.allow_networks or ()),
    ):
        for network in networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                faults.append(f"{path}: {error}")
    if config.database.url and not config.database.url.startswith(("postgresql://", "postgres://")):
        faults.append("database.url: postgresql://user@host/name is expected (empty is SQLite)")
