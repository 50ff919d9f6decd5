"""``palomar doctor carrier``: examine one carrier, and show the configuration that follows. Nothing is written."""

import asyncio
import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from palomar.app.config_carriers import CarrierConfig, SimulatorCarrier
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.carriers.smpp.probing.diagnosis import Finding
from palomar.carriers.smpp.probing.probe import Probe, ProbeLimits
from palomar.carriers.smpp.probing.probe_bind import Connector
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.cli.root import configured, fail, json_option, show_json, visible
from palomar.clock import RealClock, RealIds
from palomar.numbers.phone import parse_international
from palomar.numbers.sender import parse_sender
from palomar.vocabulary.message import COMMAND_LINE_NODE

MESSAGES = 5
MESSAGES_MAX = 1_000
_SIMULATED_NUMBER = "34600000001"
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red", "unknown": "cyan"}
_MASKED = "********"


@click.command("carrier")
@click.argument("name")
@click.option("--to", default="", help="A phone that may get a few messages; without one none is sent.")
@click.option(
    "--messages",
    type=click.IntRange(0, MESSAGES_MAX),
    help=f"Send no more than so many: the more, the more is seen of window and rate.  [default: {MESSAGES}]",
)
@click.option(
    "--sender", help="Who they come from.  [default: the carrier's sender, or the installation's, or Palomar]"
)
@click.option("--wait", type=click.FloatRange(0), default=60, show_default=True, help="Seconds to wait for a receipt.")
@json_option
def examine(name: str, to: str, messages: int | None, sender: str | None, wait: float, as_json: bool) -> None:
    """Connect to carrier NAME, bind, send a few messages if there is a number to send to, and report what was learned:
    certificate, binds, ids, receipts, alphabet, window, rate. Prints the configuration that follows, and writes none.

    Exit code 1 if something is at fault.
    """
    config = configured()
    entry = next((carrier for carrier in config.carriers if carrier.name == name), None)
    if entry is None:
        fail(f"there is no carrier {name!r} (palomar config)")
    if isinstance(entry, SimulatorCarrier):
        to = to or _SIMULATED_NUMBER
    if messages and not to:
        fail("--messages needs --to: nobody is written to unasked", 2)
    if to and parse_international(to) is None:
        fail(f"--to: a number with its country's prefix is expected, not {to!r}", 2)
    if sender is None:
        sender = getattr(entry, "sender", "") or config.sending.default_sender or "Palomar"
    if parse_sender(sender) is None:
        fail(f"--sender: {sender!r} is none: a name of up to 11 characters, or up to 16 digits", 2)
    count = messages if messages is not None else (MESSAGES if to else 0)
    limits = ProbeLimits(to=to.lstrip("+"), messages=count, sender=sender, wait_seconds=wait)
    findings = asyncio.run(_examined(entry, limits, verbose=not as_json))
    toml = _toml(entry, findings)
    if as_json:
        show_json({"carrier": name, "findings": list(map(dataclasses.asdict, findings)), "configuration": toml})
    else:
        _show(findings, toml)
    if any(finding.verdict == "fault" for finding in findings):
        raise SystemExit(1)


async def _examined(entry: CarrierConfig, limits: ProbeLimits, *, verbose: bool) -> list[Finding]:
    findings: list[Finding] = []

    def progress(text: str) -> None:
        if verbose:
            click.echo(f"... {text}", err=True)

    settings, connect = _settings(entry)
    probe = Probe(
        settings, limits, clock=RealClock(), on_finding=findings.append, on_progress=progress, connect=connect
    )
    await probe.examine()
    return findings


def _settings(entry: CarrierConfig) -> tuple[SmppCarrierSettings, Connector | None]:
    """Return how the carrier is reached. For a simulator inside the server's process, make one with the same settings
    in this process."""
    if isinstance(entry, SmppCarrierSettings):
        return entry, None
    smsc = SimulatorSmsc(entry.settings, clock=RealClock(), chance=RealIds(COMMAND_LINE_NODE).random)
    inside = SmppCarrierSettings(name=entry.name, host="", port=0, system_id="palomar", password="", window=1_000)
    return inside, smsc.connect_memory


def _show(findings: Sequence[Finding], toml: str) -> None:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        verdict = click.style(finding.verdict.rjust(7), fg=_COLOURS[finding.verdict])
        click.echo(f"{verdict}  {finding.subject.ljust(width)}  {visible(finding.text)}")
    click.echo("\nThe configuration that follows (nothing was written):\n")
    click.echo(toml)


def _toml(entry: CarrierConfig, findings: Sequence[Finding]) -> str:
    """Write the carrier's section of the configuration: settings that differ from the default, with what was learned in
    their place. What was learned and has no setting is a comment."""
    settings = entry if isinstance(entry, SmppCarrierSettings) else entry.settings
    learned = {name: value for finding in findings for name, value in finding.settings.items()}
    known = {field.name: field for field in dataclasses.fields(settings)}
    values: dict[str, object] = {}
    for name, field in known.items():
        value = getattr(settings, name)
        if name != "name" and value != field.default:
            values[name] = _masked(name, value)
    if entry.kind == "smpp":
        values |= {name: value for name, value in learned.items() if name in known}
    comments = [
        f"# learned: {name} = {_value(value)}"
        for name, value in learned.items()
        if name not in known or entry.kind == "simulator"
    ]
    lines = [f"[carriers.{_key(entry.name)}]", f'kind = "{entry.kind}"']
    return "\n".join([*lines, *(f"{name} = {_value(value)}" for name, value in values.items()), *comments])


def _masked(name: str, value: object) -> object:
    if name == "passwords" and isinstance(value, Mapping):
        return dict.fromkeys(value, _MASKED)
    return _MASKED if name == "password" else value


def _value(value: object) -> str:
    """Write a value as TOML."""
    if isinstance(value, Path):
        return json.dumps(str(value), ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(str(name))} = {_value(item)}" for name, item in value.items()) + " }"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if name.replace("-", "").replace("_", "").isalnum() and name.isascii() else json.dumps(name)
