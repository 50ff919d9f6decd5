"""``palomar block``: accounts and addresses that are blocked for abuse."""

from ipaddress import ip_address

import click

from palomar.accounts import blocks
from palomar.accounts.blocks import Block
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.text.times import format_gmt


@click.group()
def block() -> None:
    """Blocks of accounts and addresses for abuse: longer each time, in the end until they are lifted."""


@block.command("list")
@click.option("--all", "with_past", is_flag=True, help="Those whose time is over too: the next one will be longer.")
@json_option
def list_blocks(with_past: bool, as_json: bool) -> None:
    """List who is blocked, and until when (GMT)."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        logins = {
            blocks.account_subject(account.id): account.login for account in (await context.accounts()).by_id.values()
        }
        now_ms = context.clock.wall_ms()
        found = await context.database.read(blocks.list_blocks)
        return [_view(one, logins) for one in found if with_past or one.until_ms > now_ms]

    views = run(work)
    if as_json:
        show_json(views)
    else:
        columns = ("who", "level", "reason", "since", "until")
        show_table(columns, [[view[column] or "it is lifted" for column in columns] for view in views])


@block.command("lift")
@click.argument("who")
def lift(who: str) -> None:
    """Let WHO (a login, an address, or an IPv6 network as it is listed) in again, and forget all its blocks."""

    async def work(context: CommandContext) -> bool:
        subject = blocks.address_subject(who.removesuffix("/64")) if _is_address(who) else ""
        subject = subject or blocks.account_subject((await context.account(who)).id)
        return await context.database.write(blocks.lift, subject)

    if not run(work):
        fail(f"{who} is not blocked")


def _view(found: Block, logins: dict[str, str]) -> dict[str, object]:
    return {
        "who": logins.get(found.subject) or found.subject.partition(":")[2],
        "level": found.level,
        "reason": found.reason,
        "since": format_gmt(found.since_ms),
        "until": "" if found.is_permanent else format_gmt(found.until_ms),
    }


def _is_address(who: str) -> bool:
    try:
        ip_address(who.removesuffix("/64"))
    except ValueError:
        return False
    return True
