"""``palomar key``: keys of accounts, which FOXSYS calls tokens and 402T Labs API keys.

A key is shown once, when it is made; only its hash is stored.
"""

import click

from palomar.accounts import keys
from palomar.accounts.keys import ApiKey
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt


@click.group()
def key() -> None:
    """API keys: FOXSYS's token and 402T Labs' Bearer key."""


@key.command("add")
@click.argument("login")
@click.option("--name", default="", help="What it is for.")
@json_option
def add_key(login: str, name: str, as_json: bool) -> None:
    """Make a further key of an account and show it, this once."""

    async def work(context: CommandContext) -> dict[str, object]:
        found = await context.account(login)
        secret = context.ids.token()

        async def script(tx: Transaction) -> dict[str, object]:
            row = await keys.add_key(
                tx, context.ids, found.id, secret=secret, name=name, now_ms=context.clock.wall_ms()
            )
            return {"login": found.login, "id": row.id, "name": name, "api_key": secret}

        return await context.database.write(script)

    result = run(work)
    if as_json:
        show_json(result)
    else:
        click.echo(f"Key {result['id']} of {login}, shown this once: {result['api_key']}")


@key.command("list")
@click.argument("login")
@json_option
def list_keys(login: str, as_json: bool) -> None:
    """List an account's keys, revoked ones too."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        found = await context.account(login)

        async def script(tx: Transaction) -> list[dict[str, object]]:
            return [key_view(row) for row in await keys.list_keys(tx, found.id)]

        return await context.database.read(script)

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

    async def work(context: CommandContext) -> bool:
        found = await context.account(login)
        return await context.database.write(keys.revoke_key, found.id, key_id, now_ms=context.clock.wall_ms())

    if not run(work):
        fail(f"{login} has no live key {key_id} (palomar key list {login})")
    click.echo(f"Key {key_id} of {login} is revoked.")


def key_view(row: ApiKey) -> dict[str, object]:
    """Return what is shown of a key: all but the secret."""
    return {
        "id": row.id,
        "name": row.name,
        "begins": row.start,
        "made": format_gmt(row.created_ms),
        "revoked": "" if row.revoked_ms is None else format_gmt(row.revoked_ms),
    }
