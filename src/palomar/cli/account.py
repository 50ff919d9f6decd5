"""``palomar account`` and ``palomar key``."""

import dataclasses

import argon2
import click

from palomar.cli.root import Desk, fail, json_option, run, show_json, show_table
from palomar.domain.account import Account
from palomar.domain.credit import Microcredits, as_number, format_exact, parse_credits
from palomar.domain.refusals import Refusal
from palomar.domain.schedule import format_gmt
from palomar.domain.settings import SettingError, setting_names, value_text, with_setting
from palomar.flows import accounts as flow
from palomar.storage.accounts import KeyRow
from palomar.storage.database import Transaction


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
    result = run(
        lambda desk: create_account(
            desk,
            login,
            name=name,
            parent=parent,
            password=password,
            credit=_credits(credit),
            settings=tuple(assignments),
        )
    )
    if result is None:
        fail(f"there is already an account {login!r}")
    if isinstance(result, Refusal):
        fail(f"{parent} has less than {credit} credits")
    if as_json:
        show_json(result)
        return
    click.echo(f"Account {login} with {result['credits']} credits. Its secrets, shown this once:")
    show_table(("", ""), (("password", result["password"]), ("API key", result["api_key"])))


@account.command("list")
@json_option
def list_accounts(as_json: bool) -> None:
    """All accounts with their balance."""

    async def work(desk: Desk) -> list[dict[str, object]]:
        snapshot = await desk.accounts()
        return [await _view(desk, found) for found in snapshot.by_id.values()]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        rows = [(v["login"], v["credits"], v["reserved"], "yes" if v["enabled"] else "no", v["name"]) for v in views]
        show_table(("login", "credits", "reserved", "enabled", "name"), rows)


@account.command("show")
@click.argument("login")
@json_option
def show(login: str, as_json: bool) -> None:
    """One account: balance, settings, keys."""

    async def work(desk: Desk) -> dict[str, object]:
        found = await desk.account(login)

        async def script(tx: Transaction) -> list[dict[str, object]]:
            return [_key_view(row) for row in await flow.list_keys(tx, found.id)]

        return await _view(desk, found) | {"keys": await desk.database.read(script)}

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

    async def work(desk: Desk) -> flow.Balance | Refusal:
        found = await desk.account(login)
        house = desk.house(await desk.accounts())

        async def script(tx: Transaction) -> flow.Balance | Refusal:
            return await flow.add_credit(tx, house, found.id, _credits(amount), now_ms=desk.clock.wall_ms())

        return await desk.database.write(script)

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
        fail("an amount above nought is expected", 2)

    async def work(desk: Desk) -> flow.Balance | Refusal:
        source, target = await desk.account(giver), await desk.account(taker)
        house = desk.house(await desk.accounts())

        async def script(tx: Transaction) -> flow.Balance | Refusal:
            return await flow.transfer(
                tx, house, giver=source.id, taker=target.id, microcredits=microcredits, now_ms=desk.clock.wall_ms()
            )

        return await desk.database.write(script)

    result = run(work)
    if isinstance(result, Refusal):
        fail(f"{giver} has less than that")
    left = Microcredits(result.available)
    if as_json:
        show_json({"login": giver, "credits": as_number(left)})
    else:
        click.echo(f"{giver} has {format_exact(left)} credits left.")


@account.command(
    "set", epilog="\b\nSettings:\n" + "\n".join(f"  {n} ({d or 'empty'}): {h}" for n, d, h in setting_names())
)
@click.argument("login")
@click.argument("assignments", nargs=-1, required=True, metavar="NAME=VALUE...")
def set_settings(login: str, assignments: tuple[str, ...]) -> None:
    """Change settings; also enabled=on|off, may_send=on|off, name=TEXT."""

    async def work(desk: Desk) -> None:
        changed = await desk.account(login)
        for assignment in assignments:
            changed = _assigned(changed, assignment)

        async def script(tx: Transaction) -> None:
            await flow.change_account(tx, changed)

        await desk.database.write(script)

    run(work)
    click.echo(f"{login} changed.")


@click.group()
def key() -> None:
    """API keys: FOXSYS's token and 402T Labs' Bearer key."""


