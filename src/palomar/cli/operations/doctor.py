"""``palomar doctor``: check the configuration, the database, the ledger, what waits, and every carrier.

Not here: what a trial may leave behind (``doctor_safety``), and one carrier in detail (``cli.routing.carrier_doctor``).
"""

import asyncio
from pathlib import Path
from typing import assert_never

import click

from palomar.accounts.known_callers import unknown_proxies
from palomar.app import config as configuration
from palomar.app.config import Config, ConfigError
from palomar.app.config_carriers import SimulatorCarrier
from palomar.app.data_directory import has_data, opened_database, wall_clock
from palomar.billing.audit import audit_ledger
from palomar.callbacks.backlog import describe_off_targets
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.cli.operations.doctor_safety import Verdict, examine_safety
from palomar.cli.root import json_option, show_json, visible
from palomar.cli.routing.carrier import waiting_line
from palomar.cli.tree import CommandTree
from palomar.clock import RealClock
from palomar.receipts.oddities import list_oddities
from palomar.reports.messages import count_by_state
from palomar.routing.carrier_status import CarrierStatus, list_carrier_status
from palomar.routing.waiting_counts import WaitingCount, count_waiting
from palomar.storage.database import Database, DatabaseError, Transaction
from palomar.storage.sqlite import require_safe_sqlite
from palomar.text.times import format_gmt
from palomar.vocabulary.oddity import OddityKind

_CONNECT_SECONDS = 3.0
_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}


