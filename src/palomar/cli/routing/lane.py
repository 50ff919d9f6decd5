"""``palomar lane``: which messages go first, and after how long a message is useless."""

import re

import click

from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.routing import rules_store
from palomar.vocabulary.lane import Lane, Rank

_RANKS = {rank.name.lower(): rank for rank in Rank}


@click.group()
def lane() -> None:
    """Lanes: a login code overtakes a campaign, and is not sent when it is useless."""


@lane.command("add")
@click.argument("name")
@click.option("--rank", type=click.Choice(list(_RANKS)), default="urgent", show_default=True, help="Who goes first.")
@click.option("--account", "login", help="Only this account and those below it.")
@click.option("--label", default="", help="Only this label; * at its end is anything.")
@click.option("--sender", default="", help="Only this sender; * at its end is anything.")
@click.option("--pattern", default="", help="Only texts in which this regular expression is found, in any case.")
@click.option(
    "--useless-after",
    "seconds",
    type=click.IntRange(0, 86_400),
    default=0,
    help="Seconds; then it is not sent any more.",
)
@click.option("--flash", is_flag=True, help="Shown at once and not kept by the phone.")
@click.option("--resend-times", type=click.IntRange(0, 20), help="How often to send again what no carrier answers.")
@click.option("--resend-pause", type=click.IntRange(0, 86_400), help="Seconds before the first time.")
@click.option("--resend-factor", type=click.IntRange(1, 10), help="Each further pause is so many times longer.")
@json_option
def add_lane(
    name: str,
    rank: str,
    login: str | None,
    label: str,
    sender: str,
    pattern: str,
    seconds: int,
    flash: bool,
    resend_times: int | None,
    resend_pause: int | None,
    resend_factor: int | None,
    as_json: bool,
) -> None:
    """Put messages that meet all conditions into a lane, behind those of the lanes before it."""
    compiled = _compiled(pattern)

    async def work(context: CommandContext) -> Lane | None:
        account = await context.account(login) if login else None
        new = Lane(
            id=0,
            name=name,
            rank=_RANKS[rank],
            account_id=account.id if account else None,
            label=label,
            sender=sender,
            pattern=compiled,
            useless_after_seconds=seconds,
            flash=flash,
            resend_times=resend_times,
            resend_pause=resend_pause,
            resend_factor=resend_factor,
        )
        return await context.database.write(rules_store.add_lane, new)

    added = run(work, creates=True)
    if added is None:
        fail(f"there is a lane {name!r} already (palomar lane list)")
    if as_json:
        show_json(_view(added, {added.account_id: login or ""}))
    else:
        click.echo(f"Lane {name} is in force.")


@lane.command("list")
@json_option
def list_lanes(as_json: bool) -> None:
    """List all lanes, in the order in which they are tried; the first that fits decides."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        logins: dict[object, str] = {account.id: account.login for account in (await context.accounts()).by_id.values()}
        return [_view(found, logins) for found in (await context.database.read(rules_store.load_plan)).lanes]

    views = run(work)
    if as_json:
        show_json(views)
        return
    columns = ("name", "rank", "account", "label", "sender", "pattern", "useless_after_seconds", "flash")
    show_table(columns, [[view[column] for column in columns] for view in views])


@lane.command("remove")
@click.argument("name")
def remove_lane(name: str) -> None:
    """Remove a lane; what is in it keeps its rank and its deadline."""
    if not run(lambda context: context.database.write(rules_store.remove_lane, name)):
        fail(f"there is no lane {name!r} (palomar lane list)")


def _compiled(pattern: str) -> re.Pattern[str] | None:
    if not pattern:
        return None
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        fail(f"{pattern!r} is no regular expression: {error}", 2)


def _view(found: Lane, logins: dict[object, str]) -> dict[str, object]:
    return {
        "id": found.id,
        "name": found.name,
        "rank": found.rank.name.lower(),
        "account": logins.get(found.account_id, "") if found.account_id else "",
        "label": found.label,
        "sender": found.sender,
        "pattern": found.pattern.pattern if found.pattern else "",
        "useless_after_seconds": found.useless_after_seconds,
        "flash": found.flash,
        "resend_times": found.resend_times,
        "resend_pause": found.resend_pause,
        "resend_factor": found.resend_factor,
    }
