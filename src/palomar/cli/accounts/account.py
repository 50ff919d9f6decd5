"""``palomar account``: accounts and sub-accounts, their credit, settings and passwords."""

import dataclasses
import sys

import click

from palomar.accounts import store, tokens
from palomar.accounts.keys import list_keys
from palomar.accounts.settings import SettingError, parse_value, value_text
from palomar.accounts.snapshot import Snapshot
from palomar.accounts.tokens import Token
from palomar.billing.credit import AccountBalance, Transfer, add_credit
from palomar.billing.credit import balance as read_balance
from palomar.billing.credit import transfer as transfer_credit
from palomar.cli.accounts.key import key_view
from palomar.cli.accounts.password import good_password, password_and_hash
from palomar.cli.accounts.token import token_view
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.dialects import ACCOUNT_SETTINGS, renderers
from palomar.storage.database import Transaction
from palomar.transaction.work import Work
from palomar.vocabulary.account import Account
from palomar.vocabulary.credit import Microcredits, as_number, format_exact, parse_credits
from palomar.vocabulary.refusals import Refusal

_TOKEN_COLUMNS = ("id", "name", "made", "expires")


@click.group()
def account() -> None:
    """Accounts: who may send, with what credit and settings."""


@account.command("add")
@click.argument("login")
@click.option("--credits", "credit", default="0", show_default=True, help="Credit to begin with.")
@click.option("--name", default="", help="Who it is, for people.")
@click.option("--parent", help="Make it a sub-account of this one; its credit then comes from there.")
@click.option("--password", help="Password of SOFMEX, CONVERGIA and the console; made up if not given.")
@click.option("--requests-per-second", type=click.IntRange(0), help="FOXSYS's limit; 0 is none.  [default: 10]")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Any setting (palomar account set --help)."
)
@json_option
def add(
    login: str,
    credit: str,
    name: str,
    parent: str | None,
    password: str | None,
    requests_per_second: int | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make an account with a key and show its secrets, this once."""
    if not login.strip() or any(ord(character) < 33 or character == ":" for character in login):
        fail("a login has no spaces, no colon and is not empty", 2)
    assignments = [*settings]
    if requests_per_second is not None:
        assignments.append(f"requests_per_second={requests_per_second}")
    good_password(password, login=login)
    result = run(
        lambda context: create_account(
            context,
            login,
            name=name,
            parent=parent,
            password=password,
            credit=_credits(credit),
            settings=tuple(assignments),
        ),
        creates=True,
    )
    if result is None:
        fail(f"there is already an account or a user {login!r}")
    if isinstance(result, Refusal):
        fail(f"{parent} has less than {credit} credits")
    if as_json:
        show_json(result)
        return
    click.echo(f"Account {login} with {result['credits']} credits. Its secrets, shown this once:")
    show_table(("", ""), (("password", result["password"]), ("API key", result["api_key"])))


@account.command("list")
@click.option("--below", help="Only this account and its sub-accounts.")
@json_option
def list_accounts(below: str | None, as_json: bool) -> None:
    """List all accounts with their balance."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        snapshot = await context.accounts()
        top = await context.account(below) if below else None
        wanted = [found for found in snapshot.by_id.values() if top is None or snapshot.is_within(found, top.id)]
        return [await _view(context, found, snapshot) for found in wanted]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        columns = ("login", "parent", "credits", "reserved", "enabled", "name")
        show_table(columns, [[view[column] for column in columns] for view in views])


@account.command("show")
@click.argument("login")
@json_option
def show(login: str, as_json: bool) -> None:
    """Show one account: balance, settings, keys."""

    async def work(context: CommandContext) -> dict[str, object]:
        found = await context.account(login)

        async def script(tx: Transaction) -> list[dict[str, object]]:
            return [key_view(row) for row in await list_keys(tx, found.id)]

        return await _view(context, found, await context.accounts()) | {"keys": await context.database.read(script)}

    view = run(work)
    if as_json:
        show_json(view)
        return
    settings, keys = view.pop("settings"), view.pop("keys")
    show_table(("", ""), list(view.items()))
    click.echo("\nSettings")
    show_table(("name", "value"), [(name, value_text(value)) for name, value in settings.items()])  # type: ignore[attr-defined]
    click.echo("\nKeys")
    show_table(("id", "name", "begins", "made", "revoked"), [tuple(entry.values()) for entry in keys])  # type: ignore[attr-defined]


@account.command("credit")
@click.argument("login")
@click.argument("amount")
@json_option
def credit(login: str, amount: str, as_json: bool) -> None:
    """Add AMOUNT credits to an account (a negative amount takes out: write -- before it)."""

    async def work(context: CommandContext) -> AccountBalance | Refusal:
        found = await context.account(login)
        transaction_context = context.transaction_context(await context.accounts())
        return await context.database.write(
            add_credit, transaction_context, found.id, _credits(amount), now_ms=context.clock.wall_ms()
        )

    result = run(work)
    if isinstance(result, Refusal):
        fail("the account has less than that")
    available = Microcredits(result.available)
    if as_json:
        show_json({"login": login, "credits": as_number(available)})
    else:
        click.echo(f"{login} has {format_exact(available)} credits now.")


@account.command("transfer")
@click.argument("giver")
@click.argument("taker")
@click.argument("amount")
@json_option
def transfer(giver: str, taker: str, amount: str, as_json: bool) -> None:
    """Move AMOUNT credits from one account to another, for example from a parent to its sub-account."""
    microcredits = _credits(amount)
    if microcredits <= 0:
        fail("an amount above zero is expected", 2)

    async def work(context: CommandContext) -> AccountBalance | Refusal:
        source, target = await context.account(giver), await context.account(taker)
        transaction_context = context.transaction_context(await context.accounts())
        order = Transfer(giver=source.id, taker=target.id, microcredits=microcredits)

        async def script(tx: Transaction) -> AccountBalance | Refusal:
            unit = Work(tx, transaction_context, now_ms=context.clock.wall_ms())
            (result,) = await transfer_credit(unit, [order])
            await unit.finish()
            return result

        return await context.database.write(script)

    result = run(work)
    if isinstance(result, Refusal):
        fail(f"{giver} has less than that")
    left = Microcredits(result.available)
    if as_json:
        show_json({"login": giver, "credits": as_number(left)})
    else:
        click.echo(f"{giver} has {format_exact(left)} credits left.")


@account.command(
    "set", epilog="\b\nSettings:\n" + "\n".join(f"  {n} ({d or 'empty'}): {h}" for n, d, h in ACCOUNT_SETTINGS.rows())
)
@click.argument("login")
@click.argument("assignments", nargs=-1, required=True, metavar="NAME=VALUE...")
def set_settings(login: str, assignments: tuple[str, ...]) -> None:
    """Change settings; also enabled=on|off, may_send=on|off, name=TEXT."""

    async def work(context: CommandContext) -> None:
        changed = await context.account(login)
        for assignment in assignments:
            changed = _assigned(changed, assignment)
        await context.database.write(store.change_account, changed)

    run(work)
    click.echo(f"{login} changed.")


@account.command("password")
@click.argument("login")
@click.option("--password", help="The new one; made up if not given.")
@click.option("--end-tokens", is_flag=True, help="End the tokens that were made by name too.")
@json_option
def change_password(login: str, password: str | None, end_tokens: bool, as_json: bool) -> None:
    """Give an account another password and show it, this once; the old one is worth nothing from then on.

    Tokens that SOFMEX's login made end with it. Those that were made by name are listed, and end if you say so.
    """

    async def work(context: CommandContext) -> dict[str, object]:
        found = await context.account(login)
        fresh, password_hash = password_and_hash(context, password, login=login)

        async def script(tx: Transaction) -> list[Token]:
            now_ms = context.clock.wall_ms()
            await store.change_password(tx, found.id, password_hash, now_ms=now_ms)
            named = await tokens.named_tokens(tx, found.id, now_ms=now_ms)
            for token in named if end_tokens else []:
                await tokens.revoke_token(tx, found.id, token.id, now_ms=now_ms)
            return named

        named = await context.database.write(script)
        return {"login": found.login, "password": fresh, "tokens": [token_view(token) for token in named]}

    changed = run(work)
    if as_json:
        show_json(changed)
        return
    click.echo(f"Password of {changed['login']}, shown this once: {changed['password']}")
    named = changed["tokens"]
    if named:
        _show_tokens(login, named, ended=end_tokens)  # type: ignore[arg-type]  # it is a list of rows


def _show_tokens(login: str, named: list[dict[str, object]], *, ended: bool) -> None:
    """Show the tokens that were made by name; offer to end them, or say how to where nobody can answer."""
    click.echo("\nThese tokens were made by name and " + ("have ended with it:" if ended else "go on:"))
    show_table(("id", "name", "made", "expires"), [[view[key] for key in _TOKEN_COLUMNS] for view in named])
    if ended:
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(f"To end one: palomar token revoke {login} ID")
    elif click.confirm("End them all?", default=False):
        run(lambda context: _end_tokens(context, login, named))
        click.echo("They have ended.")


async def _end_tokens(context: CommandContext, login: str, named: list[dict[str, object]]) -> None:
    account_id = (await context.account(login)).id

    async def script(tx: Transaction) -> None:
        for view in named:
            await tokens.revoke_token(tx, account_id, int(str(view["id"])), now_ms=context.clock.wall_ms())

    await context.database.write(script)


async def create_account(
    context: CommandContext,
    login: str,
    *,
    name: str,
    parent: str | None = None,
    password: str | None,
    key: str | None = None,
    credit: Microcredits,
    settings: tuple[str, ...],
) -> dict[str, object] | Refusal | None:
    """Make an account and return its login, password, key and credit.

    Return None if the login is taken, or a refusal if the parent has too little credit. End the command on a bad
    setting.
    """
    owner = await context.account(parent) if parent else None
    made = Account(id=0, login=login, name=name)  # type: ignore[arg-type]  # only its settings are used
    for assignment in settings:
        made = _assigned(made, assignment)
    secret = key or context.ids.token()
    fresh, password_hash = password_and_hash(context, password, login=login)
    new = store.NewAccount(
        login=login,
        name=name,
        password_hash=password_hash,
        key=secret,
        settings=made.settings,
        credit_microcredits=credit,
        parent_id=owner.id if owner else None,
    )
    transaction_context = context.transaction_context(await context.accounts())
    added = await context.database.write(store.add_account, transaction_context, new, now_ms=context.clock.wall_ms())
    if added is None or isinstance(added, Refusal):
        return added
    return {"login": login, "password": fresh, "api_key": secret, "credits": as_number(credit)}


def _credits(text: str) -> Microcredits:
    amount = parse_credits(text, negative_allowed=True)
    if amount is None:
        fail(f"credits are a decimal number with at most six decimals, not {text!r}", 2)
    return amount


def _assigned(changed: Account, assignment: str) -> Account:
    name, equals, value = assignment.partition("=")
    if not equals:
        fail(f"NAME=VALUE is expected, not {assignment!r}", 2)
    if name == "name":
        return dataclasses.replace(changed, name=value)
    if name == "inbound_dialect" and value not in ("", *renderers()):
        fail(f"inbound_dialect is one of {', '.join(renderers())}, not {value!r}", 2)
    try:
        if name in ("enabled", "may_send"):
            return dataclasses.replace(changed, **{name: parse_value(name, bool, value)})  # type: ignore[arg-type]
        settings = ACCOUNT_SETTINGS.changed(changed.settings, name, value)
    except SettingError as error:
        fail(str(error), 2)
    if not renderers().keys() >= set(settings.dialects):
        fail(f"dialects are some of {', '.join(renderers())}, not {value!r}", 2)
    return dataclasses.replace(changed, settings=settings)


async def _view(context: CommandContext, found: Account, snapshot: Snapshot) -> dict[str, object]:
    balance = await context.database.read(read_balance, found.id)
    return {
        "login": found.login,
        "parent": snapshot.by_id[found.parent_id].login if found.parent_id is not None else "",
        "name": found.name,
        "enabled": found.enabled,
        "may_send": found.may_send,
        "credits": as_number(Microcredits(balance.available)),
        "reserved": as_number(Microcredits(balance.reserved)),
        "settings": ACCOUNT_SETTINGS.values(found.settings),
    }
