"""``palomar chaos`` and ``palomar clock``: faults that simulators inject, and the sandbox clock."""

import re

import click

from palomar.app.config import Config
from palomar.app.config_carriers import SimulatorCarrier
from palomar.carriers.simulator.chaos import script
from palomar.cli.root import CommandContext, configured, fail, json_option, run, show_json, show_table
from palomar.sandbox import clock_and_chaos
from palomar.sandbox.clock_and_chaos import MOST_AHEAD_MS, SandboxSettings
from palomar.text.times import format_gmt

_SPAN = re.compile(r"(?:([0-9]{1,4})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,8})s)?", re.ASCII)
_UNIT_MS = (86_400_000, 3_600_000, 60_000, 1_000)


@click.group()
def chaos() -> None:
    """Chaos: make a simulator do wrong on purpose."""


@chaos.command("set")
@click.argument("carrier")
@click.argument("chaos_script", metavar="SCRIPT")
def set_script(carrier: str, chaos_script: str) -> None:
    """Let CARRIER, a simulator, do wrong as SCRIPT says, now and after every start."""
    _simulator(configured(), carrier)
    try:
        wanted = script.to_text(script.parse(chaos_script))
    except script.ScriptError as error:
        fail(f"{error} (palomar chaos items)", 2)
    run(
        lambda context: context.database.write(
            clock_and_chaos.set_script, carrier, wanted, now_ms=context.clock.wall_ms()
        ),
        creates=True,
    )
    click.echo(f"{carrier}: {wanted}", err=True)


@chaos.command("show")
@json_option
def show(as_json: bool) -> None:
    """Show what each simulator does wrong, and where that was set."""

    async def work(context: CommandContext) -> list[dict[str, str]]:
        found = await context.database.read(clock_and_chaos.read_settings)
        return [_view(carrier, found) for carrier in context.config.carriers if isinstance(carrier, SimulatorCarrier)]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        columns = ("carrier", "script", "set by")
        show_table(columns, [[view[column.replace(" ", "_")] for column in columns] for view in views])


@chaos.command("clear")
@click.argument("carrier")
def clear(carrier: str) -> None:
    """Let CARRIER go back to what the configuration says, which by default is nothing wrong."""
    if not run(lambda context: context.database.write(clock_and_chaos.clear_script, carrier)):
        fail(f"no script was set for {carrier!r} (palomar chaos show)")


@chaos.command("items")
def items() -> None:
    """Show what a script can contain: items between commas, after a preset or without one."""
    show_table(("item", "what it does"), script.table())
    click.echo("\nPresets, which the items behind them change:")
    show_table(("preset", "what it is"), [(name, script.to_text(preset)) for name, preset in script.PRESETS.items()])


@click.group()
def clock() -> None:
    """Sandbox clock: it only jumps ahead, and only while every carrier is a simulator."""


@clock.command("jump")
@click.argument("span")
@json_option
def jump(span: str, as_json: bool) -> None:
    """Let SPAN pass at once, for example 1d or 2h30m: what is due by then happens, and a restart stays there."""
    milliseconds = _milliseconds(span)
    config = configured()
    if not config.simulated:
        real = [carrier.name for carrier in config.carriers if not isinstance(carrier, SimulatorCarrier)]
        fail(f"the clock jumps only while every carrier is a simulator; {', '.join(real)} is none")

    async def work(context: CommandContext) -> None:
        ahead_ms = await context.database.write(clock_and_chaos.jump, milliseconds)
        if ahead_ms is None:
            fail(f"the clock jumps no further than {MOST_AHEAD_MS // _UNIT_MS[0]} days ahead")
        context.clock.jump(ahead_ms - context.clock.ahead_ms)
        _show_clock(context, as_json=as_json)

    run(work, creates=True)


@clock.command("show")
@json_option
def show_clock(as_json: bool) -> None:
    """Show the time in the sandbox (GMT), and how far it is ahead."""

    async def work(context: CommandContext) -> None:
        _show_clock(context, as_json=as_json)

    run(work)


def _show_clock(context: CommandContext, *, as_json: bool) -> None:
    now, ahead_ms = format_gmt(context.clock.wall_ms()), context.clock.ahead_ms
    if as_json:
        show_json({"now": now, "ahead_seconds": ahead_ms / 1_000})
    else:
        click.echo(f"{now}, {_span_text(ahead_ms)} ahead" if ahead_ms else f"{now}, which is the real time")


def _view(carrier: SimulatorCarrier, found: SandboxSettings) -> dict[str, str]:
    stored = found.scripts.get(carrier.name)
    configured_script = script.to_text(script.parse(carrier.settings.chaos))
    set_by = "chaos set" if stored is not None else "the configuration"
    return {"carrier": carrier.name, "script": configured_script if stored is None else stored, "set_by": set_by}


def _simulator(config: Config, name: str) -> None:
    """End the command unless the configuration has a simulator of that name."""
    names = [carrier.name for carrier in config.carriers if isinstance(carrier, SimulatorCarrier)]
    if name not in names:
        fail(f"{name!r} is no simulator ({', '.join(names) or 'there is none'})")


def _milliseconds(span: str) -> int:
    found = _SPAN.fullmatch(span)
    amounts = [int(amount or 0) for amount in found.groups()] if found is not None else []
    total = sum(amount * unit for amount, unit in zip(amounts, _UNIT_MS, strict=False))
    if total <= 0:
        fail(f"a span such as 1d, 2h30m or 90s is expected, not {span!r}", 2)
    return total


def _span_text(milliseconds: int) -> str:
    words = []
    for unit, letter in zip(_UNIT_MS, "dhms", strict=True):
        amount, milliseconds = divmod(milliseconds, unit)
        if amount:
            words.append(f"{amount}{letter}")
    return "".join(words)
