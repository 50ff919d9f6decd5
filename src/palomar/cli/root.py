"""What every command shares: the configuration, the database, how answers are shown and errors are told."""

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
"""After so long a running server has seen what a command changed."""

_FOR_THE_OWNER = 0o077
"""What we make holds texts, numbers and secrets: nobody else on the machine may read it."""

_OBEYED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Controls, ends of lines, and marks that turn the direction of what follows."""

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
"""Where each command stands below ``palomar.cli``."""


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
    """One structured line an event, on stderr."""
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
    for handler in [one for one in libraries.handlers if isinstance(one, _OfLibraries)]:
        libraries.removeHandler(handler)
    libraries.addHandler(_OfLibraries(logging.WARNING))


class _OfLibraries(logging.Handler):
    """Tell what libraries log by Python's own means as one line more of ours: a traceback is no line that is read."""

    def emit(self, record: logging.LogRecord) -> None:
        structlog.get_logger().log(
            record.levelno, record.getMessage(), library=record.name, exc_info=record.exc_info or None
        )


def fail(text: str, code: int = 1) -> NoReturn:
    """Say what is wrong on stderr and leave."""
    click.echo(f"palomar: {text}", err=True)
    raise SystemExit(code)


def configured() -> Config:
    """The configuration, or every fault of it on stderr and exit code 2."""
    try:
        return load()
    except ConfigError as error:
        for fault in error.faults:
            click.echo(f"palomar: {fault}", err=True)
        raise SystemExit(2) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandContext:
    """What a command works with."""

    config: Config
    database: Database
    clock: RealClock
    ids: RealIds

    async def accounts(self) -> Snapshot:
        return await self.database.read(load_snapshot)

    async def account(self, login: str) -> Account:
        """The account of that login; leaves with a message if there is none."""
        found = (await self.accounts()).by_login.get(login_key(login))
        if found is None:
            fail(f"there is no account {login!r} (palomar account list)")
        return found

    def transaction_context(self, snapshot: Snapshot) -> TransactionContext:
        """Build what a transaction of a command may look at."""
        return make_context(accounts=snapshot.by_id, renderers=renderers(), ids=self.ids)


def run(work: Callable[[CommandContext], Coroutine[Any, Any, T]], *, creates: bool = False) -> T:
    """Run a command's work on the configured database. Only with ``creates`` is a database made that is not there."""
    config = configured()
    if not creates and not has_data(config):
        fail(f"no data here; PALOMAR_DATA_DIR is {config.data_dir}")

    async def opened() -> T:
        async with opened_database(config, makes_home=creates) as database:
            clock = await wall_clock(config, database)
            ids = RealIds(COMMAND_LINE_NODE, clock=clock)
            context = CommandContext(config=config, database=database, clock=clock, ids=ids)
            before = await database.read(_version)
            result = await work(context)
            if await database.read(_version) != before and await database.read(_has_servers):
                await asyncio.sleep(_SEEN_SECONDS)  # who sends right after this command must not be too early
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
    """Write a text on one line that a terminal shows and does not obey.

    Phones, carriers and customers' servers wrote it.
    """
    return _OBEYED.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def show_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; on a terminal, cut to its width. What goes elsewhere is whole."""
    columns = shutil.get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None
    heading, *lines = table_lines(headings, [[visible(str(cell)) for cell in row] for row in rows], columns=columns)
    click.echo(click.style(heading, bold=True))
    for line in lines:
        click.echo(line)
