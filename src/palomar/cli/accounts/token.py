"""``palomar token``: long-lived tokens for programs that speak SOFMEX."""

import click

from palomar.accounts import tokens
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.clock import RealIds
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt
from palomar.vocabulary.message import COMMAND_LINE_NODE

_DAY_MS = 86_400_000


@click.group()
def token() -> None:
    """Tokens: SOFMEX's login gives them; these are made by hand."""


@token.command("add")
@click.argument("login")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 36_500), help="How long it lives.")
@json_option
def add(login: str, name: str, days: int, as_json: bool) -> None:
    """Issue a token. It is shown this once and can be revoked at any time."""

    async def work(context: CommandContext) -> dict[str, object]:
        account = await context.account(login)
        fresh = RealIds(COMMAND_LINE_NODE).token().encode()

        async def script(tx: Transaction) -> tuple[tokens.Token, bytes]:
            now_ms = context.clock.wall_ms()
            made = await tokens.add_token(
                tx, context.ids, account.id, name=name, lifetime_ms=days * _DAY_MS, now_ms=now_ms
            )
            return made, await tokens.signing_secret(tx, fresh=fresh)

        made, secret = await context.database.write(script)
        return token_view(made) | {"token": tokens.write_jwt(made, login=account.login, secret=secret)}

    made = run(work)
    if as_json:
        show_json(made)
    else:
        click.echo(str(made["token"]))


@token.command("list")
@click.argument("login")
@json_option
def list_tokens(login: str, as_json: bool) -> None:
    """List an account's tokens, revoked ones too."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        account = await context.account(login)
        return [token_view(found) for found in await context.database.read(tokens.list_tokens, account.id)]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        show_table(("id", "name", "made", "expires", "revoked"), [tuple(view.values()) for view in views])


@token.command("revoke")
@click.argument("login")
@click.argument("token_id", type=int)
def revoke(login: str, token_id: int) -> None:
    """Revoke a token: every node refuses it within a second."""

    async def work(context: CommandContext) -> bool:
        account = await context.account(login)
        return await context.database.write(tokens.revoke_token, account.id, token_id, now_ms=context.clock.wall_ms())

    if not run(work):
        fail(f"{login} has no live token {token_id} (palomar token list {login})")
    click.echo(f"Token {token_id} of {login} is revoked.")


def token_view(found: tokens.Token) -> dict[str, object]:
    """Return what is shown of a token: all but its text."""
    return {
        "id": found.id,
        "name": found.name,
        "made": format_gmt(found.created_ms),
        "expires": format_gmt(found.expires_ms),
        "revoked": "" if found.revoked_ms is None else format_gmt(found.revoked_ms),
    }