@key.command("add")
@click.argument("login")
@click.option("--name", default="", help="What it is for.")
@json_option
def add_key(login: str, name: str, as_json: bool) -> None:
    """Make a further key of an account and show it, this once."""

    async def work(desk: Desk) -> dict[str, object]:
        found = await desk.account(login)
        house, secret = desk.house(await desk.accounts()), desk.ids.token()

        async def script(tx: Transaction) -> dict[str, object]:
            row = await flow.add_key(tx, house, found.id, secret=secret, name=name, now_ms=desk.clock.wall_ms())
            return {"login": found.login, "id": row.id, "name": name, "api_key": secret}

        return await desk.database.write(script)

    result = run(work)
    if as_json:
        show_json(result)
    else:
        click.echo(f"Key {result['id']} of {login}, shown this once: {result['api_key']}")


@key.command("list")
@click.argument("login")
@json_option
def list_keys(login: str, as_json: bool) -> None:
    """An account's keys, revoked ones too."""

    async def work(desk: Desk) -> list[dict[str, object]]:
        found = await desk.account(login)

        async def script(tx: Transaction) -> list[dict[str, object]]:
            return [_key_view(row) for row in await flow.list_keys(tx, found.id)]

        return await desk.database.read(script)

    views = run(work)
    if as_json:
        show_json(views)
    else:
        show_table(("id", "name", "begins", "made", "revoked"), [tuple(view.values()) for view in views])


@key.command("revoke")
@click.argument("login")
@click.argument("key_id", type=int)
def revoke_key(login: str, key_id: int) -> None:
    """Revoke a key: every node refuses it within a second."""

    async def work(desk: Desk) -> bool:
        found = await desk.account(login)

        async def script(tx: Transaction) -> bool:
            return await flow.revoke_key(tx, found.id, key_id, now_ms=desk.clock.wall_ms())

        return await desk.database.write(script)

    if not run(work):
        fail(f"{login} has no live key {key_id} (palomar key list {login})")
    click.echo(f"Key {key_id} of {login} is revoked.")


async def create_account(
    desk: Desk,
    login: str,
    *,
    name: str,
    parent: str | None = None,
    password: str | None,
    credit: Microcredits,
    settings: tuple[str, ...],
) -> dict[str, object] | Refusal | None:
    """Make an account; its secrets, or None if the login is taken, or the refusal of a parent with too little credit.

    Leaves with a message on a bad setting.
    """
    owner = await desk.account(parent) if parent else None
    made = Account(id=0, login=login, name=name)  # type: ignore[arg-type]  # only its settings are used
    for assignment in settings:
        made = _assigned(made, assignment)
    secret, password = desk.ids.token(), password or desk.ids.token()[:20]
    new = flow.NewAccount(
        login=login,
        name=name,
        password_hash=argon2.PasswordHasher().hash(password),
        key=secret,
        settings=made.settings,
        credit_microcredits=credit,
        parent_id=owner.id if owner else None,
    )
    house = desk.house(await desk.accounts())

    async def script(tx: Transaction) -> Account | Refusal | None:
        return await flow.add_account(tx, house, new, now_ms=desk.clock.wall_ms())

    added = await desk.database.write(script)
    if added is None or isinstance(added, Refusal):
        return added
    return {"login": login, "password": password, "api_key": secret, "credits": as_number(credit)}


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
    if name in ("enabled", "may_send"):
        if value not in ("on", "off"):
            fail(f"{name} is on or off, not {value!r}", 2)
        return dataclasses.replace(changed, **{name: value == "on"})  # type: ignore[arg-type]
    try:
        return dataclasses.replace(changed, settings=with_setting(changed.settings, name, value))
    except SettingError as error:
        fail(str(error), 2)


async def _view(desk: Desk, found: Account) -> dict[str, object]:
    async def script(tx: Transaction) -> flow.Balance:
        return await flow.balance(tx, found.id)

    balance = await desk.database.read(script)
    return {
        "login": found.login,
        "name": found.name,
        "enabled": found.enabled,
        "may_send": found.may_send,
        "credits": as_number(Microcredits(balance.available)),
        "reserved": as_number(Microcredits(balance.reserved)),
        "settings": dataclasses.asdict(found.settings),
    }


def _key_view(row: KeyRow) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "begins": row.start,
        "made": format_gmt(row.created_ms),
        "revoked": "" if row.revoked_ms is None else format_gmt(row.revoked_ms),
    }
