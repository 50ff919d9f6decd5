"""What all commands share: the top group, the configuration, the database, and how results and errors are printed."""

import asyncio
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

import click
import structlog

from palomar import __version__
from palomar.accounts.snapshot import Snapshot, load_snapshot
from palomar.accounts.store import login_key
from palomar.app.config import Config, ConfigError, load
from palomar.app.data_directory import has_data, opened_database, wall_clock
from palomar.app.transaction_order import make_context
from palomar.cli.output import steady_stderr
from palomar.cli.tables import table_lines
from palomar.cli.tree import CommandTree
from palomar.clock import RealClock, RealIds
from palomar.dialects import renderers
from palomar.storage.database import Database, DatabaseError, Transaction
from palomar.transaction.change_counter import SELECT_VERSION
from palomar.transaction.context import TransactionContext
from palomar.transaction.lease_rows import SELECT_NODES
from palomar.vocabulary.account import Account
from palomar.vocabulary.message import COMMAND_LINE_NODE

T = TypeVar("T")

_SEEN_SECONDS = 0.3
"""Seconds after which running servers have seen a command's change."""

_FOR_THE_OWNER = 0o077
"""Mask for new files: they hold texts, numbers and secrets, so nobody else on the machine may read them."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Control characters, ends of lines, and marks that change the direction of writing."""

LEVELS = ("debug", "info", "warning", "error")


COMMANDS = {
    "account": "accounts.account:account",
    "backup": "operations.backup:backup",
    "blacklist": "messages.numbers:blacklist",
    "block": "accounts.block:block",
    "callback": "messages.callback:callback",
    "carrier": "routing.carrier:carrier",
    "chaos": "sandbox.clock_and_chaos:chaos",
    "clock": "sandbox.clock_and_chaos:clock",
    "config": "operations.config:config",
    "doctor": "operations.doctor:doctor",
    "key": "accounts.key:key",
    "keyword": "messages.keyword:keyword",
    "lane": "routing.lane:lane",
    "message": "messages.message:message",
    "migrate": "operations.migrate:migrate",
    "number": "messages.numbers:number",
    "price": "accounts.price:price",
    "route": "routing.route:route",
    "scheduled": "messages.scheduled:scheduled",
    "sender": "routing.sender:sender",
    "serve": "serve:serve",
    "session": "accounts.user:session",
    "simulator": "sandbox.simulator:simulator",
    "template": "accounts.template:template",
    "token": "accounts.token:token",
    "user": "accounts.user:user",
}
"""The place of each command below ``palomar.cli``."""


@click.group(
    cls=CommandTree,
    offered=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="palomar")
@click.option("--log-level", type=click.Choice(LEVELS), help="What is logged; info for serve, warning for the others.")
@click.pass_context
def root(ctx: click.Context, log_level: str | None) -> None:
    """Palomar, a self-hosted SMS platform that speaks SOFMEX, CONVERGIA, 402T Labs and FOXSYS.

    `palomar serve` runs the server. The other commands work beside it, or without it, on the same data: what
    PALOMAR_DATA_DIR, PALOMAR_CONFIG and PALOMAR_DATABASE_URL say (`palomar config` explains).
    """
    os.umask(_FOR_THE_OWNER)
    set_up_logs(log_level or ("info" if ctx.invoked_subcommand in ("serve", "simulator") else "warning"))


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


def set_up_logs(level: str) -> None:
    """Log one structured line an event on stderr, from this level on."""
    stderr = steady_stderr()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if stderr.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(stderr),
        cache_logger_on_first_use=True,
    )
    libraries = logging.getLogger()
    for handler in [found for found in libraries.handlers if isinstance(found, _LibraryHandler)]:
        libraries.removeHandler(handler)
    libraries.addHandler(_LibraryHandler(logging.WARNING))


class _LibraryHandler(logging.Handler):
    """A log handler that turns what libraries log into one structured line each, with the traceback inside it."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info or None
        )


def fail(text: str, code: int = 1) -> NoReturn:
    """Print what is wrong on stderr and end the command with an exit code."""
    click.echo(f"palomar: {text}", err=True)
    raise SystemExit(code)


def configured() -> Config:
    """Return the configuration; print every fault of it on stderr and end with exit code 2 if there are any."""
    try:
        return load()
    except ConfigError as error:
        for fault in error.faults:
            click.echo(f"palomar: {fault}", err=True)
        raise SystemExit(2) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """What a command works with: configuration, database, clock and ids."""

    config: Config
    database: Database
    clock: RealClock
    ids: RealIds

    async def accounts(self) -> Snapshot:
        """Read all accounts."""
        return await self.database.read(load_snapshot)

    async def account(self, login: str) -> Account:
        """Return the account with that login; end the command with a message if there is none."""
        found = (await self.accounts()).by_login.get(login_key(login))
        if found is None:
            fail(f"there is no account {login!r} (palomar account list)")
        return found

    def transaction_context(self, snapshot: Snapshot) -> TransactionContext:
        """Build the context of a transaction, from accounts that were read before."""
        return make_context(accounts=snapshot.by_id, renderers=renderers(), ids=self.ids)


def run(work: Callable[[CommandContext], Coroutine[Any, Any, T]], *, creates: bool = False) -> T:
    """Run the work of a command on the configured database and return its result.

    A missing database is made only with ``creates``. If the work changed what running servers keep in memory, wait
    until they have seen it.
    """
    config = configured()
    if not creates and not has_data(config):
        fail(f"no data here; PALOMAR_DATA_DIR is {config.data_dir}")

    async def opened() -> T:
        async with opened_database(config, make_directory=creates) as database:
            clock = await wall_clock(config, database)
            ids = RealIds(COMMAND_LINE_NODE, clock=clock)
            context = CommandContext(config=config, database=database, clock=clock, ids=ids)
            before = await database.read(_version)
            result = await work(context)
            if await database.read(_version) != before and await database.read(_has_servers):
                await asyncio.sleep(_SEEN_SECONDS)  # a program that sends right after it must not come too early
            return result

    try:
        return asyncio.run(opened())
    except DatabaseError as error:
        fail(str(error))


async def _version(tx: Transaction) -> int:
    return int((await tx.select(SELECT_VERSION))[0][0])


async def _has_servers(tx: Transaction) -> bool:
    now_ms = await tx.now_ms()
    return any(row[4] > now_ms for row in await tx.select(SELECT_NODES))


def show_json(value: object) -> None:
    """Print one JSON value."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def visible(text: str) -> str:
    """Escape the control characters of a text, so that a terminal prints it on one line and obeys none of them.

    Phones, carriers and customers' servers write such texts.
    """
    return _CONTROLS.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, cut to the width of a terminal; into a pipe or a file it is written whole."""
    columns = shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None
    heading, *lines = table_lines(headings, [[visible(str(cell)) for cell in row] for row in rows], columns=columns)
    click.echo(click.style(heading, bold=True))
    for line in lines:
        click.echo(line)
