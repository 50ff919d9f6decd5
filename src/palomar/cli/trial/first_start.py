"""The first start: it makes an account and a user to try with, shows their secrets, and ends with the first real
carrier.

The secrets are written to a file that only its owner may read, before anything is stored that needs them: an
interrupted start is finished by the next one. They are shown on a terminal only, never in a log.
"""

import json
import os
import shlex
import sys
from functools import partial
from pathlib import Path

import structlog

from palomar.access.password_rule import generate_password
from palomar.access.passwords import is_hash_of
from palomar.access.users import user_of_login
from palomar.accounts.snapshot import load_snapshot
from palomar.app.config import Config
from palomar.app.config_carriers import SimulatorCarrier
from palomar.app.data_directory import FIRST_ACCOUNT_FILE
from palomar.app.front import CONSOLE, SANDBOX_CALLBACK
from palomar.app.installation import Note, is_noted, note_once
from palomar.cli.accounts.account import create_account
from palomar.cli.accounts.user import create_user
from palomar.cli.root import CommandContext
from palomar.cli.trial import ending
from palomar.clock import RealClock, RealIds
from palomar.inbound.numbers import VirtualNumber, add_number
from palomar.storage.database import Database, Transaction
from palomar.transaction.change_counter import BUMP_VERSION
from palomar.transaction.work import Work
from palomar.vocabulary.access import Role
from palomar.vocabulary.account import Account
from palomar.vocabulary.credit import Microcredits
from palomar.vocabulary.message import COMMAND_LINE_NODE

DEMO_LOGIN = "demo"
DEMO_NAME = "A first account"
DEMO_NUMBER = "34900000000"
ADMIN_LOGIN = "admin"
CONFIRM_TRIAL = f"./run account set {DEMO_LOGIN} enabled=on"
"""The command that lets the trial's account send by a real carrier."""
RESET_ADMIN = f"./run user reset {ADMIN_LOGIN}"
_ANOTHER_PASSWORD = (
    f"The console's user {ADMIN_LOGIN} still has the password that was shown then. To give another:",
    f"  {RESET_ADMIN}",
)
_DEMO_MICROCREDITS = Microcredits(1_000_000_000)
_EXAMPLE_NUMBER = "34600000000"
_log = structlog.get_logger(__name__)

Secrets = dict[str, str]


class Trial:
    """The account and the user that a first start makes: their making, what is shown of them, and their end."""

    def __init__(self, config: Config, database: Database) -> None:
        self._config = config
        self._database = database
        self._file = config.data_dir / FIRST_ACCOUNT_FILE
        self._context = CommandContext(
            config=config, database=database, clock=RealClock(), ids=RealIds(COMMAND_LINE_NODE)
        )
        self._made: Secrets | None = None
        self._ended = False
        self._admin_is_known = False

    async def begin(self) -> bool:
        """Make an account to try with and a user of the console, if there is no account yet and nothing real can be
        sent.

        Return False if nothing was made. Call it when the ports are open.
        """
        if not self._config.simulated or await self._database.read(is_noted, note=Note.TRIAL_BEGUN):
            return False
        accounts = (await self._context.accounts()).by_login
        begun = _read_secrets(self._file) if accounts else None
        if accounts and begun is None:
            return False
        admin_hash = await self._database.read(_admin_hash)
        if DEMO_LOGIN in accounts and admin_hash:  # an older installation: all is there
            await self._database.write(note_once, note=Note.TRIAL_BEGUN, now_ms=self._context.clock.wall_ms())
            return False
        self._made = begun or _new_secrets(self._context)
        _keep_secrets(self._file, self._made)
        await _make(self._context, self._made)
        return True

    async def end(self) -> None:
        """Switch the trial's account off, once, when there is a real carrier; but not if it has sent by that carrier
        already.

        Call it before anything is sent. A start that is interrupted here is finished by the next.
        """
        if self._config.simulated or await self._database.read(is_noted, note=Note.TRIAL_ENDED):
            return
        account = await trial_account(self._config, self._database)
        if account is not None and not await has_sent_for_real(self._config, self._database, account):
            self._ended = account.enabled
            after = await _end_some(self._context, account, after=0)
            while after:
                after = await _end_some(self._context, account, after=after)
            _log.warning("trial_ended", account=DEMO_LOGIN, confirm=CONFIRM_TRIAL)
            self._admin_is_known = await is_first_admin_password(self._config, self._database)
        noted = partial(note_once, note=Note.TRIAL_ENDED, now_ms=self._context.clock.wall_ms())
        await self._database.write(noted)

    def lines(self, url: str) -> list[str]:
        """Return the lines for whoever starts the server. Secrets are among them on a terminal only."""
        if self._ended:
            return [
                *_where_to_log_in(url, self._file),
                "",
                f"There is a real carrier now, so the trial's account {DEMO_LOGIN} was switched off: its key and",
                "password have stood on a screen. Nothing of it that still waited is sent. To let it send for real:",
                f"  {CONFIRM_TRIAL}",
                *(_ANOTHER_PASSWORD if self._admin_is_known else ()),
            ]
        if self._made is None:
            return _where_to_log_in(url, self._file)
        if not sys.stderr.isatty():
            return [*_where_to_log_in(url, self._file), f"A first account was made: {DEMO_LOGIN}, 1,000 credits."]
        return [
            "",
            f"Open the console at {url}{CONSOLE}/ and log in as {ADMIN_LOGIN},"
            f" password {self._made['admin_password']}.",
            "",
            f"A first account was made: {DEMO_LOGIN}, 1,000 credits, password {self._made['password']},",
            f"API key {self._made['api_key']} (shown this once, kept in {self._file}).",
            *_first_steps(url, self._made),
        ]


