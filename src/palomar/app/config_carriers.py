"""The carriers of the configuration: ``[carriers.NAME]``, of kind ``smpp`` or ``simulator``, and their passwords.

Not here: the settings of each kind (``carriers.smpp.settings``, ``carriers.simulator.settings``).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from palomar.app.config_tables import section
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.smpp.settings import SmppCarrierSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorCarrier:
    """``[carriers.NAME]`` of kind ``simulator``: an SMSC inside the process."""

    kind: ClassVar[str] = "simulator"
    name: str
    settings: SimulatorSettings


CarrierConfig = SmppCarrierSettings | SimulatorCarrier


def read_carriers(table: object, base: Path, env: Mapping[str, str], faults: list[str]) -> tuple[CarrierConfig, ...]:
    """Read the table of carriers; faults are added to ``faults``, and a carrier that cannot be read is left out."""
    if not isinstance(table, dict):
        faults.append("carriers: a table [carriers.NAME] a carrier is expected")
        return ()
    carriers: list[CarrierConfig] = []
    for name, entry in table.items():
        path = f"carriers.{name}"
        if not isinstance(entry, dict):
            faults.append(f"{path}: a table is expected")
            continue
        entry = dict(entry)
        kind = entry.pop("kind", None)
        if kind == "smpp":
            _fill_secrets(entry, name, base, env, faults)
            smpp = section(SmppCarrierSettings, entry, path, base, faults, name=name)
            if smpp is not None:
                carriers.append(smpp)
        elif kind == "simulator":
            settings = section(SimulatorSettings, entry, path, base, faults)
            carriers.append(SimulatorCarrier(name=name, settings=settings))
        else:
            faults.append(f'{path}.kind: "smpp" or "simulator" is expected, not {kind!r}')
    return tuple(carriers)


def _fill_secrets(entry: dict[str, Any], name: str, base: Path, env: Mapping[str, str], faults: list[str]) -> None:
    """Read a carrier's passwords from the environment, else from the files that the entry names."""
    for key in ("password", "outbind_password"):
        given, file = env.get(secret_variable(name, key)), entry.get(f"{key}_file")
        if given:
            entry[key] = given
        elif isinstance(file, str):
            if key in entry:
                faults.append(f"carriers.{name}.{key}_file: there is {key} too; only one of them is expected")
            try:
                entry[key] = (base / file).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                faults.append(f"carriers.{name}.{key}_file: cannot be read: {error}")
                entry.setdefault(key, "")


def secret_variable(carrier: str, key: str) -> str:
    """Return the name of the variable for a carrier's password: ``PALOMAR_CARRIER_NORTH_1_PASSWORD`` for
    ``north-1``."""
    word = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in carrier.upper())
    return f"PALOMAR_CARRIER_{word}_{key.upper()}"
