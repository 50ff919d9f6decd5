"""``palomar callback``: callbacks that have not succeeded, and targets that are off."""

import click

from palomar.callbacks import backlog
from palomar.cli.root import CommandContext, fail, json_option, run, show_json, show_table
from palomar.storage.database import Transaction
from palomar.text.times import format_gmt
from palomar.vocabulary.message import public_id


@click.group()
def callback() -> None:
    """Callbacks: list those that have not succeeded, try failed ones again, resume targets that are off."""


@callback.command("list")
@click.option("--failed", is_flag=True, help="Only those that are not tried any more.")
@click.option("--account", "login", help="Only this account's.")
@json_option
def list_callbacks(failed: bool, login: str | None, as_json: bool) -> None:
    """List callbacks that have not succeeded: failed ones first, then waiting ones, each from the oldest (times are
    GMT)."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        account = await context.account(login) if login else None
        logins = {int(found.id): found.login for found in (await context.accounts()).by_id.values()}
        account_id = account.id if account else None
        views: list[dict[str, object]] = []
        wanted: tuple[backlog.CallbackState, ...] = (backlog.FAILED, backlog.FAILING, backlog.WAITING)
        for standing in wanted[:1] if failed else wanted:
            after, count = 0, backlog.PAGE
            while count == backlog.PAGE:
                page = await context.database.read(backlog.list_callbacks, standing, account_id=account_id, after=after)
                views.extend(_view(found, logins) for found in page)
                count = len(page)
                after = page[-1].row.id if page else after
        return views

    views = run(work)
    if as_json:
        show_json(views)
        return
    columns = ("id", "account", "about", "method", "url", "attempts", "failed", "due")
    show_table(columns, [[view[column] for column in columns] for view in views])


@callback.command("replay")
@click.argument("callback_id", type=int, required=False, metavar="[ID]")
@click.option("--all", "everything", is_flag=True, help="All that have failed.")
@click.option("--account", "login", help="With --all: only this account's.")
@json_option
def replay(callback_id: int | None, everything: bool, login: str | None, as_json: bool) -> None:
    """Try a failed callback again, or all of them; a running server begins within a second."""
    if (callback_id is None) is not everything:
        fail("an ID or --all is expected (palomar callback list --failed)", 2)

    async def work(context: CommandContext) -> int:
        account = await context.account(login) if login else None
        account_id = account.id if account else None
        now_ms = context.clock.wall_ms()

        async def replay_one(tx: Transaction) -> int:
            return int(await backlog.replay(tx, callback_id or 0, now_ms=now_ms))

        if not everything:
            return await context.database.write(replay_one)
        total = 0
        while count := await context.database.write(backlog.replay_all, account_id=account_id, now_ms=now_ms):
            total += count
        return total

    count = run(work)
    if not everything and not count:
        fail(f"there is no failed callback {callback_id} (palomar callback list --failed)")
    if as_json:
        show_json({"replayed": count})
    else:
        click.echo(f"{count} callbacks will be tried again.")


@callback.command("resume")
@click.option("--account", "login", help="Only this account's targets.")
@click.option("--url", help="Only the target with that beginning, as doctor and the list print it.")
@json_option
def resume(login: str | None, url: str | None, as_json: bool) -> None:
    """Turn targets on again that are off, and send what was kept for them meanwhile, the oldest first."""

    async def work(context: CommandContext) -> list[dict[str, object]]:
        account = await context.account(login) if login else None
        account_id = account.id if account else None
        logins = {int(found.id): found.login for found in (await context.accounts()).by_id.values()}
        views: list[dict[str, object]] = []
        for target in await context.database.read(backlog.list_off_targets, account_id=account_id):
            if url is not None and target.origin != url.rstrip("/"):
                continue
            total, count = 0, backlog.PAGE
            while count == backlog.PAGE:
                count = await context.database.write(backlog.resume, target.id, now_ms=context.clock.wall_ms())
                total += count
            views.append(
                {
                    "account": logins.get(target.account_id, ""),
                    "url": target.origin,
                    "off_since": format_gmt(target.off_ms or 0),
                    "replayed": total,
                }
            )
        return views

    views = run(work)
    if as_json:
        show_json(views)
    elif not views:
        click.echo("No target is off.")
    else:
        columns = ("account", "url", "off_since", "replayed")
        show_table(columns, [[view[column] for column in columns] for view in views])


def _view(found: backlog.Callback, logins: dict[int, str]) -> dict[str, object]:
    callback = found.row
    about = f"inbound {callback.message_id}" if found.about_inbound else public_id(callback.message_id)
    return {
        "id": callback.id,
        "account": logins.get(callback.account_id, ""),
        "about": about,
        "dialect": callback.dialect,
        "method": callback.method,
        "url": callback.url,
        "body": None if callback.body is None else callback.body.decode("utf-8", "replace"),
        "attempts": callback.attempts,
        "failed": bool(callback.failed),
        "due": format_gmt(callback.due_ms),
    }