@click.group(cls=CommandTree, offered={"carrier": "routing.carrier_doctor:examine"}, invoke_without_command=True)
@json_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Check the configuration, the database, the ledger and whether each carrier can be reached.

    Exit code 1 if something is at fault.
    """
    if ctx.invoked_subcommand is not None:
        return
    try:
        config = configuration.load()
    except ConfigError as error:
        verdicts: list[Verdict] = [("fault", f"configuration: {fault}") for fault in error.faults]
    else:
        verdicts = asyncio.run(_examine(config))
    if as_json:
        show_json([{"verdict": verdict, "text": text} for verdict, text in verdicts])
    else:
        for verdict, text in verdicts:
            click.echo(f"{click.style(verdict.rjust(7), fg=_COLOURS[verdict])}  {visible(text)}")
    if any(verdict == "fault" for verdict, _ in verdicts):
        raise SystemExit(1)


async def _examine(config: Config) -> list[Verdict]:
    verdicts: list[Verdict] = [("ok", f"configuration: {config.file or 'defaults and environment'}")]
    verdicts.extend(_examine_sqlite())
    verdicts.extend(_examine_http(config))
    try:
        if has_data(config):
            async with opened_database(config, make_directory=False) as database:
                verdicts.extend(await _examine_database(database))
                verdicts.extend(await _examine_oddities(database, config))
                verdicts.extend(await _examine_waiting(config, database))
                verdicts.extend(await examine_safety(config, database))
        else:
            verdicts.append(("ok", f"database: none yet; the first start makes it in {config.data_dir}"))
    except DatabaseError as error:
        verdicts.append(("fault", f"database: {error}"))
    for carrier in config.carriers:
        match carrier:
            case SmppCarrierSettings():
                verdicts.append(await _examine_carrier(carrier))
            case SimulatorCarrier():
                verdicts.append(("ok", f"carrier {carrier.name}: the simulator, inside the process"))
            case _:
                assert_never(carrier)
    return verdicts


def _examine_sqlite() -> list[Verdict]:
    try:
        require_safe_sqlite()
    except DatabaseError as error:
        return [("fault", str(error))]
    return [("ok", "SQLite: a version without the WAL-reset bug")]


def _examine_http(config: Config) -> list[Verdict]:
    http = config.http
    verdicts: list[Verdict] = []
    for name, file in (("certificate", http.tls_certificate), ("key", http.tls_key)):
        if file is not None and not Path(file).is_file():
            verdicts.append(("fault", f"http.tls_{name}: there is no file {file}"))
    if not configuration.is_loopback(http.host) and http.tls_certificate is None:
        verdicts.append(("warning", f"http.host: {http.host} without TLS: passwords travel in the clear"))
    if not verdicts:
        verdicts.append(("ok", f"http: {http.host} port {http.port}"))
    return verdicts


async def _examine_database(database: Database) -> list[Verdict]:
    faults = await database.read(audit_ledger)
    states = await database.read(count_by_state)
    counted = ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "none yet"
    verdicts: list[Verdict] = [("ok", f"database: reached, schema up to date; messages: {counted}")]
    verdicts.extend(await _examine_proxies(database))
    verdicts.extend(("fault", f"ledger: {fault}") for fault in faults)
    verdicts.extend(("warning", words) for words in await database.read(describe_off_targets))
    if not faults:
        verdicts.append(("ok", "ledger: every entry sums to zero, every balance is its ledger's sum"))
    return verdicts


async def _examine_oddities(database: Database, config: Config) -> list[Verdict]:
    """List unusual PDUs of the last month, and words of receipts that are unknown and still not configured."""
    from palomar.carriers.smpp import setting_values  # imported here: both import the whole library of PDUs
    from palomar.smpp import normalize_word, state_of

    known = {
        carrier.name: setting_values.receipt_words(carrier.receipt_words)
        for carrier in config.carriers
        if isinstance(carrier, SmppCarrierSettings)
    }
    found = await database.read(list_oddities, since_ms=0)
    verdicts: list[Verdict] = []
    for one in found:
        what, times = one.oddity.what, f"{one.times} times, the last at {format_gmt(one.last_ms)}"
        if one.oddity.kind is OddityKind.PDU:
            verdicts.append(("warning", f"carrier {one.carrier}: sends {what}; it is read all the same ({times})"))
        elif one.carrier in known and normalize_word(what) not in known[one.carrier] and state_of(what) is None:
            says = f"its receipts say {what!r}, which is not known, and end nothing ({times})"
            verdicts.append(("warning", f"carrier {one.carrier}: {says}: set carriers.{one.carrier}.receipt_words"))
    return verdicts


async def _examine_proxies(database: Database) -> list[Verdict]:
    """Warn of addresses that send X-Forwarded-For and are not trusted: all callers behind one count as one address."""
    now_ms = RealClock().wall_ms()
    found = await database.read(unknown_proxies, now_ms=now_ms)
    return [
        (
            "warning",
            f"proxy {address} sends X-Forwarded-For and is not in http.trusted_proxies: everybody behind it is one"
            " address, which is never blocked",
        )
        for address in found
    ]


async def _examine_waiting(config: Config, database: Database) -> list[Verdict]:
    """List what waits for carriers while nothing leaves, or while no server runs."""
    now_ms = (await wall_clock(config, database)).wall_ms()

    async def script(tx: Transaction) -> tuple[list[CarrierStatus], dict[str, WaitingCount]]:
        return await list_carrier_status(tx, now_ms=now_ms), await count_waiting(tx, now_ms=now_ms)

    statuses, waiting = await database.read(script)
    known = {status.carrier: status for status in statuses}
    verdicts: list[Verdict] = []
    for name, one in waiting.items():
        status = known.get(name)
        text = f"{'carrier ' if name else ''}{waiting_line(name, one, status, now_ms)}"
        if status is not None and status.stalled:
            verdicts.append(("fault", text))
        elif status is None or status.idle_since_ms:
            verdicts.append(("warning", text))
    return verdicts


async def _examine_carrier(carrier: SmppCarrierSettings) -> Verdict:
    where = f"carrier {carrier.name}: {carrier.host} port {carrier.port}"
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(carrier.host, carrier.port), _CONNECT_SECONDS)
    except TimeoutError:
        return ("warning", f"{where} cannot be reached now: no answer")
    except OSError as error:
        return ("warning", f"{where} cannot be reached now: {error.strerror or error}")
    writer.close()
    return ("ok", f"{where} can be reached")
