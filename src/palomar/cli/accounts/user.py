"""``palomar user`` and ``palomar session``: people who may log in to the console, and those who are logged in."""

from dataclasses import replace

import click

from palomar.access import sessions, users
from palomar.access.sessions import UserSession
from palomar.access.users import NewUser, User
from palomar.cli.accounts.password import good_password, password_and_hash
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt
from palomar.vocabulary.access import Role, is_login
from palomar.vocabulary.account import AccountId

password_option = click.option("--password", help="The password; made up if not given.")


@click.group()
def user() -> None:
    """Users: the people who log in to the console."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="Who it is, for people.")
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default=Role.OPERATOR.value,
    show_default=True,
    help="What the user may do.",
)
@click.option("--account", "of_account", help="Whose messages the user sees, sub-accounts' too.  [default: all]")
@password_option
@json_option
def add(login: str, name: str, role: str, of_account: str | None, password: str | None, as_json: bool) -> None:
    """Make a user and show the password, this once."""
    _check_login(login)
    good_password(password, login=login)

    async def work(context: CommandContext) -> dict[str, object] | None:
        account_id = (await context.account(of_account)).id if of_account else None
        return await create_user(context, login, name=name, role=Role(role), account_id=account_id, password=password)

    made = run(work, creates=True)
    if made is None:
        fail(f"there is already a user or an account {login!r}: an account logs in with its own password")
    _show_secret(made, as_json)


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List all users."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        logins = {account.id: account.login for account in (await context.accounts()).by_id.values()}
        return [_view(found, logins) for found in await context.database.read(users.list_users)]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        columns = ("login", "role", "account", "enabled", "codes", "made", "name")
        show_table(columns, [[view[column] for column in columns] for view in views])


@user.command("reset")
@click.argument("login")
@password_option
@json_option
def reset(login: str, password: str | None, as_json: bool) -> None:
    """Give a user another password and remove their app for codes; they are logged out everywhere."""
    _check_login(login)
    good_password(password, login=login)

    async def work(context: CommandContext) -> dict[str, object]:
        found = await _user(context, login)
        fresh, password_hash = password_and_hash(context, password, login=login)

        async def script(tx: Transaction) -> None:
            await users.change_password(tx, found.id, password_hash)
            await users.stop_totp(tx, found.id)
            await sessions.revoke_all(tx, user_id=found.id)

        await context.database.write(script)
        return {"login": found.login, "password": fresh}

    _show_secret(run(work), as_json)


@user.command("disable")
@click.argument("login")
@click.option("--undo", is_flag=True, help="Let the user in again.")
def disable(login: str, undo: bool) -> None:
    """Keep a user out; they are logged out everywhere at once."""

    async def work(context: CommandContext) -> None:
        found = await _user(context, login)

        async def script(tx: Transaction) -> None:
            await users.change_user(tx, replace(found, enabled=undo))
            if not undo:
                await sessions.revoke_all(tx, user_id=found.id)

        await context.database.write(script)

    run(work)
    click.echo(f"{login} can log in again." if undo else f"{login} cannot log in any more.")


@click.group()
def session() -> None:
    """Sessions: who is logged in to the console."""


@session.command("list")
@json_option
def list_sessions(as_json: bool) -> None:
    """List who is logged in, the newest first (times are GMT)."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        accounts = {account.id: account.login for account in (await context.accounts()).by_id.values()}
        people = {found.id: found.login for found in await context.database.read(users.list_users)}
        now_ms = context.clock.wall_ms()
        return [
            _session_view(found, people, accounts)
            for found in await context.database.read(sessions.list_sessions, now_ms=now_ms)
        ]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        columns = ("id", "login", "address", "since", "seen", "until", "agent")
        show_table(columns, [[view[column] for column in columns] for view in views])


@session.command("revoke")
@click.argument("session_id", type=int)
def revoke(session_id: int) -> None:
    """End a session at once, on every node."""
    if not run(lambda context: context.database.write(sessions.revoke, session_id)):
        fail(f"there is no session {session_id} (palomar session list)")


async def create_user(
    context: CommandContext,
    login: str,
    *,
    name: str,
    role: Role,
    account_id: AccountId | None = None,
    password: str | None = None,
) -> dict[str, object] | None:
    """Make a user and return login and password, or None if a user or an account has that login."""
    fresh, password_hash = password_and_hash(context, password, login=login)
    new = NewUser(
        id=context.ids.serial(),
        login=login,
        name=name,
        password_hash=password_hash,
        role=role,
        account_id=account_id,
    )
    made = await context.database.write(users.add_user, new, now_ms=context.clock.wall_ms())
    return None if made is None else {"login": login, "password": fresh}


async def _user(context: CommandContext, login: str) -> User:
    async def script(tx: Transaction) -> User | None:
        found = await users.user_of_login(tx, login)
        return found.user if found is not None else None

    user = await context.database.read(script)
    if user is None:
        fail(f"there is no user {login!r} (palomar user list)")
    return user


def _check_login(login: str) -> None:
    if not is_login(login):
        fail("a login has no spaces, no colon, at most 100 characters and is not empty", 2)


def _show_secret(made: dict[str, object], as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        click.echo(f"Password of {made['login']}, shown this once: {made['password']}")


def _view(found: User, logins: dict[AccountId, str]) -> dict[str, object]:
    return {
        "login": found.login,
        "name": found.name,
        "role": found.role.value,
        "account": logins.get(found.account_id, "") if found.account_id is not None else "",
        "enabled": found.enabled,
        "codes": found.has_totp,
        "made": format_gmt(found.created_ms),
    }


def _session_view(found: UserSession, people: dict[int, str], accounts: dict[AccountId, str]) -> dict[str, object]:
    if found.user_id is not None:
        login = people.get(found.user_id, "")
    else:
        login = accounts.get(found.account_id, "") if found.account_id is not None else ""
    return {
        "id": found.id,
        "login": login,
        "address": found.address,
        "agent": found.agent,
        "since": format_gmt(found.created_ms),
        "seen": format_gmt(found.seen_ms),
        "until": format_gmt(found.expires_ms),
    }
