"""``palomar simulator``: the simulator as a stand-alone SMSC, for trying any SMPP client."""

import asyncio
import os
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path

import click
import uvloop

from palomar.carriers.simulator import listen
from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.delivery_plan import table as magic_numbers
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.cli.root import fail, show_table
from palomar.clock import RealClock, RealIds
from palomar.vocabulary.message import COMMAND_LINE_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoints:
    """Where the simulator listens, which ESME it calls, and the file of its chaos script."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    call: tuple[str, int] | None
    call_password: str
    chaos_file: Path | None


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=2775, show_default=True, help="Port to listen on; 0 takes a free one.")
@click.option("--system-id", default="palomar", show_default=True, help="Who may bind.")
@click.option("--password", default="secret", show_default=True, help="With what password.")
@click.option("--also", multiple=True, metavar="SYSTEM_ID=PASSWORD", help="Who else may bind; may be repeated.")
@click.option("--any-password", is_flag=True, help="Let anybody bind.")
@click.option("--receipt-delay", type=click.FloatRange(0), help="Seconds until a receipt.  [default: 0.3 to 0.9]")
@click.option("--decimal-ids", is_flag=True, help="Message ids in decimal digits instead of hexadecimal ones.")
@click.option("--data-sm", is_flag=True, help="Bring receipts and messages of phones by data_sm.")
@click.option(
    "--window", type=click.IntRange(1), default=1_000, show_default=True, help="Deliveries without an answer."
)
@click.option("--chaos", default="", metavar="SCRIPT", help="What it does wrong on purpose (palomar chaos items).")
@click.option("--chaos-file", type=click.Path(path_type=Path), help="A file with the script, read again on SIGHUP.")
@click.option("--tls-certificate", type=click.Path(path_type=Path), help="Certificate chain, PEM: speaks TLS.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key, PEM.")
@click.option("--tls-client-ca", type=click.Path(path_type=Path), help="Only clients with a certificate of it, PEM.")
@click.option("--outbind", metavar="HOST:PORT", default="", help="Call an ESME that listens there, and ask it to bind.")
@click.option("--outbind-password", default="", help="What the ESME knows us by.")
@click.option("--numbers", is_flag=True, help="Only list the magic numbers, and leave.")
def simulator(
    host: str,
    port: int,
    system_id: str,
    password: str,
    also: tuple[str, ...],
    any_password: bool,
    receipt_delay: float | None,
    decimal_ids: bool,
    data_sm: bool,
    window: int,
    chaos: str,
    chaos_file: Path | None,
    tls_certificate: Path | None,
    tls_key: Path | None,
    tls_client_ca: Path | None,
    outbind: str,
    outbind_password: str,
    numbers: bool,
) -> None:
    """Run the simulator as a stand-alone SMSC that speaks SMPP 3.4 over TCP, until SIGTERM or Ctrl-C."""
    if numbers:
        show_table(("number ends in", "what happens"), magic_numbers())
        return
    if chaos and chaos_file:
        fail("--chaos or --chaos-file: one of them", 2)
    passwords = {system_id: password} | dict(_client(text) for text in also)
    try:
        settings = SimulatorSettings(
            passwords=None if any_password else passwords,
            receipt_delay_seconds=receipt_delay,
            ids="decimal" if decimal_ids else "hexadecimal",
            deliver_by="data_sm" if data_sm else "deliver_sm",
            window=window,
            chaos=_read(chaos_file) if chaos_file else chaos,
        )
    except ValueError as error:
        fail(str(error), 2)
    endpoints = _Endpoints(
        host=host,
        port=port,
        tls=_tls(tls_certificate, tls_key, tls_client_ca),
        call=_address(outbind) if outbind else None,
        call_password=outbind_password,
        chaos_file=chaos_file,
    )
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_simulate(settings, endpoints))
    except OSError as error:
        fail(f"cannot listen on {host} port {port}: {error.strerror or error}")


async def _simulate(settings: SimulatorSettings, endpoints: _Endpoints) -> None:
    smsc = SimulatorSmsc(settings, clock=RealClock(), chance=RealIds(COMMAND_LINE_NODE).random)
    server = await listen.serve(smsc, host=endpoints.host, port=endpoints.port, tls=endpoints.tls)
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if endpoints.chaos_file is not None:
        loop.add_signal_handler(signal.SIGHUP, _reread, smsc, endpoints.chaos_file)
    port = server.sockets[0].getsockname()[1]
    click.echo(f"SMSC simulator listens on {endpoints.host} port {port} (pid {os.getpid()})", err=True)
    calling = asyncio.create_task(_call(smsc, endpoints))
    await stopping.wait()
    calling.cancel()
    server.close()
    smsc.close()
    click.echo(f"{smsc.stats}", err=True)


async def _call(smsc: SimulatorSmsc, endpoints: _Endpoints) -> None:
    if endpoints.call is None:
        return
    host, port = endpoints.call
    printed: set[str] = set()

    def failed(error: OSError) -> None:
        why = f"cannot call {host} port {port}: {error.strerror or error}"
        if why not in printed:
            printed.add(why)
            click.echo(why, err=True)

    await listen.call_esme(smsc, host=host, port=port, password=endpoints.call_password, failed=failed)


def _reread(smsc: SimulatorSmsc, file: Path) -> None:
    """Take over the script in the file; one that cannot be read changes nothing."""
    try:
        wanted = script.parse(_text(file))
    except (OSError, UnicodeDecodeError, script.ScriptError) as error:
        click.echo(f"{file}: {error}; the script stays as it was", err=True)
        return
    smsc.set_chaos(wanted)
    click.echo(f"chaos: {script.to_text(wanted)}", err=True)


def _read(file: Path) -> str:
    try:
        return _text(file)
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file}: {error}", 2)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def _client(text: str) -> tuple[str, str]:
    name, equals, password = text.partition("=")
    if not name or not equals:
        fail(f"--also: SYSTEM_ID=PASSWORD is expected, not {text!r}", 2)
    return name, password


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()):
        fail(f"--outbind: HOST:PORT is expected, not {text!r}", 2)
    return host.strip("[]"), int(port)


def _tls(certificate: Path | None, key: Path | None, client_ca: Path | None) -> ssl.SSLContext | None:
    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        fail("--tls-certificate and --tls-key: both are needed", 2)
    try:
        return listen.server_context(
            certificate=str(certificate), key=str(key), client_authority=str(client_ca) if client_ca else ""
        )
    except OSError as error:
        fail(f"TLS: {error}", 2)