def _first_steps(url: str, secrets: Secrets) -> list[str]:
    body = {
        "message": "Hola from Palomar",
        "recipient": [{"msisdn": _EXAMPLE_NUMBER}],
        "ackurl": url + SANDBOX_CALLBACK,
    }
    curl = f"curl -u {DEMO_LOGIN}:{secrets['api_key']} {url}/json/send -H 'Content-Type: application/json' -d "
    return [
        "",
        "Send a message as a FOXSYS client does:",
        f"  {curl}{shlex.quote(json.dumps(body))}",
        "or from another terminal:",
        f"  ./run message send --account {DEMO_LOGIN} --to {_EXAMPLE_NUMBER} --text 'Hola from Palomar'",
        "and see what became of it:",
        "  ./run message list",
    ]


def _where_to_log_in(url: str, file: Path) -> list[str]:
    """Say where the console is, and name the file of the first start's secrets while it exists."""
    if not file.exists():
        return ["", f"Open the console at {url}{CONSOLE}/."]
    return ["", f"Open the console at {url}{CONSOLE}/; login, password and the first account's key are in {file}."]


def _new_secrets(context: CommandContext) -> Secrets:
    return {
        "password": generate_password(context.ids.token()),
        "api_key": context.ids.token(),
        "admin_password": generate_password(context.ids.token()),
    }


async def _make(context: CommandContext, secrets: Secrets) -> None:
    """Store what is still missing of the trial."""
    await create_account(
        context,
        DEMO_LOGIN,
        name=DEMO_NAME,
        password=secrets["password"],
        key=secrets["api_key"],
        credit=_DEMO_MICROCREDITS,
        settings=("requests_per_second=0",),
    )
    account = await context.account(DEMO_LOGIN)
    number = VirtualNumber(number=DEMO_NUMBER, account_id=account.id, created_ms=context.clock.wall_ms())
    await context.database.write(add_number, number=number)
    await create_user(context, ADMIN_LOGIN, name="", role=Role.OWNER, password=secrets["admin_password"])
    await context.database.write(note_once, note=Note.TRIAL_BEGUN, now_ms=context.clock.wall_ms())


async def trial_account(config: Config, database: Database) -> Account | None:
    """Return the account that the first start made: known by its name, by the file of its secrets, or by a note; None
    if there is none."""
    found = (await database.read(load_snapshot)).by_login.get(DEMO_LOGIN)
    if found is None or found.name == DEMO_NAME or (config.data_dir / FIRST_ACCOUNT_FILE).exists():
        return found
    return found if await database.read(is_noted, note=Note.TRIAL_BEGUN) else None


async def has_sent_for_real(config: Config, database: Database, account: Account) -> bool:
    """Return True if the account has sent by one of today's real carriers: then it is no longer a trial's."""
    real = [carrier.name for carrier in config.carriers if not isinstance(carrier, SimulatorCarrier)]
    return await database.read(ending.has_sent_by, account=account, carriers=real)


async def _end_some(context: CommandContext, account: Account, *, after: int) -> int:
    snapshot = await context.accounts()

    async def script(tx: Transaction) -> int:
        work = Work(tx, context.transaction_context(snapshot), now_ms=context.clock.wall_ms())
        ended = await ending.end_some(work, account, after=after)
        await work.finish()
        await tx.execute(BUMP_VERSION)
        return ended

    return await context.database.write(script)


async def is_first_admin_password(config: Config, database: Database) -> bool:
    """Return True if the console's first user still has the password that the first start showed."""
    secrets = _read_secrets(config.data_dir / FIRST_ACCOUNT_FILE)
    stored = await database.read(_admin_hash)
    return secrets is not None and bool(stored) and is_hash_of(stored, secrets["admin_password"])


async def _admin_hash(tx: Transaction) -> str:
    admin = await user_of_login(tx, ADMIN_LOGIN)
    return admin.password_hash if admin is not None else ""


def _read_secrets(file: Path) -> Secrets | None:
    """Read the secrets that an earlier first start wrote; None if there is no such file, or it cannot be read."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return {
            "password": stored["password"],
            "api_key": stored["api_key"],
            "admin_password": stored["console"]["password"],
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep_secrets(file: Path, secrets: Secrets) -> None:
    stored = {
        "login": DEMO_LOGIN,
        "password": secrets["password"],
        "api_key": secrets["api_key"],
        "credits": 1_000,
        "console": {"login": ADMIN_LOGIN, "password": secrets["admin_password"]},
    }
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as out:
        os.fchmod(descriptor, 0o600)
        json.dump(stored, out, indent=2)
