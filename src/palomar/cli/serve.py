"""``palomar serve``: the server, its signals, and what a first start shows."""

import asyncio
import contextlib
import gc
import json
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import structlog

from palomar.cli.account import create_account
from palomar.cli.root import Desk, configured, fail
from palomar.cli.user import create_user
from palomar.clock import RealClock, RealIds
from palomar.config import Config
from palomar.domain.access import Role
from palomar.domain.credit import Microcredits
from palomar.domain.message import COMMAND_LINE_NODE
from palomar.domain.refusals import Refusal
from palomar.flows.numbers import VirtualNumber, add_number
from palomar.place import FIRST_ACCOUNT_FILE, StartError, opened_database
from palomar.storage.database import Database, DatabaseError, Transaction
from palomar.web import CONSOLE, SANDBOX_CALLBACK

if TYPE_CHECKING:
    from palomar.app import App

DEMO_LOGIN = "demo"
DEMO_NUMBER = "34900000000"
ADMIN_LOGIN = "admin"
_DEMO_MICROCREDITS = Microcredits(1_000_000_000)
_EXAMPLE_NUMBER = "34600000000"
_log = structlog.get_logger(__name__)


@click.command()
def serve() -> None:
    """Run the server until SIGTERM or Ctrl-C (a second one ends it at once; SIGHUP reads certificates again)."""
    import uvloop  # and the whole house: no other command starts it

    from palomar.net.server import ListenError

    config = configured()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(config))
    except (StartError, ListenError, DatabaseError) as error:
        fail(str(error))
    except BaseExceptionGroup as group:
        known = group.subgroup((StartError, ListenError, DatabaseError))
        if known is None:
            raise
        fail(str(_first(known)))


async def _serve(config: Config) -> None:
    from palomar.app import App

    stopping = _on_signals()
    async with opened_database(config) as database:
        demo = await _first_account(config, database)
        app = App(config, database)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(asyncio.CancelledError):
            async with app.running():
                loop.add_signal_handler(signal.SIGHUP, app.reload_tls)
                _spare_the_collector()
                _greet(config, app, demo)
                await stopping.wait()
                _log.info("stopping")
    _log.info("stopped")


def _spare_the_collector() -> None:
    """What was built for good is never looked at again, and young garbage is looked at less often: messages make no
    cycles. Some 5 % of the processor time a message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


def _on_signals() -> asyncio.Event:
    """The one handler of signals: the first asks to stop, the second stops at once."""
    stopping = asyncio.Event()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    return stopping


async def _first_account(config: Config, database: Database) -> dict[str, object] | None:
    """An account to try with and a user of the console, where there is no account yet and nothing real can be sent;
    their secrets, shown this once."""
    desk = Desk(config=config, database=database, clock=RealClock(), ids=RealIds(COMMAND_LINE_NODE))
    if not config.simulated or (await desk.accounts()).by_id:
        return None
    made = await create_account(
        desk,
        DEMO_LOGIN,
        name="A first account",
        password=None,
        credit=_DEMO_MICROCREDITS,
        settings=("requests_per_second=0",),
    )
    if isinstance(made, Refusal):
        return None
    if made is not None:
        await _give_number(desk)
        admin = await create_user(desk, ADMIN_LOGIN, name="", role=Role.OWNER)
        made |= {"console": admin} if admin is not None else {}
        _keep_secrets(config.data_dir / FIRST_ACCOUNT_FILE, made)
    return made


async def _give_number(desk: Desk) -> None:
    """The first account gets a number, so that phones of the sandbox can write to it."""
    account = await desk.account(DEMO_LOGIN)
    number = VirtualNumber(number=DEMO_NUMBER, account_id=account.id, created_ms=desk.clock.wall_ms())

    async def script(tx: Transaction) -> bool:
        return await add_number(tx, number)

    await desk.database.write(script)


def _keep_secrets(file: Path, secrets: dict[str, object]) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        os.fchmod(descriptor, 0o600)
        json.dump(secrets, out, indent=2)


def _greet(config: Config, app: "App", demo: dict[str, object] | None) -> None:
    """What a person at a terminal wants to know. On stderr: stdout stays empty."""
    url = app.urls[0]
    _log.info("serving", url=url, carriers=[carrier.name for carrier in config.carriers], pid=os.getpid())
    lines = [f"Palomar serves at {url}"]
    if config.simulated:
        lines.append("No carrier is configured: messages go to the embedded simulator, nothing leaves this machine.")
    networks = config.callback_networks
    if networks:
        lines.append(f"Callbacks may go to these private networks: {', '.join(networks)}.")
    if demo is not None:
        lines.extend(_first_steps(url, demo, config))
    click.echo("\n" + "\n".join(lines) + "\n", err=True)
    sys.stderr.flush()


def _first_steps(url: str, demo: dict[str, object], config: Config) -> list[str]:
    body = {
        "message": "Hola from Palomar",
        "recipient": [{"msisdn": _EXAMPLE_NUMBER}],
        "ackurl": url + SANDBOX_CALLBACK,
    }
    curl = f"curl -u {demo['login']}:{demo['api_key']} {url}/json/send -H 'Content-Type: application/json' -d "
    return [
        *_first_log_in(url, demo),
        "",
        f"A first account was made: {demo['login']}, 1,000 credits, password {demo['password']},",
        f"API key {demo['api_key']} (shown this once, kept in {config.data_dir / FIRST_ACCOUNT_FILE}).",
        "",
        "Send a message as a FOXSYS client does:",
        f"  {curl}{shlex.quote(json.dumps(body))}",
        "or from another terminal:",
        f"  ./run message send --account {demo['login']} --to {_EXAMPLE_NUMBER} --text 'Hola from Palomar'",
        "and see what became of it:",
        "  ./run message list",
    ]


def _first_log_in(url: str, demo: dict[str, object]) -> list[str]:
    admin = demo.get("console")
    if not isinstance(admin, dict):
        return []
    return [
        "",
        f"Open the console at {url}{CONSOLE}/ and log in as {admin['login']}, password {admin['password']}.",
    ]


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
