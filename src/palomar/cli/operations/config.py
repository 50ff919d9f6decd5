"""``palomar config``: the configuration as it is understood, and everything that can be set."""

import dataclasses
import socket
from pathlib import Path

import click

from palomar.app import config as configuration
from palomar.app.config import Config
from palomar.cli.root import configured, json_option, show_json, show_table


@click.command("config")
@json_option
def config(as_json: bool) -> None:
    """Show the configuration as it is understood, passwords masked, and what can be set."""
    current = configured()
    view = _config_view(current)
    if as_json:
        show_json(view)
        return
    click.echo(f"Configuration from {current.file or 'defaults and environment'}\n")
    show_table(("setting", "value"), _flat(view))
    click.echo("\nEnvironment")
    show_table(("variable", "meaning"), [(name, meaning) for name, meaning in configuration.ENVIRONMENT])
    click.echo("\nFile")
    rows = [
        (f"{section}.{field.name}", field.metadata.get("help", ""))
        for section, kind in configuration.SECTIONS.items()
        for field in dataclasses.fields(kind)
    ]
    show_table(("setting", "meaning"), rows)


def _config_view(current: Config) -> dict[str, object]:
    view: dict[str, object] = {"file": str(current.file or ""), "data_dir": str(current.data_dir)}
    for section in configuration.SECTIONS:
        view[section] = _plain(dataclasses.asdict(getattr(current, section)))
    view["carriers"] = {
        carrier.name: {"kind": carrier.kind} | _plain(dataclasses.asdict(carrier)) for carrier in current.carriers
    }
    view["hostname"] = socket.gethostname()
    return view


def _plain(values: dict[str, object]) -> dict[str, object]:
    return {name: _shown(name, value) for name, value in values.items()}


def _shown(name: str, value: object) -> object:
    if name.endswith(("password", "passwords")) and value:
        return "********"
    if name == "url" and isinstance(value, str) and "@" in value:
        return "postgresql://********@" + value.rpartition("@")[2]
    if isinstance(value, dict):
        return _plain(value)
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


def _flat(view: dict[str, object], prefix: str = "") -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = []
    for name, value in view.items():
        if isinstance(value, dict):
            rows.extend(_flat(value, f"{prefix}{name}."))
        else:
            rows.append((prefix + name, "" if value is None else value))
    return rows
